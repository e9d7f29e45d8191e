"""Well-known OpenAI-compatible servers: their address, a default model, and what they want differently. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A well-known server.

    ``reasoning_tokens`` are granted on top of ``max_tokens`` where the model thinks before it writes and counts that.
    ``extra`` goes into the request body as it is, to switch thinking off where the server can.
    """

    base_url: str
    model: str = ""
    needs_key: bool = True
    sampling: bool = True
    tokens_key: str = "max_tokens"
    reasoning_tokens: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


# Addresses and names as the vendors' documentation had them in November 2026. Models are renamed and retired often:
# `[llm] model` beats the one here, and a 404 says so.
PRESETS: Mapping[str, Preset] = {
    "deepseek": Preset("https://api.deepseek.com", "deepseek-flash", extra={"thinking": {"type": "disabled"}}),
    "kimi": Preset("https://api.moonshot.cn/v1", "kimi-k3", sampling=False, reasoning_tokens=8000),
    "qwen": Preset("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus"),
    "zhipu": Preset("https://open.bigmodel.cn/api/paas/v4", "glm-4.7-flash", extra={"thinking": {"type": "disabled"}}),
    "stepfun": Preset("https://api.stepfun.com/v1", "step-3.5-flash", reasoning_tokens=4000),
    "internlm": Preset("https://chat.intern-ai.org.cn/api/v1", "intern-latest"),
    "siliconflow": Preset("https://api.siliconflow.cn/v1", "Qwen/Qwen3-8B", extra={"enable_thinking": False}),
    "vllm": Preset("http://127.0.0.1:8000/v1", needs_key=False),
    "ollama": Preset("http://127.0.0.1:11434/v1", "qwen3:8b", needs_key=False, reasoning_tokens=2000),
    "openai": Preset(
        "https://api.openai.com/v1",
        "gpt-5-mini",
        sampling=False,
        tokens_key="max_completion_tokens",
        reasoning_tokens=4000,
    ),
}
