"""What every section of config.ini is made of. Knows no section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

Mode = Literal["mention", "passive", "off"]


def _split(value: object) -> object:
    """``a, b`` and one item a line both make a tuple."""
    if isinstance(value, str):
        return tuple(part.strip() for line in value.splitlines() for part in line.split(",") if part.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Section(BaseModel):
    """A section of config.ini: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
