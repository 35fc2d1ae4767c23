"""Causes that were named for something else, and words that said more than was shown."""

import re

import numpy as np
import pytest

from symnum import Formula, check


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1e-6, 1e-10, 1e-13])
def test_noise_does_not_add_up(seed, size):
    """Small noise moves by about as much from call to call, and not by the same."""
    random = np.random.default_rng(seed)
    verdict = check("x**2 + x", lambda x: (2 * x + 1) * (1 + size * random.standard_normal()))
    assert verdict.cause == "random"


def test_what_adds_up_does():
    """The same amount at every call is still told from noise."""
    calls = []

    def gradient(x):
        calls.append(x)
        return 2 * x + 1e-8 * len(calls)

    verdict = check("x**2", gradient)
    assert verdict.cause == "stale"
    assert "add up" in verdict.cause_detail


@pytest.mark.parametrize("seed", range(3))
def test_a_tiny_constant_is_no_region(seed):
    """1e-17 beside 2x shows close to 0 only: that is where digits are lost, and no branch."""
    for f, derivative in (
        ("x**2", lambda x: 2 * x + 1e-17),
        ("x**3", lambda x: 3 * x**2 + 1e-17),
        ("x**3", lambda x: ((x + 1e-10j) ** 3).imag / 1e-10),
    ):
        verdict = check(f, derivative, seed=seed)
        assert verdict.cause is None
        assert verdict.status == "inaccurate"
        assert abs(verdict.worst.point[0]) < 1e-6
    added = check("x**2", lambda x: 2 * x + 1e-10, seed=seed)
    assert added.cause == "term"
    assert "1e-10 too large" in added.cause_detail


@pytest.mark.parametrize(
    ("f", "derivative", "domain"),
    [
        ("1/(1 + exp(x))", lambda x: -np.exp(x) / (1 + np.exp(x)) ** 2, (-10, 1000)),
        ("log(1 + exp(x))", lambda x: np.exp(x) / (1 + np.exp(x)), (0, 800)),
        ("exp(-x**2)", lambda x: -2 * x / np.exp(x**2) * np.exp(x) / np.exp(x), (0, 800)),
    ],
)
def test_overflow_is_no_region(f, derivative, domain):
    """What overflows to NaN is not finite, though it is 0 for a while before."""
    verdict = check(f, derivative, domain=[domain])
    assert verdict.cause == "nonfinite"


def test_a_step_is_no_single_precision():
    """0 and 1 are singles, and so is any answer of a branch."""
    f = "2*(exp(x) - 1 - x)/x"  # its own derivative is badly conditioned there
    verdict = check(f, lambda x: np.where(x > 5e-9, 1.0, 0.0), domain=[(1e-10, 1e-8)])
    assert verdict.status == "wrong"
    assert verdict.cause != "float32"
    singles = check("sin(x)", lambda x: float(np.cos(np.float32(x))))
    assert singles.cause == "float32"


def test_a_constant_that_is_right_at_a_kink_is_not_kept():
    """0 is right where max(x - 1, 0) has its kink, and wrong beyond."""
    verdict = check("max(x - 1, 0)", lambda _: 0.0, at=[1.0, 2.0, 3.0])
    assert verdict.status == "wrong"
    assert verdict.cause != "stale"


def test_few_digits_are_called_no_more_than_that():
    """What is off by a little more than rounding needn't be a constant, nor smooth."""
    verdict = check("x**2", lambda x: 2 * x * (1 + 3e-14))
    assert verdict.status == "inaccurate"
    assert verdict.reason == (
        "an error of 3.0e-14 of itself: more than rounding explains, and too small for a wrong "
        "formula"
    )


def test_headlines_say_who_did_what():
    """An exception breaks no rule, and a wrong function says nothing of the derivative."""

    def singular(x):
        return 2 * np.linalg.solve(np.array([[x]]), np.array([x * x]))[0]

    verdict = check("x**2", singular, at=[0.0, 1.0])
    assert verdict.cause == "raises"
    assert str(verdict).startswith("wrong: the derivative raises an exception\n")
    assert "at x = 0 (only there)" in verdict.cause_detail
    other = check("x**2", lambda x: 2 * x, function=lambda x: x**3)
    assert str(other).startswith("wrong: the function, which was compared first\n")


@pytest.mark.parametrize("at", [0.0, [0.0, 1.0], None])
def test_a_float_that_raises_at_a_kink_stays_a_float(at):
    """Arrays aren't tried behind one's back: x/|x| raises at 0, as Python does."""
    verdict = check("abs(x)", lambda x: x / abs(x), at=at)
    assert verdict
    assert verdict.form == "a float"
    assert verdict.violations[0].startswith("it raises ZeroDivisionError")
    assert "at x = 0, a kink" in verdict.violations[0]


@pytest.mark.parametrize("at", [None, [2.0, 1.0]])
def test_a_box_that_is_one_point_is_one_point(at):
    """It is tried once, and counted once."""
    verdict = check("x**2*y", lambda x, y: (2 * x * y, x * x), at=at, domain=[(2, 2), (1, 1)])
    assert verdict
    assert verdict.points_tried == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_region_is_seen_beside_a_derivative_of_0(seed):
    """Half of the slab has a derivative of 0, where a wrong sign shows nothing."""

    def gradient(x, y):
        return (y * (x > 0), max(x, 0.0) * (-1 if 1 < y < 1.06 else 1))

    verdict = check("max(x, 0)*y", gradient, domain=[(-2, 2), (-2, 2)], seed=seed)
    assert (verdict.cause, verdict.components) == ("region", (1,))
    assert "given/exact = -1 there" in verdict.cause_detail


@pytest.mark.parametrize("share", [1.01, 1 + 1e-6, 1 + 1e-8])
def test_a_factor_is_read_where_the_exact_derivative_is_known_best(share):
    """Where the formula cancels it is known to few digits, and so is the ratio there."""

    def gradient(a, b, c):
        root = np.sqrt(b * b - 4 * a * c)
        q = -2 * c / (b + root)
        return share * (-c / root - q) / a, -q / root, -1 / root

    box = [(0.1, 1), (10, 2000), (0.1, 1)]
    verdict = check("(-b + sqrt(b**2 - 4*a*c))/(2*a)", gradient, domain=box)
    assert (verdict.cause, verdict.components) == ("factor", (0,))


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        ("sqrt(x)", lambda x: 0.5 * x**-0.5),
        ("x**1.5", lambda x: 1.5 * x**0.5),
        ("(1-x**2)**0.5", lambda x: -x * (1 - x * x) ** -0.5),
        ("log(x)", lambda x: 1 / x if x > 0 else None),
    ],
)
def test_what_is_returned_where_f_is_undefined_is_not_judged(f, derivative):
    """Of a negative float Python's x**0.5 is complex; f is undefined there."""
    assert check(f, derivative)
    assert check(f, lambda x: derivative(x) + 0j if x > 0 else None).status == "wrong"


@pytest.mark.parametrize(
    ("f", "derivative", "domain", "causes"),
    [
        ("x**5+x", lambda x: 5 * x**4, (-1e5, 1e5), {"term"}),
        ("x**5+x", lambda x: 5 * x**4, (-1e4, 1e4), {"term"}),
        ("cosh(x)+x", lambda x: np.sinh(x) - 1, (-100, 100), {"term", "sign", "operator"}),
        ("x**3+x", lambda x: 3 * x * x + 2, (0, 1e8), {"term", "constant"}),
        ("tanh(5*x)", lambda x: 5 * (1 + 1e-6) / np.cosh(5 * x) ** 2, (-3, 3), {"factor"}),
        ("tanh(x)", lambda x: (1 + 1e-8) / np.cosh(x) ** 2, (-20, 20), {"factor"}),
        (
            "sqrt(x**2+1)-x",
            lambda x: (1 + 1e-6) * (x / np.sqrt(x * x + 1) - 1),
            (0, 1e6),
            {"factor"},
        ),
    ],
)
def test_what_shows_in_a_part_of_a_wide_box_is_no_region_and_not_right(
    f, derivative, domain, causes
):
    """Where the error is below rounding nothing is known to be right."""
    verdict = check(f, derivative, domain=[domain])
    assert verdict.status == "wrong"
    assert verdict.cause in causes


@pytest.mark.parametrize("share", [1e-13, 2e-14])
def test_a_small_factor_is_seen_beside_huge_values(share):
    """The stated limit holds in wide boxes too."""
    verdict = check("sinh(x)", lambda x: np.cosh(x) * (1 + share), domain=[(-700, 700)])
    assert not verdict


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("often", [0.05, 0.2])
def test_what_is_seldom_random_has_no_memory(seed, often):
    """Chance that seldom strikes looks like memory, until the same calls are made again."""
    random = np.random.default_rng(seed)
    verdict = check("x**2", lambda x: 2 * x * (1 + (random.random() < often)))
    assert verdict.status == "wrong"
    assert verdict.cause != "stale"


@pytest.mark.parametrize("error", [RuntimeError, TypeError])
def test_an_answer_that_is_no_array_is_said(error):
    """A tensor that wants to be detached raises in our hands, and is theirs."""

    class Tensor:
        def __array__(self, *_args, **_named):
            raise error("detach it first")

    verdict = check("x0**2 + x1", lambda _x: Tensor(), at=[1.0, 2.0])
    assert verdict.status == "wrong"
    assert "detach it first" in str(verdict)


@pytest.mark.parametrize("when", [[50], [77], [333], range(997, 9999, 997)])
def test_what_is_wrong_at_one_call_is_asked_again(when):
    """It can't be told from lost digits by its size; asked again the answer is right."""
    calls = [0]

    def derivative(x):
        calls[0] += 1
        return 2 * x * (1.5 if calls[0] in when else 1)

    verdict = check("x**2", derivative)
    assert (verdict.status, verdict.cause) == ("wrong", "random")
    assert "asked again" in verdict.cause_detail


def test_a_hessian_s_ratio_is_named_by_its_variable():
    """Its component is x,x, and nobody takes the logarithm of that."""
    verdict = check("x**2", lambda x: 2 * x, derivative_order=2)
    assert verdict.cause_detail == "given/exact is x: a derivative by log(x)"


def test_the_ends_of_a_narrow_region_differ():
    """Rounded to four digits both would be 1.001."""
    verdict = check("x**2", lambda x: 0.0 if 1 < x < 1.001 else 2 * x, domain=[(-3, 3)])
    low, high = re.findall(r"only where (\S+) <= x <= (\S+),", verdict.cause_detail)[0]
    assert 0.9 < float(low) < float(high) < 1.01


@pytest.mark.parametrize("derivative", [lambda p: [np.sin(p[1]), p[0] * np.cos(p[1])]])
def test_variables_in_the_order_of_the_text(derivative):
    """Formula sorts names; whoever reads the text takes them as they come."""
    verdict = check("w*sin(b)", derivative)
    assert (verdict.status, verdict.cause) == ("wrong", "swapped")
    assert "in the order w, b" in verdict.cause_detail
    assert check(Formula("w*sin(b)", ["w", "b"]), derivative)
    both = check("w*sin(b)", lambda p: [2 * np.sin(p[1]), p[0] * np.cos(p[1])])
    assert both.status == "wrong"
    assert "in the order" not in both.cause_detail


def previous(derivative):
    """Return a derivative that answers with what the call before should have got."""
    answers = [None]

    def wrong(*x):
        right = derivative(*x)
        last, answers[0] = answers[0], right
        return right if last is None else last

    return wrong


@pytest.mark.parametrize(
    ("f", "derivative", "at"),
    [
        ("abs(x)", lambda x: float(np.sign(x)), 0.0),
        ("max(x, 0)", lambda x: float(x > 0), 0.0),
        ("abs(x) + x**2", lambda x: float(np.sign(x)) + 2 * x, 0.0),
        ("max(x, 0)*y", lambda x, y: (y * (x > 0), max(x, 0.0)), [[0.0, 1.0]]),
    ],
)
def test_the_answer_of_the_call_before_is_no_chance_at_a_kink(f, derivative, at):
    """One given point, whose answer the rounding of a kink hides, is enough to tell."""
    verdict = check(f, previous(derivative), at=at)
    assert verdict.cause == "stale", str(verdict)


@pytest.mark.parametrize(
    ("derivative", "domain", "causes"),
    [
        (lambda x: np.array(3 * x**2).astype(np.int64), (-1e10, 1e10), {"dtype"}),
        (lambda x: np.array(3 * x**2).astype(np.int32), (1e10, 1e12), {"dtype"}),
        (lambda x: 3 * float(np.array(x * x).astype(np.int64)), (1e10, 1e12), {"unexplained"}),
        (lambda x: 3.0 * np.array(x * x).astype(np.int32), (1e10, 1e12), {"unexplained"}),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_an_integer_cannot_hold_is_no_other_slip(derivative, domain, causes):
    """Beside a huge derivative whatever it becomes looks like 0, or like anything small."""
    for seed in range(3):
        verdict = check("x**3", derivative, domain=[domain], seed=seed)
        assert verdict.status == "wrong"
        assert verdict.cause in causes, str(verdict)


PI = 3.14159


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        ("sin(pi*x)", lambda x: PI * np.cos(PI * x)),
        ("sin(pi*x)", lambda x: PI * np.cos(np.pi * x)),
        ("sin(pi*x)", lambda x: np.pi * np.cos(PI * x)),
        ("pi*x**2", lambda x: 2 * PI * x),
        ("exp(-x**2/2)/sqrt(2*pi)", lambda x: -x * np.exp(-x * x / 2) / np.sqrt(2 * PI)),
        ("cos(2*pi*x) + x**2", lambda x: -2 * PI * np.sin(2 * PI * x) + 2 * x),
        (lambda x: np.sin(np.pi * x), lambda x: PI * np.cos(PI * x)),
        ("e*x**2", lambda x: 2 * 2.71828 * x),
    ],
)
def test_a_rounded_constant_is_one(f, derivative):
    """Few digits of pi are a wrong literal, wherever it stands."""
    verdict = check(f, derivative, n=1 if callable(f) else None)
    assert (verdict.status, verdict.cause) == ("wrong", "constant"), str(verdict)
    assert "3.14159" in verdict.cause_detail or "2.71828" in verdict.cause_detail


def test_two_slips_are_said_of_the_component_that_each_is_in():
    """No one slip explains both, and each by itself says where to look."""
    f = "x**2*y + sin(x)*y**3"

    def gradient(x, y):
        return 2 * x * y - np.cos(x) * y**3, x**2 + 3 * np.cos(x) * y**2

    for seed in range(3):
        verdict = check(f, gradient, seed=seed)
        assert (verdict.status, verdict.cause) == ("wrong", "unexplained")
        assert "no single slip" in verdict.cause_detail
        assert "x: the sign before" in verdict.cause_detail, str(verdict)
        assert "y: cos stands for sin" in verdict.cause_detail, str(verdict)


def test_where_one_of_two_has_no_slip_nothing_is_said_of_the_other():
    """A list with a gap would read as if it were complete."""
    verdict = check("x**2*y", lambda x, y: (3 * x * y, np.sinh(x * y) + 1.0))
    assert verdict.cause_detail == "no single slip of the exact derivative explains it"


@pytest.mark.parametrize(
    ("f", "derivative", "domain"),
    [
        ("x**2", lambda x: 2 * x + 0.01, (-1e16, 1e16)),
        ("x**3", lambda x: 3 * x * x + 0.01, (-1e8, 1e8)),
    ],
)
def test_a_constant_below_the_rounding_of_usual_values_is_not_called_right(f, derivative, domain):
    """0.01 beside 1e16 may be rounding, and needn't be: what is said is true of either."""
    verdict = check(f, derivative, domain=[domain])
    assert verdict.status == "inaccurate"
    assert "right" not in verdict.reason
    assert "no larger than that of its usual values" in verdict.reason


@pytest.mark.parametrize("domain", [(-40, 37), (0, 30)])
def test_a_constant_above_rounding_is_seen_beside_huge_values(domain):
    """It is larger than the rounding of the smaller values."""
    verdict = check("exp(x)", lambda x: np.exp(x) + 0.01, domain=[domain])
    assert (verdict.status, verdict.cause) == ("wrong", "term")
