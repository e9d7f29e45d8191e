"""Finds a model's files, checks that they are whole, and tells models apart. Loads no model and needs no network.

A model is named by a local folder or by its name on a hub; what a hub's client has stored on this machine is used as
it is, and nothing is downloaded here.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from rag.base import ModelError

Source = Literal["huggingface", "modelscope"]

_SAMPLES, _SAMPLE_BYTES = 64, 4096
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "sentencepiece.bpe.model", "vocab.txt", "vocab.json")
_PULL = "run `qunda models pull`"


def find(model: str, source: Source = "huggingface") -> Path:
    """The folder of a model that is on this machine.

    Raises:
        ModelError: it is not here; the message says how to get it.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
        raise ModelError(f"there is no folder {model}; write the folder of a model, or its name on a hub (owner/name)")
    return _stored_modelscope(model) if source == "modelscope" else _stored_huggingface(model)


def _stored_huggingface(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, FileNotFoundError) as error:
        raise ModelError(f"the model {model} is not on this machine: {_PULL}, or name a folder that has it") from error
    except HFValidationError as error:
        raise ModelError(f"{model!r} is no name of a model (owner/name): {error}") from error


def _stored_modelscope(model: str) -> Path:
    try:
        from modelscope import snapshot_download
        from modelscope_hub.errors import HubError
    except ImportError as error:
        raise ModelError("source = modelscope needs its client: pip install 'qunda[modelscope]'") from error
    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (HubError, ValueError, OSError) as error:
        raise ModelError(f"the model {model} is not on this machine: {_PULL}, or name a folder that has it") from error


def check_folder(folder: Path) -> None:
    """Whether a model's files are all here and whole.

    Raises:
        ModelError: names the first file that is missing or broken.
    """
    read_json(folder / "config.json")
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise ModelError(f"{folder} has no tokenizer ({', '.join(_TOKENIZER_FILES[:3])}, ...): {_PULL} again")
    for shard in weight_files(folder):
        check_shard(shard)


def weight_files(folder: Path) -> list[Path]:
    """The files with the weights: safetensors where there are some, else torch's; all that an index names.

    Raises:
        ModelError: there are none, or one that the index names is missing.
    """
    for single, index in (
        ("model.safetensors", "model.safetensors.index.json"),
        ("pytorch_model.bin", "pytorch_model.bin.index.json"),
    ):
        if (folder / index).is_file():
            names = sorted(set(read_json(folder / index).get("weight_map", {}).values()))
            missing = [name for name in names if not (folder / str(name)).is_file()]
            if missing or not names:
                raise ModelError(f"{folder} lacks {missing[0] if missing else single}, which {index} names: {_PULL}")
            return [folder / str(name) for name in names]
        if (folder / single).is_file():
            return [folder / single]
    raise ModelError(f"{folder} has no weights (model.safetensors or pytorch_model.bin): {_PULL} again")


def check_shard(path: Path) -> None:
    """Whether a file of weights is as long as it says.

    Raises:
        ModelError: it is cut short or is something else.
    """
    broken = f"{path} is cut short or is no file of weights: delete it and {_PULL} again"
    size = path.stat().st_size
    if path.suffix != ".safetensors":
        import zipfile

        if not zipfile.is_zipfile(path):  # the directory of torch's archive stands at its end
            raise ModelError(broken)
        return
    with path.open("rb") as file:
        head = int.from_bytes(file.read(8), "little")
        if head > size - 8:
            raise ModelError(broken)
        try:
            entries = json.loads(file.read(head))
        except ValueError as error:
            raise ModelError(broken) from error
    try:
        end = max((entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"), default=0)
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ModelError(broken) from error
    if size < 8 + head + end:
        raise ModelError(broken)


def fingerprint(folder: Path, *settings: str) -> str:
    """A short hash that changes with the model: whole small files, sizes and samples of the weights, and settings.

    Samples, because reading gigabytes would delay every start; training a model further changes nearly every weight.
    """
    digest = hashlib.sha256("\0".join(settings).encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix in _WEIGHT_SUFFIXES:
            digest.update(f"{name}\0{path.stat().st_size}\0".encode() + _sample(path))
        elif path.suffix in (".json", ".txt", ".model") and not name.startswith("."):
            digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _sample(path: Path) -> bytes:
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for i in range(_SAMPLES):
            file.seek(size * i // _SAMPLES)
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.digest()


def embedding_dim(folder: Path) -> int:
    """How many numbers a vector of this model has, from its files alone.

    Raises:
        ModelError: they do not say.
    """
    config = read_json(folder / "config.json")
    modules = read_json(folder / "modules.json", [])
    dim = config.get("hidden_size") or config.get("dim")
    for module in modules:
        settings = read_json(folder / module["path"] / "config.json", {}) if module["path"] else {}
        if module["type"].endswith("Pooling"):
            dim = _pooled_dim(settings, dim)
        elif "out_features" in settings:
            dim = settings["out_features"]
    if not isinstance(dim, int):
        raise ModelError(f"{folder}/config.json names no hidden_size: it is no text embedding model")
    return dim


def _pooled_dim(settings: dict[str, Any], hidden: Any) -> Any:
    dim = settings.get("embedding_dimension") or settings.get("word_embedding_dimension") or hidden
    mode = settings.get("pooling_mode")
    if mode is None:  # before sentence-transformers 5: a switch for each mode
        modes = sum(value is True for key, value in settings.items() if key.startswith("pooling_mode_"))
    else:
        modes = 1 if isinstance(mode, str) else len(mode)
    return dim * max(1, modes)


def read_json(path: Path, default: Any = None) -> Any:
    """The content of a file; ``default`` where it is given and there is no file.

    Raises:
        ModelError: it is missing or no JSON.
    """
    if default is not None and not path.is_file():
        return default
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing: {_PULL}, or name the folder that has config.json") from error
    except ValueError as error:
        raise ModelError(f"{path} is no JSON: delete it and {_PULL} again") from error
    if not isinstance(found, dict if default is None else type(default)):
        raise ModelError(f"{path} does not hold what it should: delete it and {_PULL} again")
    return found
