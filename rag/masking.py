"""Takes the secrets out of documents before they are cut into passages, so that nothing which is built holds them.

It knows no folders and no index. Places and curated questions move along with the text.
"""

from __future__ import annotations

from dataclasses import replace

from rag.base import Passage
from rag.definitions import stored
from rag.documents import Document
from rag.formats.base import Place
from rag.manifest import DocumentEntry
from rag.passages import SPLITTER_ID, cut
from rag.secrets import MASK_ID, Masked, mask


def splitter_id(passage_chars: int, mask_secrets: bool) -> str:
    """What passages depend on besides their documents; where it changes, all are cut anew."""
    return f"{SPLITTER_ID}/{passage_chars}" + f"/{MASK_ID}" * mask_secrets


def cut_document(
    document: Document, passage_chars: int, mask_secrets: bool
) -> tuple[list[Passage], DocumentEntry, bytes]:
    """The passages of a document, its entry but for where they begin, and what it defines, as it is stored."""
    document, masked = without_secrets(document) if mask_secrets else (document, 0)
    passages = cut(document, passage_chars)
    pairs = any(passage.question for passage in passages)
    entry = DocumentEntry(document.digest, document.title, 0, len(passages), pairs, masked)
    return passages, entry, stored(document)


def without_secrets(document: Document) -> tuple[Document, int]:
    """The document with its secrets masked, and how many there were."""
    text, title = mask(document.text), mask(document.title)
    questions = [mask(place.question) for place in document.places]
    found = len(text.gone)
    if not (found or title.gone or any(question.gone for question in questions)):
        return document, 0
    places = tuple(_moved(place, text, question) for place, question in zip(document.places, questions, strict=True))
    defined = tuple(replace(one, start=text.moved(one.start), end=text.moved(one.end)) for one in document.definitions)
    clean = replace(document, text=text.text, title=title.text, places=places, definitions=defined)
    return clean, max(found, 1)


def _moved(place: Place, text: Masked, question: Masked) -> Place:
    return replace(place, start=text.moved(place.start), question=question.text)
