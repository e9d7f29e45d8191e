"""How much more a message's terms belong to the knowledge base than to chatter: a ratio of two language models.

After Moore and Lewis 2010 (https://aclanthology.org/P10-2041): the log of a term's share of passages minus the log of
its share of bad examples. It reaches words that no good example has. Knows no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.base import FloatArray
from rag.gate.columns import NAME, PAIR, SINGLE, TermRow

SPECIFIC = ("specific_pairs", "specific_characters", "specific_names")
_GROUPS = (PAIR, SINGLE, NAME)
_SMOOTHING = 1.0


@dataclass(frozen=True, eq=False)
class ChatterVocabulary:
    """In how many of ``examples`` bad ones each term stands; ``centre`` (3,) is the mean ratio in them, per group."""

    counts: Mapping[str, int]
    examples: int
    centre: FloatArray

    @classmethod
    def fit(cls, rows: Sequence[TermRow]) -> ChatterVocabulary:
        """Count the terms of bad examples. Each is left out when its own ratio is taken for the centre."""
        counts = Counter(text for row in rows for text in row.texts)
        raw = cls(counts, len(rows), np.zeros(len(_GROUPS), np.float32))
        ratios = [(row.groups, raw._ratios(row, counted=True)) for row in rows]
        centre = np.zeros(len(_GROUPS), np.float32)
        for number, group in enumerate(_GROUPS):
            values = [ratio[groups == group] for groups, ratio in ratios]
            together = np.concatenate(values) if values else np.zeros(0)
            centre[number] = together.mean() if len(together) else 0.0
        return cls(counts, len(rows), centre)

    def columns(self, row: TermRow, *, counted: bool = False) -> FloatArray:
        """`SPECIFIC`: centred ratios, summed, over the root of their number. ``counted``: it is one of the rows."""
        ratios = self._ratios(row, counted=counted)
        result = np.zeros(len(_GROUPS), np.float32)
        for number, group in enumerate(_GROUPS):
            chosen = ratios[row.groups == group]
            if len(chosen):
                result[number] = (chosen - self.centre[number]).sum() / np.sqrt(len(chosen))
        return result

    def _ratios(self, row: TermRow, *, counted: bool) -> FloatArray:
        own = 1 if counted else 0
        seen = np.array([self.counts.get(text, 0) - own for text in row.texts], np.float32)
        share = (seen + _SMOOTHING) / (self.examples - own + 2 * _SMOOTHING)
        return np.asarray(row.log_share - np.log(share), np.float32)
