"""Derivatives in test suites: a pytest plugin, and strategies for Hypothesis.

The names are loaded when they are first used: importing this package loads no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "PlantedBug",
    "derivative_property",
    "formulas",
    "gradients_with_a_bug",
    "points",
    "schemes",
]

if TYPE_CHECKING:
    from symnum.testing.bugs import PlantedBug
    from symnum.testing.properties import derivative_property
    from symnum.testing.strategies.formulas import formulas
    from symnum.testing.strategies.gradients import gradients_with_a_bug
    from symnum.testing.strategies.points import points
    from symnum.testing.strategies.schemes import schemes
else:
    # The same again for Python: which module each name lives in. A test compares the two.
    _HOMES = {
        "symnum.testing.bugs": ("PlantedBug",),
        "symnum.testing.strategies.formulas": ("formulas",),
        "symnum.testing.strategies.gradients": ("gradients_with_a_bug",),
        "symnum.testing.strategies.points": ("points",),
        "symnum.testing.properties": ("derivative_property",),
        "symnum.testing.strategies.schemes": ("schemes",),
    }
    _HOME = {name: module for module, names in _HOMES.items() for name in names}

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOME:
            msg = f"module 'symnum.testing' has no attribute {name!r}"
            raise AttributeError(msg)
        try:
            module = import_module(_HOME[name])
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "hypothesis":
                raise
            from symnum.errors import UsageError

            msg = (
                f"symnum.testing.{name} needs Hypothesis, which is not installed; "
                "install it with: pip install hypothesis (or symnum-verify[hypothesis])"
            )
            raise UsageError(msg) from None
        value = getattr(module, name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted(set(globals()) | set(__all__))
