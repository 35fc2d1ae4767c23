"""Neural networks whose pieces are formulas: their gradients in float64, and exactly.

Examples
--------
>>> from symnum.nets import Dense, Network
>>> network = Network([Dense(784, 50), "sigmoid", Dense(50, 10)], loss="softmax_cross_entropy")
>>> sum(array.size for array in network.init(seed=0).values())
39760
"""

from symnum.nets.adapters import Adapted, from_class, from_jax, from_torch
from symnum.nets.check import check_network
from symnum.nets.layers import Activation, Dense
from symnum.nets.losses import Loss
from symnum.nets.network import Network
from symnum.nets.numerical import numerical_gradient, plain_numerical_gradient
from symnum.nets.parts import EntryParts, ErrorParts, error_parts
from symnum.nets.steps import KinkNear, ParameterSteps, StepErrors, kinks_near, step_errors
from symnum.nets.verdict import NetworkCause, NetworkVerdict, ParameterReport

__all__ = [
    "Activation",
    "Adapted",
    "Dense",
    "EntryParts",
    "ErrorParts",
    "KinkNear",
    "Loss",
    "Network",
    "NetworkCause",
    "NetworkVerdict",
    "ParameterReport",
    "ParameterSteps",
    "StepErrors",
    "check_network",
    "error_parts",
    "from_class",
    "from_jax",
    "from_torch",
    "kinks_near",
    "numerical_gradient",
    "plain_numerical_gradient",
    "step_errors",
]
