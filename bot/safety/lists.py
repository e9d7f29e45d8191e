"""Reads word lists: one entry a line, ``#`` begins a comment, ``/.../`` is a regular expression. Knows no messages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.config import ConfigError, Settings
from bot.safety.patterns import compile_pattern
from bot.safety.words import MAX_ENTRY_CHARS, Entry, Words, fold

MAX_FILE_BYTES = 20_000_000
REMEMBERED, SHORT = 2_000, 500  # texts whose place is remembered, and how long they are at the most


@dataclass(frozen=True, slots=True)
class WordList:
    """One file, read. ``patterns`` go with the places that they stand at."""

    path: Path
    entries: tuple[Entry, ...]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def __len__(self) -> int:
        return len(self.entries) + len(self.patterns)


class Filter:
    """Some lists together. What was said before is read with every later message of a group, so it is remembered."""

    def __init__(self, lists: Sequence[WordList]) -> None:
        self._words = Words(entry for one in lists for entry in one.entries)
        self._patterns = [pattern for one in lists for pattern in one.patterns]
        self._empty = not any(map(len, lists))
        self._remembered = lru_cache(REMEMBERED)(self._find)

    def find(self, text: str) -> str:
        """The place of an entry that stands in ``text``, such as ``words.txt:12``; empty where none does."""
        if self._empty:
            return ""
        return self._remembered(text) if len(text) <= SHORT else self._find(text)

    def _find(self, text: str) -> str:
        folded = fold(text)
        if entry := self._words.find(folded):
            return entry.place
        return next((place for pattern, place in self._patterns if pattern.search(folded)), "")


def read_list(path: Path) -> WordList:
    """Read one file.

    Raises:
        ConfigError: it is missing or unreadable, or an entry is wrong; the message names the line and the fix.
    """
    entries, patterns = [], []
    for number, line in enumerate(_text(path).splitlines(), 1):
        word, place = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip(), f"{path.name}:{number}"
        try:
            if len(word) > 2 and word.startswith("/") and word.endswith("/"):
                patterns.append((compile_pattern(word[1:-1]), place))
            elif len(word) > MAX_ENTRY_CHARS:
                raise ValueError(f"an entry of {len(word)} characters, over {MAX_ENTRY_CHARS}: write one word a line")
            elif word:
                entries.append(_entry(word, place))
        except ValueError as error:
            raise ConfigError(f"[safety] word list {path}, line {number}: {error}") from None
    return WordList(path, tuple(entries), tuple(patterns))


def _entry(word: str, place: str) -> Entry:
    entry = Entry.of(word, place)
    if not entry.text:
        raise ValueError("the entry holds invisible signs alone: take it out")
    return entry


def _text(path: Path) -> str:
    fix = "write the list there, or take it out of word_lists"
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"[safety] word list {path} is over {MAX_FILE_BYTES // 1_000_000} MB: split it")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"[safety] there is no word list {path}: {fix}") from None
    except OSError as error:
        raise ConfigError(f"[safety] word list {path} cannot be read ({error.strerror}): {fix}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"[safety] word list {path} is neither UTF-8 nor GB18030: save it as UTF-8")


def names_of(settings: Settings, group: str) -> tuple[str, ...]:
    """The lists of a group: its own where it names some, else those of ``[safety]``."""
    own = settings.groups.get(group)
    return own.word_lists if own is not None and own.word_lists is not None else settings.safety.word_lists


def named_lists(settings: Settings) -> tuple[str, ...]:
    """Every list that config.ini names."""
    named = [*settings.safety.word_lists, *(name for group in settings.groups for name in names_of(settings, group))]
    return tuple(dict.fromkeys(named))


def read_lists(settings: Settings) -> Mapping[str, WordList]:
    """Every list that config.ini names, by its name.

    Raises:
        ConfigError: one is missing or wrong.
    """
    return {name: read_list(settings.resolve(name)) for name in named_lists(settings)}
