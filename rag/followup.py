"""Follow-ups: which message of the conversation a short question goes on from, and whether a rewrite of it is faithful.

Rules only, in Chinese and English; they look at this conversation's turns and at what is quoted, and at nothing else.
It knows no scores and no model.
"""

from __future__ import annotations

import re

from rag.base import Question, Turn
from rag.pictured import telling
from rag.tokens import fold

SHORT = 16  # Han characters; a Latin word counts three; a longer message stands for itself
SHORT_POINTING = 24  # the same for one that points back
LONG = 60  # a longer question says by itself what its picture shows
VERB = 3  # of what is left of a question that has a verb alone: "怎么卸载"
ELLIPTIC = 12  # the same for one that has no subject
MAX_JOINED = 400
MAX_REWRITE = 300
_RECENT = 8  # turns

_FOLLOW_UP = re.compile(
    r"^(?:那|那么|然后|还有|另外|它|他|这个|这|该|and|what about|how about|then|it|that)|呢[?？!！。~ ]*$",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"它们?|(?:这|那)(?:个|些|种|样|两个|边|里|步)?(?!么|时候|天|年|次|段时间)|上述|后者|前者|该(?:文件|命令|参数|模型|版本|配置)"
    r"|\b(?:it|its|they|them|this|that|these|those|above)\b",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(r"\b(?:is|was|would) it (?:possible|ok|okay|normal|true|safe|worth)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|[吗么呢]\s*$|什么|怎么|怎样|如何|为什么|为啥|哪|多少|几[个次天]|能不能|是否|支持"
    r"|^(?:how|what|when|where|who|why|which|can|could|does|do|did|is|are|should|will)\b",
    re.IGNORECASE,
)
_BEGINS_BARE = re.compile(
    r"^(?:怎么|怎样|如何|为什么|为啥|需要|要|多少|在哪|哪里|多久|多大"
    r"|why|where|when|how (?:do i|to|can i|much|long|many)?)",
    re.IGNORECASE,
)
# What is said of something without naming it; a name behind it is no subject.
_BEGINS_PREDICATE = re.compile(
    r"^(?:支持|能不能|能|可以|默认|有没有|会不会|and |on |with |for |in |the default|since when)", re.IGNORECASE
)
_PARTICLES = re.compile(r"[吗呢啊呀了的?？!！。\s]|一下|才能|可以")
_CHATTER = re.compile(
    r"(?:哈+|呵+|嗯+|哦+|好的?|行|对|是的?|谢谢|多谢|感谢|收到|明白了?|懂了|可以了?|不行|ok|okay"
    r"|thanks?|thx|thank you|got it|great|hi|hello"
    r"|你好|早|在吗|[\W_])+",
    re.IGNORECASE,
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+#/\\-]*[A-Za-z0-9+#]|[A-Za-z0-9]")
_PLAIN = """
a an the is are was were be do does did can could should would will shall may might must how what when where who whom
whose why which i we you he she it they my our your its his her their them us me of to in on at for with from by as into
than then and or but not no so if there here this that these those also too about same please thanks work works use used
using run need support available possible get have has had one ones
"""
_PLAIN_WORDS = frozenset(_PLAIN.split())


def is_follow_up(text: str) -> bool:
    """Whether a text is short and speaks of something said before: "那 0.6 版本呢？"."""
    text = _EXPLETIVE.sub("", text.strip())
    if not text:
        return False
    size = length(text)
    return (size <= SHORT and _FOLLOW_UP.search(text) is not None) or (
        size <= SHORT_POINTING and _POINTS.search(text) is not None and _ASKS.search(text) is not None
    )


def is_elliptic(text: str) -> bool:
    """Whether a short question names no subject: "怎么卸载？", "支持 Windows 吗", "and on Windows?"."""
    text = text.strip()
    if not 0 < length(text) <= ELLIPTIC or not _ASKS.search(text):
        return False
    bare = _BEGINS_BARE.match(text)
    said = _PARTICLES.sub("", text[bare.end() :]) if bare else ""
    return _BEGINS_PREDICATE.match(text) is not None or (bare is not None and length(said) <= VERB and not names(said))


def length(text: str) -> int:
    """Its length in Han characters, of which a Latin word is worth three."""
    return len(_HAN.findall(text)) + 3 * len(_LATIN.findall(text))


def continued(question: Question) -> str:
    """What a question goes on from: a quoted message, or an earlier one; nothing where it stands for itself.

    Of other people's messages only one counts, and only where the bot is spoken to: the one that it has answered last.
    """
    text = question.text.strip()
    if question.picture_text:  # in the quote's place
        return _pictured(question, text)
    quoted = question.quoted_text.strip()
    points = is_follow_up(text)
    bare = is_elliptic(text) and (bool(quoted) or _is_talking(question))
    if not (points or bare) or (quoted and quoted == text):
        return ""
    if quoted:
        return quoted[:MAX_JOINED]
    turn = _own_topic(question)
    if turn is None and points and question.mentioned:
        turn = _answered_last(question)
    return turn.text.strip()[:MAX_JOINED] if turn else ""


def _pictured(question: Question, text: str) -> str:
    """What a picture says, but for a long question that does not point at it, and one that is the picture's text."""
    shown = telling(question.picture_text)
    return shown if shown != text and (length(text) <= LONG or _POINTS.search(text)) else ""


def needs_context(question: Question) -> bool:
    """Whether a model should be asked to make the question stand alone: there is a context, and it leans on it."""
    text = question.text.strip()
    return bool(question.history or question.quoted_text or question.picture_text) and (
        bool(continued(question)) or is_follow_up(text) or is_elliptic(text)
    )


def is_faithful(question: Question, rewrite: str) -> bool:
    """Whether a rewrite keeps all names and numbers of the question and brings in none that nobody has said."""
    rewrite = rewrite.strip()
    if (
        not rewrite
        or len(rewrite) > MAX_REWRITE
        or "\n" in rewrite
        or bool(_HAN.search(question.text)) != bool(_HAN.search(rewrite))
    ):
        return False
    own, made = names(question.text), names(rewrite)
    said = own.union(
        names(question.quoted_text), names(question.picture_text), *(names(turn.text) for turn in question.history)
    )
    return own <= made <= said


def names(text: str) -> frozenset[str]:
    """Latin words, identifiers and numbers of a text, without words that name nothing."""
    found = (name.lower().rstrip(".-/") for name in _NAME.findall(fold(text)))
    return frozenset(name for name in found if name and name not in _PLAIN_WORDS)


def _own_topic(question: Question) -> Turn | None:
    """The last message of the same person that is about something."""
    return next((turn for turn in reversed(question.history) if turn.same_sender and _carries_topic(turn)), None)


def _answered_last(question: Question) -> Turn | None:
    """The message before the bot's latest reply: what the two were talking about."""
    recent = question.history[-_RECENT:]
    for place in reversed(range(len(recent))):
        if recent[place].is_bot:
            return next((turn for turn in reversed(recent[:place]) if _carries_topic(turn)), None)
    return None


def _is_talking(question: Question) -> bool:
    """Whether the bot's reply to the same person is the last that was said."""
    answered = _answered_last(question)
    return bool(question.history) and question.history[-1].is_bot and answered is not None and answered.same_sender


def _carries_topic(turn: Turn) -> bool:
    text = turn.text.strip()
    if turn.is_bot or not text or is_follow_up(text) or _CHATTER.fullmatch(text):
        return False
    return not (is_elliptic(text) and not names(text))
