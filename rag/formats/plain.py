"""Markdown and plain text: decoded, and otherwise as they are."""

from __future__ import annotations

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.text import decode


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The text of a file."""
    return Converted(decoded(data))


def decoded(data: bytes) -> str:
    """The text of bytes.

    Raises:
        ConversionError: they are no text.
    """
    try:
        return decode(data)
    except ValueError as error:
        raise ConversionError(str(error)) from error
