"""Makes a prompt's tokens with the model's chat template; what is too long loses whole passages and turns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from rag.base import GeneratorError, ModelError, Prompt

# What `rag.prompts` writes; the text inside cannot contain such a tag.
_PASSAGE = re.compile(r'<passage n="\d+" source="[^"]*">\n.*?\n</passage>\s*', re.DOTALL)


class ChatTemplate:
    """A tokenizer with a chat template.

    Raises:
        ModelError: the tokenizer has none.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise ModelError(
                "this model has no chat template: it is a base model; choose one made for chat (its name usually ends "
                "in -chat or -Instruct)"
            )
        self._tokenizer = tokenizer

    def tokens(self, prompt: Prompt, limit: int) -> list[int]:
        """The prompt's tokens, at most ``limit``: without its last passages, then its oldest turns, if need be.

        Raises:
            GeneratorError: what cannot be left out is too long already.
        """
        ids = self._encode(prompt)
        while len(ids) > limit:
            shorter = self._without_passages(prompt, len(ids) - limit) or _without_oldest_turn(prompt)
            if shorter is None:
                raise GeneratorError(
                    "config",
                    f"the question alone takes {len(ids)} tokens, and {limit} fit; ask it in fewer words, or raise "
                    "[llm] kv_gb or lower [llm] max_tokens",
                )
            prompt = shorter
            ids = self._encode(prompt)
        return ids

    def _encode(self, prompt: Prompt) -> list[int]:
        from jinja2 import TemplateError

        turns = [{"role": role, "content": text} for role, text in prompt.turns]
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        try:
            return self._apply(system + turns)
        except TemplateError:
            # Some templates (Gemma's) know no system role: it goes before the first question.
            if not system or not turns:
                raise
            first = {"role": "user", "content": f"{prompt.system}\n\n{turns[0]['content']}"}
            return self._apply([first, *turns[1:]])

    def _apply(self, messages: list[dict[str, str]]) -> list[int]:
        # enable_thinking: Qwen3's switch; templates without it ignore it.
        text = self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return [int(token) for token in ids]

    def _without_passages(self, prompt: Prompt, excess: int) -> Prompt | None:
        """Without as many of the last passages as hold ``excess`` tokens; one at least; None where there is none."""
        if not prompt.turns:
            return None
        role, text = prompt.turns[-1]
        found = list(_PASSAGE.finditer(text))
        if len(found) < 2:
            return None  # an answer needs one passage
        cut = found[-1]
        for cut in reversed(found[1:]):
            excess -= len(self._tokenizer(cut.group(), add_special_tokens=False)["input_ids"])
            if excess <= 0:
                break
        return replace(prompt, turns=(*prompt.turns[:-1], (role, text[: cut.start()] + text[found[-1].end() :])))


def _without_oldest_turn(prompt: Prompt) -> Prompt | None:
    turns = prompt.turns[1:]
    while turns and turns[0][0] != "user":
        turns = turns[1:]
    return replace(prompt, turns=turns) if turns else None
