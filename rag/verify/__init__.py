"""Checks that what an answer says stands in the passages that it cites."""

from rag.verify.check import Entailment, Support, check_sentence

__all__ = ["Entailment", "Support", "check_sentence"]
