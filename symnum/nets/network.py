"""Network: layers and a loss, with the loss's gradient in float64 and exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symnum.errors import UsageError
from symnum.formula.exact import Exact
from symnum.nets.backward import float_gradient, float_loss, outputs
from symnum.nets.certified import exact_gradient
from symnum.nets.data import check_batch, check_finite, check_parameters
from symnum.nets.layers import SOFTMAX, SOFTMAX_UNSHIFTED, Activation, Dense
from symnum.nets.losses import CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED, Loss
from symnum.nets.structure import Structure

Parameters = dict[str, np.ndarray]


@dataclass(frozen=True, init=False)
class Network:
    """A network of dense layers and activations, and its loss as a function of its parameters.

    The parameters are a dict of float64 arrays `W1`, `b1`, `W2`, `b2`, ... in that order: one W of
    shape (inputs, outputs) for each Dense, and after it its b of shape (outputs,), where it has
    one; y = x @ W + b. The loss is the sum over the outputs and the mean over the batch.

    Parameters
    ----------
    layers : sequence of Dense or Activation
        From the input to the output. The text of an activation stands for it.
    loss : str or Loss
        softmax_cross_entropy, squared_error, logistic, or a formula in y and t.

    Raises
    ------
    UsageError
        The layers' sizes don't fit, or there is no Dense.

    Notes
    -----
    The chain rule by matrix products is backpropagation (Rumelhart, Hinton and Williams 1986); the
    exact gradient is the same over balls (Johansson 2017), with precision raised until each entry
    rounds to one double.

    Examples
    --------
    >>> from symnum.nets import Dense, Network
    >>> network = Network([Dense(2, 3)], loss="softmax_cross_entropy")
    >>> params = network.init(seed=0)
    >>> exact = network.exact_gradient(params, [0.6, 0.9], 2)
    >>> exact["W1"].hi.shape
    (2, 3)
    """

    layers: tuple[Dense | Activation, ...]
    loss_function: Loss
    structure: Structure = field(repr=False, compare=False)

    def __init__(self, layers: Iterable[Any], loss: Any) -> None:
        if isinstance(layers, str | Dense | Activation) or not isinstance(layers, Iterable):
            msg = 'a Network takes a list of layers, such as [Dense(2, 3), Activation("tanh")]'
            raise UsageError(msg)
        made = tuple(_layer(index, layer) for index, layer in enumerate(layers))
        made_loss = loss if isinstance(loss, Loss) else Loss(loss)
        _check_chain(made, made_loss)
        object.__setattr__(self, "layers", made)
        object.__setattr__(self, "loss_function", made_loss)
        object.__setattr__(self, "structure", Structure.of(made, made_loss))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The parameters' names in order, and their shapes."""
        return self.structure.shapes

    def init(self, seed: int = 0, scale: float = 0.01) -> Parameters:
        """Return random parameters: weights scale × standard normal, biases 0.

        Parameters
        ----------
        seed : int
            Of `numpy.random.default_rng`; the weights are drawn in the parameters' order.
        scale : float
            Standard deviation of the weights.

        Examples
        --------
        >>> from symnum.nets import Dense, Network
        >>> list(Network([Dense(2, 3), "tanh", Dense(3, 1)], "squared_error").init())
        ['W1', 'b1', 'W2', 'b2']
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            msg = f"seed is {seed!r}; it must be an integer from 0 on"
            raise UsageError(msg)
        if not isinstance(scale, int | float) or not np.isfinite(scale):
            msg = f"scale is {scale!r}; it must be a finite number"
            raise UsageError(msg)
        random = np.random.default_rng(seed)
        return {
            name: scale * random.standard_normal(shape) if len(shape) == 2 else np.zeros(shape)
            for name, shape in self.shapes.items()
        }

    def output(self, params: Mapping[str, Any], x: Any) -> np.ndarray:
        """Return what the last layer gives in float64: shape (outputs,) or (batch, outputs)."""
        arrays = check_parameters(self.structure, params)
        rows, single = self.structure.check_inputs(x)
        check_finite(arrays, rows)
        with np.errstate(all="ignore"):
            result = outputs(self.structure, arrays, rows)
        return result[0] if single else result

    def loss(self, params: Mapping[str, Any], x: Any, t: Any) -> float:
        """Return the loss in float64.

        Parameters
        ----------
        params : dict of array_like
            By name; see the class.
        x : array_like
            Shape (inputs,), or (batch, inputs).
        t : array_like
            Targets of the outputs' shape, or integer labels: one, or one a sample.

        Raises
        ------
        UsageError
            Names, shapes or labels don't fit the network.
        DomainError
            An input is not finite, or the loss is not in float64.

        Examples
        --------
        >>> from symnum.nets import Dense, Network
        >>> network = Network([Dense(1, 1)], "squared_error")
        >>> network.loss({"W1": [[2.0]], "b1": [1.0]}, [3.0], [5.0])
        2.0
        """
        arrays = check_parameters(self.structure, params)
        batch = check_batch(self.structure, x, t)
        # An infinite weight can hide behind a saturated unit: the loss costs little beside this.
        check_finite(arrays, batch.x)
        return float_loss(self.structure, arrays, batch)

    def gradient(self, params: Mapping[str, Any], x: Any, t: Any) -> Parameters:
        """Return the gradient of the loss in float64: an array for each parameter.

        Takes and raises what `loss` does. At a kink the derivative is the mean of both sides.

        Examples
        --------
        >>> from symnum.nets import Dense, Network
        >>> network = Network([Dense(1, 1)], "squared_error")
        >>> {k: v.tolist() for k, v in network.gradient({"W1": [[2]], "b1": [1]}, [3], [5]).items()}
        {'W1': [[6.0]], 'b1': [2.0]}
        """
        arrays = check_parameters(self.structure, params)
        batch = check_batch(self.structure, x, t)
        return float_gradient(self.structure, arrays, batch)

    def exact_gradient(self, params: Mapping[str, Any], x: Any, t: Any) -> dict[str, Exact]:
        """Return the certified gradient of the loss: an `Exact` for each parameter.

        Takes what `loss` does. The parameters, x and t are the doubles they are, taken exactly.

        Examples
        --------
        >>> from symnum.nets import Dense, Network
        >>> network = Network([Dense(1, 1)], "squared_error")
        >>> exact = network.exact_gradient({"W1": [[0.1]], "b1": [0.2]}, [0.3], [0.0])
        >>> float(exact["b1"].hi[0]), str(exact["b1"].status[0])
        (0.23, 'certified')
        """
        arrays = check_parameters(self.structure, params)
        batch = check_batch(self.structure, x, t)
        check_finite(arrays, batch.x)
        return exact_gradient(self.structure, arrays, batch)


def _layer(index: int, layer: Any) -> Dense | Activation:
    if isinstance(layer, Dense | Activation):
        return layer
    if isinstance(layer, str):
        return Activation(layer)
    msg = f"layer {index} is a {type(layer).__name__}; a layer is a Dense or an Activation"
    raise UsageError(msg)


def _check_chain(layers: tuple[Dense | Activation, ...], loss: Loss) -> None:
    """Refuse layers that don't follow from each other."""
    if not layers or not isinstance(layers[0], Dense):
        msg = "a network starts with a Dense layer: it says how many inputs there are"
        raise UsageError(msg)
    size = layers[0].inputs
    for index, layer in enumerate(layers):
        if not isinstance(layer, Dense):
            continue
        if layer.inputs != size:
            msg = (
                f"layer {index} takes {layer.inputs} numbers and the layer before it gives {size}"
                f": write Dense({size}, {layer.outputs})"
            )
            raise UsageError(msg)
        size = layer.outputs
    last = layers[-1]
    if (
        isinstance(last, Activation)
        and last.formula in (SOFTMAX, SOFTMAX_UNSHIFTED)
        and loss.formula in (CROSS_ENTROPY, CROSS_ENTROPY_UNSHIFTED)
    ):
        msg = (
            f"the loss {loss.formula!r} takes logits and applies softmax itself: leave the last "
            'layer out, or write the loss "-t*log(y)"'
        )
        raise UsageError(msg)
