"""Keeps a model's matrices in 8 or 4 bits through bitsandbytes, as transformers does. Knows no checkpoint.

8 bits (https://arxiv.org/abs/2208.07339) stay close to whole weights; 4 bits (NF4, https://arxiv.org/abs/2305.14314)
cost a small model much of its sense and a large one little. The embedding and the output matrix stay whole.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any, Literal

import torch

from rag.base import ModelError

Quantization = Literal["", "8bit", "4bit"]


def bitsandbytes_config(kind: Quantization, dtype: torch.dtype) -> Any:
    """What transformers is to be told; ``dtype``: what 4-bit weights are multiplied in.

    Raises:
        ModelError: the library is not installed.
    """
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise ModelError(f"[llm] quantization = {kind} needs bitsandbytes: pip install 'qunda[quant]'")
    # It would write a line about casting to float16 at every product of every layer.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return BitsAndBytesConfig(
        load_in_4bit=kind == "4bit",
        load_in_8bit=kind == "8bit",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
    )


def replace_layers(model: Any, kind: Quantization, dtype: torch.dtype) -> None:
    """Give a model without values (on the meta device) layers that take quantized weights; see `quantized`."""
    from transformers.integrations import replace_with_bnb_linear

    config = bitsandbytes_config(kind, dtype)
    replace_with_bnb_linear(model, modules_to_not_convert=["lm_head"], quantization_config=config)
    model.is_loaded_in_8bit = kind == "8bit"  # as transformers marks what it has loaded itself


def quantized(layer: Any, name: str, values: torch.Tensor, device: torch.device) -> torch.nn.Parameter | None:
    """The parameter for a layer of `replace_layers`, made on ``device``; None: this one stays whole."""
    if name != "weight" or not type(layer).__module__.startswith("bitsandbytes"):
        return None
    empty = layer.weight
    made: torch.nn.Parameter = type(empty)(values, requires_grad=False, **empty.__dict__).to(device)
    return made
