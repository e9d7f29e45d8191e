"""Reads config.ini once into validated, frozen settings. Knows nothing of what they are used for.

Errors::

    ConfigError     the file or an override is wrong; the message names the place, the value and the nearest valid one
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
)
from configparser import Error as ParserError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, ValidationError

from bot.config_wechat import WECHAT_SECTIONS, WechatSections
from bot.sections import (
    BotSettings,
    EmbedderSettings,
    FeishuSection,
    GateSettings,
    GpuSettings,
    GroupSettings,
    KnowledgeSettings,
    LLMSettings,
    Mode,
    RerankerSettings,
    RetrievalSettings,
    Section,
)
from bot.sections_safety import SafetySettings
from bot.sections_web import WebSettings
from rag.base import is_base_name

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "BotSettings",
    "ConfigError",
    "EmbedderSettings",
    "FeishuSection",
    "GateSettings",
    "GpuSettings",
    "GroupSettings",
    "KnowledgeSettings",
    "LLMSettings",
    "Mode",
    "RerankerSettings",
    "RetrievalSettings",
    "Section",
    "Settings",
    "load",
    "unknown_variables",
]

ENV_PREFIX = "QUNDA_"


class ConfigError(Exception):
    """The configuration is wrong; the message says where and what to write instead."""


class Settings(WechatSections):
    """The whole configuration. ``path`` is its file (None: the defaults), ``root`` what relative paths start at."""

    model_config = ConfigDict(frozen=True)

    bot: BotSettings = BotSettings()
    knowledge: Mapping[str, KnowledgeSettings] = Field(default_factory=lambda: {"default": KnowledgeSettings()})
    retrieval: RetrievalSettings = RetrievalSettings()
    gate: GateSettings = GateSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    reranker: RerankerSettings = RerankerSettings()
    llm: LLMSettings = LLMSettings()
    gpu: GpuSettings = GpuSettings()
    web: WebSettings = WebSettings()
    feishu: FeishuSection = FeishuSection()
    safety: SafetySettings = SafetySettings()
    groups: Mapping[str, GroupSettings] = Field(default_factory=dict)
    path: Path | None = None
    root: Path = Path()
    data: Path = Path("data")

    def group(self, name: str) -> GroupSettings:
        """The settings of ``platform:chat``; all unset where the file does not mention it."""
        return self.groups.get(name, GroupSettings())

    def resolve(self, path: str) -> Path:
        """A path of config.ini: ``~`` expanded, relative to the file that names it."""
        expanded = Path(path).expanduser()
        return expanded if expanded.is_absolute() else self.root / expanded


SINGLE: dict[str, type[Section]] = {
    "bot": BotSettings,
    "retrieval": RetrievalSettings,
    "gate": GateSettings,
    "embedder": EmbedderSettings,
    "reranker": RerankerSettings,
    "llm": LLMSettings,
    "gpu": GpuSettings,
    "web": WebSettings,
    "feishu": FeishuSection,
    "safety": SafetySettings,
    **WECHAT_SECTIONS,
}
PREFIXED: dict[str, type[Section]] = {"knowledge": KnowledgeSettings, "group": GroupSettings}
DEFAULT_BASE = "knowledge:default"  # the long name of [knowledge]
_WITH_VARIABLES: dict[str, type[Section]] = {**SINGLE, "knowledge": KnowledgeSettings}
_VARIABLES = {
    f"{ENV_PREFIX}{section}_{key}".upper(): (section, key)
    for section, model in _WITH_VARIABLES.items()
    for key in model.model_fields
}


def load(
    path: Path | None,
    *,
    data: Path | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read ``path`` (None: ``./config.ini`` when it is there, else the defaults) with ``section.key=value`` overrides.

    Secrets and other keys may come from the environment: ``QUNDA_LLM_API_KEY`` beats ``[llm] api_key`` in the file,
    and an override beats both. ``[knowledge:<name>]`` and ``[group:...]`` have no variables.

    Raises:
        ConfigError: the file is missing, unreadable or wrong.
    """
    file = _find(path)
    raw = _parse(file) if file else {}
    _apply_environment(raw, environ)
    for override in overrides:
        _apply_override(raw, override)
    where = str(file) if file else "the configuration"
    fields = _validated(raw, where)
    root = file.resolve().parent if file else Path.cwd()
    return Settings(**fields, path=file, root=root, data=(data or root / "data").expanduser().absolute())


def _find(path: Path | None) -> Path | None:
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"there is no config file {path}; copy the project's config.ini there, or drop --config")
        return path
    default = Path("config.ini")
    return default if default.is_file() else None


def _parse(file: Path) -> dict[str, dict[str, str]]:
    parser = ConfigParser(interpolation=None, inline_comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys are case-sensitive, as documented
    try:
        parser.read_string(file.read_text("utf-8-sig"), source=str(file))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except MissingSectionHeaderError as error:
        raise ConfigError(f"{file}, line {error.lineno}: no [section] above this line") from error
    except DuplicateOptionError as error:
        place = f"{file}, line {error.lineno}: [{error.section}]"
        raise ConfigError(f"{place} has {error.option} twice; keep one of the two lines") from error
    except DuplicateSectionError as error:
        place = f"{file}, line {error.lineno}: [{error.section}]"
        raise ConfigError(f"{place} stands there twice; put its keys under one heading") from error
    except ParsingError as error:
        raise ConfigError(f"{file}, line {error.errors[0][0]}: neither a [section] nor key = value") from error
    except ParserError as error:
        raise ConfigError(f"{file}: {error}") from error
    raw = {name: dict(parser[name]) for name in parser.sections()}
    if DEFAULT_BASE in raw:
        if "knowledge" in raw:
            raise ConfigError(f"{file}: [knowledge] and [{DEFAULT_BASE}] are the same base; keep one of them")
        raw["knowledge"] = raw.pop(DEFAULT_BASE)
    return raw


def _apply_environment(raw: dict[str, dict[str, str]], environ: Mapping[str, str]) -> None:
    for variable, (section, key) in _VARIABLES.items():
        value = environ.get(variable)
        if value:
            raw.setdefault(section, {})[key] = value


def unknown_variables(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Variables that look like settings and are none, each with a hint. Other programs may use the prefix: no error."""
    return [
        (name, _nearest(name, _VARIABLES).removeprefix("; "))
        for name in sorted(environ)
        if name.startswith(ENV_PREFIX) and name not in _VARIABLES
    ]


def _apply_override(raw: dict[str, dict[str, str]], override: str) -> None:
    name, equals, value = override.partition("=")
    section, dot, key = name.strip().rpartition(".")
    if not equals or not dot or not section or not key:
        raise ConfigError(
            f"--set {override!r} is not of the form section.key=value, for example gate.unwanted_per_1000=10"
        )
    raw.setdefault("knowledge" if section == DEFAULT_BASE else section, {})[key.strip()] = value.strip()


def _validated(raw: Mapping[str, Mapping[str, str]], where: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    knowledge: dict[str, Section] = {}
    groups: dict[str, Section] = {}
    for section, values in raw.items():
        prefix, colon, name = section.partition(":")
        if section in SINGLE:
            fields[section] = _section(SINGLE[section], section, values, where)
        elif prefix == "knowledge":
            base = _base_name(name, colon, section, where)
            knowledge[base] = _section(KnowledgeSettings, section, values, where)
        elif prefix == "group" and ":" in name:
            groups[name] = _section(GroupSettings, section, values, where)
        else:
            raise ConfigError(_unknown_section(section, where))
    knowledge.setdefault("default", KnowledgeSettings())
    _check_group_bases(groups, knowledge, where)
    return {**fields, "knowledge": knowledge, "groups": groups}


def _base_name(name: str, colon: str, section: str, where: str) -> str:
    base = name if colon else "default"
    if not is_base_name(base):
        raise ConfigError(f"{where}: [{section}] needs a name of letters, digits, - or _ behind the colon")
    return base


def _check_group_bases(groups: Mapping[str, Any], knowledge: Mapping[str, Section], where: str) -> None:
    for name, group in groups.items():
        for base in group.knowledge:
            if base not in knowledge:
                raise ConfigError(
                    f"{where}: [group:{name}] knowledge names {base!r}, which has no section [knowledge:{base}]; "
                    f"there are: {', '.join(sorted(knowledge))}"
                )


def _section(model: type[Section], section: str, values: Mapping[str, str], where: str) -> Section:
    for key in values:
        if key not in model.model_fields:
            raise ConfigError(f"{where}: [{section}] has no key {key!r}{_nearest(key, model.model_fields)}")
    try:
        return model.model_validate(
            {key: value for key, value in values.items() if value != "" or _is_text(model, key)}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        shown = (
            "a hidden value" if "key" in key or "secret" in key or key.endswith("token") else repr(values.get(key, ""))
        )
        own = first["type"] == "value_error"  # worded by a check of ours, where capitals count
        said = f"{where}: [{section}] {key} = {shown}: {first['ctx']['error'] if own else first['msg'].lower()}"
        raise ConfigError(said + _nearest_literal(values.get(key, ""), first)) from None


def _nearest_literal(value: str, error: ErrorDetails) -> str:
    """A hint where the value is none of a list; pydantic has told the list."""
    if error["type"] != "literal_error":
        return ""
    expected = re.findall("'([^']*)'", error["ctx"]["expected"])
    close = difflib.get_close_matches(value.lower(), expected, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _is_text(model: type[Section], key: str) -> bool:
    """Whether an empty value means the empty text; for every other type it means the default."""
    return model.model_fields[key].annotation is str


def _unknown_section(section: str, where: str) -> str:
    if section.partition(":")[0] == "group":
        return f"{where}: [{section}] must be [group:<platform>:<chat id>], for example [group:feishu:oc_123]"
    valid = [*SINGLE, *PREFIXED]
    return f"{where}: there is no section [{section}]{_nearest(section.partition(':')[0], valid)}"


def _nearest(word: str, valid: object) -> str:
    names = [str(name) for name in valid]  # type: ignore[attr-defined]
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; valid: {', '.join(sorted(names))}"
