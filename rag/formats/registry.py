"""Which converter reads a file: chosen by its suffix, checked against its bytes. It converts nothing itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import cast

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.sniff import IMAGES, is_locked_office, sniff

Convert = Callable[[bytes, str, Limits], Converted]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its converter is ``rag.formats.<module>``. A higher ``version`` reads its files anew.

    ``apart``: it is read in a process of its own, for what is in it may hang, crash or eat memory.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str = ""
    version: int = 1
    apart: bool = True
    ocr: bool = False

    @property
    def id(self) -> str:
        """Changes when the same bytes would be read in another way."""
        return f"{self.name}-{self.version}{'+ocr' if self.ocr and has_ocr() else ''}"

    def convert(self, data: bytes, name: str, limits: Limits) -> Converted:
        """Read ``data``; ``name`` is the file's.

        Raises:
            ConversionError: it yields no document.
        """
        convert = importlib.import_module(f"rag.formats.{self.module or self.name}").convert
        return cast(Convert, convert)(data, name, limits)


_SOURCE = (
    ".py",
    ".pyi",
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".cu",
    ".h",
    ".hh",
    ".hpp",
    ".hxx",
    ".java",
    ".js",
    ".jsx",
    ".mjs",
)
_MORE_SOURCE = (".ts", ".tsx", ".go", ".rs", ".sh", ".bash")
FORMATS = (
    Format("md", (".md", ".markdown"), "plain", apart=False),
    Format("txt", (".txt",), "plain", apart=False),
    Format("rst", (".rst",)),
    Format("html", (".html", ".htm", ".xhtml")),
    Format("pdf", (".pdf",), ocr=True),
    Format("docx", (".docx", ".docm")),
    Format("pptx", (".pptx", ".pptm")),
    Format("xlsx", (".xlsx", ".xlsm")),
    Format("csv", (".csv", ".tsv")),
    Format("ipynb", (".ipynb",)),
    Format("json", (".json",), "pairs"),
    Format("source", (*_SOURCE, *_MORE_SOURCE), version=2),
    Format("image", (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"), ocr=True),
)
ARCHIVES = (".zip",)
_BY_SUFFIX = {suffix: one for one in FORMATS for suffix in one.suffixes}
_BY_NAME = {one.name: one for one in FORMATS}
_COMPLEX = ("pdf", "docx", "pptx", "xlsx")
OCR_FIX = "pip install 'qunda[ocr]'"


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case, with its dot."""
    bare, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and bare else ""


def is_read(suffix: str) -> bool:
    """Whether files with this suffix are read here: images only where OCR is installed."""
    found = _BY_SUFFIX.get(suffix)
    return suffix in ARCHIVES or (found is not None and (found.name != "image" or has_ocr()))


def is_image(suffix: str) -> bool:
    """Whether the suffix is one of an image."""
    return suffix in _BY_SUFFIX and _BY_SUFFIX[suffix].name == "image"


@cache
def has_ocr() -> bool:
    """Whether the extra ``ocr`` is installed."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


def choose(name: str, data: bytes) -> tuple[Format, str]:
    """The format to read a file as, and a notice where that is not what its name says.

    Raises:
        ConversionError: it is nothing that is read, or mislabelled beyond doubt.
    """
    suffix = suffix_of(name)
    named, kind = _BY_SUFFIX.get(suffix), sniff(data)
    if named is None:
        raise ConversionError(f"{suffix or 'a file without a suffix'} is not a supported format")
    if kind == "ole":
        raise ConversionError(_ole(data))
    if kind == named.name or (kind in IMAGES and named.name == "image"):
        return named, ""
    if kind in _COMPLEX or (kind == "html" and named.name in _COMPLEX):
        return _BY_NAME[kind], f"mislabelled: it is a {kind} file named {suffix}, and was read as {kind}"
    if kind in ("text", "html"):
        if named.apart and named.name in (*_COMPLEX, "image"):
            raise ConversionError(_not_what_it_says(named.name, data))
        return named, ""
    if kind == "broken zip" and named.name in _COMPLEX:
        raise ConversionError(f"truncated or damaged: no readable {named.name} file; copy it again")
    text = named.name not in (*_COMPLEX, "image")
    raise ConversionError(f"{'binary, not text; ' * text}mislabelled: it is a {kind} file named {suffix}; rename it")


def _ole(data: bytes) -> str:
    if is_locked_office(data):
        return "password-protected: save it without a password"
    return "an Office file of before 2007: save it as .docx, .pptx or .xlsx"


def _not_what_it_says(name: str, data: bytes) -> str:
    return "empty" if not data.strip() else f"mislabelled or damaged: no {name} file by its content; copy it again"
