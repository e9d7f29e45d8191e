"""Makes one HTTP request at a time: paced, bounded in time, size and redirects, and with conditions. Knows no pages."""

from __future__ import annotations

import asyncio
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from yarl import URL

from bot import VERSION
from bot.sources.base import Limits
from bot.sources.guard import GuardedResolver, PrivateAddressError, check_url

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

AGENT = "Qunda"
USER_AGENT = f"{AGENT}/{VERSION} (+https://github.com/qunda/qunda)"
MAX_REDIRECTS = 5
MAX_WAIT_S = 30.0  # what a site may ask for (Retry-After, Crawl-delay) and get
REDIRECTS = (301, 302, 303, 307, 308)
ACCEPT = "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8,*/*;q=0.5"
_CHUNK = 1 << 16

Fault = Literal["down", "gone", "refused"]
Check = Callable[[URL], Awaitable[None]]
Wanted = Callable[[str], bool]


class FetchError(Exception):
    """A request brought nothing. ``down``: it may another time; ``gone``: 404 or 410; ``refused``: it is not to be."""

    def __init__(self, kind: Fault, reason: str) -> None:
        super().__init__(reason)
        self.kind: Fault = kind


@dataclass(frozen=True, slots=True)
class Reply:
    """What came: ``url`` after redirects; without a body where it has not changed since (304)."""

    url: URL
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in small letters, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """What the header says of the encoding."""
        for part in self.headers.get("Content-Type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'")
        return ""


class Fetcher:
    """A client for one source. ``entry`` is its address: its host may be private, and its password is for it alone.

    ``named`` are further (host, port) that may be private.
    """

    def __init__(self, entry: URL, limits: Limits, named: Collection[tuple[str, int]] = ()) -> None:
        self._limits = limits
        ports = (80, 443) if entry.is_default_port() else (entry.port or 0,)  # sites move on to https
        self._named = frozenset([*((entry.host or "", port) for port in ports), *named])
        self._origin = entry.origin()
        login = f"{entry.user}:{entry.password or ''}" if entry.user else ""
        self._login = b64encode(login.encode()).decode()
        self._stack = AsyncExitStack()
        self._session: ClientSession
        self._next_at: dict[str, float] = {}
        self.delays_s: dict[str, float] = {}  # by host, where its robots.txt asks for one
        self.received = 0  # bytes, of bodies as they are after unpacking

    async def __aenter__(self) -> Fetcher:
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        resolver: Any = GuardedResolver(self._named)
        connector = TCPConnector(limit_per_host=1, resolver=resolver, use_dns_cache=False)
        session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # done here, within the limits
            timeout=ClientTimeout(total=None, sock_connect=self._limits.page_timeout_s),
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def get(
        self,
        url: URL,
        *,
        max_bytes: int,
        conditions: Mapping[str, str] | None = None,
        check: Check | None = None,
        wanted: Wanted = lambda _: True,
    ) -> Reply:
        """Fetch an address; ``check`` may refuse one before it is asked, ``wanted`` a media type before it is read.

        Raises:
            FetchError: with the kind of the fault.
        """
        seen: set[URL] = set()
        while True:
            if url in seen or len(seen) > MAX_REDIRECTS:
                raise FetchError("refused", f"it redirects for ever (more than {len(seen) - 1} times)")
            seen.add(url)
            reply = await self._patient(url, max_bytes, conditions or {}, check, wanted)
            if reply.status not in REDIRECTS:
                return reply
            target = reply.headers.get("Location", "")
            try:
                url = reply.url.join(URL(target)).with_fragment(None)
            except ValueError:
                raise FetchError("refused", f"it redirects to {target[:100]!r}, which is no address") from None
            if not target or url.scheme not in ("http", "https"):
                raise FetchError("refused", f"it redirects to {target[:100]!r}, which is no page")

    async def _patient(
        self,
        url: URL,
        max_bytes: int,
        conditions: Mapping[str, str],
        check: Check | None,
        wanted: Callable[[str], bool],
    ) -> Reply:
        """One hop. Who is asked to come back soon waits, once."""
        if check is not None:
            await check(url)
        for attempt in (1, 2):
            await self._take_turn(url.host or "")
            reply = await self._once(url, max_bytes, conditions, wanted)
            wait_s = _retry_after_s(reply)
            if wait_s is None or attempt == 2:
                break
            await asyncio.sleep(wait_s)
        if reply.status in (404, 410):
            raise FetchError("gone", f"it is gone (HTTP {reply.status})")
        if reply.status >= 500 or reply.status in (408, 425, 429):
            raise FetchError("down", f"the site answers HTTP {reply.status}")
        if reply.status >= 400:
            raise FetchError("refused", f"the site answers HTTP {reply.status}")
        return reply

    async def _take_turn(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        pause_s = max(self._limits.pause_s, self.delays_s.get(host, 0.0))
        now = loop.time()
        at = max(now, self._next_at.get(host, 0.0))
        self._next_at[host] = at + pause_s
        if at > now:
            await asyncio.sleep(at - now)

    async def _once(self, url: URL, max_bytes: int, conditions: Mapping[str, str], wanted: Wanted) -> Reply:
        from aiohttp import ClientError, InvalidURL

        headers = {"User-Agent": USER_AGENT, "Accept": ACCEPT, "Accept-Encoding": "gzip, deflate", **conditions}
        if self._login and url.origin() == self._origin:
            headers["Authorization"] = f"Basic {self._login}"
        limit_s = self._limits.page_timeout_s
        try:
            check_url(url, self._named)
            async with (
                asyncio.timeout(limit_s),
                self._session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                body = b""
                reply = Reply(url, response.status, response.headers, body)
                if response.status < 300:
                    if not wanted(reply.content_type):
                        kind = reply.content_type or "no content type"
                        raise FetchError("refused", f"it is of a type that is not read ({kind[:60]})")
                    body = await self._body(response, max_bytes)
                return Reply(url, response.status, response.headers, body)
        except PrivateAddressError as error:
            raise FetchError("refused", str(error)) from error
        except TimeoutError as error:
            raise FetchError("down", f"no answer within {limit_s:g} s") from error
        except InvalidURL as error:
            raise FetchError("refused", "it is no address") from error
        except (ClientError, OSError, ValueError) as error:
            cause = error.__cause__ or getattr(error, "os_error", None)
            if isinstance(cause, PrivateAddressError):
                raise FetchError("refused", str(cause)) from error
            raise FetchError("down", f"no connection, or one that broke ({str(error)[:120]})") from error

    async def _body(self, response: ClientResponse, max_bytes: int) -> bytes:
        """The body, unpacked; reading ends at the limit, whatever the header says."""
        if int(response.headers.get("Content-Length") or 0) > max_bytes:
            raise FetchError("refused", _too_large(max_bytes))
        unpack = _unpacker(response.headers.get("Content-Encoding", ""), max_bytes)
        body = bytearray()
        raw = 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            raw += len(chunk)
            body += unpack(chunk)
            if raw > max_bytes or len(body) > max_bytes:
                raise FetchError("refused", _too_large(max_bytes))
        self.received += len(body)
        return bytes(body)


def _unpacker(encoding: str, max_bytes: int) -> Callable[[bytes], bytes]:
    """Unpacks piece by piece, never more than one byte past the limit."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda chunk: chunk
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchError("refused", f"it is packed with {encoding[:20]!r}, which was not asked for")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    done = 0

    def unpack(chunk: bytes) -> bytes:
        nonlocal done
        try:
            out = inflater.decompress(chunk, max_bytes + 1 - done)
        except zlib.error as error:
            raise FetchError("refused", f"it is packed with {encoding}, and damaged") from error
        done += len(out)
        if inflater.unconsumed_tail and done <= max_bytes:
            raise FetchError("refused", f"it is packed with {encoding}, and damaged")
        return out

    return unpack


def unpack_file(data: bytes, max_bytes: int) -> bytes:
    """A .gz file's content.

    Raises:
        FetchError: it is damaged or too large.
    """
    out = _unpacker("gzip", max_bytes)(data)
    if len(out) > max_bytes:
        raise FetchError("refused", _too_large(max_bytes))
    return out


def _too_large(max_bytes: int) -> str:
    return f"it is larger than {max_bytes / 1e6:g} MB (max_file_mb in [knowledge])"


def _retry_after_s(reply: Reply) -> float | None:
    """How long a busy site asks to wait, where that is short."""
    text = reply.headers.get("Retry-After", "")
    if reply.status not in (429, 503) or not text.strip().isdecimal():
        return None
    return float(text) if float(text) <= MAX_WAIT_S else None
