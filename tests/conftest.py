"""What every test gets: assertions of the shared suites are explained, and logs go where pytest can see them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from loguru import logger

pytest.register_assert_rewrite("adapter_contract", "adapter_contract_posts", "adapter_platform", "group", "cores")


@pytest.fixture(autouse=True)
def _log_to_the_current_stderr() -> Iterator[None]:
    """A sink made in one test would write to that test's captured stderr after it was closed."""
    logger.remove()
    logger.add(lambda line: sys.stderr.write(line), level="INFO")
    yield
    logger.remove()
