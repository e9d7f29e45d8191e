"""Reads the text of a picture, with the models that come inside the package ``rapidocr``. It knows no documents."""

from __future__ import annotations

import contextlib
import io
import logging
from functools import cache
from typing import Any

from rag.formats.base import ConversionError
from rag.formats.pdf_layout import Line

_MIN_SCORE = 0.5
_POINTS = 0.48  # of a pixel, at 150 dots an inch
_SIZE = 0.75  # of the height of a line's box is its letters' size


def recognise(picture: Any) -> list[Line]:
    """The lines of a picture (height, width, 3 in BGR) from the top, in points.

    Raises:
        ConversionError: OCR does not work here.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = _engine()(picture)
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        reason = f"OCR does not work ({error}): pip install --force-reinstall 'qunda[ocr]'"
        raise ConversionError(reason, lasting=False) from error
    if found.boxes is None or found.txts is None:
        return []
    lines = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        if score >= _MIN_SCORE and text.strip():
            xs, ys = [float(x) * _POINTS for x, _ in box], [-float(y) * _POINTS for _, y in box]
            size = _SIZE * (max(ys) - min(ys))
            lines.append(Line(text.strip(), min(xs), max(xs), min(ys), max(ys), size))
    typical = sorted(line.size for line in lines)[len(lines) // 2] if lines else 0.0
    # Boxes are a little higher or lower than the one beside; only clear differences make a heading.
    return [_snapped(line, typical) for line in sorted(lines, key=lambda line: (-line.top, line.left))]


def _snapped(line: Line, typical: float) -> Line:
    from dataclasses import replace

    return line if line.size > 1.4 * typical else replace(line, size=typical)


@cache
def _engine() -> Any:
    """The engine, made once for each process."""
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1}
    return RapidOCR(params={"Global.log_level": "error", **threads})
