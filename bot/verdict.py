"""How an answer was verified: as it is stored with the outcome, and in words for ``/why``. Knows no check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.texts import TEXTS, Language, say
from rag.base import Abstention, Answer, Checked

SHOWN_PIECES = 4


def verdict_of(final: Answer | Abstention | None) -> dict[str, Any]:
    """Plain JSON data: ``how`` (``verbatim``, ``verified``, ``rejected``), ``why`` it was rejected, ``pieces``."""
    if final is None:
        return {}
    if isinstance(final, Answer):
        if not final.verdict:
            return {"how": "verbatim"}
        return {"how": "verified", "pieces": [_piece(checked) for checked in final.verdict]}
    return {"how": "rejected", "why": final.reason, "pieces": [_piece(checked) for checked in final.verdict]}


def abstained_because(final: Abstention | None) -> str:
    """The key of the line that says why there is no answer."""
    key = f"reason_{final.reason}" if final else ""
    return key if key in TEXTS else "reason_abstained"


def verdict_lines(verdict: Mapping[str, Any], language: Language) -> list[str]:
    """A line with the counts, and one for each of the first pieces that were dropped or marked anew."""
    if verdict.get("how") == "verbatim":
        return [say("verdict_verbatim", language)]
    pieces = verdict.get("pieces") or []
    if not pieces:
        return []
    counts = {fate: sum(piece["fate"] == fate for piece in pieces) for fate in ("kept", "moved", "dropped")}
    told = [piece for piece in pieces if piece["fate"] in ("dropped", "moved")]
    told.sort(key=lambda piece: piece["fate"] == "moved")
    return [say("verdict_counts", language, **counts), *(_line(piece, language) for piece in told[:SHOWN_PIECES])]


def _line(piece: Mapping[str, Any], language: Language) -> str:
    if piece["fate"] == "moved":
        return say("verdict_moved", language, text=piece["text"])
    key = f"fault_{piece['reason']}"
    reason = say(key if key in TEXTS else "fault_cover", language, detail=piece.get("detail", ""))
    return say("verdict_dropped", language, text=piece["text"], reason=reason)


def _piece(checked: Checked) -> dict[str, Any]:
    return {
        "text": checked.text,
        "fate": checked.fate,
        **({"reason": checked.reason} if checked.reason else {}),
        **({"detail": checked.detail} if checked.detail else {}),
        **({"sources": list(checked.marks)} if checked.marks else {}),
    }
