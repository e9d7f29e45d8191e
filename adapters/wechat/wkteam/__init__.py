"""WeChat through the paid service wkteam. Knows nothing of the bot behind it."""

from adapters.wechat.wkteam.adapter import WkteamAdapter
from adapters.wechat.wkteam.settings import Timings, WkteamSettings

__all__ = ["Timings", "WkteamAdapter", "WkteamSettings"]
