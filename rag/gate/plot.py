"""Draws how a gate does as one SVG: precision against answered share, reliability, learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from rag.gate.curve import CurvePoint
from rag.gate.evaluation import BINS, Predictions, decision_numbers

_WIDTH, _HEIGHT, _MARGIN = 340, 300, 48
_LINE, _SOFT, _TEXT = "#1f6feb", "#9aa4af", "#57606a"

Points = Sequence[tuple[float, float]]


def draw(predictions: Predictions, curve: Sequence[CurvePoint] = (), title: str = "") -> str:
    """One SVG with a panel for each; the learning curve is left out where there is none."""
    panels = [_precision(predictions), _reliability(predictions)]
    if curve:
        panels.append(_learning(curve))
    width = _WIDTH * len(panels)
    body = "".join(f'<g transform="translate({_WIDTH * i},24)">{panel}</g>' for i, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT + 24}" '
        f'viewBox="0 0 {width} {_HEIGHT + 24}" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="12" y="18" font-size="13" fill="{_TEXT}">{escape(title)}</text>{body}</svg>\n'
    )


def _precision(predictions: Predictions) -> str:
    order = np.argsort(-predictions.log_odds, kind="stable")
    good = predictions.good[order]
    ranks = np.arange(1, len(good) + 1)
    precision = np.cumsum(good) / ranks
    shown = np.unique(np.linspace(4, len(good) - 1, min(200, len(good))).astype(int).clip(0, len(good) - 1))
    line = list(zip((ranks / len(good))[shown].tolist(), precision[shown].tolist(), strict=True))
    dots = [
        (
            float(predictions.dials[:, i].mean()),
            decision_numbers(predictions.dials[:, i], predictions.good)["precision"],
        )
        for i in range(len(predictions.asked))
    ]
    names = [f"{dial:g}" for dial in predictions.asked]
    marks = _dots(dots, names)
    return _panel("precision against answered share", "answered share", "precision", _path(line) + marks)


def _reliability(predictions: Predictions) -> str:
    probabilities = predictions.probabilities
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    dots = [_mean(probabilities, predictions.good, bins == number) for number in range(BINS) if (bins == number).any()]
    diagonal = _path([(0, 0), (1, 1)], _SOFT)
    return _panel("reliability", "stated probability", "share of good messages", diagonal + _path(dots) + _dots(dots))


def _mean(
    probabilities: NDArray[np.float64], good: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> tuple[float, float]:
    return float(probabilities[chosen].mean()), float(good[chosen].mean())


def _learning(curve: Sequence[CurvePoint]) -> str:
    low, high = np.log(curve[0].labels), np.log(max(curve[-1].labels, curve[0].labels + 1))
    at = [(float((np.log(point.labels) - low) / (high - low)), point.f1) for point in curve]
    bars = "".join(
        _path([(x, max(point.f1 - point.f1_spread, 0)), (x, min(point.f1 + point.f1_spread, 1))], _SOFT)
        for (x, _), point in zip(at, curve, strict=True)
    )
    marks = _dots(at, [str(point.labels) for point in curve])
    return _panel(
        "learning curve (F1, one deviation)", "labels, logarithmic", "F1", bars + _path(at) + marks, ticks=False
    )


def _x(value: float) -> float:
    return round(_MARGIN + value * (_WIDTH - _MARGIN - 20), 1)


def _y(value: float) -> float:
    return round(_HEIGHT - _MARGIN - value * (_HEIGHT - _MARGIN - 30), 1)


def _path(points: Points, colour: str = _LINE) -> str:
    steps = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    return f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _dots(points: Points, names: Sequence[str] = ()) -> str:
    dots = "".join(f'<circle cx="{_x(x)}" cy="{_y(y)}" r="3" fill="{_LINE}"/>' for x, y in points)
    labels = "".join(
        f'<text x="{_x(x) + 5}" y="{_y(y) - 6}" fill="{_TEXT}">{escape(name)}</text>'
        for (x, y), name in zip(points, names, strict=False)
    )
    return dots + labels


def _panel(title: str, across: str, up: str, body: str, *, ticks: bool = True) -> str:
    grid = ""
    for step in range(6):
        value = step / 5
        grid += f'<line x1="{_x(0)}" x2="{_x(1)}" y1="{_y(value)}" y2="{_y(value)}" stroke="#e5e8eb"/>'
        grid += f'<text x="{_x(0) - 6}" y="{_y(value) + 4}" text-anchor="end" fill="{_TEXT}">{value:g}</text>'
        if ticks:
            grid += f'<text x="{_x(value)}" y="{_y(0) + 16}" text-anchor="middle" fill="{_TEXT}">{value:g}</text>'
    middle = (_x(0) + _x(1)) / 2
    centred = f'text-anchor="middle" fill="{_TEXT}"'
    return (
        f'<text x="{middle}" y="16" {centred} font-weight="bold">{escape(title)}</text>{grid}'
        f'<text x="{middle}" y="{_HEIGHT - 12}" {centred}>{escape(across)}</text>'
        f'<text transform="translate(14,{_HEIGHT / 2}) rotate(-90)" {centred}>{escape(up)}</text>'
        f"{body}"
    )
