"""Converters: each turns the bytes of one format into Markdown with places, run apart where the format is complex.

They know no folders, no passages and no models but OCR's.
"""
