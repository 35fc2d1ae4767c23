"""Derivatives in test suites: a pytest plugin.

The names are loaded when they are first used: importing this package loads no other one.
"""

from __future__ import annotations

__all__: list[str] = []

# Which module each name lives in.
_HOMES: dict[str, tuple[str, ...]] = {}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        msg = f"module 'symnum.testing' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
