"""Downloads a model from a hub, with progress; files that an earlier download finished are kept. Knows no settings."""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
from pathlib import Path

from rag.base import ModelError
from rag.neural.files import Source, check_folder

log = logging.getLogger(__name__)
_HUBS = {"huggingface": "https://huggingface.co", "modelscope": "https://modelscope.cn"}
_PATTERNS = ["*.json", "*.safetensors*", "*.model", "*.txt", "*.jinja"]  # no code, and one format of the weights
_CHECK_S = 10.0


def pull(model: str, source: Source = "huggingface", timeout_s: float = _CHECK_S) -> Path:
    """Download what is missing of a model; its folder.

    Raises:
        ModelError: the hub is out of reach or has no such model, or its files are not whole; with the way around.
    """
    check_hub(source, timeout_s)
    folder = _from_modelscope(model) if source == "modelscope" else _from_huggingface(model, timeout_s)
    check_folder(folder)
    return folder


def check_hub(source: Source = "huggingface", timeout_s: float = _CHECK_S) -> None:
    """Whether the hub answers at all: better said at once than after minutes of retries.

    Raises:
        ModelError: it does not.
    """
    if source == "huggingface" and os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"):
        raise ModelError("HF_HUB_OFFLINE is set, so nothing can be downloaded: unset it, or name a model's folder")
    hub = os.environ.get("HF_ENDPOINT", _HUBS[source]) if source == "huggingface" else _HUBS[source]
    try:
        with urllib.request.urlopen(urllib.request.Request(hub, method="HEAD"), timeout=timeout_s):
            pass
    except urllib.error.HTTPError:
        pass  # it answers; what it has is seen next
    except (OSError, ValueError) as error:
        other = "a mirror (HF_ENDPOINT) or source = modelscope" if source == "huggingface" else "source = huggingface"
        raise ModelError(
            f"{hub} is out of reach ({getattr(error, 'reason', error)}): use {other}, set HTTPS_PROXY, "
            "or copy the model's folder here and name it in config.ini"
        ) from error


def _from_huggingface(model: str, timeout_s: float) -> Path:
    from huggingface_hub import model_info, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        # With a time limit of its own: the client waits forever for a hub that takes the question and falls silent.
        names = [file.rfilename for file in model_info(model, timeout=timeout_s).siblings or ()]
        whole = any(name.endswith(".safetensors") for name in names)
        return Path(snapshot_download(model, allow_patterns=_PATTERNS if whole else [*_PATTERNS, "*.bin", "*.bin.*"]))
    except GatedRepoError as error:
        raise ModelError(f"{model} asks for consent: accept its terms on the hub, then set HF_TOKEN") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(f"the hub has no model {model}: check its name (owner/name)") from error
    except Exception as error:
        # The boundary round the client: what it raises over a line that breaks is its HTTP library's business.
        log.debug("%s was not downloaded", model, exc_info=True)
        raise ModelError(
            f"{model} was not downloaded ({error or type(error).__name__}): run the command again, it keeps what is "
            "whole; for a hub that is slow or silent name a mirror (HF_ENDPOINT) or source = modelscope"
        ) from error


def _from_modelscope(model: str) -> Path:
    try:
        from modelscope import snapshot_download
    except ImportError as error:
        raise ModelError("source = modelscope needs its client: pip install 'qunda[modelscope]'") from error
    try:
        return Path(snapshot_download(model))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{model} was not downloaded ({error}): run the command again, it keeps what is whole"
        ) from error
