"""Feishu (Lark): a bot that people mention, on the official SDK. Importing it imports no SDK."""

from adapters.feishu.adapter import FeishuAdapter
from adapters.feishu.settings import FeishuSettings, Timings

__all__ = ["FeishuAdapter", "FeishuSettings", "Timings"]
