"""Shows the code that the phone has to scan: a link, and the code itself in characters. Knows no gateway."""

from __future__ import annotations

import io
from collections.abc import Callable
from urllib.parse import quote

from loguru import logger

Show = Callable[[str], None]
PAGE = "https://wechaty.js.org/qrcode/"


def scan_text(code: str) -> str:
    """What to print. The page is one of Wechaty's project: open it only if you trust it with the login."""
    lines = ["微信请求扫码登录 / WeChat asks for a scan to log in:", code, f"{PAGE}{quote(code, safe='')}"]
    drawn = _drawn(code)
    return "\n".join([*lines, drawn] if drawn else lines)


def log_scan(text: str) -> None:
    """The default: into the log."""
    logger.warning("{}", text)


def _drawn(code: str) -> str:
    try:
        import qrcode
    except ImportError:
        return ""
    image = qrcode.QRCode(border=2)
    image.add_data(code)
    out = io.StringIO()
    image.print_ascii(out=out, invert=True)
    return out.getvalue().rstrip("\n")
