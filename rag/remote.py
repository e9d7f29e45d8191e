"""One JSON request to a model server: timeouts, retries, and errors that name the fix. Knows no embeddings."""

from __future__ import annotations

import ipaddress
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from rag.base import ModelError

MAX_REPLY_BYTES = 256 * 2**20
MAX_WAIT_S = 20.0  # a server may ask for more patience than anybody in a group has
_RETRIED = (429, 500, 502, 503, 504)


class TooLargeError(ModelError):
    """The server takes fewer texts at once (413)."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """None: a redirect would carry the key to another server, and turn the request into one without a body."""


class ModelServer:
    """Posts to one server.

    Args:
        section: the section of config.ini that errors name.
        wait: how to wait between attempts, in seconds.
    """

    def __init__(
        self,
        section: str,
        base_url: str,
        *,
        api_key: str = "",
        timeout_s: float = 30,
        max_retries: int = 2,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).hostname:
            raise ModelError(f"[{section}] base_url = {base_url!r} must start with http:// or https://")
        self.base_url = base_url.rstrip("/")
        self._section = section
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._wait = wait
        proxies: dict[str, str] | None = {} if is_loopback(base_url) else None  # no proxy reaches this machine's own
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirect)

    def post(self, path: str, body: dict[str, Any], *, patient: bool = True) -> Any:
        """The parsed reply; without being ``patient``, a server that does not answer in time is not asked again.

        Raises:
            TooLargeError: the server wants a smaller request.
            ModelError: it refused, is out of reach, or sent no JSON; the message names what to change, never the key.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        request = urllib.request.Request(f"{self.base_url}{path}", json.dumps(body).encode(), headers)
        for attempt in range(self._max_retries + 1):
            try:
                with self._opener.open(request, timeout=self._timeout_s) as reply:
                    return self._parse(reply.read(MAX_REPLY_BYTES + 1))
            except urllib.error.HTTPError as error:
                with error:
                    problem, pause = self._refused(error), _retry_after(error)
                if error.code not in _RETRIED:
                    raise problem from None
            except OSError as error:  # URLError and timeouts too
                problem, pause = self._unreachable(error), None
                if not patient and isinstance(getattr(error, "reason", error), TimeoutError):
                    raise problem from None
            if attempt < self._max_retries:
                self._wait(min(MAX_WAIT_S, pause if pause is not None else 0.5 * 2**attempt))
        raise problem

    def wrong(self, what: str) -> ModelError:
        """The error for a reply that is JSON but not what was asked for."""
        return ModelError(f"[{self._section}] {self.base_url} {what}; check base_url, api and model")

    def _parse(self, content: bytes) -> Any:
        if len(content) > MAX_REPLY_BYTES:
            raise self.wrong("sent a reply without end")
        try:
            return json.loads(content)
        except ValueError:
            raise self.wrong("sent no JSON") from None

    def _refused(self, error: urllib.error.HTTPError) -> ModelError:
        where = f"[{self._section}] {self.base_url}"
        if error.code in (401, 403):
            key = f"[{self._section}] api_key or QUNDA_{self._section.upper()}_API_KEY"
            return ModelError(f"{where} refused the key ({error.code}): check {key}")
        if error.code == 413:
            return TooLargeError(f"{where} takes no request of this size (413)")
        if error.code == 429:
            return ModelError(f"{where} limits the rate (429): check its quota or wait")
        if error.code == 404:
            return ModelError(f"{where} knows no such path or model (404): check base_url, api and model")
        if 300 <= error.code < 400:
            return ModelError(f"{where} redirects ({error.code}): write the address it redirects to as base_url")
        return ModelError(f"{where} answered {error.code}: look at the server's log")

    def _unreachable(self, error: OSError) -> ModelError:
        reason = getattr(error, "reason", error)
        where = f"[{self._section}] {self.base_url}"
        if isinstance(reason, TimeoutError):
            return ModelError(f"{where} did not answer within {self._timeout_s:g} s: raise [{self._section}] timeout_s")
        return ModelError(f"{where} cannot be reached ({reason}): check that it runs and that base_url is right")


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    try:
        return max(0.0, float(error.headers.get("Retry-After", "")))
    except ValueError:
        return None


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own, which no proxy reaches."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
