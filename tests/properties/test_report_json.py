"""JSON round trips, for sweeps of any content."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from symnum.differences.schemes import backward, central, complex_step, forward, richardson
from symnum.differences.sweep import Component, Run, StepStatus, Sweep
from symnum.errors import UsageError
from symnum.formula.exact import Exact
from symnum.formula.status import Status
from symnum.report.json import sweep_from_json, sweep_to_json

SCHEMES = st.sampled_from(
    [central(), central(4, 2), forward(3), backward(), complex_step(h=1e-20), richardson(8, 3)]
)
FLOATS = st.floats(width=64)  # NaN, infinities, signed zeros and subnormals too


def doubles(shape, elements=FLOATS):
    """Draw a float64 array."""
    return arrays(np.float64, shape, elements=elements)


def words(shape, kind):
    """Draw an array of statuses."""
    return arrays(object, shape, elements=st.sampled_from(list(kind)))


@st.composite
def runs(draw, points, components):
    """Draw a run over some points and components."""
    steps = draw(st.integers(0, 3))
    long, short = (points, components, steps), (points, components)
    along = ("h", "approximation", "error", "truncation", "step_rounding", "evaluation")
    along = (*along, "arithmetic", "radius")
    single = ("crossing", "observed_order", "noise_ulps", "best_h", "best_error")
    single = (*single, "predicted_h", "predicted_error")
    return Run(
        scheme=draw(SCHEMES),
        status=draw(words(long, StepStatus)),
        **{name: draw(doubles(long)) for name in along},
        **{name: draw(doubles(short)) for name in single},
    )


@st.composite
def sweeps(draw):
    """Draw a sweep of any content."""
    variables = draw(st.lists(st.text(max_size=4), max_size=3, unique=True))
    formula = draw(st.lists(st.text(max_size=8), min_size=1, max_size=2))
    components = [Component(i, v) for i in range(len(formula)) for v in variables]
    points, width = draw(st.integers(0, 3)), len(components)
    exact = [draw(doubles((points, width))) for _ in range(5)]
    exact.insert(3, draw(words((points, width), Status)))
    return Sweep(
        formula=tuple(formula),
        variables=tuple(variables),
        points=draw(doubles((points, len(variables)))),
        components=tuple(components),
        exact=Exact(*exact),
        runs=tuple(draw(st.lists(runs(points, width), max_size=2))),
        derivative_order=draw(st.integers(1, 5)),
        function=draw(st.none() | st.text(max_size=5)),
        environment=draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)),
    )


def refuse(name):
    """Refuse NaN, Infinity and -Infinity, which are not JSON."""
    raise AssertionError(name)


@given(sweeps())
def test_every_sweep_reads_back_equal(sweep):
    """Whatever numbers and names a sweep holds, its JSON is strict and loads back equal."""
    text = sweep_to_json(sweep)
    json.loads(text, parse_constant=refuse)
    assert sweep_from_json(text) == sweep


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def damaged(draw):
    """Draw the JSON of a sweep with one value, anywhere, replaced."""
    document = json.loads(sweep_to_json(draw(sweeps())))
    place = document
    for _ in range(draw(st.integers(0, 6))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not draw(st.booleans()):
            place[key] = draw(JSON)
            break
        place = place[key]
    return json.dumps(document)


@given(damaged() | st.text(max_size=20) | JSON.map(json.dumps))
def test_damaged_documents_never_crash(text):
    """A damaged document loads or is refused with a UsageError; nothing else ever comes out."""
    try:
        sweep_from_json(text)
    except UsageError as error:
        assert str(error)
