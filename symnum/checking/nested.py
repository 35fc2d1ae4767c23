"""Parameters as a dict of dicts of arrays, as layers keep them: seen as a flat dict by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from symnum.checking.listed import TAKES_ONE
from symnum.errors import UsageError

# Dicts within dicts; a cycle would have no end.
_DEEPEST = 20


def is_nested(at: Any) -> bool:
    """Say whether a point is a dict that holds dicts."""
    return isinstance(at, Mapping) and any(isinstance(value, Mapping) for value in at.values())


def by_path(nested: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Return nested dicts as one: `layer.W` is the name of `W` in `layer`."""
    if depth > _DEEPEST:
        msg = (
            f"the dicts are nested more than {_DEEPEST} deep; a dict of dicts of arrays is expected"
        )
        raise UsageError(msg)
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        found = {str(name): value}
        if isinstance(value, Mapping):
            inner = by_path(value, depth + 1)
            found = {f"{name}.{path}": entry for path, entry in inner.items()}
        for path, entry in found.items():
            if path in flat:
                msg = f"two arrays have the path {path!r}; give them names of their own"
                raise UsageError(msg)
            flat[path] = entry
    return flat


def of_flat(
    function: Callable[..., Any], pattern: Mapping[Any, Any]
) -> Callable[[dict[str, Any]], Any]:
    """Return a function of nested dicts as one of a flat dict, with answers of either kind.

    Parameters
    ----------
    function : callable
        Somebody's.
    pattern : dict
        A point: how the dicts are nested.
    """

    @wraps(function)
    def called(arrays: dict[str, Any]) -> Any:
        found = function(_nested(pattern, arrays, ""))
        return by_path(found) if is_nested(found) else found

    called.__signature__ = TAKES_ONE  # type: ignore[attr-defined]  # not that of the nested dict
    return called


def _nested(pattern: Mapping[Any, Any], arrays: dict[str, Any], prefix: str) -> dict[Any, Any]:
    """Return a flat dict's arrays nested as the pattern is."""
    return {
        name: _nested(value, arrays, f"{prefix}{name}.")
        if isinstance(value, Mapping)
        else arrays[f"{prefix}{name}"]
        for name, value in pattern.items()
    }
