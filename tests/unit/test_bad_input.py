"""Bad input to the Python API: for each call, its error and the whole message."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import symnum as sn
from symnum import DomainError, LimitError, ParseError, UsageError

F = sn.Formula("x*y")
G = sn.Formula("sin(x)")
V = sn.Formula(["x*y", "x"])

MADE_FROM = "a Formula is made from text, a SymPy expression, or a list of one of them; this is "
HAS_XY = "the formula has the variables x, y"
ORDER = "derivative_order is {}; it must be an integer from 1 on"
SHAPE = "points have shape {}; " + HAS_XY + ", so the last axis must have length 2: shape (..., 2)"
NOT_REAL = "x = {} is not a finite real number"

# call, kind of error, message
CALLS: dict[str, tuple[Callable[[], object], type[sn.SymnumError], str]] = {
    # making a Formula
    "Formula(5)": (lambda: sn.Formula(5), UsageError, MADE_FROM + "a int"),
    "Formula(None)": (lambda: sn.Formula(None), UsageError, MADE_FROM + "a NoneType"),
    "Formula([])": (lambda: sn.Formula([]), UsageError, MADE_FROM + "an empty list"),
    "Formula(['x', 5])": (lambda: sn.Formula(["x", 5]), UsageError, MADE_FROM + "a list"),
    "Formula(b'x')": (lambda: sn.Formula(b"x"), UsageError, MADE_FROM + "a bytes"),
    "Formula({})": (lambda: sn.Formula({}), UsageError, MADE_FROM + "a dict"),
    "Formula('')": (
        lambda: sn.Formula(""),
        ParseError,
        "the formula is empty; write for example x**2 + 1",
    ),
    "variables='xy'": (
        lambda: sn.Formula("x", variables="xy"),
        UsageError,
        "variables are given as a list of names, such as ['xy']",
    ),
    "variables=5": (
        lambda: sn.Formula("x", variables=5),
        UsageError,
        "variables are given as a list of names, not int",
    ),
    "variables=['x', 'x']": (
        lambda: sn.Formula("x", variables=["x", "x"]),
        UsageError,
        "the variable x is declared twice",
    ),
    "variables=['1y']": (
        lambda: sn.Formula("x", variables=["x", "1y"]),
        UsageError,
        "'1y' is not the name of a variable; write for example x, x_0 or x[0]",
    ),
    "variables=[5]": (
        lambda: sn.Formula("x", variables=["x", 5]),
        UsageError,
        "the name of a variable is text, not int",
    ),
    "variables=['x'] of x + y": (
        lambda: sn.Formula("x+y", variables=["x"]),
        ParseError,
        "y is not a declared variable; declared are x\n  x+y\n    ^",
    ),
    # derivatives
    "derivative('z')": (
        lambda: F.derivative("z"),
        UsageError,
        f"there is no variable 'z'; {HAS_XY}",
    ),
    "derivative(5)": (lambda: F.derivative(5), UsageError, f"there is no variable 5; {HAS_XY}"),
    "derivative(['x'])": (
        lambda: F.derivative(["x"]),
        UsageError,
        f"there is no variable ['x']; {HAS_XY}",
    ),
    "derivative_order=0": (lambda: F.derivative("x", 0), UsageError, ORDER.format("0")),
    "derivative_order=-1": (lambda: F.derivative("x", -1), UsageError, ORDER.format("-1")),
    "derivative_order=True": (lambda: F.derivative("x", True), UsageError, ORDER.format("True")),
    "derivative_order=1.5": (lambda: F.derivative("x", 1.5), UsageError, ORDER.format("1.5")),
    "derivative_order='1'": (lambda: F.derivative("x", "1"), UsageError, ORDER.format("'1'")),
    "gradient of a vector": (
        lambda: V.gradient(),
        UsageError,
        "a formula of shape (2,) has no gradient; ask for .jacobian()",
    ),
    "hessian in 1,200 variables": (
        lambda: sn.Formula(" + ".join(f"x{i}" for i in range(1200))).hessian(),
        LimitError,
        "1200 outputs × 1200 variables are more derivatives than symnum writes down (1000000); "
        "differentiate by single variables",
    ),
    # parameters
    "bind(z=1)": (lambda: F.bind(z=1), UsageError, f"there is no variable 'z'; {HAS_XY}"),
    "bind(x=nan)": (lambda: F.bind(x=math.nan), DomainError, NOT_REAL.format("nan")),
    "bind(x=inf)": (lambda: F.bind(x=-math.inf), DomainError, NOT_REAL.format("-inf")),
    "bind(x='a')": (lambda: F.bind(x="a"), DomainError, NOT_REAL.format("'a'")),
    "bind(x='1e999999999')": (
        lambda: F.bind(x="1e999999999"),
        DomainError,
        NOT_REAL.format("'1e999999999'"),
    ),
    "bind(x=1j)": (lambda: F.bind(x=1j), DomainError, NOT_REAL.format("1j")),
    "bind(x=None)": (lambda: F.bind(x=None), DomainError, NOT_REAL.format("None")),
    "bind after derivative": (
        lambda: F.derivative("x").bind(x=1),
        UsageError,
        "the derivative was taken by 'x'; bind it before differentiating",
    ),
    # values
    "f()": (lambda: F(), UsageError, f"no point was given; {HAS_XY}"),
    "f(None) of x": (
        lambda: G(None),
        UsageError,
        "no point was given; the formula has the variable x",
    ),
    "f([1, 2, 3])": (lambda: F([1.0, 2.0, 3.0]), UsageError, SHAPE.format("(3,)")),
    "f(1)": (lambda: F(1.0), UsageError, SHAPE.format("()")),
    "f([1, 2], x=1)": (
        lambda: F([1.0, 2.0], x=1),
        UsageError,
        "give the points either as one array or by name, not both",
    ),
    "f(x=1)": (lambda: F(x=1), UsageError, "no value was given for the variable y"),
    "f(x=1, z=2)": (lambda: F(x=1, z=2), UsageError, f"there is no variable 'z'; {HAS_XY}"),
    "f(x=(2,), y=(3,))": (
        lambda: F(x=[1, 2], y=[1, 2, 3]),
        UsageError,
        "the variables' shapes don't broadcast against each other: x: (2,), y: (3,)",
    ),
    "f('a')": (lambda: G("a"), UsageError, "points must be real numbers; this is a str"),
    "f(1j)": (lambda: G(1j), UsageError, "points must be real numbers; this is a complex"),
    "f([object])": (
        lambda: G([object()]),
        UsageError,
        "points must be real numbers; this is a list",
    ),
    "f(ragged)": (
        lambda: G([[1], [1, 2]]),
        UsageError,
        "points must be real numbers; this is a list",
    ),
    "f(x=text)": (lambda: G(x="1"), UsageError, "x must be real numbers; this is a str"),
    "exact()": (lambda: F.exact(), UsageError, f"no point was given; {HAS_XY}"),
    "exact(nan)": (
        lambda: G.exact(math.nan),
        DomainError,
        "point 0: x = nan is not a finite number",
    ),
    "exact(inf in row 1)": (
        lambda: F.exact([[1, 2], [1, -math.inf]]),
        DomainError,
        "point 1: y = -inf is not a finite number",
    ),
    "exact('1')": (lambda: G.exact("1"), UsageError, "points must be real numbers; this is a str"),
    "python('1f')": (
        lambda: G.python("1f"),
        UsageError,
        "'1f' can't be the name of a Python function",
    ),
    # sweeps
    "sweep(5)": (lambda: sn.sweep(5, 1.0), UsageError, MADE_FROM + "a int"),
    "sweep at None": (
        lambda: sn.sweep("x", None),
        UsageError,
        "no point was given; the formula has the variable x",
    ),
    "sweep at {x}": (
        lambda: sn.sweep("x*y", {"x": 1}),
        UsageError,
        "no value was given for the variable y",
    ),
    "sweep at []": (lambda: sn.sweep("x", []), DomainError, "there are no points"),
    "sweep at nan": (
        lambda: sn.sweep("x", [1.0, math.nan]),
        DomainError,
        "point 1: x = nan is not a finite number",
    ),
    "sweep of a constant": (
        lambda: sn.sweep("5", 1.0),
        UsageError,
        "the formula has no variables, so there is nothing to differentiate by",
    ),
    "scheme='centrel'": (
        lambda: sn.sweep("x", 1.0, "centrel"),
        UsageError,
        "there is no scheme 'centrel'; did you mean central? "
        "(there are central, forward, backward, complex, richardson)",
    ),
    "scheme='central:3'": (
        lambda: sn.sweep("x", 1.0, "central:3"),
        UsageError,
        "the accuracy of a central scheme is even, 3 was given: its odd error terms cancel; "
        "write 2 or 4",
    ),
    "scheme='central@0'": (
        lambda: sn.sweep("x", 1.0, "central@0"),
        UsageError,
        "a step h is a finite positive number, 0.0 was given",
    ),
    "scheme=5": (
        lambda: sn.sweep("x", 1.0, 5),
        UsageError,
        "a scheme is a Scheme or its text; this is a int",
    ),
    "scheme=None": (
        lambda: sn.sweep("x", 1.0, None),
        UsageError,
        "a scheme is a Scheme or its text; this is a NoneType",
    ),
    "scheme=[5]": (
        lambda: sn.sweep("x", 1.0, ["central", 5]),
        UsageError,
        "a scheme is a Scheme or its text; this is a int",
    ),
    "scheme=[]": (
        lambda: sn.sweep("x", 1.0, []),
        UsageError,
        "no scheme was given; give one, such as 'central:4'",
    ),
    "two derivative orders": (
        lambda: sn.sweep("x", 1.0, [sn.central(2, 2), sn.central()]),
        UsageError,
        "the schemes approximate derivative orders 1, 2; sweep each order alone",
    ),
    "h=0": (
        lambda: sn.sweep("x", 1.0, h=0),
        UsageError,
        "steps must be finite and positive; 0.0 was given",
    ),
    "h=-0.001": (
        lambda: sn.sweep("x", 1.0, h=[1e-2, -1e-3]),
        UsageError,
        "steps must be finite and positive; -0.001 was given",
    ),
    "h=nan": (
        lambda: sn.sweep("x", 1.0, h=np.array([math.nan])),
        UsageError,
        "steps must be finite and positive; nan was given",
    ),
    "h=inf": (
        lambda: sn.sweep("x", 1.0, h=math.inf),
        UsageError,
        "steps must be finite and positive; inf was given",
    ),
    "h=[]": (
        lambda: sn.sweep("x", 1.0, h=[]),
        UsageError,
        "steps must be finite and positive; none was given",
    ),
    "h='1e-3'": (
        lambda: sn.sweep("x", 1.0, h="1e-3"),
        UsageError,
        "h must be real numbers; this is a str",
    ),
    "function=5": (
        lambda: sn.sweep("x", 1.0, function=5),
        UsageError,
        "function must be callable; this is a int",
    ),
    # schemes
    "central(0)": (
        lambda: sn.central(0),
        UsageError,
        "accuracy is a whole number from 1 to 40, 0 was given",
    ),
    "central(2.5)": (
        lambda: sn.central(2.5),
        UsageError,
        "accuracy is a whole number from 1 to 40, 2.5 was given",
    ),
    "forward(99)": (
        lambda: sn.forward(99),
        UsageError,
        "accuracy 99 is above the limit of 40: so wide a scheme gains nothing in doubles; "
        "write 40 or less",
    ),
    "central(h=0)": (
        lambda: sn.central(h=0),
        UsageError,
        "a step h is a finite positive number, 0 was given",
    ),
    "complex in order 2": (
        lambda: sn.parse_scheme("complex", 2),
        UsageError,
        "the complex step gives the first derivative only, derivative order 2 was asked for; "
        "write central or richardson",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_bad_input(name):
    """The call is refused with this error and exactly this message."""
    call, kind, message = CALLS[name]
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert "Traceback" not in message


def test_every_refusal_is_ours():
    """Whatever is refused is a SymnumError with a kind that the command line prints."""
    for call, kind, _ in CALLS.values():
        with pytest.raises(sn.SymnumError) as caught:
            call()
        assert caught.value.kind in {"parse", "limit", "domain", "usage"}
        assert issubclass(kind, sn.SymnumError)
