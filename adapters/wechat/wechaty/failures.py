"""What the errors of a gateway mean for whoever made the call. Knows no message and no connection."""

from __future__ import annotations

from adapters.base import AdapterError
from adapters.wechat.wechaty.shim import load_wechaty

WRONG_TOKEN = (  # without the gateway's words, which repeat the token
    "the Wechaty gateway refuses the token: set [wechaty] token in config.ini, or QUNDA_WECHATY_TOKEN, "
    "to the token that the gateway was started with"
)
RETRY_AFTER_S = 3.0
_LOGGED_OUT = ("not logged in", "logged out", "no login", "未登录")
_MAYBE_DONE = ("timeout", "timed out", "deadline", "econnreset", "超时")


class LostError(Exception):
    """The connection to the gateway ended or could not be made. ``busy``: another client has it."""

    def __init__(self, message: str, *, busy: bool = False) -> None:
        super().__init__(message)
        self.busy = busy


def foreign_errors() -> tuple[type[BaseException], ...]:
    """What a call can raise."""
    modules = load_wechaty()
    return (modules.grpc_error, modules.stream_error, modules.protocol_error, OSError, TimeoutError, ConnectionError)


def call_failed(error: BaseException) -> AdapterError:
    """The failure of one call. What the gateway refused did not happen; where it is silent, nobody knows."""
    modules = load_wechaty()
    if isinstance(error, ConnectionRefusedError):
        return AdapterError(f"no connection to the gateway: {error}", retry_after_s=RETRY_AFTER_S)
    if not isinstance(error, modules.grpc_error):
        return AdapterError(f"the gateway did not answer ({describe(error)})", outcome_known=False)
    if is_wrong_token(error):
        return AdapterError(WRONG_TOKEN, permanent=True)
    words = describe(error)
    if any(word in words.lower() for word in _LOGGED_OUT):
        return AdapterError(f"the WeChat account is logged out: {words}", retry_after_s=RETRY_AFTER_S)
    if error.status in (modules.status.UNAVAILABLE, modules.status.RESOURCE_EXHAUSTED):  # type: ignore[attr-defined]
        return AdapterError(f"the gateway cannot do it now: {words}", retry_after_s=RETRY_AFTER_S)
    if any(word in words.lower() for word in _MAYBE_DONE):
        return AdapterError(f"the gateway does not know whether it was done: {words}", outcome_known=False)
    return AdapterError(f"the gateway refuses: {words}", permanent=True)


def connection_failed(error: BaseException, what: str) -> LostError | AdapterError:
    """The end of a connection, or the error that makes another one pointless."""
    modules = load_wechaty()
    if isinstance(error, modules.grpc_error):
        if is_wrong_token(error):
            return AdapterError(WRONG_TOKEN, permanent=True)
        if error.status is modules.status.ALREADY_EXISTS:  # type: ignore[attr-defined]
            return LostError("another client is connected to the gateway, which serves one: stop the other", busy=True)
    return LostError(f"{what}: {describe(error)}")


def is_wrong_token(error: BaseException) -> bool:
    """Whether the gateway knows the client not."""
    modules = load_wechaty()
    status = getattr(error, "status", None)
    return status in (modules.status.UNAUTHENTICATED, modules.status.PERMISSION_DENIED)


def describe(error: BaseException) -> str:
    """An error in a few words, without the stack that gateways send along."""
    message = getattr(error, "message", None) or str(error)
    first = str(message).strip().splitlines()[0] if str(message).strip() else ""
    return first[:200] or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
