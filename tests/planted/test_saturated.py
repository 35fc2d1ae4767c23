"""Derivatives that lose their digits to 1 - p where p is nearly 1, in code that can't be traced.

Right ones are never called wrong, at whatever points; a bug in the same functions is still seen.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from symnum import check


def sigmoid(x):
    """Return the logistic function."""
    try:
        return 1 / (1 + math.exp(-x))
    except OverflowError:
        return 0.0


def of_sigmoid(x):
    """Return its derivative from its value, which leaves nothing where that is 1."""
    p = sigmoid(x)
    return p * (1 - p)


def of_tanh(x):
    """Return the derivative of tanh from its value."""
    return 1 - math.tanh(x) ** 2


def of_softmax(x, y):
    """Return the gradient of the first of two probabilities."""
    most = max(x, y)
    a, b = math.exp(x - most), math.exp(y - most)
    p = a / (a + b)
    return p * (1 - p), -p * (1 - p)


def of_three(v):
    """Return the gradient of the first of three probabilities."""
    powers = [math.exp(float(x) - float(max(v))) for x in v]
    p = [power / sum(powers) for power in powers]
    return np.array([p[0] * (1 - p[0]), -p[0] * p[1], -p[0] * p[2]])


def of_weibull(x):
    """Return a density by its distribution, as books have it."""
    cumulative = 1 - math.exp(-((x / 2) ** 1.5))
    return 0.75 * (x / 2) ** 0.5 * (1 - cumulative)


def of_gompertz(x):
    """Return another one."""
    cumulative = 1 - math.exp(-0.5 * (math.exp(x) - 1))
    return 0.5 * math.exp(x) * (1 - cumulative)


def of_gumbel(x):
    """Return one more."""
    return math.exp(x) * (1 - (1 - math.exp(-math.exp(x))))


def of_log_logistic(x):
    """Return the last of them."""
    cumulative = x**3 / (1 + x**3)
    return 3 / x * cumulative * (1 - cumulative)


def of_survival(x):
    """Return minus the hazard of the normal distribution, by 1 - F."""
    cumulative = 0.5 * (1 + math.erf(x / math.sqrt(2)))
    density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return -density / (1 - cumulative) if cumulative < 1 else -x


def of_three_sigmoids(v):
    """Return the derivatives of three sigmoids."""
    return np.array([of_sigmoid(float(x)) for x in v])


def unit(w, b):
    """Return a unit of a network."""
    return np.tanh(3 * w[0] + 7 * w[1] + b)


def of_unit(w, b):
    """Return its gradient."""
    slope = of_tanh(float(3 * w[0] + 7 * w[1] + b))
    return {"w": np.array([3 * slope, 7 * slope]), "b": slope}


SIGMOID, SOFTMAX = "1/(1+exp(-x))", "exp(x)/(exp(x)+exp(y))"
SIGMOIDS = "1/(1+exp(-x0)) + 1/(1+exp(-x1)) + 1/(1+exp(-x2))"
WEIBULL, GOMPERTZ = "1-exp(-(x/2)**1.5)", "1-exp(-0.5*(exp(x)-1))"
LOG_LOGISTIC, SURVIVAL = "x**3/(1+x**3)", "log(0.5*erfc(x/sqrt(2)))"
Y_SIGMOID, Y3_TANH = "y/(1+exp(-x))", "y**3*tanh(x)"


def of_y_sigmoid(x, y):
    """Return a gradient in which a factor hides how 1 - p rounds."""
    return y * of_sigmoid(x), sigmoid(x)


def of_y3_tanh(x, y):
    """Return another one."""
    return y**3 * of_tanh(x), 3 * y * y * math.tanh(x)


def at(*points):
    """Return the options for given points."""
    return [{"at": [point]} for point in points]


def within(*boxes):
    """Return the options for boxes: one pair a variable."""
    return [{"domain": list(box) if isinstance(box[0], tuple) else [box]} for box in boxes]


WIDE = within((-100, 100), (-20, 20), (-40, 40), (30, 60), (-5, 500))
FAR = at(20.0, 30.0, 36.0, 40.0, 50.0, 100.0)
NEARER = within((0.01, 100), (1, 20), (20, 40))

# f, its derivative, and where it is tried.
RIGHT = {
    "sigmoid": (SIGMOID, of_sigmoid, WIDE + FAR),
    "expit": ("expit(x)", of_sigmoid, WIDE + FAR),
    "by exp": ("exp(x)/(1+exp(x))", of_sigmoid, WIDE[:4] + FAR),
    "code": (lambda x: 1 / (1 + math.exp(-x)), of_sigmoid, WIDE[:4] + FAR),
    "branches": (
        lambda x: 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x)),
        of_sigmoid,
        WIDE[:4] + FAR,
    ),
    "tanh": ("tanh(x)", of_tanh, WIDE + FAR[:2]),
    "log1p": ("log1p(exp(-x))", lambda x: sigmoid(x) - 1, WIDE[:4] + FAR),
    "softplus": ("log(1+exp(x))", lambda x: 1 - sigmoid(-x), WIDE[:3] + at(-30.0, -50.0)),
    "softmax": (
        SOFTMAX,
        of_softmax,
        within([(-20, 20)] * 2, [(-100, 100)] * 2, [(0, 300), (-1, 1)])
        + at([30.0, -10.0], [50.0, 0.0], [10.0, -26.0]),
    ),
    "of three": (
        "exp(x0)/(exp(x0)+exp(x1)+exp(x2))",
        of_three,
        [*within([(-40, 40)] * 3), {"at": np.array([40.0, 0.0, 1.0])}],
    ),
    "vector": (
        SIGMOIDS,
        of_three_sigmoids,
        [
            *within([(-40, 40)] * 3),
            {"at": np.array([50.0, -3.0, 1.0])},
            {"at": np.array([36.0, 30.0, -40.0])},
        ],
    ),
    "dict": (
        unit,
        of_unit,
        [
            {"at": {"w": np.array([1.0, 2.0]), "b": 0.5}},
            {"at": {"w": np.array([1.0, 2.5]), "b": -4.0}},
        ],
    ),
    "Weibull": (WEIBULL, of_weibull, NEARER + at(15.0, 25.0)),
    "Gompertz": (GOMPERTZ, of_gompertz, within((0, 10), (0, 5), (3, 5)) + at(4.0, 4.5)),
    "Gumbel": ("1-exp(-exp(x))", of_gumbel, within((-5, 10), (0, 5)) + at(3.5)),
    "log-logistic": (LOG_LOGISTIC, of_log_logistic, within((0.1, 1e4), (1, 1e6)) + at(1e5)),
    "normal": (SURVIVAL, of_survival, within((-5, 8), (0, 8.2)) + at(7.0, 8.0)),
    "exponential": ("1-exp(-x)", lambda x: 1 - (1 - math.exp(-x)), NEARER + at(30.0, 37.0)),
    "atan": ("atan(x)", lambda x: 1 - x * x / (1 + x * x), within((-1e6, 1e6)) + at(1e7, 1e8)),
    "y sigmoid": (Y_SIGMOID, of_y_sigmoid, within([(-60, 60), (-3, 3)], [(-20, 60), (0, 1e6)])),
    "y**3 tanh": (Y3_TANH, of_y3_tanh, within([(-60, 60), (-3, 3)])),
}


def cases(table):
    """Return each function and derivative of a table at each of its places."""
    return [
        pytest.param(f, derivative, options, id=f"{name}-{number}")
        for name, (f, derivative, places) in table.items()
        for number, options in enumerate(places)
    ]


@pytest.mark.parametrize(("f", "derivative", "options"), cases(RIGHT))
def test_lost_digits_are_no_mistake(f, derivative, options):
    """Where nothing is left of 1 - p it is inaccurate at worst."""
    for seed in range(2):
        verdict = check(f, derivative, seed=seed, **options)
        assert verdict.status != "wrong", str(verdict)


def times(factor, derivative, low=-math.inf, high=math.inf):
    """Return a derivative that is off by a factor, everywhere or between two points."""

    def wrong(x, *others):
        right = derivative(x, *others)
        if not low < x < high:
            return right
        return factor * right if np.ndim(right) == 0 else tuple(factor * part for part in right)

    return wrong


def instead(derivative, low, high, value):
    """Return a derivative that is another number between two points."""
    return lambda x: value if low < x < high else derivative(x)


def added(derivative, low, high, value):
    """Return a derivative with something added between two points."""
    return lambda x: derivative(x) + (value if low < x < high else 0.0)


def of_sigmoid_well(x):
    """Return the derivative of a sigmoid with all digits above 0."""
    return sigmoid(x) * sigmoid(-x)


def of_tanh_well(x):
    """Return that of tanh with all digits."""
    return math.cosh(x) ** -2.0


def second_off(v):
    """Return a gradient in which one component is off by a factor."""
    return of_three_sigmoids(v) * np.array([1.0, 1.01, 1.0])


BUGS = {
    "factor": (SIGMOID, times(1.01, of_sigmoid), WIDE[:3]),
    "small factor": (SIGMOID, times(1 + 1e-6, of_sigmoid), WIDE[:3]),
    "factor, tanh": ("tanh(x)", times(1.01, of_tanh), WIDE[:3]),
    "factor, softmax": (SOFTMAX, times(1.01, of_softmax), within([(-20, 20)] * 2)),
    "factor, Weibull": (WEIBULL, times(1.01, of_weibull), NEARER[:1]),
    "factor, Gompertz": (GOMPERTZ, times(1.01, of_gompertz), within((0, 10))),
    "factor, log-logistic": (LOG_LOGISTIC, times(1.01, of_log_logistic), within((0.1, 1e4))),
    "factor, normal": (SURVIVAL, times(1.01, of_survival), within((-5, 8))),
    "one factor of three": (SIGMOIDS, second_off, within([(-40, 40)] * 3)),
    "half": (lambda x: 1 / (1 + math.exp(-x)), times(0.5, of_sigmoid), WIDE[:3] + FAR[:1]),
    "sign": (SIGMOID, times(-1, of_sigmoid), WIDE[:3] + FAR[:1]),
    "sign in 1 %": (SIGMOID, times(-1, of_sigmoid, 3, 3.4), WIDE[1:2]),
    "sign in 1 % further out": (SIGMOID, times(-1, of_sigmoid, 14, 15), within((-50, 50))),
    "sign in 1 %, tanh": ("tanh(x)", times(-1, of_tanh, 5, 5.4), WIDE[1:2]),
    "sign in 1 %, Weibull": (WEIBULL, times(-1, of_weibull, 5, 6), NEARER[:1]),
    "0 in 1 %": (SIGMOID, instead(of_sigmoid, 14, 15, 0.0), within((-50, 50))),
    "cut off": (SIGMOID, instead(of_sigmoid, 15, math.inf, 0.0), WIDE[1:3]),
    "cut off, tanh": ("tanh(x)", instead(of_tanh, 9, math.inf, 0.0), WIDE[1:3]),
    "added": (SIGMOID, added(of_sigmoid, -math.inf, math.inf, 1e-3), WIDE[:3]),
    "another tail, tanh": ("tanh(x)", instead(of_tanh_well, 24, 25, 1e-20), within((-50, 50))),
    "another tail": (SIGMOID, instead(of_sigmoid_well, 44, 45, 1e-20), within((-50, 50))),
    "another value": ("tanh(x)", instead(of_tanh, 10, 11, 1e-20), within((-50, 50))),
    "slab, tanh": ("tanh(x)", added(of_tanh_well, 24, 25, 1e-20), within((-50, 50))),
    "slab": (SIGMOID, added(of_sigmoid_well, 47, 48, 1e-20), within((-50, 50))),
}


@pytest.mark.parametrize(("f", "derivative", "options"), cases(BUGS))
def test_a_bug_beside_lost_digits_is_seen(f, derivative, options):
    """What 1 - p does to its digits is no excuse for anything else."""
    for seed in range(3):
        verdict = check(f, derivative, seed=seed, **options)
        assert verdict.status == "wrong", str(verdict)
