"""check_network: somebody's gradient of a network's loss, held against the best reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symnum.errors import UsageError
from symnum.nets.candidate import Watched
from symnum.nets.described import check_described
from symnum.nets.entrywise import check_against
from symnum.nets.undescribed import check_along
from symnum.nets.verdict import NetworkVerdict

if TYPE_CHECKING:
    from symnum.nets.network import Network


def check_network(
    loss: Callable[..., Any] | None,
    gradient: Callable[..., Any],
    params: Mapping[str, Any],
    network: Network | None = None,
    *,
    x: Any,
    t: Any,
    h: float | None = None,
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
) -> NetworkVerdict:
    """Check somebody's gradient of a network's loss.

    With `network` every entry is held against the certified gradient, and the slip is named.
    Without it the loss itself is the reference: entry by entry where there are few parameters,
    along random directions in each array where there are many. That tells which layer is wrong, and
    a sign or a factor; no other cause is guessed.

    Parameters
    ----------
    loss : callable or None
        `loss(params, x, t)`, a number. With `network` it is held against the network's first, and
        None leaves it out; without it is needed, unless there is a `reference`.
    gradient : callable
        `gradient(params, x, t)`, a dict of arrays named like the parameters.
    params, x, t
        As for `Network.loss`; without `network` any dict of arrays, and whatever the callables
        take. They get copies.
    network : Network, optional
        The description that the gradient should fit.
    h : float, optional
        The step, where the candidate is a numerical gradient: errors are then traced to kinks that
        the step carries a unit over. Needs `network`.
    reference : callable, optional
        Another gradient, such as an automatic one, that the candidate is held against entry by
        entry. It is not certified.
    seed : int
        Of the directions.

    Returns
    -------
    NetworkVerdict
        Status, errors of every parameter, and the cause where one slip explains all of them.

    Raises
    ------
    UsageError, DomainError
        params, x or t don't fit, a number is not finite, or `gradient` returns no dict of arrays.

    Notes
    -----
    An entry is right when its error is within the rounding of a float64 evaluation, by first-order
    error analysis (Higham 2002). A cause is a slip that, carried out on the described network,
    gives the candidate's numbers. Without a description the loss is run on ball duals, which
    certifies its derivatives; where it can't be, or has more than 20,000 parameters times samples,
    they are measured as by `symnum.differentiate`, with an error bar that is not certified.

    Examples
    --------
    >>> from symnum.nets import Dense, Network, check_network
    >>> network = Network([Dense(2, 3), "tanh", Dense(3, 2)], "softmax_cross_entropy")
    >>> def forgets_the_mean(params, x, t):
    ...     return {name: 2 * g for name, g in network.gradient(params, x, t).items()}
    >>> x, t = [[0.1, 0.7], [0.9, -0.4]], [0, 1]
    >>> verdict = check_network(None, forgets_the_mean, network.init(), network, x=x, t=t)
    >>> str(verdict.status), str(verdict.cause), verdict.cause_detail
    ('wrong', 'batch', '1/batch is missing: 2 times too large')
    >>> verdict = check_network(network.loss, forgets_the_mean, network.init(), x=x, t=t)
    >>> str(verdict.cause), verdict.cause_detail
    ('factor', 'every parameter: given/exact = 2, which is the number of samples')
    """
    if not callable(gradient):
        msg = f"gradient is a {type(gradient).__name__}; a function of params, x, t is expected"
        raise UsageError(msg)
    if network is not None and reference is not None:
        msg = "network and reference are both given; one of them is the reference"
        raise UsageError(msg)
    watched = Watched(gradient, params if network is None else network.shapes)
    verdict = _checked(loss, watched, params, network, x, t, h, reference, seed)
    return replace(verdict, note=watched.note(verdict.cause_detail))


def _checked(
    loss: Callable[..., Any] | None,
    gradient: Callable[..., Any],
    params: Mapping[str, Any],
    network: Network | None,
    x: Any,
    t: Any,
    h: float | None,
    reference: Callable[..., Any] | None,
    seed: int,
) -> NetworkVerdict:
    """Hold the gradient against the best reference that there is."""
    if network is not None:
        return check_described(network, loss, gradient, params, x, t, h)
    if h is not None:
        msg = "h traces errors to kinks of a described network: give network= with it"
        raise UsageError(msg)
    if reference is not None:
        return check_against(reference, gradient, params, x, t, seed)
    if loss is None:
        msg = "there is nothing to hold the gradient against: give loss, network= or reference="
        raise UsageError(msg)
    return check_along(loss, gradient, params, x, t, seed)
