"""How long `symnum demo` takes in a process of its own, and how large its page is.

    python benchmarks/demo.py

It starts three times; the median counts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET = 60.0  # seconds on two cores
RUNS = 3


def main() -> int:
    """Print the table; 1 where the target isn't reached."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "symnum", "demo", "--out", folder]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            taken.append(time.perf_counter() - begun)
        files = [path.stat().st_size for path in Path(folder).iterdir()]
    middle = statistics.median(taken)
    print(f"symnum demo: {middle:.1f} s (median of {RUNS}; {min(taken):.1f} to {max(taken):.1f})")
    print(f"target: under {TARGET:.0f} s; {os.cpu_count()} cores")
    print(f"{len(files)} files, {sum(files) / 1e6:.1f} MB")
    return 0 if middle < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
