"""check_network: somebody's gradient of a network, held against the certified one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.checking.verdict import Outcome
from symnum.errors import UsageError
from symnum.formula.exact import Exact
from symnum.nets.backward import float_loss
from symnum.nets.bounds import rounding_bounds
from symnum.nets.data import Batch, check_batch, check_finite, check_parameters
from symnum.nets.layers import SOFTMAX, SOFTMAX_UNSHIFTED, Activation, Dense
from symnum.nets.losses import CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED
from symnum.nets.slips import slips
from symnum.nets.steps import kinks_near
from symnum.nets.structure import Structure
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

if TYPE_CHECKING:
    from symnum.nets.network import Network

Arrays = dict[str, np.ndarray]

# A slip that is carried out in float64 is itself rounded, and may enlarge what it is applied to.
_SLIP_ROOM = 64.0
# float32 rounds this many times as coarsely as float64.
_SINGLE = 2.0**29
# Past the largest logit that exp takes, and no change to softmax: a shift of every logit.
_SHIFT = 1000.0


def check_network(
    loss: Callable[..., Any] | None,
    gradient: Callable[..., Any],
    params: Mapping[str, Any],
    *,
    x: Any,
    t: Any,
    network: Network,
    h: float | None = None,
) -> NetworkVerdict:
    """Check somebody's gradient of a network's loss.

    Parameters
    ----------
    loss : callable or None
        `loss(params, x, t)`, a number. It is held against the network's first; None leaves it out.
    gradient : callable
        `gradient(params, x, t)`, a dict of arrays named like the parameters.
    params, x, t
        As for `Network.loss`. The callables get copies.
    network : Network
        The description that the gradient should fit.
    h : float, optional
        The step, where the candidate is a numerical gradient: errors are then traced to kinks that
        the step carries a unit over.

    Returns
    -------
    NetworkVerdict
        Status, errors of every parameter, and the cause where one slip explains all of them.

    Raises
    ------
    UsageError, DomainError
        params, x or t don't fit the network, or `gradient` returns no dict of arrays.

    Notes
    -----
    An entry is right when its error is within the rounding of a float64 evaluation, by first-order
    error analysis (Higham 2002). A cause is a slip that, carried out on the described network,
    gives the candidate's numbers.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, check_network
    >>> network = Network([Dense(2, 3), "tanh", Dense(3, 2)], "softmax_cross_entropy")
    >>> def forgets_the_mean(params, x, t):
    ...     return {name: 2 * g for name, g in network.gradient(params, x, t).items()}
    >>> x, t = [[0.1, 0.7], [0.9, -0.4]], [0, 1]
    >>> verdict = check_network(None, forgets_the_mean, network.init(), x=x, t=t, network=network)
    >>> str(verdict.status), str(verdict.cause), verdict.cause_detail
    ('wrong', 'batch', '1/batch is missing: 2 times too large')
    """
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
    given, dtypes, problem = _called(structure, gradient, arrays, x, t)
    if problem is not None:
        return problem
    exact = network.exact_gradient(arrays, batch.x, batch.t)
    reports = tuple(
        _report(name, given[name], exact[name], bounds.gradient[name]) for name in given
    )
    nonfinite = [name for name, array in given.items() if not np.isfinite(array).all()]
    if nonfinite:
        detail = f"{', '.join(nonfinite)}: not finite, where the exact gradient is"
        if _takes_softmax(structure):
            detail += "; exp overflows from 710 on where the largest logit isn't taken out"
        return NetworkVerdict(Outcome.WRONG, reports, NetworkCause.NONFINITE, detail)
    if not any(report.wrong for report in reports):
        overflow = _overflows(structure, gradient, arrays, x, t)
        if overflow:
            return NetworkVerdict(Outcome.INACCURATE, reports, NetworkCause.MAX_SHIFT, overflow)
        return NetworkVerdict(Outcome.OK, reports)
    if _within(given, exact, bounds.gradient, _SINGLE) and np.dtype(np.float32) in dtypes:
        detail = "the gradient has the dtype float32"
        return NetworkVerdict(Outcome.INACCURATE, reports, NetworkCause.FLOAT32, detail)
    if h is not None:
        for report in sorted(reports, key=lambda r: -abs(r.given - r.exact) if r.wrong else 0.0):
            worst = int(np.nanargmax(np.abs(given[report.name] - exact[report.name].hi)))
            place = tuple(int(i) for i in np.unravel_index(worst, given[report.name].shape))
            kinks = kinks_near(network, arrays, batch.x, report.name, place, h=h)
            if report.wrong and kinks:
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
    try:
        theirs = float(np.asarray(loss(_copies(params), _copy(x), _copy(t)), dtype=np.float64))
    except (TypeError, ValueError) as error:
        msg = f"loss(params, x, t) must return one number: {error}"
        raise UsageError(msg) from None
    if abs(theirs - ours) <= 2.0 * bound + 4.0 * np.spacing(abs(ours)):
        return ""
    ratio = theirs / ours if ours else float("nan")
    hint = ""
    if batch.size > 1 and np.isclose(ratio, batch.size, rtol=1e-12):
        hint = ": the sum over the batch in place of its mean"
    return f"the loss is {theirs!r}, and that of the described network is {ours!r}{hint}"


def _copies(params: Arrays) -> Arrays:
    return {name: array.copy() for name, array in params.items()}


def _copy(values: Any) -> Any:
    return np.array(values)


def _called(
    structure: Structure, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> tuple[Arrays, set[Any], NetworkVerdict | None]:
    """Return the candidate's arrays in the network's order, or a verdict on their shapes."""
    answer = gradient(_copies(params), _copy(x), _copy(t))
    if not isinstance(answer, Mapping):
        msg = (
            f"gradient(params, x, t) must return a dict of arrays named "
            f"{', '.join(structure.shapes)}; it returned a {type(answer).__name__}"
        )
        raise UsageError(msg)
    given: Arrays = {}
    dtypes = set()
    for name, shape in structure.shapes.items():
        if name not in answer:
            detail = f"{name}: no gradient was returned"
            cause = NetworkCause.BIAS if name.startswith("b") else NetworkCause.SHAPE
            return {}, set(), NetworkVerdict(Outcome.WRONG, cause=cause, cause_detail=detail)
        array = np.asarray(answer[name])
        dtypes.add(array.dtype)
        if array.shape != shape:
            turned = array.shape == shape[::-1]
            detail = f"{name}: the gradient has shape {array.shape}, and {name} has {shape}"
            cause = NetworkCause.TRANSPOSED if turned else NetworkCause.SHAPE
            return {}, set(), NetworkVerdict(Outcome.WRONG, cause=cause, cause_detail=detail)
        given[name] = array.astype(np.float64)
    return given, dtypes, None


def _report(name: str, given: np.ndarray, exact: Exact, bound: np.ndarray) -> ParameterReport:
    with np.errstate(all="ignore"):
        hi = np.asarray(exact.hi)
        known = np.isfinite(hi)
        error = np.abs((given - hi) - exact.lo)
        ulps = np.where(known, error / np.spacing(np.abs(hi)), 0.0)
        excess = np.where(known, error / np.maximum(bound, np.spacing(np.abs(hi))), 0.0)
        excess = np.where(known & ~np.isfinite(given), np.inf, excess)
        between = (given >= np.minimum(exact.left, exact.right) - bound) & (
            given <= np.maximum(exact.left, exact.right) + bound
        )
        outside = ~known & ~between & np.isfinite(exact.left) & np.isfinite(exact.right)
        wrong = (excess > 1.0) | outside
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), hi.shape))
        limits = (bound / np.abs(hi))[known & (hi != 0.0)]
    return ParameterReport(
        name,
        hi.size,
        int(np.count_nonzero(wrong)),
        float(np.median(ulps[known])) if known.any() else float("nan"),
        float(ulps[known].max()) if known.any() else float("nan"),
        worst,
        float(hi[worst]),
        float(given[worst]),
        float(np.median(limits)) if limits.size else float("nan"),
        int(np.count_nonzero(~known)),
    )


def _within(given: Arrays, exact: Mapping[str, Exact], bounds: Arrays, room: float) -> bool:
    """Say whether every entry that has a derivative is near the exact one."""
    return all(
        bool(
            np.all(
                ~np.isfinite(exact[name].hi)
                | (
                    np.abs(given[name] - exact[name].hi)
                    <= room * np.maximum(bounds[name], np.spacing(np.abs(exact[name].hi)))
                )
            )
        )
        for name in given
    )


def _explain(
    structure: Structure,
    params: Arrays,
    batch: Batch,
    given: Arrays,
    exact: Mapping[str, Exact],
    bounds: Arrays,
) -> tuple[NetworkCause | None, str]:
    """Return the slip that gives the candidate's numbers, if there is one."""
    for name in given:
        hi = exact[name].hi
        if not given[name].any() and np.nanmax(np.abs(hi)) > 0.0:
            cause = NetworkCause.ZERO
            rest = {k: v for k, v in given.items() if k != name}
            more = "" if _within(rest, exact, bounds, 1.0) else ", and others are wrong too"
            return cause, f"{name}: the gradient was left at 0{more}"
    for slip in slips(structure, params, batch):
        if all(_same(given[k], slip.gradient[k], bounds[k], exact[k].hi) for k in given):
            return slip.cause, slip.detail
    return _factor(given, exact, bounds)


def _same(given: np.ndarray, slip: np.ndarray, bound: np.ndarray, exact: np.ndarray) -> bool:
    """Say whether two arrays agree, with rounding in proportion to what the slip made of it."""
    if slip.shape != given.shape:
        return False
    with np.errstate(all="ignore"):
        # A slip may enlarge the whole array, and its rounding with it.
        largest = np.nanmax(np.abs(exact))
        grown = max(1.0, float(np.max(np.abs(slip)) / largest)) if largest > 0.0 else 1.0
        room = _SLIP_ROOM * grown * np.maximum(bound, np.median(bound)) + 4 * np.spacing(
            np.abs(slip)
        )
        return bool(np.all(np.abs(given - slip) <= room))


def _factor(
    given: Arrays, exact: Mapping[str, Exact], bounds: Arrays
) -> tuple[NetworkCause | None, str]:
    """Return the constant by which every wrong parameter is off, if there is one."""
    found = {}
    for name, array in given.items():
        hi = np.nan_to_num(exact[name].hi)
        if _within({name: array}, exact, bounds, 1.0):
            continue
        square = float(np.vdot(hi, hi))
        ratio = float(np.vdot(hi, array)) / square if square else float("nan")
        room = _SLIP_ROOM * max(1.0, abs(ratio)) * bounds[name] + 4 * np.spacing(np.abs(array))
        if not np.all(np.abs(array - ratio * hi) <= room):
            return None, ""
        found[name] = ratio
    if not found:
        return None, ""
    words = [
        f"{name}: the sign is turned"
        if np.isclose(r, -1.0, rtol=1e-9)
        else f"{name}: {r:.6g} times"
        for name, r in found.items()
    ]
    return NetworkCause.FACTOR, "; ".join(words)


def _takes_softmax(structure: Structure) -> bool:
    last = structure.layers[-1]
    return structure.loss.formula in (CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED) or (
        isinstance(last, Activation) and last.formula in (SOFTMAX, SOFTMAX_UNSHIFTED)
    )


def _overflows(
    structure: Structure, gradient: Callable[..., Any], params: Arrays, x: Any, t: Any
) -> str:
    """Say what a candidate does at logits that are all 1000 larger, which changes no softmax."""
    if not _takes_softmax(structure):
        return ""
    last = max(i for i, layer in enumerate(structure.layers) if isinstance(layer, Dense))
    names = structure.names[last]
    assert names is not None
    if names[1] is None:
        return ""
    moved = {**params, names[1]: params[names[1]] + _SHIFT}
    with np.errstate(all="ignore"):
        answer = gradient(_copies(moved), _copy(x), _copy(t))
    bad = [name for name in structure.shapes if not np.isfinite(np.asarray(answer[name])).all()]
    if not bad:
        return ""
    return (
        f"right here, and not finite ({', '.join(bad)}) once exp overflows, from logits of 710 on: "
        "take the largest logit of each sample out before exp"
    )
