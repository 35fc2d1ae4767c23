#!/usr/bin/env python3
"""Break symnum's code in small ways, one at a time, and list the breaks that no test notices.

    .venv/bin/python .ci/mutate.py symnum/differences/weights.py -- tests/unit/test_schemes.py
    .venv/bin/python .ci/mutate.py --sample 100 symnum/formula/*.py -- tests/unit tests/planted

What stands after `--` goes to pytest. The checkout is left alone: a copy is broken. Some survivors
change nothing that a caller could see; the others ask for a test.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield broken versions of one node."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPS:
        broken = copy.deepcopy(node)
        broken.op = SWAPS[type(node.op)]()
        yield broken
    elif isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            if type(op) in SWAPS:
                broken = copy.deepcopy(node)
                broken.ops[index] = SWAPS[type(op)]()
                yield broken
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        broken = copy.deepcopy(node)
        broken.test = ast.UnaryOp(ast.Not(), broken.test)
        yield broken
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield ast.Pass()
    elif isinstance(node, ast.Continue):
        yield ast.Break()


class Replace(ast.NodeTransformer):
    """Puts one node in another's place."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the new node in the old one's place."""
        return self.new if node is self.old else self.generic_visit(node)


def mutants(source: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield (line, what stood there, what stands there now, the whole broken source)."""
    count = sum(1 for _ in ast.walk(ast.parse(source)))
    for index in range(count):
        nodes = list(ast.walk(ast.parse(source)))
        if not hasattr(nodes[index], "lineno"):
            continue
        for number in range(sum(1 for _ in variants(nodes[index]))):
            tree = ast.parse(source)
            old = list(ast.walk(tree))[index]
            new = list(variants(old))[number]
            before = ast.unparse(old).splitlines()[0]
            after = ast.unparse(new).splitlines()[0]
            broken = ast.unparse(ast.fix_missing_locations(Replace(old, new).visit(tree)))
            yield old.lineno, before, after, broken


def passes(arguments: list[str], seconds: float) -> bool:
    """Run pytest in a child process and tell whether every test passed in time."""
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        import pytest

        loaded = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # Hypothesis, before pytest
        os._exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *loaded, *arguments])))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main() -> int:
    """Break, test, and list what survived."""
    own, _, tests = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="so many breaks, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(own.split())
    # Loaded once, so that every child starts with them.
    for name in ("flint", "hypothesis", "lark", "numpy", "pytest", "scipy.special", "sympy"):
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("symnum", "tests", "conftest.py", "pyproject.toml"):
            place = Path(folder, name)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, place)
        os.chdir(folder)
        sys.path.insert(0, folder)
        os.environ.update(CI="true", PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1")
        sys.dont_write_bytecode = True
        start = time.monotonic()
        if not passes(tests.split(), 3600):
            print("the tests fail on the code as it is")
            return 2
        seconds = 10 + 5 * (time.monotonic() - start)
        jobs = [
            (path.resolve().relative_to(ROOT), *mutant)
            for path in (ROOT / file for file in options.files)
            for mutant in mutants(path.read_text(encoding="utf-8"))
        ]
        if options.sample and options.sample < len(jobs):
            jobs = random.Random(options.seed).sample(jobs, options.sample)
        survivors = 0
        for path, line, before, after, broken in jobs:
            source = path.read_text(encoding="utf-8")
            path.write_text(broken, encoding="utf-8")
            if passes(tests.split(), seconds):
                survivors += 1
                print(f"{path}:{line}: {before}  ->  {after}", flush=True)
            path.write_text(source, encoding="utf-8")
    print(f"{len(jobs)} breaks, {len(jobs) - survivors} noticed, {survivors} survived")
    return 0


if __name__ == "__main__":
    sys.exit(main())
