"""Somebody's network as loss, gradient and parameters: from PyTorch, from JAX, from a class."""

from symnum.nets.adapters.adapted import Adapted
from symnum.nets.adapters.classes import from_class
from symnum.nets.adapters.jax import from_jax
from symnum.nets.adapters.torch import from_torch

__all__ = ["Adapted", "from_class", "from_jax", "from_torch"]
