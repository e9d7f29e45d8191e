"""Everything measured on a GPU: ``python tests/bench/gpu.py``. Random weights of real shapes; nothing is fetched.

Needs torch with CUDA, transformers and sentence-transformers alone. Each part runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("gpu_embedding", "gpu_answering", "gpu_memory")


def main() -> int:
    """Run the parts; the number of those that failed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    failed = 0
    for part in PARTS:
        print(f"== {part}", flush=True)
        failed += subprocess.call([sys.executable, "-m", f"tests.bench.{part}"], cwd=ROOT, env=environment) != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
