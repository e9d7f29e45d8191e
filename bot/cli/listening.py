"""Whether the ports that adapters listen at are free and all different, for ``qunda doctor``. Knows no platform."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from bot.cli.findings import Finding
from bot.cli.wechat_routes import enabled_routes
from bot.config import Settings


def examine_ports(settings: Settings) -> Iterator[Finding]:
    """A finding for each port that cannot be listened at, or that two adapters want."""
    taken: dict[int, str] = {}
    for name, host, port in _listeners(settings):
        if port and port in taken:
            fix = f"set another [{name}] port"
            yield Finding("error", f"{name} port", f"{port} is the port of [{taken[port]}] too", fix)
            continue
        taken[port] = name
        yield from _listening(name, host, port)


def _listeners(settings: Settings) -> Iterator[tuple[str, str, int]]:
    enabled = enabled_routes(settings)
    if settings.feishu.app_id and settings.feishu.transport == "webhook":
        yield "feishu", settings.feishu.host, settings.feishu.port
    if "wkteam" in enabled:
        yield "wkteam", settings.wkteam.host, settings.wkteam.port
    if "android" in enabled:
        yield "android", settings.android.host, settings.android.port


def _listening(name: str, host: str, port: int) -> Iterator[Finding]:
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fix = f"nothing to do if that is Qunda itself; else set another [{name}] port"
            yield Finding("warning", f"{name} port", f"{port} is in use", fix)
        else:
            fix = f"correct [{name}] host (0.0.0.0: every address) or port (above 1023)"
            yield Finding("error", f"{name} port", f"cannot listen at {host}:{port}: {error.strerror}", fix)
