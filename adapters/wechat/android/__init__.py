"""WeChat through HuixiangDou's Android app, which reads the screen. Knows nothing of the bot behind it."""

from adapters.wechat.android.adapter import AndroidAdapter
from adapters.wechat.android.settings import AndroidSettings

__all__ = ["AndroidAdapter", "AndroidSettings"]
