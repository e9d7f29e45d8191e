"""Which capitalised words of an English claim are no names that its passages would have to hold as they are.

It knows no list of names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.english.thesaurus import key, places
from rag.verify.lexicon import FUNCTION_WORDS
from rag.verify.text import Span, read

_COMPOUND = re.compile(r"\b[A-Z]\w*(?:-[A-Z]\w*)+")  # Retry-After is one name
_LONG = 4  # letters of a word that may stand in another form or inside a compound


def known_otherwise(claim: Span, start: int, texts: Sequence[str]) -> bool:
    """Whether the texts have what stands at ``start`` in another form, in a compound, or in other words.

    Retry of Retry-After, Macs for Mac, yearly for once a year, LTO of -DLTO=OFF.
    """
    at = next((n for n, token in enumerate(claim.tokens) if token.start <= start < token.end), -1)
    if at < 0 or claim.tokens[at].kind != "word":
        return False
    token = claim.tokens[at]
    word = token.raw.lower()
    if word in FUNCTION_WORDS:
        return True
    for match in _COMPOUND.finditer(claim.text):
        if claim.start + match.start() <= start < claim.start + match.end():
            whole = re.compile(r"[ _-]?".join(map(re.escape, match.group().split("-"))), re.IGNORECASE)
            return any(whole.search(text) is not None for text in texts)
    if any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text.lower()) for text in texts):
        return True
    if token.raw.isupper() and len(word) > 2 and any(re.search(rf"-d{re.escape(word)}\b", t.lower()) for t in texts):
        return True
    spans = [span for text in texts for span in read(text).sentences]
    forms = {key(other) for span in spans for other in span.tokens}
    if len(word) >= _LONG and token.raw[0].isupper() and key(token) in forms:
        return True
    names = {place.name for place in places(claim) if place.token == at and place.strength == 1.0}
    return any(place.name in names and place.strength == 1.0 for span in spans for place in places(span))
