"""Checks that what an answer says stands in the passages that it cites."""

from rag.verify.answer import Verified, verify
from rag.verify.check import Entailment, Support, check_sentence

__all__ = ["Entailment", "Support", "Verified", "check_sentence", "verify"]
