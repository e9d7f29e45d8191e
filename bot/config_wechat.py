"""The sections of config.ini for the WeChat routes. A route is enabled when its first key is set. Knows no adapter."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr

from bot.config_section import Mode, Names, Section


class WechatySection(Section):
    """``[wechaty]``"""

    endpoint: str = ""
    token: SecretStr = SecretStr("")
    mode: Mode = "passive"
    rooms: Names = ()
    direct_messages: bool = False
    delay_s: float = Field(1.5, ge=0, le=6)
    group_spacing_s: float = Field(4, ge=0, le=60)
    account_spacing_s: float = Field(1, ge=0, le=60)
    tls: bool = False
    ca_file: str = ""
    tls_name: str = ""


class WechatSections(BaseModel):
    """The sections of all routes, as part of the settings."""

    wechaty: WechatySection = WechatySection()


WECHAT_SECTIONS: dict[str, type[Section]] = {"wechaty": WechatySection}
