"""The sections of config.ini as validated, frozen values. Knows neither files nor what they are used for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bot.hours import parse_days, parse_spans, parse_zone
from bot.sources.entries import parse_entry
from rag.formats.base import Limits

Mode = Literal["mention", "passive", "off"]


def _split(value: object) -> object:
    """``a, b`` and one item a line both make a tuple."""
    if isinstance(value, str):
        return tuple(part.strip() for line in value.splitlines() for part in line.split(",") if part.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


def _auto(value: object) -> object:
    """``auto`` is None."""
    return None if isinstance(value, str) and value.strip().lower() == "auto" else value


def _check_entries(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        parse_entry(entry)
    return entries


def _watch_word(value: object) -> object:
    """``on``, ``true`` and the like for yes and no."""
    words = {"yes": ("yes", "true", "on", "1"), "no": ("no", "false", "off", "0")}
    return next((word for word, same in words.items() if str(value).lower() in same), value)


Watch = Annotated[Literal["no", "yes", "poll"], BeforeValidator(_watch_word)]
Auto = Annotated[Literal["auto", "yes", "no"], BeforeValidator(_watch_word)]


class Section(BaseModel):
    """A section of config.ini: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _checked(parse: Callable[[str], object]) -> AfterValidator:
    """Text that ``parse`` can read, empty text included."""

    def check(text: str) -> str:
        if text.strip():
            parse(text)
        return text.strip()

    return AfterValidator(check)


Spans = Annotated[str, _checked(parse_spans)]
Days = Annotated[str, _checked(parse_days)]
Zone = Annotated[str, _checked(parse_zone)]
OffHours = Literal["answer", "notice", "silent"]


class BotSettings(Section):
    """``[bot]``"""

    name: str = "群答"
    admins: Names = ()
    language: Literal["auto", "zh", "en"] = "auto"
    max_age_s: float = Field(600, gt=0)
    max_age_mention_s: float = Field(3600, gt=0)
    max_backlog: int = Field(10_000, ge=1)
    lanes: int = Field(8, ge=1, le=256)
    lane_size: int = Field(64, ge=1)
    per_person_per_hour: int = Field(30, ge=0)
    per_group_per_hour: int = Field(120, ge=0)
    hours: Spans = ""
    days: Days = ""
    timezone: Annotated[Zone, Field(min_length=1)] = "Asia/Shanghai"
    off_hours: OffHours = "answer"
    message_timeout_s: float = Field(120, gt=0)
    keep_texts_days: int = Field(90, ge=1)
    keep_ids_days: int = Field(30, ge=30)
    computing: Literal["process", "thread"] = "process"
    read_pictures: Auto = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class KnowledgeSettings(Section):
    """``[knowledge]``, the base named ``default``, and ``[knowledge:<name>]``"""

    documents: Annotated[Names, AfterValidator(_check_entries)] = ()
    good_questions: str = ""
    bad_questions: str = ""
    passage_chars: int = Field(800, ge=100, le=8000)
    max_file_mb: float = Field(20, gt=0)
    max_file_s: float = Field(60, ge=1)
    max_pages: int = Field(2000, ge=1)
    max_cells: int = Field(1_000_000, ge=1)
    ocr_pages: int = Field(50, ge=0)
    refresh_hours: float = Field(24, ge=0)
    max_source_pages: int = Field(500, ge=1, le=50_000)
    max_source_mb: float = Field(500, gt=0)
    keep_versions: int = Field(3, ge=1)
    watch: Watch = "no"
    mask_secrets: bool = True

    @property
    def limits(self) -> Limits:
        """The bounds of one file."""
        return Limits(
            file_mb=self.max_file_mb,
            seconds=self.max_file_s,
            pages=self.max_pages,
            cells=self.max_cells,
            ocr_pages=self.ocr_pages,
        )


class RetrievalSettings(Section):
    """``[retrieval]``"""

    top_k: int = Field(8, ge=1, le=100)
    bm25_weight: float = Field(1.0, ge=0)
    dense_weight: Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(_auto)] = (
        None  # auto: for the embedder
    )


class GateSettings(Section):
    """``[gate]``"""

    unwanted_per_1000: float = Field(20, gt=0, le=900)
    expected_share: float = Field(0.1, gt=0, lt=1)
    quiet_window_s: float = Field(2, ge=0, le=60)


class ModelSection(Section):
    """What ``[embedder]`` and ``[reranker]`` share: a model on this machine, or a server where ``base_url`` is set."""

    source: Literal["huggingface", "modelscope"] = "huggingface"
    device: str = "auto"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    timeout_s: float = Field(30, gt=0)


class EmbedderSettings(ModelSection):
    """``[embedder]``: built in, or as in `ModelSection`"""

    model: str = "lexical"
    max_tokens: int = Field(0, ge=0)
    api: Literal["openai", "tei"] = "openai"


class RerankerSettings(ModelSection):
    """``[reranker]``: none, or as in `ModelSection`"""

    model: str = ""
    max_tokens: int = Field(512, ge=32)
    api: Literal["jina", "tei"] = "jina"


class GpuSettings(Section):
    """``[gpu]``: what the models of this machine share"""

    memory_gb: float = Field(0, ge=0)


Preset = Literal[
    "", "deepseek", "kimi", "qwen", "zhipu", "stepfun", "internlm", "siliconflow", "vllm", "ollama", "openai"
]


class LLMSettings(Section):
    """``[llm]``"""

    backend: Literal["extractive", "openai", "transformers"] = "extractive"
    preset: Preset = ""
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    model: str = ""
    timeout_s: float = Field(60, gt=0)
    first_token_timeout_s: float = Field(30, gt=0)
    max_retries: int = Field(2, ge=0, le=10)
    understand_timeout_s: float = Field(5, ge=0)
    max_tokens: int = Field(800, ge=16)
    temperature: float = Field(0.1, ge=0, le=2)
    max_context_chars: int = Field(6000, ge=500)
    structured: Literal["auto", "yes", "no"] = "auto"
    tokens_per_day: int = Field(0, ge=0)
    tokens_per_group_per_day: int = Field(0, ge=0)
    tokens_per_person_per_day: int = Field(0, ge=0)
    # backend = transformers
    source: Literal["huggingface", "modelscope"] = "huggingface"
    device: str = "auto"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    max_batch: int = Field(16, ge=1, le=128)
    kv_gb: float = Field(0, ge=0)
    quantization: Literal["", "8bit", "4bit"] = ""


FEISHU_SITES = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}


def _origin(value: object) -> object:
    """A site by its short name, or an origin: no path and no plain http, so that secrets go nowhere else."""
    if not isinstance(value, str):
        return value
    value = value.strip().rstrip("/")
    if value in FEISHU_SITES:
        return value
    host = value.partition("://")[2]
    local = host.partition(":")[0] in ("127.0.0.1", "localhost")
    if not host or "/" in host or "@" in host or not value.startswith(("https://", "http://" if local else "https://")):
        raise ValueError("must be feishu, lark, or an origin such as https://open.feishu.cn")
    return value


class FeishuSection(Section):
    """``[feishu]``: enabled when ``app_id`` is set. ``domain`` is a key of `FEISHU_SITES` or an origin."""

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    domain: Annotated[str, BeforeValidator(_origin)] = "feishu"
    transport: Literal["websocket", "webhook"] = "websocket"
    encrypt_key: SecretStr = SecretStr("")
    verification_token: SecretStr = SecretStr("")
    host: str = "0.0.0.0"
    port: int = Field(8090, ge=0, le=65_535)
    path: str = Field("/feishu/events", pattern="^/[^?#\\s]*$")
    mode: Mode = "mention"
    owners_are_admins: bool = True


class GroupSettings(Section):
    """``[group:<platform>:<chat>]``: what differs in one group."""

    mode: Mode | None = None
    knowledge: Names = ()
    admins: Names = ()
    web: bool | None = None
    hours: Spans = ""
    days: Days = ""
    timezone: Zone = ""
    off_hours: OffHours | None = None
    per_person_per_hour: int | None = Field(None, ge=0)
    per_group_per_hour: int | None = Field(None, ge=0)
    tokens_per_group_per_day: int | None = Field(None, ge=0)
    tokens_per_person_per_day: int | None = Field(None, ge=0)
    unwanted_per_1000: float | None = Field(None, gt=0, le=900)
    word_lists: Names | None = None
