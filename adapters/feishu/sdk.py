"""Imports the SDK, which takes seconds and looks for an event loop while it is imported. Knows nothing of its use."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys


def load_sdk() -> None:
    """Import the SDK on a thread without a running event loop; at once when it is there already.

    Its long connection keeps the loop that it finds while it is imported, and makes one that nobody closes where it
    finds none. So it finds one that is closed afterwards; whoever connects sets the real one.
    """
    if "lark_oapi.ws.client" in sys.modules:
        import lark_oapi  # waits for another thread that is importing it

        assert lark_oapi
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        import lark_oapi.ws.client
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    # 300,000 objects that stay for ever: every full collection would walk through them, and stop everything for 200 ms.
    gc.freeze()
    # It writes to standard output. What it says of connections, with their tickets, `LongConnection` says better.
    log = logging.getLogger("Lark")
    log.handlers.clear()
    log.addFilter(lambda record: f"{os.sep}ws{os.sep}" not in record.pathname)
    log.setLevel(logging.ERROR)
