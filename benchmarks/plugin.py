"""What the pytest plugin costs a run that doesn't use it: runs with and without it, interleaved.

    .venv/bin/python benchmarks/plugin.py [ROUNDS]

Processor time of whole processes, without other plugins, the first pair dropped. Where symnum is
installed, pytest besides reads the list of its files, which this doesn't see: about a millisecond.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

MODULE = "symnum.testing.pytest_plugin"
ROOT = Path(__file__).parents[1]
TARGET = 5.0  # milliseconds


def milliseconds(arguments: list[str], folder: str) -> float:
    """Run pytest on one empty test, and return the processor time that it took."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1e3


def main() -> int:
    """Measure, print, and tell whether the target is met."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with_it, without = ["-p", MODULE], ["-p", "nothing"]  # both make pytest look up a plugin
    more, alone = [], []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
        Path(folder, "nothing.py").write_text("", encoding="utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        for i in range(rounds + 1):
            order = [with_it, without][:: 1 if i % 2 else -1]
            times = {id(arguments): milliseconds(arguments, folder) for arguments in order}
            more.append(times[id(with_it)] - times[id(without)])
            alone.append(times[id(without)])
    low, middle, high = statistics.quantiles(more[1:], n=4)
    print(
        f"Python {platform.python_version()}, pytest {pytest.__version__}, {rounds} pairs of runs"
    )
    print(f"without the plugin   {statistics.median(alone[1:]):7.1f} ms")
    print(f"more with it         {middle:7.1f} ms   (target: at most {TARGET:g} ms)")
    print(f"half of the pairs    {low:7.1f} to {high:.1f} ms")
    return 0 if middle <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
