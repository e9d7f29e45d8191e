"""Counts things."""

import sys

LIMIT = 10


# How many at once.
@staticmethod
def count(items: list[str]) -> int:
    """Count the items."""
    return len(items)


class Counter:
    """Remembers."""

    def add(self, n: int) -> None:
        self.total += n


if __name__ == "__main__":
    print(count(sys.argv))
