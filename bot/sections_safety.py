"""The section ``[safety]`` of config.ini as a validated, frozen value. Knows neither lists nor endpoints."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from bot.sections import Names, Section


def _url(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError("must start with http:// or https://, for example https://api.openai.com/v1/moderations")
    return value


class SafetySettings(Section):
    """``[safety]``: what must not be answered or said; nothing unless lists or an address are named."""

    word_lists: Names = ()
    moderation_url: Annotated[str, AfterValidator(_url)] = ""
    moderation_api_key: SecretStr = SecretStr("")
    moderation_model: str = ""
    moderation_timeout_s: float = Field(5, gt=0)
    moderation_failure: Literal["allow", "withhold"] = "allow"
