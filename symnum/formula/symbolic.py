"""Program <-> SymPy, both ways: the names that the rest of symnum uses."""

from __future__ import annotations

from symnum.formula.from_sympy import from_sympy, supported
from symnum.formula.to_sympy import symbols, to_sympy

__all__ = ["from_sympy", "supported", "symbols", "to_sympy"]
