"""The zoo: its names, its records, its samples."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

from symnum import zoo
from symnum.errors import LimitError, UsageError
from symnum.formula.formula import Formula
from symnum.formula.parse import parse
from symnum.formula.status import Status
from symnum.formula.unparse import unparse

PROBLEMS = zoo.problems()


def test_collections_have_their_sizes():
    """The zoo holds all of FPBench's 115, NIST's 27 and MGH's 18 problems, the latter twice."""
    sizes = {name: len(zoo.names(name)) for name in zoo.COLLECTIONS}
    assert sizes == {"classics": 37, "fpbench": 115, "nist": 27, "mgh": 36}
    assert len(zoo.names()) == sum(sizes.values())


def test_names_are_unique():
    """No two problems share a name, not even with other capitals."""
    assert len({name.lower() for name in zoo.names()}) == len(PROBLEMS)


def test_problems_come_in_the_order_of_their_names():
    """`problems()` and `names()` list the same, and `get` finds each."""
    assert [problem.name for problem in PROBLEMS] == zoo.names()
    assert zoo.get("Rosenbrock") == next(p for p in PROBLEMS if p.name == "Rosenbrock")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rosenbrock", "did you mean 'Rosenbrock'"),
        ("cav1", "'cav10'"),
        ("qqqqqqqqqq", "symnum.zoo.names() lists them"),
        ("", "symnum.zoo.names() lists them"),
        (7, "the zoo has no problem 7"),
        ("x" * 10_000, "symnum.zoo.names() lists them"),
        ("__import__('os')", "symnum.zoo.names() lists them"),
    ],
)
def test_unknown_name_is_refused_with_a_hint(name, hint):
    """An unknown name is a UsageError that says what is spelled alike."""
    with pytest.raises(UsageError) as caught:
        zoo.get(name)
    assert hint in str(caught.value)
    assert len(str(caught.value)) < 300


def test_unknown_collection_is_refused():
    """An unknown collection is a UsageError that lists those there are."""
    with pytest.raises(UsageError, match="there are classics, fpbench, nist, mgh"):
        zoo.names("fpbenhc")


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_record_is_complete_and_clean(problem):
    """Texts are in our own spelling, and box, points and parameters name the variables."""
    formula = problem.formula()
    texts = [problem.text] if isinstance(problem.text, str) else list(problem.text)
    assert unparse(*parse(texts, problem.variables)) == texts
    assert formula.shape == (() if isinstance(problem.text, str) else (len(texts),))
    assert problem.source
    assert problem.licence
    if problem.box is not None:
        assert tuple(problem.box) == problem.variables
        sides = [s for s in problem.box.values() if None not in s]
        assert all(low <= high for low, high in sides)
    assert set(problem.parameters) <= set(problem.variables)
    if problem.precondition is not None:
        Formula(f"where({problem.precondition}, 1, 0)", variables=problem.variables)
    for point in problem.points:
        assert set(point.at) == set(problem.variables)
        assert point.why
        assert len(point.status) in {0, len(problem.variables)}
        assert set(point.status) <= set(Status)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_sample_lies_in_the_box(problem):
    """Sampled points lie in the box, satisfy the precondition, and have a finite value."""
    points = problem.sample(10, seed=3)
    n = len(problem.variables)
    assert points.shape == ((10,) if n == 1 else (10, n))
    assert points.dtype == np.float64
    assert np.isfinite(problem.formula()(points)).all()
    columns = points.reshape(10, n).T
    for column, variable in zip(columns, problem.variables, strict=True):
        low, high = (problem.box or {}).get(variable, (None, None))
        assert low is None or (column >= low).all()
        assert high is None or (column <= high).all()
    if problem.precondition is not None:
        inside = Formula(f"where({problem.precondition}, 1, 0)", variables=problem.variables)
        assert (inside(points) == 1).all()


def test_sample_depends_on_its_seed_alone():
    """One seed gives one sample, another seed another, and a shorter one is its beginning."""
    problem = zoo.get("floudas1")
    first = problem.sample(300, seed=1)
    assert np.array_equal(first, problem.sample(300, seed=1))
    assert np.array_equal(first[:7], problem.sample(7, seed=1))
    assert not np.array_equal(first, problem.sample(300, seed=2))
    assert problem.sample(0).shape == (0, 6)
    assert zoo.get("sin").sample(0).shape == (0,)


def test_open_sides_are_drawn_over_many_decades():
    """An open side is sampled logarithmically, and both signs come where both sides are open."""
    wide = zoo.get("NMSE example 3.5").sample(200)
    assert np.abs(wide).min() < 1e-6
    assert np.abs(wide).max() > 1e6
    assert 0.3 < (wide > 0).mean() < 0.7
    assert (zoo.get("NMSE problem 3.3.6").sample(200) > 0).all()


@pytest.mark.parametrize(
    ("side", "median"), [((1.0, 1e6), 1e3), ((-1e6, -1.0), -1e3), ((None, -2.0), -3.0)]
)
def test_wide_and_half_open_sides(side, median):
    """A side over many decades is drawn logarithmically, and a half-open one keeps its end."""
    problem = zoo.Problem("one", "mine", "x", ("x",), {"x": side})
    points = problem.sample(4000)
    assert points.max() <= side[1]
    assert side[0] is None or points.min() >= side[0]
    assert 0.6 < np.median(points) / median < 1.7


def test_side_of_one_value_is_that_value():
    """A box without width gives its one value."""
    assert set(zoo.get("triangle").sample(20)[:, 0]) == {9.0}


def test_impossible_precondition_is_a_limit():
    """Where no point of the box will do, the search ends with a LimitError that says so."""
    problem = zoo.Problem("none", "mine", "x", ("x",), {"x": (0.0, 1.0)}, "x > 2")
    with pytest.raises(LimitError, match="only 0 satisfy the precondition 'x > 2'; 5 were"):
        problem.sample(5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "count is -1"),
        ((2.5,), "count is 2.5"),
        ((True,), "count is True"),
        (("3",), "count is '3'"),
        ((3, -1), "seed is -1"),
        ((3, None), "seed is None"),
    ],
)
def test_bad_count_or_seed_is_refused(arguments, message):
    """Count and seed are integers from 0 on; anything else is named."""
    with pytest.raises(UsageError, match=message):
        zoo.get("sin").sample(*arguments)


def test_precondition_is_read_and_not_run():
    """Executable text in a precondition or a formula is refused as a formula."""
    problem = zoo.Problem("bad", "mine", "x", ("x",), None, "__import__('os').system('true')")
    with pytest.raises(Exception, match="__import__") as caught:
        problem.sample(1)
    assert type(caught.value).__module__ == "symnum.errors"


def test_nobody_shares_a_problem():
    """What one caller does to a problem's dicts, the next caller doesn't see."""
    zoo.get("bowl").box.clear()
    zoo.get("Misra1a").parameters.clear()
    zoo.get("bowl").points[0].at["x0"] = 7.0
    assert zoo.get("bowl").box == {"x0": (-3.0, 3.0), "x1": (-3.0, 3.0)}
    assert zoo.get("Misra1a").parameters
    assert zoo.get("bowl").points[0].at["x0"] == 3.0


def test_problem_is_a_value():
    """A problem is frozen, hashable, and equal to its pickled copy."""
    problem = zoo.get("Rosenbrock")
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.name = "other"
    copy = pickle.loads(pickle.dumps(problem))
    assert copy == problem
    assert hash(copy) == hash(problem)
    assert copy != zoo.get("Beale")


def test_parameters_bind():
    """A model with its certified parameters is a formula of its observations alone."""
    for problem in zoo.problems("nist"):
        bound = problem.formula().bind(**problem.parameters)
        assert set(bound.variables) == set(problem.variables) - set(problem.parameters)


def test_duplicate_names_of_fpbench_are_told_apart():
    """FPBench's two formulas called logexp are both there."""
    assert {"logexp", "logexp-2"} <= set(zoo.names("fpbench"))


def test_licence_of_fpbench_is_shipped():
    """FPBench's licence lies beside the formulas that were taken from it."""
    text = resources.files("symnum.zoo").joinpath("LICENSE-FPBench").read_text("utf-8")
    assert "FPBench Project Contributors" in text
    assert "The above copyright notice and this permission notice shall be included" in text


def test_listing_the_zoo_loads_nothing_heavy():
    """Names and problems cost the standard library alone; formulas and samples load the rest."""
    code = (
        "import sys, symnum\n"
        "symnum.zoo.names(); symnum.zoo.problems()\n"
        "print(*{'numpy', 'sympy', 'flint', 'scipy', 'lark'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
