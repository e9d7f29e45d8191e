"""InternLM's tokenizer and chat format without remote code: SentencePiece's model as a fast tokenizer of transformers.

Knows texts and token ids, no weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rag.base import ModelError
from rag.neural.files import read_json

TURN_END = "<|im_end|>"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def load_tokenizer(folder: Path, vocab_size: int) -> Any:
    """The tokenizer of an InternLM2, 2.5 or 3 checkpoint, with its chat template.

    Raises:
        ModelError: its file is missing or broken, or it has more ids than the model.
    """
    from transformers import PreTrainedTokenizerFast

    settings = read_json(folder / "tokenizer_config.json", {})
    path = folder / "tokenizer.model"
    if not path.is_file():
        raise ModelError(f"{path} is missing: run `qunda models pull` again")
    added = settings.get("added_tokens_decoder") or {}
    model, names = _from_sentencepiece(path, {int(number): entry["content"] for number, entry in added.items()})
    _add_tokens(model, added, path)
    tokens = {key: _content(settings.get(key)) or names[key] for key in ("bos_token", "eos_token", "unk_token")}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=model,
        **tokens,
        pad_token=_content(settings.get("pad_token")) or tokens["eos_token"],
        clean_up_tokenization_spaces=False,
        additional_special_tokens=[entry["content"] for entry in added.values() if entry.get("special")],
    )
    tokenizer.chat_template = settings.get("chat_template") or CHAT_TEMPLATE
    if len(tokenizer) > vocab_size:
        raise ModelError(
            f"{path} has {len(tokenizer):,} tokens, but the model knows {vocab_size:,}: "
            "this tokenizer is another model's; run `qunda models pull` again"
        )
    if tokenizer.chat_template == CHAT_TEMPLATE and TURN_END not in tokenizer.get_vocab():
        raise ModelError(f"{path} has no {TURN_END}: this is no chat model, or tokenizer_config.json is missing")
    return tokenizer


def stop_ids(tokenizer: Any) -> list[int]:
    """Ids at which an answer ends."""
    vocab = tokenizer.get_vocab()
    return sorted({vocab[token] for token in (TURN_END, tokenizer.eos_token) if token in vocab})


def _from_sentencepiece(path: Path, renamed: dict[int, str]) -> tuple[Any, dict[str, str]]:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    try:
        source = SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError, ValueError) as error:
        raise ModelError(f"{path} is no SentencePiece model: delete it and run `qunda models pull` again") from error
    # The chat tokens take the place of pieces that were kept free for them.
    pieces = [renamed.get(i, source.id_to_piece(i)) for i in range(source.get_piece_size())]
    marked = [i for i in range(len(pieces)) if source.is_control(i) or source.is_unknown(i)]
    closed = {*marked, *renamed, *(i for i in range(len(pieces)) if source.is_byte(i))}
    scores = {piece: source.get_score(i) for i, piece in enumerate(pieces) if i not in closed}
    if any(score != int(score) for score in scores.values()):  # of BPE they are ranks, of unigrams logarithms
        raise ModelError(f"{path} is no BPE model: it belongs to another family than InternLM")
    vocab, unknown = {piece: i for i, piece in enumerate(pieces)}, pieces[source.unk_id()]
    merges = _merges(scores, vocab)
    bpe = models.BPE(vocab, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True)
    model = Tokenizer(bpe)
    prefix = source.encode("x", out_type=str)[0].startswith("▁")
    steps = [normalizers.Prepend("▁")] if prefix else []
    model.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    decoding = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    model.decoder = decoders.Sequence([*decoding, decoders.Strip(" ", 1, 0)] if prefix else decoding)
    model.add_special_tokens([AddedToken(pieces[i], normalized=False, special=True) for i in marked])
    merged = {left + right for left, right in merges}
    whole = [piece for piece, score in scores.items() if score == 0 and len(piece) > 1 and piece not in merged]
    model.add_tokens([AddedToken(piece, normalized=False) for piece in whole])  # defined by the trainer, never merged
    bos = pieces[source.bos_id()]
    model.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, source.bos_id())])
    return model, {"bos_token": bos, "eos_token": pieces[source.eos_id()], "unk_token": unknown}


def _merges(scores: dict[str, float], vocab: dict[str, int]) -> list[tuple[str, str]]:
    """Every way to put a piece together from two others; the piece's own score decides which merge comes first."""
    found = [
        (-score, vocab[piece[:i]], vocab[piece[i:]], piece[:i], piece[i:])
        for piece, score in scores.items()
        for i in range(1, len(piece))
        if piece[:i] in scores and piece[i:] in scores
    ]
    return [(left, right) for *_, left, right in sorted(found)]


def _add_tokens(model: Any, added: dict[str, Any], path: Path) -> None:
    """The tokens that tokenizer_config.json adds, at the ids that it gives them."""
    from tokenizers import AddedToken

    for number, entry in sorted(added.items(), key=lambda item: int(item[0])):
        token = AddedToken(entry["content"], normalized=False, special=bool(entry.get("special")))
        (model.add_special_tokens if token.special else model.add_tokens)([token])
        if model.token_to_id(token.content) != int(number):
            raise ModelError(
                f"{path} and tokenizer_config.json do not fit: {token.content} should be token {number}; "
                "run `qunda models pull` again"
            )


def _content(token: Any) -> str | None:
    return token["content"] if isinstance(token, dict) else token
