"""Finds what must not be told in a text, such as keys, tokens and passwords, and puts ``••••`` in its place.

Two kinds are found: secrets with a form of their own (``sk-``, ``AKIA``, PEM, a password in an address), and values
behind a name that says what they are (``app_secret = ...``, ``密码：...``, a column of a table). Examples
(``your_api_key``, ``<token>``, ``sk-xxx``), hashes and identifiers stay. It knows neither documents nor prompts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

MASK_ID = "masked-3"  # changes whenever other stretches would be masked
MASK = "••••"  # no mark-up: stars would be taken for emphasis

# Secrets with a form of their own: how each begins, which stays readable, and the secret behind that.
_FORMS = re.compile(
    r"(?P<id>AKIA|ASIA|AKID|LTAI)|(?P<jwt>eyJ)|(?P<slack>xox[abeoprs]-)|(?P<other>sk-(?:proj-|ant-|svcacct-|or-v1-)?"
    r"|gh[pousr]_|github_pat_|glpat-|hf_|npm_|pypi-|AIza|[sr]k_(?:live|test)_)"
)
_REST = {
    "id": re.compile(r"[A-Za-z0-9]{12,40}(?![A-Za-z0-9_])"),
    "jwt": re.compile(r"[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{10,2000}"),
    "slack": re.compile(r"[A-Za-z0-9-]{10,200}"),
    "other": re.compile(r"[A-Za-z0-9_-]{20,250}"),
}
_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"(?:[\s\"'+>|]|\\[nr]|(?:Proc-Type|DEK-Info): [^\n]*|[A-Za-z0-9/=][A-Za-z0-9+/=]*)*")
_PEM_LINE = re.compile(r"[A-Za-z0-9+/=]{40,}")
_ADDRESS = re.compile(r"://(?P<user>[^\s:/@\"'<>`]{0,64}):(?P<secret>[^\s/@\"'<>`]{3,128})@(?=[\w\[])")
_HOOK = re.compile(
    r"(?:bot/v2/hook/|webhook/send\?key=|robot/send\?access_token=|hooks\.slack\.com/services/)(?P<secret>[\w/-]{20,90})"
)
_BEARER = re.compile(r"\b(?:Bearer|Basic)[ \t]+(?P<secret>[A-Za-z0-9+/=._~-]{16,400})")
# Passwords among the arguments of commands that take one there; `-p8080:80` of others is a port.
_ARGUMENT = re.compile(
    r"\b(?:(?:mysql|mariadb)\w*\b[^\n|;`]{0,200}?[ \t]-p|sshpass[ \t]+-p[ \t]*|redis-cli\b[^\n|;`]{0,200}?[ \t]-a[ \t]+"
    r"|docker[ \t]+login\b[^\n|;`]{0,200}?[ \t]-p[ \t]+"
    r"|curl\b[^\n|;`]{0,300}?[ \t](?:-u|--user)[ \t=]*[\"']?[\w.@-]{1,64}:)"
    r"[\"']?(?P<secret>[!#-&(-_a-~]{6,64})"
)

# Values behind a name. The text is searched for the name in small letters; what may stand before a "key" is looked up.
_NAME = re.compile(
    "(?P<weak>password|passwd|passphrase|pwd|密码|口令)|secret|token|credentials?|(?P<key>key)|密钥|秘钥|私钥|令牌"
)
_KIND_OF_KEY = re.compile(
    r"(?:api|app|access|account|auth|encrypt|encryption|private|sign|signing|storage|secret|encodingaes)[_\s-]?\Z"
)
_HAN_NAMES = ("密码", "口令")
_FLAG = re.compile(r"--[\w-]*\Z")
_BEHIND = re.compile(
    r"[\"'`*\])>）】]{0,4}(?:[ \t]*:[ \t]*(?:str|string|String|bytes|SecretStr|Optional\[str\])(?=[ \t]*=))?"
    r"(?P<sign>[ \t]{0,8}(?:=>|:=|={1,2}|[:：＝|是为])[ \t]{0,8}|(?<=>)"
    r"|(?P<loose>[ \t]{1,4}(?:is|was):?[ \t]{1,4}"
    r"|[ \t]{0,4}(?:改成了?|改为|统一为|设为|就是|默认[为是]?)[ \t]{0,4}[:：]?[ \t]{0,4}"
    r"|[ \t]{0,8}[:：=＝][ \t]{0,8}\n[ \t]{0,12}|（)|[ \t]{1,4}(?![=|]))"
    r"[\"'`*]{0,3}(?P<secret>[!#-&(-_a-~]{6,400})"  # printable ASCII but quotes and backticks
)

_EXAMPLE = re.compile(
    r"[<>{}$…]|\*{2}|\.{3}|x{4}|(?:^|[^A-Za-z])x{3}|x{3}\Z|%[(%sd]|your|example|placeholder|change[_-]?(?:me|this|it)|dummy|redacted"
    r"|pass(?:word|wd)|secret|token|api[_-]?key|environ|getenv|process\.env"
    r"|(?<![a-z0-9])(?:my|test|demo|fake|sample|foo|bar|todo|none|null|true|false|here|pass|pwd|hidden|some|user|insert|abc)(?![a-z0-9])",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z_]+(?:_[a-z]+)+|.*[(\[].*|(?:sha\d+|md5)[:-].*|\w+://.*|[./~].*"
)
_WORDS_PATH = re.compile(r"(?:[A-Za-z_.]*-?[A-Za-z_.]*\d{0,3}/)+[A-Za-z_.-]*\d{0,3}")
_DENSE = re.compile(r"[A-Za-z0-9+/=]{12,}")
_VALUE_END = re.compile("[\"'`<&,;|]")
_TAIL = ".,;:!?)]}'\"`*|\\&"
_PLAINLY = re.compile(
    r"(?=.*[A-Za-z])(?=.*\d)(?=.*[!@#$%^&*+?]|(?=.*[a-z])(?=.*[A-Z])(?:.*\d){2})[A-Za-z0-9!@#$%^&*+?]{8,32}"
)
_HEAD = re.compile(r"^(?P<row>[^\n|]{0,60}\|[^\n]{1,400})\n[ \t]*\|?[ \t]*:?-{2,}[-:| \t]*(?:\n|\Z)", re.MULTILINE)
_ROW = re.compile(r"(?P<row>[^\n|]{0,200}\|[^\n]{1,2000})(?:\n|\Z)")
_AROUND = " \t`*"
_MIN_KEY_CHARS = 16
_MIN_LOOSE_CHARS = 20
_MIN_BITS = 3.0  # of Shannon entropy a character: words and repeated signs have less at this length


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets. ``gone`` are (start, end) of what was replaced in the text before, in order."""

    text: str
    gone: tuple[tuple[int, int], ...] = ()

    def moved(self, offset: int) -> int:
        """Where an offset of the text before is now; within a secret, where its ``••••`` begins."""
        shift = 0
        for start, end in self.gone:
            if offset <= start:
                break
            if offset < end:
                return start + shift
            shift += len(MASK) - (end - start)
        return offset + shift


def mask(text: str) -> Masked:
    """``text`` with ``••••`` in place of every secret. Doing it twice changes nothing more."""
    found = sorted({span for find in _FINDERS for span in find(text)})
    gone: list[tuple[int, int]] = []
    for start, end in found:
        if gone and start < gone[-1][1]:
            gone[-1] = (gone[-1][0], max(end, gone[-1][1]))
        else:
            gone.append((start, end))
    parts, at = [], 0
    for start, end in gone:
        parts += [text[at:start], MASK]
        at = end
    return Masked("".join((*parts, text[at:])), tuple(gone))


def _forms(text: str) -> list[tuple[int, int]]:
    spans, read = [], 0
    for start in _FORMS.finditer(text):
        if start.start() < read:
            continue
        at, before = start.end(), text[start.start() - 1 : start.start()]
        kind = start.lastgroup or "other"
        rest = None if before.isascii() and before.isalnum() else _REST[kind].match(text, at)
        read = rest.end() if rest else at
        if rest and (kind == "jwt" or not (is_example(rest.group()) or _is_plain(rest.group()))):
            spans.append(rest.span())
    return spans


def _keys_of_pem(text: str) -> list[tuple[int, int]]:
    spans = []
    for head in _PEM.finditer(text):
        body = _PEM_BODY.match(text, head.end())
        lines = list(_PEM_LINE.finditer(text, *body.span())) if body else []
        if body and lines:
            closed = text.startswith("-----END", body.end())  # a copy may be cut off, with prose behind it
            end = body.start() + len(body.group().rstrip()) if closed else lines[-1].end()
            spans.append((lines[0].start(), end))
    return spans


def _addresses(text: str) -> list[tuple[int, int]]:
    return [
        match.span("secret")
        for match in _ADDRESS.finditer(text)
        if match["secret"] != match["user"] and not is_example(match["secret"]) and not match["secret"].isdigit()
    ]


def _arguments(text: str) -> list[tuple[int, int]]:
    spans = []
    for match in _ARGUMENT.finditer(text):
        value = _VALUE_END.split(match["secret"])[0].rstrip(_TAIL)
        if _is_password(value) and not is_example(value):
            spans.append((match.start("secret"), match.start("secret") + len(value)))
    return spans


def _hooks(text: str) -> list[tuple[int, int]]:
    return [
        m.span("secret")
        for m in _HOOK.finditer(text)
        if not is_example(m["secret"]) and any(map(str.isdigit, m["secret"]))
    ]


def _bearers(text: str) -> list[tuple[int, int]]:
    return [m.span("secret") for m in _BEARER.finditer(text) if _is_key(m["secret"]) and not is_example(m["secret"])]


def _named(text: str) -> list[tuple[int, int]]:
    spans = []
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters of other scripts become two
        lowered = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
    for name in _NAME.finditer(lowered):
        behind = _BEHIND.match(text, name.end())
        if behind is None or not _is_named(lowered, name, behind["sign"]):
            continue
        start, value = behind.start("secret"), _VALUE_END.split(behind["secret"])[0].rstrip(_TAIL)
        loose = behind["loose"] is not None or not (
            behind["sign"].strip() or not behind["sign"] or _flagged(lowered, name)
        )
        if name["weak"]:
            told = _is_plainly_password(value) if loose else _is_password(value)
        else:
            told = _is_key(value) and (not loose or len(value) >= _MIN_LOOSE_CHARS)
        if told and not is_example(value):
            spans.append((start, start + len(value)))
    return spans


def _columns(text: str) -> list[tuple[int, int]]:
    """Passwords and keys below a cell that names them, in tables of Markdown."""
    spans = []
    for head in _HEAD.finditer(text):
        names = [_NAME.search(cell.lower()) if len(cell) < 30 else None for cell in head["row"].split("|")]
        at = head.end()
        while row := _ROW.match(text, at):
            cells, start = row["row"].split("|"), row.start("row")
            for name, cell in zip(names, cells, strict=False):
                value = cell.strip(_AROUND)
                is_secret = name and (_is_password(value) and len(value) > 7 if name["weak"] else _is_key(value))
                if is_secret and not is_example(value):
                    first = start + cell.index(value)
                    spans.append((first, first + len(value)))
                start += len(cell) + 1
            at = row.end()
    return spans


def _is_named(lowered: str, name: re.Match[str], sign: str) -> bool:
    """Whether the name is that of a secret, and a value may stand behind it: after a space not behind any name."""
    if name["key"] and not _KIND_OF_KEY.search(lowered[max(0, name.start() - 24) : name.start()]):
        return False
    spaced = bool(sign) and not sign.strip()
    return not (spaced and name["weak"]) or name["weak"] in _HAN_NAMES or _flagged(lowered, name)


def _flagged(lowered: str, name: re.Match[str]) -> bool:
    return _FLAG.search(lowered[max(0, name.start() - 24) : name.start()]) is not None


def is_example(value: str) -> bool:
    """Whether a value only stands for a secret: a placeholder, a name, a row such as 1234567890."""
    if _EXAMPLE.search(value):
        return True
    signs = re.sub(r"[\W_]", "", value)
    if len(set(signs.lower())) <= max(2, len(signs) // 8):
        return True
    in_row = sum(ord(b) - ord(a) == 1 or b + a in ("09",) for a, b in pairwise(signs))
    return in_row >= 0.6 * max(len(signs) - 1, 1)


def _is_password(value: str) -> bool:
    """Letters with digits or signs, or digits alone; a word by itself may be anything."""
    if not 6 <= len(value) <= 64 or _CODE.fullmatch(value) or not value.isascii():
        return False
    letters = any(map(str.isalpha, value))
    return (letters and (any(map(str.isdigit, value)) or bool(re.search(r"[!@#^&+?]", value)))) or value.isdigit()


def _is_plainly_password(value: str) -> bool:
    """What no word or name looks like: for where no sign says that a value comes."""
    return _PLAINLY.fullmatch(value) is not None and not _CODE.fullmatch(value)


def _is_key(value: str) -> bool:
    """Long, of letters and digits, and without order."""
    if len(value) < _MIN_KEY_CHARS or _CODE.fullmatch(value) or _WORDS_PATH.fullmatch(value):
        return False
    return not _is_plain(value) and _bits(value) >= _MIN_BITS


def _is_plain(value: str) -> bool:
    """Whether no stretch of it is as dense as a key: words with hyphens, for instance."""
    dense = (match.group() for match in _DENSE.finditer(value))
    return not any(any(map(str.isdigit, run)) and any(map(str.isalpha, run)) for run in dense)


def _bits(value: str) -> float:
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


_FINDERS: tuple[Callable[[str], list[tuple[int, int]]], ...] = (
    _forms,
    _keys_of_pem,
    _addresses,
    _arguments,
    _hooks,
    _bearers,
    _named,
    _columns,
)
