"""A PyTorch module as functions of its parameters, with PyTorch's automatic gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import UsageError
from symnum.nets.adapters.adapted import Adapted, library, read_precision

if TYPE_CHECKING:
    from symnum.nets.network import Network


def from_torch(
    module: Any,
    loss_function: Callable[..., Any],
    network: Network | None = None,
    *,
    precision: str | None = None,
) -> Adapted:
    """Return a PyTorch module and its loss as functions of the parameters.

    Parameters
    ----------
    module : torch.nn.Module
        The module. It is not changed: parameters, buffers, `.grad` and the mode stay as they are.
    loss_function : callable
        `loss_function(output, target)`, a scalar tensor, such as
        `torch.nn.functional.cross_entropy`.
    network : Network, optional
        A description of the module: the parameters then get its names, W1, b1, ..., in the module's
        order, and the weights of `torch.nn.Linear` its shape, which is the transpose.
    precision : {"float32", "float64"}, optional
        Of the gradient; without it that of the module.

    Returns
    -------
    Adapted
        Its `loss` runs the module with its parameters in float64.

    Raises
    ------
    UsageError
        PyTorch isn't installed, the module has no parameters, or they don't fit the network.

    Notes
    -----
    What a module draws at random (dropout in training mode) is drawn from the state that PyTorch's
    generator has at the call, and the state is put back: as long as nobody else draws, every call
    sees the same mask.
    """
    torch = library("torch")
    kind = read_precision(precision)
    if not isinstance(module, torch.nn.Module):
        msg = f"module is a {type(module).__name__}; a torch.nn.Module is expected"
        raise UsageError(msg)
    if not callable(loss_function):
        msg = f"loss_function is a {type(loss_function).__name__}; a function is expected"
        raise UsageError(msg)
    tensors = {n: p for n, p in module.named_parameters() if p.requires_grad}
    if not tensors:
        msg = f"the {type(module).__name__} has no parameters that require a gradient"
        raise UsageError(msg)
    if kind is None:
        doubles = all(tensor.dtype == torch.float64 for tensor in tensors.values())
        kind = "float64" if doubles else "float32"
    names = _names(torch, module, tensors, network)
    device = next(iter(tensors.values())).device

    def run(values: Mapping[str, Any], x: Any, t: Any, kind: str) -> tuple[Any, dict[str, Any]]:
        dtype = getattr(torch, kind)
        state = _state(module, dtype, names)
        moved = {}
        for own, (name, turned) in names.items():
            array = np.asarray(values[name])
            if array.dtype.kind not in "fiu":
                msg = f"{name}: PyTorch takes real numbers here, not {array.dtype}"
                raise TypeError(msg)
            array = array.T if turned else array
            tensor = torch.tensor(array, dtype=dtype, device=device)
            moved[own] = tensor.requires_grad_(True)
        given = [_tensor(torch, values, dtype, device) for values in (x, t)]
        devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            output = torch.func.functional_call(module, {**state, **moved}, (given[0],))
            return loss_function(output, given[1]), moved

    def loss(values: Mapping[str, Any], x: Any, t: Any) -> Any:
        return run(values, x, t, "float64")[0].detach().cpu().numpy()

    def gradient(values: Mapping[str, Any], x: Any, t: Any) -> dict[str, np.ndarray]:
        result, moved = run(values, x, t, kind)
        slopes = torch.autograd.grad(result, list(moved.values()), allow_unused=True)
        found = {}
        for (own, tensor), slope in zip(moved.items(), slopes, strict=True):
            array = (torch.zeros_like(tensor) if slope is None else slope).cpu().numpy()
            name, turned = names[own]
            found[name] = array.T.copy() if turned else array.copy()
        return found

    params = {}
    for own, (name, turned) in names.items():
        array = tensors[own].detach().cpu().to(torch.float64).numpy()
        params[name] = np.array(array.T if turned else array)
    return Adapted(loss, gradient, params, kind)


def _state(module: Any, dtype: Any, moved: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of the tensors that don't move, real numbers among them in the precision."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {
        name: tensor.detach().to(dtype, copy=True)
        if tensor.is_floating_point()
        else tensor.detach().clone()
        for name, tensor in tensors.items()
        if name not in moved
    }


def _tensor(torch: Any, values: Any, dtype: Any, device: Any) -> Any:
    """Return samples or targets as a tensor: real numbers in the precision, labels as they are."""
    if not isinstance(values, np.ndarray | list | tuple | int | float | np.number):
        return values
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return torch.tensor(array, dtype=dtype, device=device)
    if array.dtype.kind in "iu":
        return torch.tensor(array.astype(np.int64), device=device)
    return torch.tensor(array, device=device)


def _names(
    torch: Any, module: Any, tensors: Mapping[str, Any], network: Network | None
) -> dict[str, tuple[str, bool]]:
    """Return for each of the module's parameters its name here, and whether it is transposed."""
    if network is None:
        return {own: (own, False) for own in tensors}
    shapes = network.shapes
    if len(shapes) != len(tensors):
        msg = (
            f"the module has {len(tensors)} parameters ({', '.join(tensors)}), and the network "
            f"{len(shapes)}: {', '.join(shapes)}"
        )
        raise UsageError(msg)
    linear = {
        f"{prefix}.weight" if prefix else "weight"
        for prefix, part in module.named_modules()
        if isinstance(part, torch.nn.Linear)
    }
    names = {}
    for (own, tensor), (name, shape) in zip(tensors.items(), shapes.items(), strict=True):
        turned = own in linear
        here = tuple(tensor.shape)[::-1] if turned else tuple(tensor.shape)
        if here != shape:
            what = f"{tuple(tensor.shape)}, transposed," if turned else f"{here}"
            msg = f"the module's {own} has shape {what} where the network's {name} has {shape}"
            raise UsageError(msg)
        names[own] = (name, turned)
    return names
