"""FPBench's formulas as the corpus spells them: needless brackets, SymPy's Piecewise and all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symnum import zoo
from symnum.formula.parse import parse
from symnum.formula.program import Builder, Program

ORIGINALS = json.loads(
    (Path(__file__).parent / "fpbench_original.json").read_text(encoding="utf-8")
)


def same(one: Program, other: Program) -> bool:
    """Tell whether two Programs do the same operations on the same things, in whatever order."""
    builder = Builder(one.n_variables)
    variables = [builder.var(i) for i in range(one.n_variables)]
    return builder.inline(one, variables) == builder.inline(other, variables)


def test_every_original_is_in_the_zoo():
    """The zoo's FPBench collection and the original texts are the same problems."""
    assert [record["name"] for record in ORIGINALS] == zoo.names("fpbench")


@pytest.mark.parametrize("record", ORIGINALS, ids=lambda r: r["name"])
def test_original_parses_to_the_zoos_program(record):
    """The original text parses unchanged, and the zoo's clean one does the same operations."""
    problem = zoo.get(record["name"])
    original, labels = parse([record["formula"]], record["variables"])
    assert labels == problem.variables
    assert same(original, problem.formula().program)


@pytest.mark.parametrize("record", ORIGINALS, ids=lambda r: r["name"])
def test_original_precondition_holds_on_the_sample(record):
    """What is drawn from box and precondition satisfies the original precondition, which parses."""
    condition = record["precondition"]
    if condition is None:
        return
    problem = zoo.get(record["name"])
    from symnum import Formula

    inside = Formula(f"where({condition}, 1, 0)", variables=record["variables"])
    assert (inside(problem.sample(20)) == 1).all()


def test_planted_difference_is_seen():
    """Planted: `same` tells another order of operations, and another constant, apart."""
    one, _ = parse(["x*y*2"], ["x", "y"])
    for text in ("x*(y*2)", "x*y*3", "y*x*2"):
        assert not same(one, parse([text], ["x", "y"])[0])
    assert same(one, parse(["(((x)*y))*2.0"], ["x", "y"])[0])
