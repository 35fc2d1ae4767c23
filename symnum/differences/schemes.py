"""Scheme: a finite-difference rule with exact rational weights that knows its own error.

A scheme approximates the q-th derivative on a line by

    f^(q)(x)  ~  sum of w_i f(x + c_i h), divided by h^q

Its offsets c_i and weights w_i are rationals. The weights solve the moment equations

    sum of w_i c_i^k  =  q! where k = q, and 0 for every other k < q + p

exactly, and the first moment that fails gives the truncation error C f^(q+p)(x) h^p with its
constant. Nothing is rounded before somebody evaluates the scheme. The module loads neither NumPy
nor SymPy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import factorial, lcm, sqrt
from typing import final

from symnum.differences.limits import (
    ACCURACY_LIMIT,
    read_accuracy,
    read_derivative_order,
    read_even_accuracy,
    read_rationals,
    read_step,
    shown,
)
from symnum.differences.weights import weights_on
from symnum.errors import UsageError

# What `--help` lists, and what a scheme's text may start with.
SCHEMES = ("central", "forward", "backward", "complex", "richardson")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_STEP = re.compile(r"\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


@final
@dataclass(frozen=True)
class Scheme:
    """A finite-difference rule: offsets and exact rational weights, or the complex step.

    Made by `central`, `forward`, `backward`, `complex_step`, `richardson` or `parse_scheme`.
    One made by hand must satisfy its moment equations, or it is refused.

    Parameters
    ----------
    name : str
        The family: one of `SCHEMES`, or a word of your own.
    derivative_order : int
        Which derivative it approximates: 1, 2, ...
    accuracy : int
        The exponent p of its truncation error h^p.
    offsets : tuple of Fraction
        Where f is evaluated, in steps from x, in ascending order.
    weights : tuple of Fraction
        One a offset.
    h : float, optional
        A fixed step; None where the steps come from elsewhere.
    is_complex : bool
        True for the complex step, Im f(x + ih) / h.

    Raises
    ------
    UsageError
        If the weights don't have the derivative order and accuracy they claim, or h isn't a step.

    Examples
    --------
    >>> import symnum
    >>> scheme = symnum.central(4)
    >>> scheme.numerators, scheme.denominator
    ((1, -8, 8, -1), 12)
    >>> scheme.truncation_constant
    Fraction(-1, 30)
    >>> print(scheme)
    central:4
    """

    name: str
    derivative_order: int
    accuracy: int
    offsets: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    h: float | None = None
    is_complex: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            msg = f"a scheme's name is one word of ASCII letters, {shown(self.name)} was given"
            raise UsageError(msg)
        derivative_order = read_derivative_order(self.derivative_order)
        accuracy = read_accuracy(self.accuracy)
        # The only writes there ever are: what was given becomes what the fields say they hold.
        object.__setattr__(self, "derivative_order", derivative_order)
        object.__setattr__(self, "accuracy", accuracy)
        object.__setattr__(self, "offsets", read_rationals(self.offsets, "offsets"))
        object.__setattr__(self, "weights", read_rationals(self.weights, "weights"))
        object.__setattr__(self, "h", None if self.h is None else read_step(self.h))
        if self.is_complex:
            self._check_complex()
        else:
            self._check_moments()

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Its text form, such as `central:4@0.0001`; `parse_scheme` reads it back."""
        accuracy = "" if self.is_complex else f":{self.accuracy}"
        step = "" if self.h is None else f"@{self.h!r}"
        return f"{self.name}{accuracy}{step}"

    @property
    def denominator(self) -> int:
        """The smallest common denominator of the weights."""
        return lcm(*(weight.denominator for weight in self.weights))

    @property
    def numerators(self) -> tuple[int, ...]:
        """The weights times `denominator`, as integers.

        The weights of a central difference are not doubles in general (1/12 is not); these and
        one division are.
        """
        denominator = self.denominator
        return tuple(w.numerator * (denominator // w.denominator) for w in self.weights)

    @property
    def truncation_constant(self) -> Fraction:
        """The C of the leading error C f^(q+p)(x) h^p; -1/6 for the complex step."""
        return self.truncation_coefficient(self.accuracy)

    def truncation_coefficient(self, m: int) -> Fraction:
        """Return the coefficient of f^(q+m)(x) h^m in what the scheme gives.

        It is 1 at m = 0, and 0 from there up to the accuracy.

        Parameters
        ----------
        m : int
            How many derivatives above the one that is approximated; not below -q.

        Examples
        --------
        >>> import symnum
        >>> [str(symnum.central().truncation_coefficient(m)) for m in (0, 1, 2, 3, 4)]
        ['1', '0', '1/6', '0', '1/120']
        """
        degree = self.derivative_order + m
        if degree < 0:
            msg = f"there is no derivative of order {degree}: m is at least -derivative_order"
            raise UsageError(msg)
        if self.is_complex:
            # Im((ih)^k)/h is h^(k-1) with sign +, -, +, ... at k = 1, 3, 5, ... and 0 at even k.
            moment = Fraction((0, 1, 0, -1)[degree % 4])
        else:
            moment = self._moment(degree)
        return moment / factorial(degree)

    @property
    def exact_degree(self) -> int:
        """The highest degree of which the scheme differentiates every polynomial exactly."""
        return self.derivative_order + self.accuracy - 1

    @property
    def noise_gain(self) -> Fraction:
        """The sum of the weights' moduli: errors e in f become an error of at most this e/h^q."""
        return sum((abs(weight) for weight in self.weights), Fraction(0))

    @property
    def noise_gain_2(self) -> float:
        """The root of the sum of the squared weights: how independent noise in f adds up."""
        return sqrt(sum((weight * weight for weight in self.weights), Fraction(0)))

    @property
    def reach(self) -> Fraction:
        """The largest modulus of an offset: f is evaluated no farther than this times h away."""
        return max(abs(offset) for offset in self.offsets)

    def _moment(self, degree: int) -> Fraction:
        terms = (w * c**degree for c, w in zip(self.offsets, self.weights, strict=True))
        return sum(terms, Fraction(0))

    def _check_moments(self) -> None:
        offsets, weights = self.offsets, self.weights
        if not offsets or len(offsets) != len(weights):
            msg = f"{len(offsets)} offsets and {len(weights)} weights: give as many of each"
            raise UsageError(msg)
        if any(left >= right for left, right in pairwise(offsets)):
            msg = "a scheme's offsets ascend and none occurs twice"
            raise UsageError(msg)
        if not all(weights):
            msg = f"the weight at offset {offsets[weights.index(Fraction(0))]} is 0: leave it out"
            raise UsageError(msg)
        q, p = self.derivative_order, self.accuracy
        for degree in range(q + p):
            wanted = factorial(q) if degree == q else 0
            found = self._moment(degree)
            if found != wanted:
                msg = (
                    f"these weights don't approximate derivative order {q} with accuracy {p}: "
                    f"their moment of degree {degree} is {found} and must be {wanted}"
                )
                raise UsageError(msg)
        if not self._moment(q + p):
            msg = f"these weights are more accurate than accuracy {p}: say so"
            raise UsageError(msg)

    def _check_complex(self) -> None:
        one = (Fraction(1),)
        if (self.derivative_order, self.accuracy, self.offsets, self.weights) != (1, 2, one, one):
            msg = (
                "the complex step has derivative order 1, accuracy 2, offset 1 and weight 1; "
                "write complex_step()"
            )
            raise UsageError(msg)


def central(accuracy: int = 2, derivative_order: int = 1, *, h: float | None = None) -> Scheme:
    """Return the central difference of an even accuracy on the fewest points.

    Parameters
    ----------
    accuracy : int
        The exponent of its truncation error; even, at most 40.
    derivative_order : int
        Which derivative; at most 20.
    h : float, optional
        A fixed step.

    Raises
    ------
    UsageError
        If the accuracy is odd or out of range, or h isn't a finite positive number.

    Examples
    --------
    >>> import symnum
    >>> symnum.central(2, derivative_order=2).numerators
    (1, -2, 1)
    """
    accuracy = read_even_accuracy(accuracy, "central")
    q = read_derivative_order(derivative_order)
    side = (q + 1) // 2 + accuracy // 2 - 1
    return _on_integers("central", range(-side, side + 1), q, accuracy, h)


def forward(accuracy: int = 1, derivative_order: int = 1, *, h: float | None = None) -> Scheme:
    """Return the forward difference of an accuracy: x and points above it.

    Parameters
    ----------
    accuracy : int
        The exponent of its truncation error; at most 40.
    derivative_order : int
        Which derivative; at most 20.
    h : float, optional
        A fixed step.

    Raises
    ------
    UsageError
        If the accuracy is out of range, or h isn't a finite positive number.

    Examples
    --------
    >>> import symnum
    >>> scheme = symnum.forward(2)
    >>> scheme.numerators, scheme.denominator
    ((-3, 4, -1), 2)
    """
    accuracy = read_accuracy(accuracy)
    q = read_derivative_order(derivative_order)
    return _on_integers("forward", range(q + accuracy), q, accuracy, h)


def backward(accuracy: int = 1, derivative_order: int = 1, *, h: float | None = None) -> Scheme:
    """Return the backward difference of an accuracy: x and points below it.

    Parameters
    ----------
    accuracy : int
        The exponent of its truncation error; at most 40.
    derivative_order : int
        Which derivative; at most 20.
    h : float, optional
        A fixed step.

    Raises
    ------
    UsageError
        If the accuracy is out of range, or h isn't a finite positive number.

    Examples
    --------
    >>> import symnum
    >>> scheme = symnum.backward(2)
    >>> scheme.numerators, scheme.denominator
    ((1, -4, 3), 2)
    """
    accuracy = read_accuracy(accuracy)
    q = read_derivative_order(derivative_order)
    return _on_integers("backward", range(1 - q - accuracy, 1), q, accuracy, h)


def complex_step(*, h: float | None = None) -> Scheme:
    """Return the complex step, f'(x) ~ Im f(x + ih) / h: nothing is subtracted, nothing cancels.

    Parameters
    ----------
    h : float, optional
        A fixed step.

    Raises
    ------
    UsageError
        If h isn't a finite positive number.

    Examples
    --------
    >>> import symnum
    >>> symnum.complex_step().truncation_constant
    Fraction(-1, 6)
    """
    one = (Fraction(1),)
    return Scheme("complex", 1, 2, one, one, h, is_complex=True)


def richardson(accuracy: int = 6, derivative_order: int = 1, *, h: float | None = None) -> Scheme:
    """Return Richardson's extrapolation of central differences at h, h/2, h/4, ...

    The tableau is linear in f, so it is one scheme: its weights are those of the last entry.

    Parameters
    ----------
    accuracy : int
        The exponent of its truncation error; even, at most 40. Each 2 of it is one halving.
    derivative_order : int
        Which derivative; at most 20.
    h : float, optional
        A fixed step, the largest one.

    Raises
    ------
    UsageError
        If the accuracy is odd or out of range, or h isn't a finite positive number.

    Examples
    --------
    >>> import symnum
    >>> [str(offset) for offset in symnum.richardson(4).offsets]
    ['-1', '-1/2', '1/2', '1']
    """
    accuracy = read_even_accuracy(accuracy, "richardson")
    base = central(2, derivative_order)
    # The error of `base` is a series in h^2: the value at h = 0 of the polynomial in h^2 through
    # the differences at h, h/2, h/4, ... has its first terms removed.
    halvings = [Fraction(1, 2**k) for k in range(accuracy // 2)]
    shares = weights_on(tuple(t * t for t in halvings), 0)
    total: dict[Fraction, Fraction] = {}
    for t, share in zip(halvings, shares, strict=True):
        for offset, weight in zip(base.offsets, base.weights, strict=True):
            added = share * weight / t**base.derivative_order
            total[offset * t] = total.get(offset * t, Fraction(0)) + added
    return _without_zeros("richardson", total, base.derivative_order, accuracy, h)


def parse_scheme(text: str, derivative_order: int = 1) -> Scheme:
    """Read a scheme from its text form, `NAME[:ACCURACY][@H]`.

    Parameters
    ----------
    text : str
        Such as `central`, `central:4`, `central@1e-4`, `forward:1@1e-8`, `complex`, `richardson`.
    derivative_order : int
        Which derivative it is to approximate.

    Raises
    ------
    UsageError
        If the text names no scheme, or its accuracy or step is not one.

    Examples
    --------
    >>> import symnum
    >>> symnum.parse_scheme("central:4@1e-4") == symnum.central(4, h=1e-4)
    True
    """
    if not isinstance(text, str):
        msg = f"a scheme's text is a str such as 'central:4@1e-4', not {type(text).__name__}"
        raise UsageError(msg)
    rest, at, step = text.strip().partition("@")
    name, colon, digits = rest.partition(":")
    if name not in SCHEMES:
        raise UsageError(_unknown(name))
    accuracy = None
    if colon:
        if not _WHOLE_NUMBER.fullmatch(digits):
            msg = (
                f"scheme {shown(text)}: the accuracy {shown(digits)} is not a whole number "
                f"from 1 to {ACCURACY_LIMIT}; write NAME[:ACCURACY][@H], such as central:4@1e-4"
            )
            raise UsageError(msg)
        accuracy = int(digits)
    h = None
    if at:
        if not _STEP.fullmatch(step):
            msg = (
                f"scheme {shown(text)}: the step {shown(step)} is not a finite positive number; "
                f"write one such as {name}@1e-4"
            )
            raise UsageError(msg)
        h = read_step(float(step))
    if name == "complex":
        return _complex_from_text(accuracy, derivative_order, h)
    make = {"central": central, "forward": forward, "backward": backward, "richardson": richardson}
    if accuracy is None:
        return make[name](derivative_order=derivative_order, h=h)
    return make[name](accuracy, derivative_order, h=h)


def _complex_from_text(accuracy: int | None, derivative_order: int, h: float | None) -> Scheme:
    if accuracy not in (None, 2):
        msg = f"the complex step always has accuracy 2, {accuracy} was given; write complex"
        raise UsageError(msg)
    if read_derivative_order(derivative_order) != 1:
        msg = (
            f"the complex step gives the first derivative only, derivative order "
            f"{derivative_order} was asked for; write central or richardson"
        )
        raise UsageError(msg)
    return complex_step(h=h)


def _on_integers(
    name: str, offsets: range, derivative_order: int, accuracy: int, h: float | None
) -> Scheme:
    exact = tuple(map(Fraction, offsets))
    total = dict(zip(exact, weights_on(exact, derivative_order), strict=True))
    return _without_zeros(name, total, derivative_order, accuracy, h)


def _without_zeros(
    name: str, total: dict[Fraction, Fraction], q: int, accuracy: int, h: float | None
) -> Scheme:
    # The center of an odd derivative has weight 0: evaluating f there would only add its faults.
    kept = tuple(offset for offset in sorted(total) if total[offset])
    return Scheme(name, q, accuracy, kept, tuple(total[offset] for offset in kept), h)


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name[:40].lower(), SCHEMES, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"there is no scheme {shown(name)}{meant} (there are {', '.join(SCHEMES)})"
