"""``python -m bot`` and the command ``qunda``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from bot.cli.parser import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
