"""One look at a gateway, for ``qunda doctor``. It changes nothing there and listens to nothing."""

from __future__ import annotations

from adapters.base import AdapterError
from adapters.wechat.wechaty.calls import finished
from adapters.wechat.wechaty.failures import connection_failed, foreign_errors
from adapters.wechat.wechaty.session import NO_TOKEN, TLS_HINT
from adapters.wechat.wechaty.settings import WechatySettings
from adapters.wechat.wechaty.shim import make_puppet


async def check_gateway(settings: WechatySettings) -> str:
    """What answers at the endpoint.

    Raises:
        AdapterError: nothing does, or it refuses the token.
    """
    if not settings.token:
        raise AdapterError(NO_TOKEN, permanent=True)
    puppet = make_puppet(settings)
    try:
        answer = await finished(puppet.puppet_stub.version(), settings.timings.connect_timeout_s)
    except foreign_errors() as error:
        failed = connection_failed(error, f"the gateway at {settings.endpoint} does not answer")
        if isinstance(failed, AdapterError):
            raise failed from error
        raise AdapterError(f"{failed}{'' if settings.tls else TLS_HINT}") from error
    finally:
        await puppet.stop()
    return f"a gateway answers at {settings.endpoint} (version {answer.version})"
