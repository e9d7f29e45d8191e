"""The smart bot of WeCom over its official long connection. Knows nothing of the bot behind it."""

from adapters.wechat.wecom.adapter import WecomAdapter
from adapters.wechat.wecom.settings import Timings, WecomSettings

__all__ = ["Timings", "WecomAdapter", "WecomSettings"]
