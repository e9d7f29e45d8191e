"""Sources of documents that are not folders: git repositories, web pages and Feishu documents, fetched into folders.

What is fetched lies below ``data/sources/``; `rag.build` reads it there like any other folder. Nothing here knows of
passages or indexes.
"""
