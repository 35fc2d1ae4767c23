"""Products of traced arrays: every one is a sum of products over pairs of axes."""

# ruff: noqa: ARG001  # the functions take NumPy's parameters

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import TracedArray, as_numbers, lift, scalar_or_array, xp
from symnum.formula.tracing.handlers import Handler, implements, into
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.ufuncs import (
    check_dtype,
)

# the functions take NumPy's parameters, those too that change nothing


@implements(np.einsum)
def _einsum(
    r: Recorder, subscripts: Any, *operands: Any, out: Any = None, dtype: Any = None, **_: Any
) -> Any:
    check_dtype(r, dtype)
    if not isinstance(subscripts, str):
        raise r.refuse("numpy.einsum is traced with its subscripts as text, such as 'ij,j->i'")
    arrays = [as_numbers(lift(r, operand)) for operand in operands]
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(arrays):
        msg = (
            f"einstein sum subscripts {subscripts!r} name {len(terms)} operands, not {len(arrays)}"
        )
        raise ValueError(msg)
    terms = [_spelled_out(term, array.ndim) for term, array in zip(terms, arrays, strict=True)]
    dots = next((_DOTS[-k:] for k in [max(_extra(t) for t in terms)] if k), "")
    if arrow:
        result = result.replace("...", dots)
    else:
        letters = "".join(terms)
        result = dots + "".join(
            sorted(c for c in set(letters) - set(_DOTS) if letters.count(c) == 1)
        )
    summed = "".join(dict.fromkeys(c for term in terms for c in term if c not in result))
    return into(out, _contract(r, list(zip(terms, arrays, strict=True)), result, summed))


_DOTS = "αβγδεζηθικλμνξοπρστυφχψω"


def _extra(term: str) -> int:
    return sum(c in _DOTS for c in term)


def _spelled_out(term: str, ndim: int) -> str:
    """Return the subscripts of one operand with letters for its dots."""
    if "..." not in term:
        return term
    extra = ndim - len(term.replace("...", ""))
    return term.replace("...", _DOTS[-extra:] if extra else "")


def _contract(
    r: Recorder, operands: Sequence[tuple[str, TracedArray]], result: str, summed: str
) -> Any:
    """Multiply the operands from left to right, and add from left to right over `summed`."""
    order = result + summed
    sizes: dict[str, int] = {}
    factors = []
    for term, array in operands:
        # A letter that stands twice is a diagonal.
        for letter in dict.fromkeys(term):
            while term.count(letter) > 1:
                first = term.index(letter)
                second = term.index(letter, first + 1)
                array = xp.diagonal(array, 0, first, second)
                term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
        for letter, size in zip(term, array.shape, strict=True):
            if sizes.get(letter, 1) == 1:
                sizes[letter] = size
            elif size not in {1, sizes[letter]}:
                msg = f"operands don't broadcast: {letter} is {sizes[letter]} and {size}"
                raise ValueError(msg)
        places = [term.index(letter) for letter in order if letter in term]
        moved = array.transpose(places)
        factors.append(
            moved.reshape(
                [array.shape[term.index(letter)] if letter in term else 1 for letter in order]
            )
        )
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    product = np.broadcast_to(product, tuple(sizes[letter] for letter in order))
    if summed:
        product = np.add.reduce(product, axis=tuple(range(len(result), len(order))))
    if product.ndim == 0:
        return scalar_or_array(r, product.lines, product.values)
    return product.copy()


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _product(a: Any, b: Any, summed_a: Sequence[int], summed_b: Sequence[int]) -> Any:
    """Return the sum of products over pairs of axes; the others follow in order."""
    r = a.recorder
    a, b = as_numbers(a), as_numbers(b)
    if [a.shape[k] for k in summed_a] != [b.shape[k] for k in summed_b]:
        msg = f"shapes {a.shape} and {b.shape} not aligned"
        raise ValueError(msg)
    left = list(_LETTERS[: a.ndim])
    right = list(_LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(summed_a, summed_b, strict=True):
        right[j] = left[i]
    shared = "".join(left[i] for i in summed_a)
    result = "".join(c for c in left if c not in shared) + "".join(
        c for c in right if c not in shared
    )
    return _contract(r, [("".join(left), a), ("".join(right), b)], result, shared)


@implements(np.dot)
def _dot(r: Recorder, a: Any, b: Any, out: Any = None) -> Any:
    first, second = lift(r, a), lift(r, b)
    if first.ndim == 0 or second.ndim == 0:
        return into(out, first * second)
    return into(out, _product(first, second, [first.ndim - 1], [max(second.ndim - 2, 0)]))


@implements(np.vdot)
def _vdot(r: Recorder, a: Any, b: Any) -> Any:
    return _dot(r, np.ravel(lift(r, a)), np.ravel(lift(r, b)))


@implements(np.inner)
def _inner(r: Recorder, a: Any, b: Any) -> Any:
    first, second = lift(r, a), lift(r, b)
    if first.ndim == 0 or second.ndim == 0:
        return first * second
    return _product(first, second, [first.ndim - 1], [second.ndim - 1])


@implements(np.outer)
def _outer(r: Recorder, a: Any, b: Any, out: Any = None) -> Any:
    first, second = np.ravel(lift(r, a)), np.ravel(lift(r, b))
    return into(out, first[:, None] * second[None, :])


@implements(np.tensordot)
def _tensordot(r: Recorder, a: Any, b: Any, axes: Any = 2) -> Any:
    first, second = lift(r, a), lift(r, b)
    if isinstance(axes, (int, np.integer)):
        over_a, over_b = range(first.ndim - int(axes), first.ndim), range(int(axes))
        return _product(first, second, list(over_a), list(over_b))
    given = [list(k) if isinstance(k, (list, tuple, np.ndarray)) else [k] for k in axes]
    return _product(
        first, second, [k % first.ndim for k in given[0]], [k % second.ndim for k in given[1]]
    )


def _matmul(a: TracedArray, b: TracedArray, **_: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        msg = "matmul: Input operand does not have enough dimensions"
        raise ValueError(msg)
    if a.ndim <= 2 and b.ndim <= 2:
        return _product(a, b, [a.ndim - 1], [max(b.ndim - 2, 0)])
    left = a if a.ndim > 1 else a[None, :]
    right = b if b.ndim > 1 else b[:, None]
    result = np.einsum("...ij,...jk->...ik", left, right)
    if a.ndim == 1:
        result = result[..., 0, :]
    return result if b.ndim > 1 else result[..., 0]


PRODUCTS: dict[str, Handler] = {
    "matmul": _matmul,
    "vecdot": lambda a, b, **_: np.einsum("...i,...i->...", a, b),
    "matvec": lambda a, b, **_: np.einsum("...ij,...j->...i", a, b),
    "vecmat": lambda a, b, **_: np.einsum("...i,...ij->...j", a, b),
}


@implements(np.convolve)
def _convolve(r: Recorder, a: Any, v: Any, mode: str = "full") -> Any:
    first, second = lift(r, a), lift(r, v)
    if len(second) > len(first):
        first, second = second, first
    n, m = len(first), len(second)
    full = np.stack(
        [
            np.sum(
                np.stack(
                    [first[i] * second[k - i] for i in range(max(0, k - m + 1), min(n, k + 1))]
                )
            )
            for k in range(n + m - 1)
        ]
    )
    if mode == "full":
        return full
    if mode == "same":
        return full[(m - 1) // 2 : (m - 1) // 2 + n]
    return full[m - 1 : n]


def _components(a: TracedArray) -> list[Any]:
    if a.shape[-1] not in {2, 3}:
        msg = "incompatible dimensions for cross product (dimension must be 2 or 3)"
        raise ValueError(msg)
    return [a[..., k] if k < a.shape[-1] else 0.0 for k in range(3)]


@implements(np.cross)
def _cross(
    r: Recorder,
    a: Any,
    b: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    first = xp.moveaxis(lift(r, a), axisa, -1)
    second = xp.moveaxis(lift(r, b), axisb, -1)
    (a0, a1, a2), (b0, b1, b2) = _components(first), _components(second)
    last = a0 * b1 - a1 * b0
    if first.shape[-1] == second.shape[-1] == 2:
        return last
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, last], axis=axisc)


@implements(np.kron)
def _kron(r: Recorder, a: Any, b: Any) -> Any:
    first, second = lift(r, a), lift(r, b)
    ndim = max(first.ndim, second.ndim)
    rows = (1,) * (ndim - first.ndim) + first.shape
    columns = (1,) * (ndim - second.ndim) + second.shape
    left = first.reshape([n for size in rows for n in (size, 1)])
    right = second.reshape([n for size in columns for n in (1, size)])
    return (left * right).reshape([n * m for n, m in zip(rows, columns, strict=True)])


@implements(np.result_type)
def _result_type(r: Recorder, *values: Any) -> Any:
    return np.result_type(*(v.dtype if isinstance(v, TracedArray) else v for v in values))
