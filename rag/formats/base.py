"""What converters share: their limits, what they give, and how they say that a file cannot be read.

It knows no format.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_SOFT_SHARE = 0.7  # of a file's time: what is read by then is kept


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one file. ``seconds`` and ``memory_mb`` hold for the process that reads it.

    ``expanded_mb``, ``ratio`` and ``members`` bound what archives unpack to (office files are archives, too), ``depth``
    archives in archives.
    """

    file_mb: float = 20
    seconds: float = 60
    memory_mb: int = 3072
    pages: int = 2000
    ocr_pages: int = 50
    cells: int = 1_000_000
    expanded_mb: float = 400
    ratio: float = 200
    members: int = 5000
    depth: int = 2

    def deadline(self) -> float:
        """The monotonic time by which a converter that begins now should stop and give what it has."""
        return time.monotonic() + _SOFT_SHARE * self.seconds

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; ``Limits(**data)`` reads it back."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """From ``start`` on, the text stands at ``fragment`` of its file: ``page=3``, ``sheet=Prices``, an HTML id.

    ``cuts``: no passage reaches across it. ``question``: what follows is the curated answer to it, one passage as it
    is.
    """

    start: int
    fragment: str
    cuts: bool = False
    question: str = ""


@dataclass(frozen=True, slots=True)
class Defined:
    """A name that a source file defines, with what it stands in before it (``Session.close``).

    ``line`` is that of the file, from 1. From ``start`` to ``end`` stands its text, as far as one block holds it.
    ``minor``: a declaration, or a variant, of what is defined elsewhere.
    """

    name: str
    kind: str
    line: int
    start: int
    end: int
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """A file as Markdown. ``notices`` say what of it could not be read; ``title`` is empty where the file has none.

    ``definitions`` are those of source code, in order.
    """

    text: str
    title: str = ""
    places: tuple[Place, ...] = ()
    notices: tuple[str, ...] = ()
    definitions: tuple[Defined, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Converted:
        """Read what `as_dict` wrote."""
        places = tuple(Place(**place) for place in data["places"])
        definitions = tuple(Defined(**defined) for defined in data.get("definitions", ()))
        return cls(data["text"], data["title"], places, tuple(data["notices"]), definitions)


class ConversionError(Exception):
    """Why a file yields no document, with the fix where there is one.

    ``lasting``: the reason lies in the file, which is not tried again until it changes.
    """

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.lasting = lasting
