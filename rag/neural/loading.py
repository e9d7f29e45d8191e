"""The boundary round other libraries' loading of a checkpoint: what breaks there is an error that names the fix."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rag.base import ModelError

log = logging.getLogger(__name__)


@contextmanager
def loading(what: str, folder: Path, no_room: str, advice: str) -> Iterator[None]:
    """Load within it; ``no_room`` says what to do where memory is short, ``advice`` what to do otherwise.

    Raises:
        ModelError: it could not be loaded.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelError(f"{what}: the GPU has no room for it; {no_room}") from error
    except ModelError:
        raise
    except Exception as error:
        # The boundary round foreign loaders: over broken files they raise whatever their own dependencies do.
        log.debug("%s was not loaded", what, exc_info=True)
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{what} cannot be loaded from {folder} ({type(error).__name__}: {reason}); {advice}"
        ) from error


def check_weights(missing: Iterable[str], what: str) -> None:
    """Whether the files held every weight: what is missing would be made up at random, anew at each start.

    Raises:
        ModelError: they did not.
    """
    lost = sorted(missing)
    if lost:
        raise ModelError(
            f"{what}: its files lack the weight {lost[0]} ({len(lost)} in all): run `qunda models pull` again, or "
            "choose a model that is whole"
        )


def check_tokenizer(tokenizer: Any, config: Any, what: str) -> None:
    """Whether the model knows every token that the tokenizer makes: on a GPU an unknown one breaks the whole process.

    Raises:
        ModelError: it does not.
    """
    known = int(getattr(config, "vocab_size", 0) or 0)
    largest = max(tokenizer.get_vocab().values(), default=0)
    if known and largest >= known:
        raise ModelError(
            f"{what}: its tokenizer makes token {largest:,}, and the model knows {known:,}: they are of different "
            "models; run `qunda models pull` again, or name a folder whose files belong together"
        )
