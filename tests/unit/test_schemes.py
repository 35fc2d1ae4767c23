"""Schemes: the tables everybody knows, the error theory, the text form and its refusals."""

from __future__ import annotations

import dataclasses
import math
import pickle
import subprocess
import sys
from fractions import Fraction as F

import pytest

from symnum.differences.limits import ACCURACY_LIMIT, DERIVATIVE_ORDER_LIMIT
from symnum.differences.schemes import (
    SCHEMES,
    Scheme,
    backward,
    central,
    complex_step,
    forward,
    parse_scheme,
    richardson,
)
from symnum.errors import UsageError

# B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids",
# Mathematics of Computation 51 (1988), tables 1 and 3: (accuracy, derivative order, weights).
CENTRAL = [
    (2, 1, "-1/2 0 1/2"),
    (4, 1, "1/12 -2/3 0 2/3 -1/12"),
    (6, 1, "-1/60 3/20 -3/4 0 3/4 -3/20 1/60"),
    (8, 1, "1/280 -4/105 1/5 -4/5 0 4/5 -1/5 4/105 -1/280"),
    (2, 2, "1 -2 1"),
    (4, 2, "-1/12 4/3 -5/2 4/3 -1/12"),
    (6, 2, "1/90 -3/20 3/2 -49/18 3/2 -3/20 1/90"),
    (2, 3, "-1/2 1 0 -1 1/2"),
    (4, 3, "1/8 -1 13/8 0 -13/8 1 -1/8"),
    (2, 4, "1 -4 6 -4 1"),
    (4, 4, "-1/6 2 -13/2 28/3 -13/2 2 -1/6"),
]
FORWARD = [
    (1, 1, "-1 1"),
    (2, 1, "-3/2 2 -1/2"),
    (3, 1, "-11/6 3 -3/2 1/3"),
    (4, 1, "-25/12 4 -3 4/3 -1/4"),
    (1, 2, "1 -2 1"),
    (2, 2, "2 -5 4 -1"),
    (3, 2, "35/12 -26/3 19/2 -14/3 11/12"),
    (1, 3, "-1 3 -3 1"),
    (2, 3, "-5/2 9 -12 7 -3/2"),
    (1, 4, "1 -4 6 -4 1"),
]


def as_table(scheme: Scheme, offsets: range) -> str:
    """Write a scheme's weights on consecutive offsets as the printed tables do."""
    weights = dict(zip(scheme.offsets, scheme.weights, strict=True))
    return " ".join(str(weights.get(F(offset), 0)) for offset in offsets)


@pytest.mark.parametrize(("accuracy", "derivative_order", "weights"), CENTRAL)
def test_central_weights_are_fornbergs(accuracy, derivative_order, weights):
    """The central weights are those of the printed table, the center left out where it is 0."""
    scheme = central(accuracy, derivative_order)
    side = len(weights.split()) // 2
    assert as_table(scheme, range(-side, side + 1)) == weights
    assert (F(0) in scheme.offsets) == (derivative_order % 2 == 0)


@pytest.mark.parametrize(("accuracy", "derivative_order", "weights"), FORWARD)
def test_forward_weights_are_fornbergs(accuracy, derivative_order, weights):
    """The forward weights are those of the printed table."""
    scheme = forward(accuracy, derivative_order)
    assert as_table(scheme, range(len(weights.split()))) == weights


@pytest.mark.parametrize(("accuracy", "derivative_order", "weights"), FORWARD)
def test_backward_mirrors_forward(accuracy, derivative_order, weights):
    """A backward scheme is the forward one seen in a mirror, its offsets still ascending."""
    ahead, behind = forward(accuracy, derivative_order), backward(accuracy, derivative_order)
    sign = (-1) ** derivative_order
    assert behind.offsets == tuple(-c for c in reversed(ahead.offsets))
    assert behind.weights == tuple(sign * w for w in reversed(ahead.weights))


def test_central_difference_is_one_subtraction_and_one_division():
    """central:2 reads (f(x+h) - f(x-h)) / (2h)."""
    scheme = central()
    assert scheme.offsets == (-1, 1)
    assert scheme.numerators == (-1, 1)
    assert scheme.denominator == 2


def test_richardson_is_the_last_entry_of_its_tableau():
    """richardson:6 equals the triangle of combinations worked out by hand."""
    scheme = richardson(6)
    assert scheme.offsets == (F(-1), F(-1, 2), F(-1, 4), F(1, 4), F(1, 2), F(1))
    # D(h) = (f(x+h)-f(x-h))/2h; (4D(h/2)-D(h))/3 and so on give (D(h) - 20D(h/2) + 64D(h/4))/45.
    expected = (F(1, 45) / 2, F(-20, 45), F(64, 45) * 2)
    assert scheme.weights[3:] == tuple(reversed(expected))
    assert scheme.weights[:3] == tuple(-w for w in expected)


def test_richardson_reaches_higher_derivative_orders():
    """Richardson works on every central difference, on nested stencils and on others."""
    assert richardson(4, 2).offsets == (F(-1), F(-1, 2), F(0), F(1, 2), F(1))
    assert richardson(4, 5).accuracy == 4


@pytest.mark.parametrize(
    ("scheme", "constant"),
    [
        (central(), F(1, 6)),
        (central(4), F(-1, 30)),
        (central(6), F(1, 140)),
        (central(2, 2), F(1, 12)),
        (central(4, 2), F(-1, 90)),
        (central(2, 3), F(1, 4)),
        (central(2, 4), F(1, 6)),
        (forward(), F(1, 2)),
        (forward(2), F(-1, 3)),
        (forward(1, 2), F(1)),
        (backward(), F(-1, 2)),
        (backward(2), F(-1, 3)),
        (richardson(4), F(-1, 480)),
        (richardson(6), F(1, 322560)),
        (complex_step(), F(-1, 6)),
    ],
    ids=str,
)
def test_truncation_constants_are_the_textbooks(scheme, constant):
    """The constant of the leading error is the one that Taylor's theorem gives."""
    assert scheme.truncation_constant == constant


def test_complex_step_coefficients_alternate():
    """The complex step's error is -h²f'''/3! + h⁴f⁽⁵⁾/5! - ..., without odd powers."""
    scheme = complex_step()
    coefficients = [scheme.truncation_coefficient(m) for m in range(-1, 7)]
    assert coefficients == [0, 1, 0, F(-1, 6), 0, F(1, 120), 0, F(-1, 5040)]


def test_noise_gains():
    """The gains are the sum of the weights' moduli and the root of the sum of their squares."""
    assert central().noise_gain == 1
    assert central().noise_gain_2 == math.sqrt(0.5)
    assert central(4).noise_gain == F(3, 2)
    assert forward().noise_gain == 2
    assert complex_step().noise_gain == 1


def test_reach_and_exact_degree():
    """The reach is the farthest offset; the exact degree is derivative order + accuracy - 1."""
    assert (central(4).reach, central(4).exact_degree) == (2, 4)
    assert (backward(3).reach, backward(3).exact_degree) == (3, 3)
    assert (richardson().reach, richardson().exact_degree) == (1, 6)
    assert (complex_step().reach, complex_step().exact_degree) == (1, 2)


def test_the_widest_schemes_are_built():
    """The limits themselves are allowed, in well under a second each."""
    for make in (central, forward, backward):
        scheme = make(ACCURACY_LIMIT, DERIVATIVE_ORDER_LIMIT)
        assert scheme.exact_degree == ACCURACY_LIMIT + DERIVATIVE_ORDER_LIMIT - 1
    assert len(richardson(ACCURACY_LIMIT).offsets) == ACCURACY_LIMIT


def test_scheme_is_a_value():
    """A scheme can't be changed, is hashable, equal to its like, copied by pickle, and final."""
    scheme = central(4, h=1e-4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        scheme.accuracy = 2  # type: ignore[misc]
    assert {scheme: 1}[central(4, h=1e-4)] == 1
    assert scheme != central(4)
    assert pickle.loads(pickle.dumps(scheme)) == scheme
    assert getattr(Scheme, "__final__", False)


def test_str_is_the_label():
    """A scheme prints as the text that makes it."""
    assert str(central(4, h=1e-4)) == "central:4@0.0001"
    assert str(complex_step(h=1e-200)) == "complex@1e-200"


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("central", central()),
        ("central:4", central(4)),
        ("central@1e-4", central(h=1e-4)),
        (" central:2@.5 ", central(h=0.5)),
        ("central@+1.e2", central(h=100.0)),
        ("forward:1@1e-8", forward(h=1e-8)),
        ("forward", forward()),
        ("backward:03", backward(3)),
        ("complex", complex_step()),
        ("complex:2@1E-20", complex_step(h=1e-20)),
        ("richardson", richardson()),
        ("richardson:4", richardson(4)),
        ("central@5e-324", central(h=5e-324)),
    ],
)
def test_text_forms(text, scheme):
    """Each text form reads as its scheme."""
    assert parse_scheme(text) == scheme


def test_text_carries_no_derivative_order():
    """The derivative order is asked for beside the text."""
    assert parse_scheme("central:4", derivative_order=2) == central(4, 2)
    assert parse_scheme("richardson", 3) == richardson(6, 3)


@pytest.mark.parametrize("name", SCHEMES)
def test_every_listed_name_is_a_scheme(name):
    """What `--help` lists can be asked for."""
    assert parse_scheme(name).name == name


def test_a_number_of_any_kind_is_a_step():
    """An int, a Fraction or a NumPy number becomes the double that it is."""
    numpy = pytest.importorskip("numpy")
    for given in (1, F(1), numpy.float64(1), numpy.float32(1), numpy.int64(1)):
        scheme = central(h=given)
        assert scheme.h == 1.0
        assert type(scheme.h) is float


BAD_TEXT = [
    ("", "there is no scheme '' (there are central, forward, backward, complex, richardson)"),
    ("middle", "there is no scheme 'middle' (there"),
    ("centrall", "did you mean central?"),
    ("Central", "did you mean central?"),
    ("complex_step", "did you mean complex?"),
    ("central:", "the accuracy '' is not a whole number from 1 to 40"),
    ("central:x", "the accuracy 'x' is not a whole number"),
    ("central:2:3", "the accuracy '2:3' is not a whole number"),
    ("central:-2", "the accuracy '-2' is not a whole number"),
    ("central:2.0", "the accuracy '2.0' is not a whole number"),
    ("central:٢", "the accuracy '\\u0662' is not a whole number"),
    ("central:3", "the accuracy of a central scheme is even, 3 was given"),
    ("central:3", "write 2 or 4"),
    ("central:1", "write 2"),
    ("central:0", "accuracy is a whole number from 1 to 40, 0 was given"),
    ("richardson:5", "the accuracy of a richardson scheme is even"),
    ("central:100000", "accuracy 100000 is above the limit of 40"),
    ("forward:41", "accuracy 41 is above the limit of 40"),
    ("central:" + "9" * 10_000, "is not a whole number from 1 to 40"),
    ("complex:4", "the complex step always has accuracy 2, 4 was given; write complex"),
    ("central@", "the step '' is not a finite positive number; write one such as central@1e-4"),
    ("central@0", "a step h is a finite positive number, 0.0 was given"),
    ("central@0.0", "a step h is a finite positive number"),
    ("central@1e-999", "a step h is a finite positive number, 0.0 was given"),
    ("central@1e999", "a step h is a finite positive number, inf was given"),
    ("central@-1", "the step '-1' is not a finite positive number"),
    ("central@inf", "the step 'inf' is not a finite positive number"),
    ("central@nan", "the step 'nan' is not a finite positive number"),
    ("central@1_0", "the step '1_0' is not a finite positive number"),
    ("central@0x1", "the step '0x1' is not a finite positive number"),
    ("central@1e-4@2", "the step '1e-4@2' is not a finite positive number"),
    ("central@1e-4:2", "the step '1e-4:2' is not a finite positive number"),
    ("central\x1b[2J", "there is no scheme 'central\\x1b[2J'"),
    ("__import__('os').system('true')", "there is no scheme"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TEXT)
def test_bad_text_is_refused(text, message):
    """Each bad text is refused with a short sentence that says what to write."""
    with pytest.raises(UsageError) as caught:
        parse_scheme(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


BAD_CALLS = [
    (lambda: central(3), "the accuracy of a central scheme is even, 3 was given"),
    (lambda: central(2.0), "accuracy is a whole number from 1 to 40, 2.0 was given"),
    (lambda: central(True), "accuracy is a whole number from 1 to 40, True was given"),
    (lambda: central("2"), "accuracy is a whole number from 1 to 40, '2' was given"),
    (lambda: central(10**5000), "above the limit of 40"),
    (lambda: forward(0), "accuracy is a whole number from 1 to 40, 0 was given"),
    (lambda: forward(derivative_order=0), "derivative order is a whole number from 1 to 20"),
    (lambda: backward(derivative_order=21), "derivative order 21 is above the limit of 20"),
    (lambda: central(h=0), "a step h is a finite positive number, 0 was given"),
    (lambda: central(h=-1e-4), "a step h is a finite positive number, -0.0001 was given"),
    (lambda: central(h=math.nan), "a step h is a finite positive number, nan was given"),
    (lambda: central(h=math.inf), "a step h is a finite positive number, inf was given"),
    (lambda: central(h="1e-4"), "a step h is a finite positive number, '1e-4' was given"),
    (lambda: central(h=True), "a step h is a finite positive number, True was given"),
    (lambda: central(h=1j), "a step h is a finite positive number, 1j was given"),
    (lambda: central(h=10**400), "a step h is a finite positive number, a number of more than"),
    (lambda: parse_scheme("complex", 2), "the complex step gives the first derivative only"),
    (lambda: parse_scheme(central()), "a scheme's text is a str such as"),
    (lambda: parse_scheme(None), "not NoneType"),
    (lambda: central().truncation_coefficient(-2), "there is no derivative of order -1"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS)
def test_bad_calls_are_refused(call, message):
    """Each bad argument is refused with a sentence that shows it."""
    with pytest.raises(UsageError) as caught:
        call()
    assert message in str(caught.value)


HALF = F(1, 2)
BAD_SCHEMES = [
    (("<b>", 1, 2, (-1, 1), (-HALF, HALF)), "a scheme's name is one word"),
    (("mine", 1, 2, (), ()), "0 offsets and 0 weights: give as many of each"),
    (("mine", 1, 2, (-1, 1), (HALF,)), "2 offsets and 1 weights: give as many of each"),
    (("mine", 1, 2, (1, -1), (HALF, -HALF)), "a scheme's offsets ascend"),
    (("mine", 1, 2, (-1, -1), (HALF, -HALF)), "a scheme's offsets ascend"),
    (("mine", 1, 2, (-1, 0, 1), (-HALF, F(0), HALF)), "the weight at offset 0 is 0: leave it out"),
    (("mine", 1, 2, (-1, 1), (-0.5, 0.5)), "a scheme's weights are integers and Fractions"),
    (("mine", 1, 2, (-1, 1), (-HALF, F(3, 5))), "their moment of degree 0 is 1/10 and must be 0"),
    (("mine", 1, 2, (-1, 1), (-1, 1)), "their moment of degree 1 is 2 and must be 1"),
    (("mine", 1, 4, (-1, 1), (-HALF, HALF)), "their moment of degree 3 is 1 and must be 0"),
    (("mine", 1, 1, (-1, 1), (-HALF, HALF)), "these weights are more accurate than accuracy 1"),
    (("complex", 2, 2, (1,), (1,), None, True), "the complex step has derivative order 1"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_SCHEMES)
def test_a_scheme_that_is_not_what_it_claims_is_refused(fields, message):
    """Scheme checks its own moments, so a wrong weight can't be built."""
    with pytest.raises(UsageError) as caught:
        Scheme(*fields)
    assert message in str(caught.value)


def test_a_scheme_of_ones_own():
    """A correct scheme on any rational offsets can be written by hand."""
    scheme = Scheme("mine", 1, 2, (-1, 1), (F(-1, 2), F(1, 2)))
    assert scheme.offsets == central().offsets
    assert all(type(c) is F for c in scheme.offsets)
    assert scheme.label == "mine:2"


def test_whole_numbers_of_any_kind_become_ints():
    """The derivative order and accuracy are ints, whatever they were given as."""
    numpy = pytest.importorskip("numpy")
    two = numpy.int64(2)
    half = F(1, 2)
    for scheme in (central(two, two), Scheme("mine", numpy.int8(1), two, (-1, 1), (-half, half))):
        assert type(scheme.derivative_order) is int
        assert type(scheme.accuracy) is int


def test_the_module_loads_no_array_library():
    """Importing schemes costs neither NumPy nor SymPy."""
    code = (
        "import sys, symnum.differences.schemes; "
        "print({'numpy', 'sympy', 'scipy', 'flint'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
