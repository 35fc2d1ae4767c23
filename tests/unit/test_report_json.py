"""JSON: strict, complete, and readable back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from symnum.differences.schemes import Scheme, central
from symnum.differences.sweep import Sweep
from symnum.errors import DomainError, LimitError, ParseError, UsageError
from symnum.report.json import error_to_json, sweep_from_json, sweep_to_json
from tests.unit.report_samples import (
    crossing_sweep,
    cubic_sweep,
    kink_sweep,
    many_sweep,
    quadratic_sweep,
    several_sweep,
)

SAMPLES = [
    cubic_sweep(),
    quadratic_sweep(),
    crossing_sweep(),
    kink_sweep(),
    several_sweep(),
    many_sweep(),
]


def strict(text):
    """Parse JSON as strictly as anybody does."""

    def refuse(name):
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("sweep", SAMPLES)
def test_a_sweep_reads_back_equal(sweep):
    """A sweep written as JSON loads back into an equal one, NaN and infinities included."""
    assert sweep_from_json(sweep_to_json(sweep)) == sweep
    assert Sweep.from_json(sweep.to_json()) == sweep


@pytest.mark.parametrize("sweep", SAMPLES)
def test_the_document_is_strict_ascii_json(sweep):
    """The document has no NaN or Infinity literal and no letter outside ASCII."""
    text = sweep_to_json(sweep)
    strict(text)
    assert text.isascii()


def test_the_keys_are_those_of_the_schema():
    """Every key that the schema names is there."""
    document = strict(sweep_to_json(quadratic_sweep()))
    assert {"kind", "formula", "variables", "points"} <= document.keys()
    assert document["kind"] == "sweep"
    assert document["formula"] == "0.01*x**2 + 0.1*x"
    [point] = document["points"]
    assert point["at"] == {"x": 5.0}
    assert point["component"] == {"output": 0, "variable": "x"}
    assert point["exact"].keys() == {"status", "hi", "lo", "digits", "radius", "left", "right"}
    assert point["exact"]["digits"] == "0.200000000000000000000000000000"
    [scheme] = point["schemes"]
    assert scheme["scheme"] == "central:2"
    assert scheme["accuracy"] == 2
    along = ("h", "approximation", "error", "truncation", "step_rounding", "evaluation")
    for key in (*along, "arithmetic", "status"):
        assert len(scheme[key]) == 61
    numbers = ("noise_ulps", "best_h", "best_error", "predicted_error")
    assert all(isinstance(scheme[key], float) for key in numbers)
    assert (scheme["observed_order"], scheme["predicted_h"]) == ("nan", "inf")


def test_points_and_components_are_flattened():
    """Points x components form one list, the point outermost; parts and error are signed."""
    document = strict(sweep_to_json(many_sweep()))
    seen = [
        (p["at"]["x"], p["component"]["output"], p["component"]["variable"])
        for p in document["points"]
    ]
    assert seen == [(x, i, v) for x in (1.0, 2.0, 3.0) for i in (0, 1) for v in ("x", "y")]
    errors = [e for p in document["points"] for s in p["schemes"] for e in s["error"]]
    assert min(errors) < 0 < max(errors)


def test_awkward_sweeps_read_back():
    """No points, no runs, no variables, signed zeros and schemes made by hand survive."""
    sweep = cubic_sweep()
    run = sweep.runs[0]
    bare = replace(sweep, runs=())
    third = Scheme("mine", 1, 1, (Fraction(-1, 3), Fraction(0)), (Fraction(-3), Fraction(3)))
    fixed = replace(run, scheme=central(4, h=1e-4), error=-0.0 * run.error)
    cut = {name: getattr(run, name)[:0] for name in run.__dataclass_fields__ if name != "scheme"}
    exact = type(sweep.exact)(*(field[:0] for field in sweep.exact.fields()))
    none = replace(sweep, points=sweep.points[:0], exact=exact, runs=(replace(run, **cut),))
    for given in (bare, replace(sweep, runs=(replace(run, scheme=third), fixed)), none):
        back = sweep_from_json(sweep_to_json(given))
        assert back == given
        for one, other in zip(given.runs, back.runs, strict=True):
            assert np.array_equal(np.signbit(one.error), np.signbit(other.error))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ParseError("what is this?", "2 + * x", 4, "write 2 + x"),
            {"error": "parse", "message": "what is this?; write 2 + x", "column": 4},
        ),
        (
            LimitError("too long", "x" * 9, 3),
            {"error": "limit", "message": "too long", "column": 3},
        ),
        (LimitError("too long"), {"error": "limit", "message": "too long", "column": None}),
        (DomainError("x is nan"), {"error": "domain", "message": "x is nan", "column": None}),
        (UsageError("no \x1b[31m"), {"error": "usage", "message": r"no \x1b[31m", "column": None}),
    ],
)
def test_errors_are_documents(error, expected):
    """An error is one JSON document with its kind, its sentence and its column."""
    text = error_to_json(error)
    assert strict(text) == {"kind": "error", **expected}
    assert text.isascii()
    assert text.isprintable()


def edited(change):
    """Return the JSON of a small sweep after a change."""
    document = json.loads(sweep_to_json(cubic_sweep(steps=[0.1, 0.2])))
    change(document)
    return json.dumps(document)


def put(path, value):
    """Return a change that puts a value at a path."""

    def change(document):
        for key in path[:-1]:
            document = document[key]
        if value is KeyError:
            del document[path[-1]]
        else:
            document[path[-1]] = value

    return change


RUN = ("points", 0, "schemes", 0)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("kind",), "derivative", "\"kind\" is 'derivative'"),
        (("kind",), KeyError, '"kind" is None'),
        (("schema",), 2, '"schema" is 2; this version reads 1'),
        (("formula",), 3, '"formula" is 3; it must be a list'),
        (("variables",), [1], r"variables\[0\] is 1; it must be a text"),
        (("points",), {}, '"points" is an object; it must be a list'),
        (("points",), [], '"points" has 0 entries; 1 points of 1 components were announced'),
        (("points", 0), 1, r"points\[0\] is 1; it must be an object"),
        (("point_count",), True, '"point_count" is True; it must be a whole number'),
        (("point_count",), -1, "-1 points"),
        (("components", 0, "output"), 1, "is not one of this formula's"),
        (("components", 0, "variable"), "z", "is not one of this formula's"),
        (("derivative_order",), 0, '"derivative_order" is 0; it counts from 1'),
        (("function",), 1, '"function" is 1'),
        (("environment", "python"), 3, "environment"),
        (("points", 0, "at", "x"), KeyError, r"points\[0\].at\['x'\] is None"),
        (("points", 0, "exact", "status"), "maybe", "'maybe' is not a status"),
        (("points", 0, "exact", "hi"), "1", r"points\[0\].exact.hi is '1', which is not a number"),
        ((*RUN, "status", 0), "zero", "'zero' is not a status"),
        ((*RUN, "status", 0), [], "a list is not a status"),
        ((*RUN, "error"), [1.0], r"schemes\[0\].error has 1 entries; 2 steps were announced"),
        ((*RUN, "error", 1), None, r"schemes\[0\].error\[1\] is None, which is not a number"),
        ((*RUN, "h", 1), 10**400, "a number of more than 60 digits, which is not a number"),
        ((*RUN, "best_h"), "big", r"best_h is 'big'"),
        (("points", 0, "schemes"), [], r"points\[0\].schemes\[0\] is missing"),
        (("schemes", 0, "weights", 0), "1/0", "'1/0', which is not a fraction"),
        (("schemes", 0, "weights", 0), "1e999999999", "which is not a fraction"),
        (("schemes", 0, "weights", 0), "1/2", r"schemes\[0\]: these weights don't approximate"),
        (("schemes", 0, "steps"), 10**12, "not a number of steps"),
        (("schemes", 0, "complex"), 1, "must be true or false"),
        (("schemes", 0, "fixed_h"), -1, r"schemes\[0\]: a step h is a finite positive number"),
    ],
)
def test_a_wrong_document_is_refused(path, value, message):
    """What is wrong with a document, and where, is a UsageError's sentence."""
    with pytest.raises(UsageError, match=message):
        sweep_from_json(edited(put(path, value)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this is not JSON"),
        ("{", "this is not JSON"),
        ("[]", "the document is a list; it must be an object"),
        ('{"kind": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("\x00", "this is not JSON"),
        (b"{}", "the JSON of a sweep is b'{}'; it must be a text"),
    ],
)
def test_what_is_not_a_document_is_refused(text, message):
    """Text that isn't JSON, or isn't an object, is refused by name."""
    with pytest.raises(UsageError, match=message):
        sweep_from_json(text)


def test_announced_sizes_take_no_memory():
    """A document that announces a billion steps is refused before anything of that size is made."""
    with pytest.raises(UsageError, match="1000000000 steps were announced"):
        sweep_from_json(edited(put(("schemes", 0, "steps"), 10**9)))


def test_digits_agree_with_hi_and_lo():
    """The digits are those of hi + lo."""
    for point in strict(sweep_to_json(cubic_sweep((1 / 3, 1e-7, 12345.678))))["points"]:
        exact = point["exact"]
        value = Fraction(exact["hi"]) + Fraction(exact["lo"])
        assert abs(Fraction(exact["digits"]) - value) <= abs(value) * Fraction(1, 10**29)
        assert math.isfinite(exact["hi"])
