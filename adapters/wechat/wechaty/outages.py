"""Keeps account of the times without a connection: what was said then is lost, since no gateway replays it."""

from __future__ import annotations

from datetime import UTC, datetime


class Outages:
    """The interruptions after the first connection, and when the last one was."""

    def __init__(self) -> None:
        self.ups = 0
        self.count = 0
        self._seen: datetime | None = None
        self._since: datetime | None = None
        self._last = ""

    def seen(self) -> None:
        """The gateway has just shown that it lives."""
        self._seen = datetime.now(UTC)

    def begin(self) -> None:
        """Connected."""
        self.ups += 1
        if self._since is not None:
            now = datetime.now(UTC)
            self.count += 1
            lasted_s = (now - self._since).total_seconds()
            self._last = f"{self._since:%m-%d %H:%M:%S} - {now:%H:%M:%S} UTC ({lasted_s:.0f} s)"
        self._since = None

    def end(self) -> None:
        """No longer connected; whatever came after the last sign of life may have been missed."""
        if self.ups and self._since is None:
            self._since = self._seen or datetime.now(UTC)

    def text(self) -> str:
        """What may have been missed, in words; empty while nothing can have been."""
        if self._since is not None:
            return f"messages since {self._since:%m-%d %H:%M:%S} UTC may be missed"
        if not self.count:
            return ""
        return f"{self.count} interruptions, the last {self._last}: messages of that time may have been missed"
