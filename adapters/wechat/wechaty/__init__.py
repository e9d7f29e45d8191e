"""WeChat through a Wechaty gateway that the user runs. Importing it imports no Wechaty."""

from adapters.wechat.wechaty.adapter import WechatyAdapter
from adapters.wechat.wechaty.settings import Timings, WechatySettings

__all__ = ["Timings", "WechatyAdapter", "WechatySettings"]
