"""Measures how long ``qunda --help`` takes as a process: the median of eleven runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time


def measure(runs: int = 11) -> list[float]:
    """Seconds of each run after a first one that fills the caches."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bot", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return times[1:]


if __name__ == "__main__":
    seconds = measure()
    print(f"qunda --help: median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s")
