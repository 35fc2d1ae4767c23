"""Which module may import which: the floors of the house, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# A module imports from its own floor and from those below it. The key is the part of the module's
# name after `symnum.`; the package itself and `python -m symnum` are the roof.
FLOORS = {
    "errors": 0,
    "version": 0,
    "formula": 1,
    "differences": 2,
    "zoo": 2,
    "checking": 3,
    "descending": 4,
    "nets": 4,
    "pictures": 4,
    "report": 5,
    "demo": 6,
    "testing": 6,
    "arguments": 7,
    "loading": 7,
    "cli": 7,
    "": 8,
    "__main__": 8,
}

# The nouns' `__str__`, `plot` and the like hand over to report/ inside the function. Nothing else
# looks upward.
EXEMPT = {
    ("symnum.formula.formula", "symnum.report"),
    ("symnum.differences.sweep", "symnum.report"),
    ("symnum.checking.verdict", "symnum.report"),
    ("symnum.nets.parts", "symnum.report"),
    ("symnum.nets.steps", "symnum.report"),
    ("symnum.nets.verdict", "symnum.report"),
    ("symnum.descending.compare", "symnum.report"),
    ("symnum.descending.descent", "symnum.report"),
}


class Import(NamedTuple):
    """One import: who, whom, on which line, and whether inside a function."""

    module: str
    target: str
    line: int
    in_function: bool


def module_name(package: Path, path: Path) -> str:
    """Return the dotted name of a module file of the package."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(package: Path, path: Path) -> Iterator[Import]:
    """Yield every import of the package's own modules in a file, in functions too."""
    name = module_name(package, path)
    own = package.name
    is_package = path.stem == "__init__"

    def visit(node: ast.AST, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.Import):
                targets = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    home = name.split(".")
                    home = home[: len(home) - child.level + is_package]
                    base = ".".join([*home, base] if base else home)
                # `from symnum import zoo` names a module; `from symnum.zoo import X` a name in it.
                targets = [f"{base}.{a.name}" if base == own else base for a in child.names]
            else:
                targets = []
            for target in targets:
                if target == own or target.startswith(own + "."):
                    yield Import(name, target, child.lineno, inside)
            yield from visit(child, inside)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), False)


def floor_of(module: str) -> int | None:
    """Return the floor of a dotted name; None for a part that has none."""
    return FLOORS.get(module.partition(".")[2].partition(".")[0])


def violations(package: Path) -> list[str]:
    """Return a sentence for every import that the house forbids."""
    found = []
    for path in sorted(package.rglob("*.py")):
        name = module_name(package, path)
        own = floor_of(name)
        if own is None:
            found.append(f"{name} stands on no floor: give it one in FLOORS")
            continue
        for item in imports_of(package, path):
            floor = floor_of(item.target)
            if floor is None:
                # `from symnum import Formula`: a public name, so the roof is what is imported.
                floor = FLOORS[""]
            target = ".".join(item.target.split(".")[:2])
            exempt = item.in_function and (name, target) in EXEMPT
            if floor > own and not exempt:
                found.append(f"{name}:{item.line} imports {item.target}, which is above it")
    return found
