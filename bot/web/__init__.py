"""Looks on the web where the knowledge base has no answer: off unless config.ini names an engine."""

from bot.web.search import Found, WebSearch, open_web

__all__ = ["Found", "WebSearch", "open_web"]
