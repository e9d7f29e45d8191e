"""Everything measured on a GPU: ``python tests/bench/gpu.py``. Random weights of real shapes; nothing is fetched.

Needs torch with CUDA, transformers, sentence-transformers and the base install. Each part runs in a process of its own;
``python tests/bench/gpu.py gpu_usual`` runs one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("gpu_embedding", "gpu_answering", "gpu_gate", "gpu_memory", "gpu_usual")


def main() -> int:
    """Run the parts; the number of those that failed."""
    paths = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    environment = {**os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    failed = 0
    for part in sys.argv[1:] or PARTS:
        print(f"== {part}", flush=True)
        failed += subprocess.call([sys.executable, "-m", f"tests.bench.{part}"], cwd=ROOT, env=environment) != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
