"""What a type checker must see of the public names. Read by mypy, never run."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_type

import symnum
from symnum import (
    Exact,
    Formula,
    Run,
    Scheme,
    Sweep,
    central,
    complex_step,
    forward,
    parse_scheme,
    richardson,
    sweep,
)

f = Formula("0.01*x**2 + 0.1*x")
assert_type(f, Formula)
assert_type(symnum.Formula(["x*y", "sin(x)"], variables=["x", "y"]), Formula)
assert_type(f.variables, tuple[str, ...])
assert_type(f.shape, tuple[int, ...])
assert_type(f.derivative("x", 2).gradient().jacobian().hessian(), Formula)
assert_type(f.bind(x=1.5), Formula)
assert_type(f.exact(at=5.0), Exact)
assert_type(f.latex(), str)
assert_type(f.python(), str)

assert_type(central(4, derivative_order=2, h=1e-4), Scheme)
assert_type(forward(), Scheme)
assert_type(complex_step(h=1e-20), Scheme)
assert_type(richardson(6), Scheme)
assert_type(parse_scheme("central:4@1e-4"), Scheme)
assert_type(central().weights, tuple[Fraction, ...])
assert_type(central().h, float | None)

s = sweep(f, at=5.0)
assert_type(s, Sweep)
assert_type(sweep("x**2", at=[1.0, 2.0], scheme=["central", complex_step()], h=[1e-4]), Sweep)
assert_type(s.exact, Exact)
assert_type(s.runs, tuple[Run, ...])
assert_type(s.to_json(), str)
assert_type(Sweep.from_json(s.to_json()), Sweep)
assert_type(symnum.__version__, str)

f.slope()  # type: ignore[attr-defined]
_ = symnum.Formla  # type: ignore[attr-defined]
central("4")  # type: ignore[arg-type]
