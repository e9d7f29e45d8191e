"""The relevance gate: whether a message deserves an answer, how surely, and why.

It learns from good and bad examples and from what the knowledge base has on a message. It knows no platform and no
event loop. Start at `train_gate` and `RelevanceGate.decide`; docs/gate.md explains the method.
"""

from rag.gate.context import asked_text, standalone_text
from rag.gate.examples import LabelledExample, default_examples, read_examples
from rag.gate.measured import TrainingCancelledError
from rag.gate.reasons import describe, explain
from rag.gate.relevance import RelevanceGate
from rag.gate.review import Finding, review
from rag.gate.storage import gate_key, load_gate, save_gate
from rag.gate.training import train_gate

__all__ = [
    "Finding",
    "LabelledExample",
    "RelevanceGate",
    "TrainingCancelledError",
    "asked_text",
    "default_examples",
    "describe",
    "explain",
    "gate_key",
    "load_gate",
    "read_examples",
    "review",
    "save_gate",
    "standalone_text",
    "train_gate",
]
