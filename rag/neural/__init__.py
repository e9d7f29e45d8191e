"""Models that run through torch: embedder, reranker, index and generator. Imported only where the settings name one.

It imports torch, transformers, numpy and the standard library alone, besides `rag.base`.
"""
