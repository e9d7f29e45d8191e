"""The bot as a process of its own, for a test to kill. Arguments: folder, domain and app id of the stand-in."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from feishu_platform_bot import TIMINGS, PacedClock, prepare

from adapters.feishu import FeishuAdapter, FeishuSettings
from bot.app import App


async def main(folder: Path, domain: str, app_id: str) -> None:
    """Serve until killed."""
    settings = FeishuSettings(app_id, "secret", domain, timings=TIMINGS)
    app = App(
        prepare(folder, "bot.computing=process"),
        [FeishuAdapter(settings)],
        clock=PacedClock(),
        modes={"feishu": "mention"},
    )
    await app.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
