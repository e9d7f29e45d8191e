"""Pictures, read by OCR."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.pdf_layout import Page, blocks_of, body_size
from rag.formats.registry import OCR_FIX, has_ocr
from rag.formats.writer import MarkdownWriter

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_PIXELS = 50_000_000
_MAX_SIDE = 4000
_MAX_RATIO = 2.7  # of the sides: the detector enlarges the short one to 736 pixels, and a strip to thousands in length


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The text in a picture."""
    if not has_ocr():
        raise ConversionError(f"a picture: {OCR_FIX} reads the text in it")
    import numpy as np
    from PIL import Image

    from rag.formats.ocr import recognise

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ConversionError(f"{picture.width} x {picture.height} pixels are too many; make it smaller")
            picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
            pixels = np.asarray(_padded(picture.convert("RGB")))[:, :, ::-1]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ConversionError("truncated or damaged: no readable picture; copy it again") from error
    lines = tuple(recognise(np.ascontiguousarray(pixels)))
    if not lines:
        raise ConversionError("no text was found in the picture")
    page, writer = Page(1, lines), MarkdownWriter()
    for block in blocks_of(page, body_size([page])):
        if block.kind == "table":
            writer.table(block.rows)
        elif block.kind == "heading":
            writer.heading(block.level + 1, block.text)
        else:
            writer.paragraph(block.text)
    return writer.result()


def _padded(picture: Picture) -> Picture:
    """A strip, such as one line of a screen, on ground of its own colour, so that it is no strip any more."""
    from PIL import Image

    width, height = picture.size
    least = int(max(width, height) / _MAX_RATIO)
    if min(width, height) >= least:
        return picture
    ground = Image.new("RGB", (max(width, least), max(height, least)), picture.getpixel((0, 0)))
    ground.paste(picture, (0, 0))
    return ground
