"""``python -m bot`` and the command ``qunda``."""

from __future__ import annotations

import sys

STOPPED = 130  # what shells give for SIGINT


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from bot.cli.parser import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # also while the program is still loading
        status = STOPPED
    sys.exit(status)


if __name__ == "__main__":
    main()
