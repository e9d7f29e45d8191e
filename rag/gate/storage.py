"""Keeps a trained gate in a folder: arrays as .npy, the rest as JSON. Knows no training and no groups."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import RagError
from rag.gate.calibration import Calibration
from rag.gate.columns import COLUMNS
from rag.gate.examples import LabelledExample
from rag.gate.learnt import Learnt
from rag.gate.model import Kernel, Model, Sparse
from rag.gate.prior import Prior, default_prior
from rag.gate.relevance import RelevanceGate
from rag.gate.reranks import Reranks
from rag.gate.stores import ExampleStores
from rag.gate.vocabulary import ChatterVocabulary
from rag.gate.wording import FeatureSpace
from rag.protocols import Embedder

FORMAT = 7
_KERNEL = ("landmarks", "weights", "centre", "scale")


def gate_key(bases: Sequence[str], examples: Sequence[LabelledExample], embedder: Embedder, reranker: str = "") -> str:
    """A hash of all that a gate follows from; ``bases`` are names of knowledge versions, ``reranker`` says what scored
    the passages. The dial is not part of it."""
    learnt_from = [asdict(example) for example in examples]
    parts = [FORMAT, default_prior().as_dict(), list(bases), embedder.id, reranker, learnt_from]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def save_gate(gate: RelevanceGate, folder: Path) -> None:
    """Write ``gate`` to ``folder``, which appears whole or not at all.

    Raises:
        RagError: it cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".gate-", dir=folder.parent))
    try:
        _write(gate, beside)
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
    except OSError as error:
        raise RagError(
            f"the gate cannot be kept in {folder} ({error.strerror}); free disk space or check rights"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(gate: RelevanceGate, folder: Path) -> None:
    learnt = gate.learnt
    arrays: dict[str, NDArray[Any]] = {"examples": gate.stores.vectors}
    if learnt is not None:
        model = learnt.model
        wording = model.wording
        arrays |= {"known": wording.space.known, "idf": wording.space.idf, "wording": wording.weights}
        arrays |= {f"kernel-{name}": getattr(model.kernel, name) for name in _KERNEL}
        arrays |= {"vectors-weights": model.vectors, "vectors-centre": model.centre, "reranks": model.reranks}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    data = {
        "format": FORMAT,
        "column_names": list(COLUMNS),
        "embedder": gate.embedder.id,
        "examples": [asdict(example) for example in gate.stores.examples],
        "calibration": gate.calibration.as_dict(),
        "calibrated": gate.calibrated,
        "dial": gate.dial,
        "expected_share": gate.expected_share,
        "trained_on": gate.trained_on,
        "prior": gate.prior.as_dict(),
        "learnt": None if learnt is None else _as_dict(learnt),
    }
    (folder / "gate.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8", "surrogatepass")


def _as_dict(learnt: Learnt) -> dict[str, Any]:
    vocabulary, model = learnt.vocabulary, learnt.model
    return {
        "vocabulary": {
            "counts": dict(vocabulary.counts),
            "examples": vocabulary.examples,
            "centre": vocabulary.centre.tolist(),
        },
        "means": {"wording": model.wording.mean, "kernel": model.kernel.mean},
        "fade": learnt.fade,
        "reranks": learnt.reranks.as_dict() if learnt.reranks else None,
        "prior_slope": model.prior_slope,
        "bias": model.bias,
    }


def load_gate(folder: Path, embedder: Embedder) -> RelevanceGate:
    """Read what `save_gate` wrote.

    Raises:
        RagError: it is missing, damaged, of another format or for another embedder: train anew.
    """
    try:
        data = json.loads((folder / "gate.json").read_text("utf-8", "surrogatepass"))
        if data["format"] != FORMAT or data["column_names"] != list(COLUMNS) or data["embedder"] != embedder.id:
            raise RagError(f"the gate in {folder} was made by another version or for another embedder; train it anew")
        return _read(data, folder, embedder)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise RagError(f"the gate in {folder} is damaged ({error}); train it anew") from error


def _read(data: dict[str, Any], folder: Path, embedder: Embedder) -> RelevanceGate:
    def array(name: str) -> NDArray[Any]:
        return np.asarray(np.load(folder / f"{name}.npy", allow_pickle=False))

    examples = tuple(LabelledExample(**item) for item in data["examples"])
    vectors = array("examples")
    if vectors.shape != (len(examples), embedder.dim):
        raise ValueError("vectors and examples differ in number")
    learnt = None if data["learnt"] is None else _read_learnt(data["learnt"], array)
    return RelevanceGate(
        Prior.from_dict(data["prior"]),
        learnt,
        ExampleStores(examples, vectors),
        embedder,
        Calibration.from_dict(data["calibration"]),
        data["calibrated"],
        data["dial"],
        data["expected_share"],
        data["trained_on"],
    )


def _read_learnt(data: dict[str, Any], array: Callable[[str], NDArray[Any]]) -> Learnt:
    wording = Sparse(FeatureSpace(array("known"), array("idf")), array("wording"), data["means"]["wording"])
    words = data["vocabulary"]
    vocabulary = ChatterVocabulary(words["counts"], words["examples"], np.array(words["centre"], np.float32))
    landmarks, weights, centre, scale = (array(f"kernel-{name}") for name in _KERNEL)
    kernel = Kernel(landmarks, weights, centre, scale, data["means"]["kernel"])
    vectors, middle = array("vectors-weights"), array("vectors-centre")
    model = Model(wording, kernel, vectors, middle, array("reranks"), data["prior_slope"], data["bias"])
    reranks = Reranks.from_dict(data["reranks"]) if data["reranks"] else None
    return Learnt(vocabulary, model, data["fade"], reranks)
