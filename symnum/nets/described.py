"""A gradient held against the certified one of a described network, and the slip that it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.formula.exact import Exact
from symnum.nets.backward import float_gradient, float_loss, one_layer
from symnum.nets.bounds import rounding_bounds
from symnum.nets.candidate import ask_gradient, ask_loss, broken_manners, not_finite_far_away
from symnum.nets.compare import (
    SLIP_ROOM,
    constant_factor,
    integers,
    kept_digits,
    report,
    within,
)
from symnum.nets.data import Batch, check_batch, check_finite, check_parameters
from symnum.nets.layers import SOFTMAX, SOFTMAX_UNSHIFTED, Activation, Dense
from symnum.nets.losses import CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED
from symnum.nets.lost import lost_digits
from symnum.nets.precision import (
    DOUBLE,
    SINGLE,
    SINGLE_INSIDE,
    is_single_inside,
    of_dtypes,
)
from symnum.nets.slips import slips
from symnum.nets.stale import stale_against
from symnum.nets.steps import kinks_near
from symnum.nets.structure import Structure
from symnum.nets.verdict import NetworkCause, NetworkVerdict

if TYPE_CHECKING:
    from symnum.nets.network import Network

Arrays = dict[str, np.ndarray]

# Past the largest logit that exp takes, and no change to softmax: a shift of every logit.
_SHIFT = 1000.0
# Slopes on both sides of a kink differ by this share; a smooth activation's by rounding.
_KINK, _NAMED = 2.0**-20, 4
# A slip is told from the right gradient where they are so many times further apart than rounding.
_CLEARLY = 4.0


def check_described(
    network: Network,
    loss: Callable[..., Any] | None,
    gradient: Callable[..., Any],
    params: Mapping[str, Any],
    x: Any,
    t: Any,
    h: float | None,
) -> NetworkVerdict:
    """Hold a gradient against the certified one of a network; see `check_network`."""
    structure = network.structure
    arrays = check_parameters(structure, params)
    batch = check_batch(structure, x, t)
    check_finite(arrays, batch.x)
    bounds = rounding_bounds(structure, arrays, batch)
    if loss is not None:
        found = _loss_differs(structure, loss, arrays, batch, x, t, bounds.loss)
        if found:
            return NetworkVerdict(
                Outcome.WRONG, cause=NetworkCause.WRONG_FUNCTION, cause_detail=found
            )
    given, dtypes, problem = ask_gradient(structure.shapes, gradient, arrays, x, t)
    if problem is not None:
        return problem
    exact = network.exact_gradient(arrays, batch.x, batch.t)
    reports = tuple(report(name, given[name], exact[name], bounds.gradient[name]) for name in given)
    nonfinite = [each for each in reports if not np.isfinite(given[each.name]).all()]
    if nonfinite:
        named = ", ".join(each.name for each in nonfinite)
        detail = f"{named}: not finite, where the exact gradient is ({nonfinite[0].worst_name})"
        if _takes_softmax(structure) and _exp_overflows(structure, arrays, batch):
            detail += "; exp overflows from 710 on where the largest logit isn't taken out"
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.NONFINITE, detail)
    manners = broken_manners(structure.shapes, gradient, arrays, x, t, given)
    if manners is not None:
        return manners

    def at(moved: Arrays) -> Arrays:
        return ask_gradient(structure.shapes, gradient, moved, x, t)[0]

    def ours(moved: Arrays) -> Arrays:
        return float_gradient(structure, moved, batch)

    def room(moved: Arrays) -> Arrays:
        return rounding_bounds(structure, moved, batch).gradient

    if not any(each.wrong for each in reports):
        overflow = _overflows(structure, gradient, arrays, x, t)
        if overflow:
            return NetworkVerdict(Outcome.INACCURATE, reports, NetworkCause.MAX_SHIFT, overflow)
        status, reason = lost_digits(structure, arrays, batch, given, exact, bounds.gradient)
        if not reason and any(each.kinks for each in reports):
            reason = at_kinks(structure, arrays, batch)
        verdict = NetworkVerdict(status, reports, reason=reason)
        return stale_against(verdict, at, ours, room, arrays, given) if verdict else verdict

    precision = of_dtypes(dtypes)
    if precision is DOUBLE and is_single_inside(at, arrays, given):
        precision = SINGLE_INSIDE
    wider = {k: precision.factor * bound + precision.least for k, bound in bounds.gradient.items()}
    if precision is not DOUBLE and within(given, exact, wider, 1.0):
        detail = f"{precision.words}{kept_digits(given, exact)}"
        return NetworkVerdict(Outcome.INACCURATE, reports, precision.cause, detail)
    whole = integers(given, dtypes, exact)
    if whole:
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.DTYPE, whole)
    if h is not None:
        # Where no entry has a derivative there is no error to trace.
        traced = [r for r in reports if r.wrong and r.kinks < r.entries]
        for each in sorted(traced, key=lambda r: -abs(r.given - r.exact)):
            worst = int(np.nanargmax(np.abs(given[each.name] - exact[each.name].hi)))
            place = tuple(int(i) for i in np.unravel_index(worst, given[each.name].shape))
            kinks = kinks_near(network, arrays, batch.x, each.name, place, h=h)
            if kinks:
                return NetworkVerdict(
                    Outcome.WRONG, reports, NetworkCause.KINK, "; ".join(map(str, kinks[:3]))
                )
    cause, detail = _explain(structure, arrays, batch, given, exact, bounds.gradient)
    return NetworkVerdict(Outcome.WRONG, reports, cause, detail)


def _loss_differs(
    structure: Structure,
    loss: Callable[..., Any],
    params: Arrays,
    batch: Batch,
    x: Any,
    t: Any,
    bound: float,
) -> str:
    """Say how the loss differs from the network's; empty where rounding explains it."""
    ours = float_loss(structure, params, batch)
    theirs, dtype = ask_loss(loss, params, x, t)
    room = SINGLE.factor if dtype == np.float32 else 1.0
    if abs(theirs - ours) <= room * (2.0 * bound + 4.0 * np.spacing(abs(ours))):
        return ""
    ratio = theirs / ours if ours else float("nan")
    hint = ""
    if batch.size > 1 and np.isclose(ratio, batch.size, rtol=1e-12):
        hint = ": the sum over the batch in place of its mean"
    return f"the loss is {theirs!r}, and that of the described network is {ours!r}{hint}"


def _explain(
    structure: Structure,
    params: Arrays,
    batch: Batch,
    given: Arrays,
    exact: Mapping[str, Exact],
    bounds: Arrays,
) -> tuple[NetworkCause | None, str]:
    """Return the slip that gives the candidate's numbers, if there is one.

    A slip that does nothing at these numbers explains nothing: in every wrong array it must differ
    from the right gradient by clearly more than rounding.
    """
    wrong = [name for name in given if not within({name: given[name]}, exact, bounds, 1.0)]
    if not wrong:
        where = at_kinks(structure, params, batch)
        off = "only entries that have no derivative are off, outside of both sides' derivatives"
        return NetworkCause.KINK, f"{off}: {where}"
    zeros = [name for name in wrong if not given[name].any()]
    if zeros:
        more = ", and others are wrong too" if len(wrong) > len(zeros) else ""
        return NetworkCause.ZERO, f"{', '.join(zeros)}: the gradient was left at 0{more}"
    right = {name: exact[name].hi for name in given}
    for slip in slips(structure, params, batch):
        if all(_near(given[k], slip.gradient[k], bounds[k], right[k]) for k in given) and not any(
            _near(right[k], slip.gradient[k], bounds[k], right[k], room=_CLEARLY) for k in wrong
        ):
            return slip.cause, slip.detail
    return constant_factor(given, exact, bounds)


def _near(
    array: np.ndarray, slip: np.ndarray, bound: np.ndarray, exact: np.ndarray, room: float = 1.0
) -> bool:
    """Say whether an array is a slip's, with rounding in proportion to what the slip made of it."""
    known = np.isfinite(exact)
    if slip.shape != exact.shape or not known.any():
        return False
    with np.errstate(all="ignore"):
        # A slip may enlarge the whole array, and its rounding with it.
        largest = float(np.abs(exact[known]).max())
        grown = max(1.0, float(np.max(np.abs(slip)) / largest)) if largest > 0.0 else 1.0
        allowed = SLIP_ROOM * grown * np.maximum(bound, np.median(bound))
        allowed += 4 * np.spacing(np.abs(slip))
        return bool(np.all((np.abs(array - slip) <= room * allowed)[known]))


def at_kinks(structure: Structure, params: Arrays, batch: Batch) -> str:
    """Say which units stand at a kink, where any derivative between both sides is right."""
    values, found = batch.x, []
    with np.errstate(all="ignore"):
        for index, (layer, names) in enumerate(zip(structure.layers, structure.names, strict=True)):
            before, values = values, one_layer(layer, names, params, values)
            if isinstance(layer, Activation) and layer.scalar is not None:
                slopes = layer.scalar.slopes_beside(before)
                apart = np.abs(slopes[1] - slopes[0]) > _KINK * np.abs(slopes).max(axis=0)
                for unit in np.flatnonzero(apart.any(axis=0)):
                    count = int(apart[:, unit].sum())
                    found.append(
                        f"unit {unit} of layer {index} in {count} sample{'s' * (count != 1)}"
                    )
    if not found:
        return ""
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"{', '.join(found[:_NAMED])}{more}: at a kink of the activation, where any derivative "
        "between those of both sides is right"
    )


def _last_dense(structure: Structure) -> int:
    """Return which layer the logits come from."""
    return max(i for i, layer in enumerate(structure.layers) if isinstance(layer, Dense))


def _exp_overflows(structure: Structure, params: Arrays, batch: Batch) -> bool:
    """Say whether exp of a logit overflows where the largest isn't taken out."""
    last = _last_dense(structure)
    values = batch.x
    with np.errstate(all="ignore"):
        for layer, names in zip(
            structure.layers[: last + 1], structure.names[: last + 1], strict=True
        ):
            values = one_layer(layer, names, params, values)
        return not bool(np.isfinite(np.exp(values)).all())


def _takes_softmax(structure: Structure) -> bool:
    crossed = structure.loss.formula in (CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED)
    return crossed or _is_softmax(structure.layers[-1])


def _is_softmax(layer: Dense | Activation) -> bool:
    return isinstance(layer, Activation) and layer.formula in (SOFTMAX, SOFTMAX_UNSHIFTED)


def _overflows(
    structure: Structure, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> str:
    """Say what a candidate does at logits that are all 1000 larger, which changes no softmax."""
    last = _last_dense(structure)
    between = structure.layers[last + 1 :]
    if not _takes_softmax(structure) or not all(_is_softmax(layer) for layer in between):
        return ""  # behind another activation a bias moves the logits by different amounts
    names = structure.names[last]
    assert names is not None
    if names[1] is None:
        return ""
    moved = {**params, names[1]: params[names[1]] + _SHIFT}
    bad = not_finite_far_away(structure.shapes, gradient, moved, x, t)
    if not bad:
        return ""
    return (
        f"right here, and not finite ({', '.join(bad)}) once exp overflows, from logits of 710 on: "
        "take the largest logit of each sample out before exp"
    )
