"""Gradients of thousands of parameters of code without a formula."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from symnum import check

N = 2000
WEIGHTS = np.random.default_rng(1).normal(size=N)
POINT = np.random.default_rng(2).normal(size=N)


def f(x):
    """Return a sum that a branch on the data keeps from being traced."""
    total = np.sum(np.tanh(x * WEIGHTS))
    return total if x[0] < 1e9 else -total


def gradient(x):
    """Return its gradient."""
    return WEIGHTS / np.cosh(x * WEIGHTS) ** 2


def changed(change):
    """Return the gradient with a change made to it."""

    def wrong(x):
        result = gradient(x)
        change(result)
        return result

    return wrong


def test_a_right_gradient_passes():
    """A right gradient of 2,000 parameters is ok, and the limit is stated for each."""
    verdict = check(f, gradient, at=POINT)
    assert bool(verdict), str(verdict)
    assert len(verdict.detection_limit) == N
    assert np.median(verdict.detection_limit) < 1e-9


def zero(g):
    """One entry is 0."""
    g[777] = 0.0


def flip(g):
    """One entry has the wrong sign."""
    g[777] *= -1


def swap(g):
    """Two entries change places."""
    g[[5, 900]] = g[[900, 5]]


def double(g):
    """Three entries are doubled."""
    g[[1, 77, 1999]] *= 2


@pytest.mark.parametrize(
    ("change", "components", "cause"),
    [
        (zero, {777}, "zero"),
        (flip, {777}, "sign"),
        (swap, {5, 900}, "swapped"),
        (double, {1, 77, 1999}, "factor"),
    ],
)
def test_wrong_entries_are_named(change, components, cause):
    """The wrong entries, and what they have in common."""
    verdict = check(f, changed(change), at=POINT)
    assert (verdict.status, verdict.cause) == ("wrong", cause), str(verdict)
    assert set(verdict.components) == components


@pytest.mark.parametrize(("factor", "cause"), [(-1.0, "sign"), (0.5, "factor"), (0.0, "zero")])
def test_a_factor_of_the_whole_gradient(factor, cause):
    """A factor throughout is said to be one."""
    verdict = check(f, lambda x: factor * gradient(x), at=POINT)
    assert (verdict.status, verdict.cause) == ("wrong", cause)
    assert len(verdict.components) == N


def test_arrays_of_a_model_keep_their_names():
    """A wrong entry of a dict of arrays is named as it is indexed."""
    inputs = np.random.default_rng(3).normal(size=(5, 20))

    def loss(p):
        hidden = np.tanh(inputs @ p["W1"] + p["b1"])
        total = np.sum(hidden**2)
        return total if total > -1 else -total

    def slopes(p):
        hidden = np.tanh(inputs @ p["W1"] + p["b1"])
        back = 2 * hidden * (1 - hidden**2)
        dw = inputs.T @ back
        dw[5, 2] *= 1.1
        return {"W1": dw, "b1": back.sum(axis=0)}

    at = {"W1": np.random.default_rng(4).normal(size=(20, 3)), "b1": np.zeros(3)}
    verdict = check(loss, slopes, at=at)
    assert verdict.status == "wrong", str(verdict)
    assert [verdict.names[k] for k in verdict.components] == ["W1[5,2]"]
    assert verdict.cause_detail == "given/exact = 11/10"


def test_guards_come_first():
    """A gradient that writes into its argument is told so."""

    def writes(x):
        result = gradient(x)
        x[0] = 7.0
        return result

    assert check(f, writes, at=POINT).cause == "mutates"


INPUTS = np.random.default_rng(5).normal(size=(6, 10))
ARRAYS = {
    "W1": np.random.default_rng(6).normal(size=(10, 8)) / 3,
    "b1": np.random.default_rng(7).normal(size=8),
    "W2": np.random.default_rng(8).normal(size=(8, 8)) / 3,
    "b2": np.random.default_rng(9).normal(size=8),
}


def network(p):
    """Return the loss of a network of two layers, which can't be looked into."""
    p = {name: np.frombuffer(array("d", a.ravel())).reshape(a.shape) for name, a in p.items()}
    first = np.tanh(INPUTS @ p["W1"] + p["b1"])
    return float(np.sum((first @ p["W2"] + p["b2"]) ** 2))


def backward(p):
    """Return its gradient."""
    first = np.tanh(INPUTS @ p["W1"] + p["b1"])
    second = 2 * (first @ p["W2"] + p["b2"])
    before = (second @ p["W2"].T) * (1 - first**2)
    return {
        "W1": INPUTS.T @ before,
        "b1": before.sum(axis=0),
        "W2": first.T @ second,
        "b2": second.sum(axis=0),
    }


WHOLE = {
    "zeroed": (np.zeros_like, "zero", "{}: all of its {} entries are 0, and the derivative is not"),
    "sign": (lambda a: -a, "sign", "{}: all of its {} entries have the wrong sign"),
    "scaled": (
        lambda a: 1.01 * a,
        "factor",
        "{}: all of its {} entries are off by one factor: given/exact = 101/100",
    ),
    "transposed": (lambda a: a.T.reshape(a.shape), "transposed", "{}: it is transposed"),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["dict", "list"])
@pytest.mark.parametrize(
    ("change", "name"),
    [(c, n) for c in WHOLE for n in ARRAYS if c != "transposed" or ARRAYS[n].ndim > 1],
)
def test_an_array_that_is_wrong_as_a_whole_is_named(change, name, kind, seed):
    """By its name, and not by some of its entries."""
    changed_by, cause, detail = WHOLE[change]

    def wrong(p):
        g = backward(p)
        return g | {name: changed_by(g[name])}

    if kind == "dict":
        verdict = check(network, wrong, at=ARRAYS, seed=seed)
    else:
        named = dict.fromkeys(ARRAYS)
        verdict = check(
            lambda arrays: network(dict(zip(named, arrays, strict=True))),
            lambda arrays: list(wrong(dict(zip(named, arrays, strict=True))).values()),
            at=list(ARRAYS.values()),
            seed=seed,
        )
    shown = name if kind == "dict" else f"[{list(ARRAYS).index(name)}]"
    size = ARRAYS[name].size
    assert (verdict.status, verdict.cause) == ("wrong", cause), str(verdict)
    assert verdict.cause_detail.startswith(detail.format(shown, size)), str(verdict)
    assert {verdict.names[k] for k in verdict.components} == {
        n for n in verdict.names if n.startswith(f"{shown}[")
    }
    assert f"wrong: all {size} components of {shown}\n" in str(verdict)
    assert verdict.evaluations <= 120


def test_two_arrays_and_an_entry_are_named_together():
    """Each with what is wrong with it."""

    def wrong(p):
        g = backward(p)
        g["W2"][3, 4] = 0.0
        return g | {"W1": -g["W1"], "b2": 0.5 * g["b2"]}

    verdict = check(network, wrong, at=ARRAYS)
    assert verdict.status == "wrong", str(verdict)
    assert len(verdict.components) == 80 + 8 + 1
    assert "W1: all of its 80 entries have the wrong sign" in verdict.cause_detail
    assert "b2: all of its 8 entries are off by one factor" in verdict.cause_detail
    assert "besides, in W2[3,4]: it is 0 where the derivative is not" in verdict.cause_detail


def test_a_single_array_may_be_transposed():
    """Where it is all there is."""
    at = {"W": np.random.default_rng(1).normal(size=(6, 6))}
    weights = np.random.default_rng(2).normal(size=(6, 6))

    def f(p):
        x = np.frombuffer(array("d", p["W"].ravel())).reshape(6, 6)
        return float(np.sum(np.sin(weights * x)))

    verdict = check(f, lambda p: {"W": (weights * np.cos(weights * p["W"])).T}, at=at)
    assert (verdict.status, verdict.cause) == ("wrong", "transposed"), str(verdict)


def raising(x):
    """Return a sum of sines that can't be had everywhere."""
    if x[3] > 0.52:
        msg = "too large"
        raise ValueError(msg)
    return float(np.sum(np.sin(np.frombuffer(array("d", x)))))


def test_the_limit_is_said_to_hold_at_the_points_that_were_asked_for():
    """No box is searched, and it is the limit of one entry."""
    verdict = check(raising, np.cos, at=np.full(30, 0.4))
    assert "in any one component would have been seen at this point; no other was" in str(verdict)
    verdict = check(raising, np.cos, at=np.stack([np.full(30, 0.4), np.full(30, 0.3)]))
    assert "would have been seen at these 2 points; no other was tried" in str(verdict)


@pytest.mark.parametrize("change", [zero, lambda _: None])
def test_exceptions_beside_the_point_are_said(change):
    """They are left out of what is measured, right or wrong, and not kept quiet."""

    def gradient_of(x):
        result = np.resize(np.cos(x), N)
        change(result)
        return result

    at = np.full(N, 0.5)
    verdict = check(raising, gradient_of, at=at)
    assert verdict.status != "undecided"
    notes = [note for note in verdict.violations if "ValueError: too large" in note]
    assert len(notes) == 1, str(verdict)
    assert "calls beside the points, which were left out" in notes[0]


def opaque(x):
    """Return the numbers of an array, by a way that nobody can look into."""
    return np.frombuffer(np.asarray(x, dtype=float).tobytes())


def one_changed(gradient, k, change):
    """Return a gradient of which one entry is off by a factor."""

    def claimed(x):
        result = gradient(x)
        result[k] *= change
        return result

    return claimed


def sizes(seed, decades, n=N):
    """Return a sum of sines of variables of many sizes, its gradient, and a point."""
    rng = np.random.default_rng(seed)
    w, scale = rng.standard_normal(n), 10.0 ** rng.uniform(-decades, decades, n)
    return (
        lambda x: float(np.sum(np.sin(scale * opaque(x)))),
        lambda x: scale * np.cos(scale * x),
        w / scale,
    )


@pytest.mark.parametrize("decades", [1, 3, 8])
def test_variables_of_many_sizes_are_accused_in_steps_of_their_own(decades):
    """Steps of the largest variable cross periods of a small one, and average over them."""
    for seed in (*range(100, 120), 121, 125, 140, 364):
        f, gradient, point = sizes(seed, decades)
        verdict = check(f, gradient, at=point)
        assert verdict.status in ("ok", "undecided"), str(verdict)


@pytest.mark.parametrize("change", [None, 0.0, -1.0, 1.1])
def test_a_few_variables_of_other_sizes_are_not_accused(change):
    """A wrong entry is named among others, and no right one."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = 300
        few = np.arange(n) % 100 == 5
        scale = np.where(few, 10.0 ** rng.uniform(-10, 10, n), 1.0)
        k = int(rng.integers(n))

        def f(x, scale=scale):
            return float(np.sum(np.sin(scale * opaque(x))))

        def claimed(x, scale=scale, k=k):
            result = scale * np.cos(scale * x)
            result[k] *= 1.0 if change is None else change
            return result

        verdict = check(f, claimed, at=rng.standard_normal(n) / scale)
        if verdict.status == "wrong":
            assert change is not None, str(verdict)
            assert set(verdict.components) == {k}, str(verdict)


@pytest.mark.parametrize("change", [0.0, -1.0, 1.1])
def test_a_wrong_entry_is_named_where_sizes_differ_little(change):
    """One entry among variables of two decades of sizes."""
    for seed in range(20):
        f, gradient, point = sizes(seed, 1)
        k = 97 * seed + 11

        verdict = check(f, one_changed(gradient, k, change), at=point)
        assert (verdict.status, verdict.components) == ("wrong", (k,)), str(verdict)
        assert verdict.evaluations <= 140


def least_squares(seed):
    """Return a sum of squares, its gradient, and the point where all residuals are 0."""
    rng = np.random.default_rng(seed)
    n = 30 + 30 * (seed % 2)
    matrix = rng.standard_normal((n, n))
    point = rng.standard_normal(n)
    right = matrix @ point if seed % 4 > 1 else rng.standard_normal(n)
    if seed % 4 < 2:
        point = np.linalg.solve(matrix, right)
    return (
        lambda x: float(np.sum((matrix @ opaque(x) - right) ** 2)),
        lambda x: 2 * matrix.T @ (matrix @ x - right),
        point,
    )


def test_rounding_of_residuals_that_are_0_is_no_slip():
    """What the gradient moves by with the last digit of x is no difference from f."""
    for seed in (*range(20), 520, 595, 2186, 3720, 3918):
        f, gradient, point = least_squares(seed)
        verdict = check(f, gradient, at=point)
        assert verdict.status in ("ok", "undecided"), str(verdict)


@pytest.mark.parametrize("change", [0.0, -1.0, 1.1])
def test_away_from_the_optimum_a_wrong_entry_of_it_is_named(change):
    """The same functions have plain derivatives a little further on."""
    for seed in range(20):
        f, gradient, point = least_squares(seed)
        point = point + 0.1 * np.random.default_rng(seed).standard_normal(len(point))
        k = seed + 3

        verdict = check(f, one_changed(gradient, k, change), at=point)
        assert (verdict.status, verdict.components) == ("wrong", (k,)), str(verdict)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_one_wrong_entry_of_ten_thousand_is_cheap(share):
    """It takes some 50 evaluations, also where a share of the variables is 0."""
    n, prices = 10_000, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        w, b, k = rng.standard_normal(n), rng.standard_normal(n), int(rng.integers(n))
        point = np.where(rng.random(n) < share, 0.0, rng.standard_normal(n))

        def f(x, w=w, b=b):
            return float(np.sum(np.tanh(w * opaque(x) + b)))

        def claimed(x, w=w, b=b, k=k):
            result = w / np.cosh(w * x + b) ** 2
            result[k] = 0.0
            return result

        verdict = check(f, claimed, at=point)
        assert (verdict.status, verdict.components) == ("wrong", (k,)), str(verdict)
        prices.append(verdict.evaluations)
    assert np.median(prices) <= 55
    assert max(prices) <= 140
