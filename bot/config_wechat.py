"""The sections of config.ini for the WeChat routes. A route is enabled when its first key is set. Knows no adapter."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr

from bot.sections import Mode, Names, Section


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


class WecomSection(Section):
    """``[wecom]``"""

    bot_id: str = ""
    secret: SecretStr = SecretStr("")
    name: str = ""
    mode: Mode = "mention"
    url: str = "wss://openws.work.weixin.qq.com"


class WkteamSection(Section):
    """``[wkteam]``"""

    account: str = ""
    password: SecretStr = SecretStr("")
    base_url: str = ""
    callback_url: str = ""
    callback_secret: SecretStr = SecretStr("")
    host: str = "0.0.0.0"
    port: int = Field(8095, ge=0, le=65535)
    wcid: str = ""
    proxy: int = Field(0, ge=0)
    names: Names = ()
    mode: Mode = "passive"
    groups: Names = ()
    direct_messages: bool = False
    forward: Names = ()
    delay_s: float = Field(1.5, ge=0, le=6)
    group_spacing_s: float = Field(4, ge=0, le=60)
    account_spacing_s: float = Field(1, ge=0, le=60)


class AndroidSection(Section):
    """``[android]``"""

    token: SecretStr = SecretStr("")
    host: str = "0.0.0.0"
    port: int = Field(8096, ge=0, le=65535)
    names: Names = ()
    mode: Mode = "passive"
    groups: Names = ()
    direct_messages: bool = False
    keep_s: float = Field(600, gt=0)
    report_silence: bool = True


class WechatSections(BaseModel):
    """The sections of all routes, as part of the settings."""

    wechaty: WechatySection = WechatySection()
    wecom: WecomSection = WecomSection()
    wkteam: WkteamSection = WkteamSection()
    android: AndroidSection = AndroidSection()


WECHAT_SECTIONS: dict[str, type[Section]] = {
    "wechaty": WechatySection,
    "wecom": WecomSection,
    "wkteam": WkteamSection,
    "android": AndroidSection,
}
