"""Downloads a model from a hub, with progress; what an earlier download left is used, to the byte. Knows no settings.

huggingface_hub resumes within one run only: from 2.4 on it deletes what a broken run leaves, and it compares sizes but
no hashes. So the large files are fetched by `rag.neural.transfer` into its cache, and the client does the rest.
"""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

from rag.base import ModelError
from rag.neural.files import Source, check_folder
from rag.neural.transfer import RemoteFile, Step, fetch

log = logging.getLogger(__name__)
_HUBS = {"huggingface": "https://huggingface.co", "modelscope": "https://modelscope.cn"}
_ENDPOINTS = {"huggingface": "HF_ENDPOINT", "modelscope": "MODELSCOPE_ENDPOINT"}
_PATTERNS = ["*.json", "*.safetensors*", "*.model", "*.txt", "*.jinja"]  # no code, and one format of the weights
_OLD_PATTERNS = ["*.bin", "*.bin.*"]
_CHECK_S = 10.0


def pull(model: str, source: Source = "huggingface", timeout_s: float = _CHECK_S, step: Step = lambda *_: None) -> Path:
    """Download what is missing of a model; its folder. ``step`` is told a file's name, its bytes here, and all of them.

    Raises:
        ModelError: the hub is out of reach or has no such model, or its files are not whole; with the way around.
    """
    if model.count("/") != 1 or model.startswith((".", "~", "/")):
        raise ModelError(
            f"{model!r} is neither a folder here nor a name on a hub (owner/name): correct it in config.ini"
        )
    os.environ.setdefault("TQDM_DISABLE", "1")  # ``step`` is told; bars of the clients would fill a log with returns
    check_hub(source, timeout_s)
    folder = _from_modelscope(model, step) if source == "modelscope" else _from_huggingface(model, timeout_s, step)
    check_folder(folder)
    return folder


def check_hub(source: Source = "huggingface", timeout_s: float = _CHECK_S) -> None:
    """Whether the hub answers at all: better said at once than after minutes of retries.

    Raises:
        ModelError: it does not.
    """
    if source == "huggingface" and os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"):
        raise ModelError("HF_HUB_OFFLINE is set, so nothing can be downloaded: unset it, or name a model's folder")
    hub = os.environ.get(_ENDPOINTS[source]) or _HUBS[source]
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


def _from_huggingface(model: str, timeout_s: float, step: Step) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
    )
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()  # the large files are told about by us
    try:
        patterns = _fetch_large(model, timeout_s, step)
        return Path(snapshot_download(model, allow_patterns=patterns, etag_timeout=timeout_s))
    except GatedRepoError as error:
        raise ModelError(f"{model} asks for consent: accept its terms on the hub, then set HF_TOKEN") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(f"the hub has no model {model}: check its name (owner/name)") from error
    except Exception as error:
        # The boundary round the client: what it raises over a line that breaks is its HTTP library's business.
        log.debug("%s was not downloaded", model, exc_info=True)
        raise ModelError(
            f"{model} was not downloaded ({error or type(error).__name__}): run the command again, it keeps what is "
            "whole; if the hub stays slow, use a mirror (HF_ENDPOINT) or source = modelscope"
        ) from error


def _fetch_large(model: str, timeout_s: float, step: Step) -> list[str]:
    """Put the files whose hashes the hub tells (its large ones) into the client's cache; patterns of all files."""
    from huggingface_hub import HfApi, constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    about = HfApi().model_info(model, files_metadata=True, timeout=timeout_s)
    files = about.siblings or []
    whole = any(file.rfilename.endswith(".safetensors") for file in files)
    patterns = _PATTERNS if whole else [*_PATTERNS, *_OLD_PATTERNS]
    blobs = Path(constants.HF_HUB_CACHE) / f"models--{model.replace('/', '--')}" / "blobs"
    for file in files:
        if file.lfs is None or not any(fnmatch(file.rfilename, pattern) for pattern in patterns):
            continue
        url = hf_hub_url(model, file.rfilename, revision=about.sha)
        remote = RemoteFile(file.rfilename, url, file.lfs.size, file.lfs.sha256, build_hf_headers())
        fetch(remote, blobs / file.lfs.sha256, step, timeout_s=3 * timeout_s)
    return patterns


def _from_modelscope(model: str, step: Step) -> Path:
    """The client of ModelScope resumes at the byte and checks hashes itself."""
    try:
        from modelscope import snapshot_download
        from modelscope_hub import ProgressCallback
        from modelscope_hub.errors import HubError, NotExistError
    except ImportError as error:
        raise ModelError("source = modelscope needs its client: pip install 'qunda[modelscope]'") from error

    class Told(ProgressCallback):
        done = 0

        def update(self, size: int) -> None:
            self.done += size
            step(self.filename, self.done, self.file_size)

    try:
        return Path(snapshot_download(model, allow_patterns=[*_PATTERNS, *_OLD_PATTERNS], progress_callbacks=[Told]))
    except (HubError, OSError, ValueError) as error:
        if isinstance(error.__cause__, NotExistError):
            raise ModelError(f"the hub has no model {model}: check its name (owner/name)") from error
        raise ModelError(
            f"{model} was not downloaded ({' '.join(str(error).split())[:300]}): run the command again, it keeps what "
            "is whole"
        ) from error
