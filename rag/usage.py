"""What a call of a language model took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Usage:
    """Tokens that one call of a language model took, as far as it told; filled in while it writes."""

    prompt: int = 0
    completion: int = 0
