"""A chat model behind any OpenAI-compatible server, streamed. Knows prompts only as text, and nothing of retrieval."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from rag.base import GeneratorError, Prompt
from rag.presets import PRESETS, Preset
from rag.remote import is_loopback
from rag.usage import Usage
from rag.visible import Visible

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY_HINT = "[llm] api_key or QUNDA_LLM_API_KEY"
Structured = Literal["auto", "yes", "no"]
_NO_SCHEMA = re.compile(r"response_format|json_schema|schema|grammar|guided|structured", re.IGNORECASE)
LOCAL_KEY = "none"  # the SDK refuses an empty key, and local servers ignore it


class OpenAIGenerator:
    """Streams from one server over one connection pool; close it with `aclose` or ``async with``.

    Args:
        preset: a name of `PRESETS`, or empty for a server given by ``base_url`` and ``model`` alone.
        timeout_s: bounds a whole answer; ``first_token_timeout_s`` the wait for the first and for every next token.
        structured: whether to hold the model to a prompt's JSON schema; ``auto`` does until the server refuses (400).
        max_retries: how often a refused or failed request is repeated (429, 5xx, no connection) before its first token.

    Raises:
        GeneratorError: ``config`` where the address, the model or the key is missing.
    """

    def __init__(
        self,
        *,
        preset: str = "",
        base_url: str = "",
        api_key: str = "",
        model: str = "",
        timeout_s: float = 60,
        first_token_timeout_s: float = 30,
        max_retries: int = 2,
        max_tokens: int = 800,
        temperature: float = 0.1,
        structured: Structured = "auto",
    ) -> None:
        self._preset = _preset(preset, base_url)
        self.base_url = base_url or self._preset.base_url
        self.model = model or self._preset.model
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._first_token_timeout_s = first_token_timeout_s
        self._max_retries = max_retries
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._structured = structured
        self._client: AsyncOpenAI | None = None
        self._refused: set[str] = set()
        self._check(preset)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; the next `stream` opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def stream(self, prompt: Prompt, usage: Usage | None = None) -> AsyncIterator[str]:
        """Yield pieces of text. Closing the iterator closes the HTTP response, which stops the server.

        ``usage`` is filled in where the server tells it, which it does behind the last piece.

        Raises:
            GeneratorError: the kind says how it failed and the message what to do.
        """
        client = self._open()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        visible = Visible()
        told = finished = False
        chunks: Any = None
        try:
            try:
                async with asyncio.timeout_at(self._next_deadline(deadline)):
                    chunks = await self._request(client, prompt)
                while True:
                    async with asyncio.timeout_at(self._next_deadline(deadline)):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    _note(usage, chunk)
                    text, ended = _read(chunk)
                    finished = finished or ended
                    if piece := visible.feed(text):
                        told = True
                        yield piece
            except _foreign_errors() as error:
                raise self._translate(error, told) from error
            if piece := visible.flush():
                told = True
                yield piece
            self._check_end(chunks, told, finished)
        finally:
            if chunks is not None:
                await chunks.close()

    def _check(self, preset: str) -> None:
        if not self.base_url:
            raise GeneratorError("config", "set [llm] preset (deepseek, kimi, qwen, ...) or [llm] base_url")
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise GeneratorError("config", f"[llm] base_url = {self.base_url!r} must start with http:// or https://")
        if not self.model:
            raise GeneratorError("config", f"set [llm] model: {preset or self.base_url} has no default model")
        if self._preset.needs_key and not self._api_key:
            raise GeneratorError("config", f"the preset {preset} needs a key: set {KEY_HINT}")

    def _open(self) -> AsyncOpenAI:
        if self._client is None:
            import openai

            self._client = openai.AsyncOpenAI(
                api_key=self._api_key or LOCAL_KEY,
                base_url=self.base_url,
                timeout=self._timeout_s,
                max_retries=self._max_retries,
                # A proxy from the environment cannot reach this machine's own servers.
                http_client=openai.DefaultAsyncHttpxClient(trust_env=not is_loopback(self.base_url)),
            )
        return self._client

    async def _request(self, client: AsyncOpenAI, prompt: Prompt) -> Any:
        """Send the request; once more without a parameter that the server names and refuses."""
        import openai

        while True:
            try:
                return await client.chat.completions.create(**self._body(prompt))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if self._holds(prompt) and self._structured == "auto" and _NO_SCHEMA.search(str(error)):
                    self._refused.add("response_format")
                    continue
                refused = next((name for name in self._optional() if name in str(error)), None)
                if refused is None:
                    raise
                self._refused.add(refused)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        schema = prompt.structured if self._holds(prompt) else None
        system = schema.system if schema else prompt.system
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": role, "content": text} for role, text in prompt.turns]
        body: dict[str, Any] = {"model": self.model, "messages": messages, "stream": True}
        limit = self._max_tokens + self._preset.reasoning_tokens
        optional = self._optional()
        if "stream_options" in optional:
            body["stream_options"] = {"include_usage": True}
        if "temperature" in optional:
            body["temperature"] = self._temperature
        if self._preset.tokens_key in optional:
            body[self._preset.tokens_key] = limit
        elif "max_completion_tokens" in optional:
            body["max_completion_tokens"] = limit
        if schema:
            form = {"name": schema.name, "strict": True, "schema": dict(schema.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        extra = {name: value for name, value in self._preset.extra.items() if name in optional}
        return {**body, "extra_body": extra} if extra else body

    def _holds(self, prompt: Prompt) -> bool:
        """Whether the model is to be held to the prompt's schema."""
        return prompt.structured is not None and self._structured != "no" and "response_format" not in self._refused

    def _optional(self) -> list[str]:
        """The parameters that a server may refuse, less those that this one has refused."""
        names = [*self._preset.extra, self._preset.tokens_key, "stream_options"]
        if self._preset.tokens_key in self._refused:
            names.append("max_completion_tokens")  # what newer models of OpenAI want in its place
        if self._preset.sampling:
            names.append("temperature")
        return [name for name in names if name not in self._refused]

    def _next_deadline(self, deadline: float) -> float:
        return min(deadline, asyncio.get_running_loop().time() + self._first_token_timeout_s)

    def _translate(self, error: Exception, told: bool) -> GeneratorError:
        import openai

        where = f"{self.base_url} ({self.model})"
        match error:
            case TimeoutError() | openai.APITimeoutError():
                what = "fell silent in the middle of its answer" if told else "did not answer in time"
                return GeneratorError("timeout", f"{where} {what}; raise [llm] timeout_s or choose a faster model")
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return GeneratorError("auth", f"{where} refused the key ({error.status_code}): check {KEY_HINT}")
            case openai.RateLimitError():
                return GeneratorError("rate_limit", f"{where} limits the rate (429): check its quota or wait")
            case openai.NotFoundError():
                return GeneratorError("config", f"{where} knows no such model or path (404): check [llm] model")
            case openai.APIStatusError() if error.status_code >= 500:
                return GeneratorError("server", f"{where} failed ({error.status_code}); its own log says why")
            case openai.APIStatusError():
                return GeneratorError("config", f"{where} refused the request ({error.status_code}): {_short(error)}")
            case openai.APIConnectionError() if not told:
                return GeneratorError("unreachable", f"cannot reach {where}: check [llm] base_url and that it runs")
            case ValueError():
                return GeneratorError("bad_reply", f"{where} broke the protocol: {_short(error)}")
            case openai.APIError() if not isinstance(error, openai.APIConnectionError):
                return GeneratorError("server", f"{where} reported an error while it wrote: {_short(error)}")
        if told:
            return GeneratorError("cut_off", f"the connection to {where} broke in the middle of the answer")
        return GeneratorError("unreachable", f"cannot reach {where}: {_short(error)}")

    def _check_end(self, chunks: Any, told: bool, finished: bool) -> None:
        where = f"{self.base_url} ({self.model})"
        kind = str(chunks.response.headers.get("content-type", ""))
        if not told and "event-stream" not in kind:
            hint = "is [llm] base_url complete (it often ends in /v1)?"
            raise GeneratorError("bad_reply", f"{where} sent {kind or 'an untyped body'} instead of an answer; {hint}")
        if not told:
            raise GeneratorError(
                "empty", f"{where} sent an empty answer; a model that thinks needs more [llm] max_tokens"
            )
        if not finished:
            raise GeneratorError("cut_off", f"{where} ended the stream in the middle of the answer")


def _preset(name: str, base_url: str) -> Preset:
    if name and name not in PRESETS:
        raise GeneratorError("config", f"there is no preset {name!r}; valid: {', '.join(PRESETS)}")
    return PRESETS[name] if name else Preset(base_url, needs_key=False)


def _foreign_errors() -> tuple[type[Exception], ...]:
    """The SDK's errors and those of the HTTP library under it, which some releases let through in mid-stream."""
    import openai

    libraries = [sys.modules[name] for name in ("httpx", "httpx2", "httpcore") if name in sys.modules]
    errors = [getattr(library, name, None) for library in libraries for name in ("HTTPError", "StreamError")]
    return (TimeoutError, ValueError, openai.OpenAIError, *(error for error in errors if error is not None))


def _note(usage: Usage | None, chunk: Any) -> None:
    """What a chunk tells of tokens; servers that tell it with every chunk add up by themselves."""
    told = getattr(chunk, "usage", None)
    prompt, completion = getattr(told, "prompt_tokens", None), getattr(told, "completion_tokens", None)
    if usage is not None and isinstance(prompt, int) and isinstance(completion, int):
        usage.prompt, usage.completion = max(prompt, 0), max(completion, 0)


def _read(chunk: Any) -> tuple[str, bool]:
    """Text and end of one chunk; the SDK does not validate, so every level may be missing."""
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list):
        raise ValueError("a chunk has no list of choices")
    if not choices:
        return "", False  # usage statistics
    text = getattr(getattr(choices[0], "delta", None), "content", None)
    return (text if isinstance(text, str) else ""), bool(getattr(choices[0], "finish_reason", None))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
