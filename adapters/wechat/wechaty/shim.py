"""The one place that imports Wechaty's packages, which were written for older Pythons. Knows no message.

What is used is ``wechaty_puppet_service.PuppetService`` (distributed with ``wechaty``), the client of a gateway. The
class ``Wechaty`` above it is left out: its start sends Stop, which restarts the WeChat session and throws out other
clients; it sleeps through an outage of 10 s and dies of one of 80 s; a wrong token ends it silently; and it drops
repeated ids before anybody could store the message. The shim, measured with wechaty-puppet-service 0.8.10:

- it imports ``AsyncIOEventEmitter`` from ``pyee``, which since version 12 has it in ``pyee.asyncio``;
- it imports ``telnetlib``, deprecated in 3.11 and gone in 3.13 (so is Qunda's support): the warning is silenced;
- its loggers print on their own; ``WECHATY_LOG=error`` is set unless you set it;
- its ``start`` and ``stop`` send Stop: replaced, and the check for a connection that blocks is left out.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters.base import AdapterError
from adapters.wechat.wechaty.settings import WechatySettings

MISSING = "the Wechaty route needs packages that are not installed ({}): pip install 'qunda[cpu,wechat]'"
DEFAULT_PORT = 8788


@dataclass(frozen=True, slots=True)
class Modules:
    """What the rest uses of the packages."""

    puppet_class: Any
    options_class: Any
    channel_class: Any
    configuration_class: Any
    stub_class: Any
    grpc_error: type[Exception]
    stream_error: type[Exception]
    protocol_error: type[Exception]
    status: Any


@lru_cache(maxsize=1)
def load_wechaty() -> Modules:
    """Import the packages; half a second the first time.

    Raises:
        AdapterError: permanent; they are not installed.
    """
    os.environ.setdefault("WECHATY_LOG", "error")
    try:
        import pyee
        import pyee.asyncio

        if not hasattr(pyee, "AsyncIOEventEmitter"):
            pyee.AsyncIOEventEmitter = pyee.asyncio.AsyncIOEventEmitter  # type: ignore[attr-defined]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from wechaty_puppet import PuppetOptions
            from wechaty_puppet_service import PuppetService
        from grpclib.client import Channel
        from grpclib.config import Configuration
        from grpclib.const import Status
        from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
        from wechaty_grpc.wechaty import PuppetStub
    except ImportError as error:
        raise AdapterError(MISSING.format(error), permanent=True) from error
    return Modules(
        _start_only(PuppetService),
        PuppetOptions,
        Channel,
        Configuration,
        PuppetStub,
        GRPCError,
        StreamTerminatedError,
        ProtocolError,
        Status,
    )


def make_puppet(settings: WechatySettings) -> Any:
    """A puppet that is not connected yet: its first call connects."""
    modules = load_wechaty()
    options = modules.options_class(token=settings.token, end_point=settings.endpoint)
    puppet = modules.puppet_class(options)
    host, port = host_and_port(settings.endpoint)
    config = modules.configuration_class(ssl_target_name_override=settings.tls_name or None)
    channel = modules.channel_class(host, port, ssl=_tls(settings), config=config)
    channel._authority = settings.token  # how a gateway is told the token
    puppet.connect(channel, modules.stub_class(channel))
    return puppet


def host_and_port(endpoint: str) -> tuple[str, int]:
    """``host:port``, also with a scheme before it.

    Raises:
        AdapterError: permanent; it is none.
    """
    address = endpoint.rpartition("//")[2].rstrip("/")
    host, colon, port = address.rpartition(":")
    if not colon:
        return address, DEFAULT_PORT
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        message = f"[wechaty] endpoint = {endpoint!r} must be host:port, for example 127.0.0.1:{DEFAULT_PORT}"
        raise AdapterError(message, permanent=True)
    return host.strip("[]"), int(port)


def _tls(settings: WechatySettings) -> Any:
    if not settings.tls:
        return None
    import ssl

    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise AdapterError(
            f"[wechaty] ca_file = {settings.ca_file!r} cannot be used: {error}", permanent=True
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    return context


def _start_only(base: Any) -> Any:
    class StartOnlyPuppet(base):  # type: ignore[misc]
        """A client that starts the gateway's puppet and never stops it."""

        def connect(self, channel: Any, stub: Any) -> None:
            """Use this connection."""
            self.channel, self._puppet_stub = channel, stub

        async def start(self) -> None:
            """Have the gateway log in where it has not yet; nothing happens where it has."""
            await self.puppet_stub.start()

        async def stop(self) -> None:
            """Leave; the WeChat session goes on."""
            self._puppet_stub = None
            if self.channel is not None:
                self.channel.close()
                self.channel = None

    return StartOnlyPuppet
