"""``[web]``: where to look when the knowledge base has no answer. Knows no search engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from bot.sections import Names, Section


def _check_domains(domains: tuple[str, ...]) -> tuple[str, ...]:
    for domain in domains:
        bare = domain.removeprefix("*.")
        if not bare or any(character in bare for character in "/*?#@ ") or "." not in f"{bare}.":
            raise ValueError(f"{domain!r} is no domain; write for example docs.python.org or *.readthedocs.io")
    return tuple(domain.lower() for domain in domains)


class WebSettings(Section):
    """``[web]``: off unless ``search`` names an engine."""

    search: Literal["off", "ddgs", "serper"] = "off"
    api_key: SecretStr = SecretStr("")
    base_url: str = "https://google.serper.dev"
    allowed_domains: Annotated[Names, AfterValidator(_check_domains)] = ()
    passive: bool = False
    max_results: int = Field(4, ge=1, le=10)
    timeout_s: float = Field(12, gt=0, le=60)
    max_per_day: int = Field(200, ge=1)
