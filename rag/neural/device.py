"""Chooses the device and the number type that a model runs with. Knows no model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rag.base import ModelError

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
_FLOAT16_FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert")  # trained in it: eight times finer than bfloat16


def pick_device(name: str = "auto") -> torch.device:
    """``auto``: the first CUDA device, else the CPU.

    Raises:
        ModelError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"device = {name!r} is no device; write auto, cuda, cuda:0 or cpu") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(f"device = {name}: this machine shows torch no such GPU; write device = auto or cpu")
    return device


def pick_dtype(device: torch.device, name: str = "auto", family: str = "") -> torch.dtype:
    """``auto``: float32 on the CPU; float16 on an older card and for encoders of BERT's ``family``, else bfloat16.

    Raises:
        ModelError: no such type, or the device does not compute in it.
    """
    return choose_dtype(device, name, family)[0]


def choose_dtype(device: torch.device, name: str = "auto", family: str = "") -> tuple[torch.dtype, str]:
    """`pick_dtype` with the reason in words; ``family`` is the ``model_type`` of an encoder.

    Raises:
        ModelError: no such type, or the device does not compute in it.
    """
    half_ok = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if name == "auto":
        if device.type == "cpu":
            return torch.float32, "the CPU computes in it"
        if family in _FLOAT16_FAMILIES:
            return torch.float16, "finer than bfloat16, and this family was trained for it"
        if half_ok:
            return torch.bfloat16, "the card has it"
        return torch.float16, "the card has no bfloat16"
    if name not in DTYPES:
        raise ModelError(f"dtype = {name!r} is not known; write auto, {', '.join(DTYPES)}")
    if name == "bfloat16" and device.type == "cuda" and not half_ok:
        raise ModelError("dtype = bfloat16 needs a card of the Ampere generation or later; write dtype = float16")
    return DTYPES[name], "config.ini says so"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what torch raises while it computes into a `ModelError` about ``what``.

    Raises:
        ModelError: out of memory, or the device failed.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelError(
            f"{what}: no memory left for this text; free the GPU, set [gpu] memory_gb lower, or write device = cpu"
        ) from error
    except ModelError:
        raise
    except Exception as error:
        # The boundary round foreign models: a kernel that failed, a card that fell off the bus, odd settings.
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{what} failed ({reason}): restart, and see the log") from error


def free_memory() -> None:
    """Give cached memory back to the card, for other processes and models."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
