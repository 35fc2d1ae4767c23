"""Hypothesis strategies: formulas that are defined, points inside their domain, schemes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import symnum as sn
import symnum.testing
from symnum.errors import SymnumError
from symnum.formula.functions import FUNCTIONS
from symnum.testing import formulas, points, schemes
from symnum.testing.strategies.formulas import DEFAULT_FUNCTIONS
from symnum.testing.terrain import Kind, terrain_of

ROOT = Path(__file__).parents[2]
QUIET = settings(database=None, derandomize=True, deadline=None, max_examples=2_000)


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Return what a strategy draws, always the same."""
    found: list[Any] = []

    @settings(QUIET, max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


# --- formulas ------------------------------------------------------------------------------------


def test_every_formula_has_points_inside_its_domain():
    """Certified or zero is what `exact` says at each point that is drawn for a formula."""

    @settings(database=None, derandomize=True, max_examples=150)  # health checks and all
    @given(st.data())
    def holds(data):
        f = data.draw(formulas())
        point = data.draw(points(f))
        assert point.shape == (2,)
        assert point.dtype == np.float64
        assert str(f.exact(point).status) in {"certified", "zero"}

    holds()


def test_no_formula_is_without_a_domain():
    """Functions of narrow domains make formulas that are defined somewhere."""
    narrow = ["log", "sqrt", "acosh", "acos", "atanh"]
    for f in drawn(formulas(["x"], narrow, max_size=6), 200):
        terrain_of(f, None).start(0)


def test_formulas_read_back():
    """A formula's text is read as the formula that it is."""
    for f in drawn(formulas(variables=["x", "b", "θ"]), 100):
        again = sn.Formula(str(f), f.variables)
        at = [0.5, 1.25, -0.75]
        assert np.array_equal(again(at), f(at), equal_nan=True), str(f)


def test_formulas_are_of_many_kinds():
    """Every function and every size comes, and no formula that is longer than asked for."""
    found = drawn(formulas(max_size=5), 800)
    text = " ".join(map(str, found))
    assert [name for name in DEFAULT_FUNCTIONS if f"{name}(" not in text] == []
    sizes = Counter(
        sum(line.op not in {"var", "const", "lt"} for line in f.program.lines) for f in found
    )
    assert set(sizes) == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (lambda _: True, "x"),
        (lambda f: "y" in str(f), "y"),
        (lambda f: "exp" in str(f), "exp(x)"),
        (lambda f: "sin" in str(f) and "log" in str(f), "log(sin(x))"),
        (lambda f: "/" in str(f), "1/x"),
        (lambda f: "where" in str(f), "where(x < y, x + x, x)"),
    ],
)
def test_formulas_shrink_to_something_readable(condition, text):
    """The smallest formula with a property is about as short as one can write it."""
    smallest = str(find(formulas(), condition, settings=QUIET))
    assert len(smallest) <= len(text) + 2, smallest


def test_only_the_functions_asked_for_come():
    """Functions, variables and their order are those that were asked for."""
    found = drawn(formulas(variables=["t"], functions=["besselj", "arctan2", "clip"]), 60)
    assert all(f.variables == ("t",) for f in found)
    text = " ".join(map(str, found))
    assert all(name in text for name in ("besselj", "atan2", "min(max("))
    assert not any(f"{name}(" in text for name in ("sin", "exp", "log"))
    plain = {"add", "sub", "mul", "div", "pow", "var", "const"}
    for f in drawn(formulas(functions=[]), 60):
        assert plain.issuperset(line.op for line in f.program.lines)


@pytest.mark.parametrize("name", sorted({f.name for f in FUNCTIONS.values()}))
def test_every_function_of_numbers_can_be_drawn(name):
    """Each function of the grammar that takes numbers is drawn; the others are refused."""
    function = FUNCTIONS[name]
    if (("c" in function.takes or function.gives_condition) and name != "where") or name in {
        "Rational",
        "Piecewise",
    }:
        with pytest.raises(sn.UsageError, match="no function of numbers"):
            formulas(functions=[name])
        return
    plain = {"add", "sub", "mul", "div", "pow", "var", "const"}
    called = (
        (lambda _: True)
        if name in _ARITHMETIC
        else (lambda f: not plain.issuperset(line.op for line in f.program.lines))
    )
    assert find(formulas(["x"], [name]), called, settings=QUIET).variables == ("x",)


# Functions that are written out in arithmetic.
_ARITHMETIC = {"square", "power", "exp2"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"functions": ["sine"]}, "there is no function 'sine'"),
        ({"functions": "sin"}, "functions is 'sin'; a list"),
        ({"functions": [1]}, "there is no function 1"),
        ({"functions": ["And"]}, "'And' is no function of numbers"),
        ({"variables": "xy"}, "variables is 'xy'; a list"),
        ({"variables": []}, "variables is []; a list"),
        ({"variables": ["x", "x"]}, "x"),
        ({"variables": ["not a name"]}, "not a name"),
        ({"max_size": -1}, "max_size is -1"),
        ({"max_size": True}, "max_size is True"),
    ],
)
def test_bad_requests_for_formulas_are_refused(options, says):
    """What can't be drawn is refused when the strategy is made, in a sentence."""
    with pytest.raises(SymnumError) as caught:
        formulas(**options)
    assert says in str(caught.value)


# --- points --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "simplest"),
    [
        ("x", [0.0]),
        ("log(x)", [1.0]),
        ("1/x", [1.0]),
        ("sqrt(-x)", [-1.0]),
        ("log(x - 2)", [3.0]),
        ("sqrt(x*y)/y", [1.0, 1.0]),
        ("acosh(x/50)", [100.0]),
    ],
)
def test_points_shrink_to_the_simplest_one(text, simplest):
    """The simplest point is the first of 0, 1, -1, 2, ... that lies in the domain."""
    assert find(points(text), lambda _: True, settings=QUIET).tolist() == simplest


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("log(x - 2)", 2.0),
        ("sqrt(x - 5/3)", 5 / 3),
        ("1/(x - 1/3)", 1 / 3),
        ("asin(x/2)", 2.0),
        ("tan(x)", np.pi / 2),
        ("abs(x - 1/7)", 1 / 7),
        ("max(x, x**2)", 1.0),
        ("where(x < 1/3, x, x**2)", 1 / 3),
        ("floor(x) + x", 1.0),
        ("cbrt(x - 4)", 4.0),
        ("exp(x) - 2", np.log(2)),
        ("log(x/3)", 3.0),
        ("gamma(x)", 0.0),
    ],
)
def test_points_seek_edges_kinks_and_cancellation(text, near):
    """Some of 300 points lie within a few dozen ulps of the place where something happens."""
    found = np.array(drawn(points(text), 300)).ravel()
    distance = np.abs(found - near)
    assert np.min(distance) <= 64 * max(np.spacing(abs(near)), 2.0**-52)


def test_points_reach_all_sizes():
    """Without a box points are as large as 1e100, as small as 1e-100; a box they stay inside."""
    wide = np.abs(np.array(drawn(points("x"), 600)).ravel())
    assert np.max(wide) >= 1e100
    assert 0 < np.min(wide[wide > 0]) <= 1e-100
    inside = np.array(drawn(points("x*y", [(-2, 5), (0, 1)]), 300))
    assert np.all((inside >= [-2, 0]) & (inside <= [5, 1]))
    assert np.min(np.abs(inside[inside != 0])) >= 2.0**-52
    assert {-2.0, 5.0} <= set(inside[:, 0].tolist())


def test_points_are_never_outside():
    """Domains of awkward shapes are never left, not even by an ulp."""
    for text in ("sqrt(1 - x**2 - y**2)", "log(x*y - 1/3)", "asin(x + y)*acosh(y)", "x**0.5/(x-y)"):
        f = sn.Formula(text)
        found = np.array(drawn(points(f), 150))
        assert set(map(str, f.exact(found).status)) <= {"certified", "zero"}, text
        assert len(np.unique(found, axis=0)) > 30


def test_kinks_belong_to_the_domain_and_jumps_and_edges_do_not():
    """0 is a point of |x|, and none of sign(x), sqrt(x) and floor(x)."""
    box = np.array([[-3.0, 3.0]])
    zero = np.array([0.0])
    for text in ("abs(x)", "max(x, 2x)", "where(x < 0, 0, x)", "cbrt(x)", "hypot(x, x)"):
        assert terrain_of(sn.Formula(text), box).contains(zero), text
    for text in ("sign(x)", "sqrt(x)", "floor(x)", "1/x", "x**0.5", "where(x < 0, 0, 1)", "x/x"):
        assert not terrain_of(sn.Formula(text), box).contains(zero), text


def test_many_variables_and_several_outputs():
    """A thousand variables are drawn few at a time; several outputs share their domain."""
    n = 1_000
    f = sn.Formula("+".join(f"log(x{i})" for i in range(n)))
    for point in drawn(points(f), 10):
        assert point.shape == (n,)
        assert np.all(point > 0)
    pair = sn.Formula(["sqrt(x)", "sqrt(1 - x)"])
    found = np.array(drawn(points(pair), 60))
    assert np.all((found > 0) & (found < 1))


def test_places_are_those_of_the_program():
    """Each operation that isn't smooth names its expression, and constant parts none."""
    found = terrain_of(sn.Formula("sqrt(x) + abs(y) + sqrt(2)*x**2"), None).places
    assert Counter(place.kind for place in found) == {
        Kind.EDGE: 1,
        Kind.KINK: 1,
        Kind.CANCELLATION: 2,
    }


@pytest.mark.parametrize(
    ("text", "domain", "says"),
    [
        ("2", None, "has no variables"),
        ("log(-1 - x**2)", None, "no point was found where log(-1 - x**2) is defined"),
        ("log(x)", [(-2, -1)], "in the domain given"),
        ("x", [(1, 0)], "empty or not finite"),
        ("x", [(0, float("nan"))], "empty or not finite"),
        ("x", [(1, 2, 3)], "shape (1, 3)"),
        ("x", "abc", "domain must be real numbers"),
        ("x", {"y": (0, 1)}, "domain names 'y'"),
        ("x*y", {"y": (0, 1)}, "says nothing about x"),
        ("x*", None, "x*"),
    ],
)
def test_bad_requests_for_points_are_refused(text, domain, says):
    """A domain that is none, or holds nothing, is said when the strategy is made."""
    with pytest.raises(SymnumError) as caught:
        points(text, domain)
    assert says in str(caught.value)


# --- schemes -------------------------------------------------------------------------------------


def test_schemes_are_of_every_family():
    """All five families come, with and without steps; each text reads back."""
    found = drawn(schemes(), 300)
    assert {s.name for s in found} == {"central", "forward", "backward", "complex", "richardson"}
    assert {s.h is None for s in found} == {True, False}
    assert all(sn.parse_scheme(str(s)) == s for s in found)
    assert max(s.accuracy for s in found) == 8
    second = drawn(schemes(derivative_order=2, max_accuracy=3), 100)
    assert {s.derivative_order for s in second} == {2}
    assert {s.accuracy for s in second} == {1, 2, 3}
    assert {s.name for s in drawn(schemes(max_accuracy=1), 30)} == {"forward", "backward"}


def test_schemes_shrink():
    """The simplest scheme is the central difference."""
    assert str(find(schemes(), lambda _: True, settings=QUIET)) == "central:2"
    assert str(find(schemes(), lambda s: s.h is not None, settings=QUIET)) == "central:2@0.1"
    with pytest.raises(sn.UsageError, match="derivative order"):
        schemes(derivative_order=0)


# --- the package ---------------------------------------------------------------------------------


def test_names_are_loaded_lazily_and_typed():
    """The names under TYPE_CHECKING are those of `_HOMES`, which make up `__all__`."""
    assert symnum.testing.__all__ == sorted(symnum.testing._HOME)
    source = Path(symnum.testing.__file__).read_text(encoding="utf-8")
    for name, module in symnum.testing._HOME.items():
        assert f"    from {module} import {name}\n" in source
        assert getattr(symnum.testing, name).__name__ == name
    assert set(symnum.testing.__all__) <= set(dir(symnum.testing))


@pytest.mark.parametrize("name", symnum.testing.__all__)
def test_names_are_documented(name):
    """Each name has a docstring with an example, names its parameters, and is in the reference."""
    value = getattr(symnum.testing, name)
    text = inspect.getdoc(value) or ""
    assert ">>> " in text.partition("Examples\n--------\n")[2]
    assert all(parameter in text for parameter in inspect.signature(value).parameters)
    assert f"`{name}" in (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_without_hypothesis_the_error_says_what_to_install():
    """Where Hypothesis is missing, a strategy's name is refused with what to install."""
    code = (
        "import sys\n"
        "sys.modules['hypothesis'] = None\n"
        "import symnum, symnum.testing\n"
        "from symnum.testing import PlantedBug\n"
        "for name in ('formulas', 'points', 'schemes', 'derivative_property'):\n"
        "    try: getattr(symnum.testing, name)\n"
        "    except symnum.UsageError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4, done.stderr
    assert all("pip install" in line and "needs Hypothesis" in line for line in lines)
