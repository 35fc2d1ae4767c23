"""The user's code with other names in it: what NumPy's protocols don't reach.

`np.zeros(3)` has no traced argument, `np.asarray(x, dtype=float)` and `math.exp(x)` want doubles,
and SciPy's logsumexp is no ufunc. So the traced function runs as a copy of itself, the same code
with other globals, in which these few names stand for functions that know traced arrays. The
functions that it calls are copied in the same way. The user's modules, NumPy and SciPy stay as they
are: other threads see nothing, and there is nothing to undo.
"""

from __future__ import annotations

import builtins
import functools
import math
import sys
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import lift
from symnum.formula.tracing.recorder import Recorder
from symnum.formula.tracing.substitutes import substitutes

# Functions of these are run as they are.
_LEFT_ALONE = frozenset(sys.stdlib_module_names) | {"symnum", "numpy"}


class Code:
    """Copies functions so that they run on the traced arrays of one recorder.

    Parameters
    ----------
    recorder : Recorder
        The trace that they write to.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._kept: list[Any] = []  # so that no id is used again
        self._copies: dict[int, Any] = {}
        self._globals: dict[int, dict[str, Any]] = {}
        for original, substitute in substitutes(recorder, self.vectorize).items():
            self._copies[original] = substitute
        self._builtins = {
            **builtins.__dict__,
            "float": self._copies[id(float)],
            "__import__": self._import,
        }

    def translate(self, value: Any) -> Any:
        """Return what a value is called in the copy: a substitute, a copied function, or itself."""
        found = self._copies.get(id(value))
        if found is not None:
            return found
        made: Any = value
        match value:
            case ModuleType():
                if value is math or _top(value.__name__) not in _LEFT_ALONE - {"numpy"}:
                    made = _ModuleView(value, self)
            case FunctionType():
                if _top(value.__globals__.get("__name__", "")) not in _LEFT_ALONE:
                    return self.copy(value)
            case MethodType():
                return MethodType(self.translate(value.__func__), value.__self__)
            case functools.partial():
                made = functools.partial(self.translate(value.func), *value.args, **value.keywords)
            case np.vectorize():
                made = self.vectorize(value.pyfunc)
            case _ if type(value) is _CACHED:
                made = self.translate(value.__wrapped__)
        if made is not value:
            self._keep(value, made)
        return made

    def _keep(self, value: Any, made: Any) -> None:
        self._kept.append(value)
        self._copies[id(value)] = made

    def copy(self, function: FunctionType) -> Any:
        """Return the function with translated globals and closure."""
        found = self._copies.get(id(function))
        if found is not None:
            return found
        closure = function.__closure__ and tuple(CellType() for _ in function.__closure__)
        made = FunctionType(
            function.__code__,
            self._world(function.__globals__),
            function.__name__,
            function.__defaults__,
            closure,
        )
        made.__kwdefaults__ = function.__kwdefaults__
        made.__dict__.update(function.__dict__)
        self._keep(function, made)
        for cell, original in zip(closure or (), function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.translate(original.cell_contents)
            except ValueError:  # an empty cell: its name has no value yet
                continue
        return made

    def _world(self, names: dict[str, Any]) -> dict[str, Any]:
        world = self._globals.get(id(names))
        if world is None:
            world = self._globals[id(names)] = {"__builtins__": self._builtins}
            self._kept.append(names)
            for name, value in list(names.items()):
                if name != "__builtins__":
                    world[name] = self.translate(value)
        return world

    def callable(self, function: Any) -> Any:
        """Return the traced function itself as a copy: function, method or callable object."""
        if isinstance(function, MethodType):
            shadow = self.of_object(function.__self__)
            return MethodType(self.translate(function.__func__), shadow)
        copied = self.translate(function)
        return self.of_object(function) if copied is function else copied

    def body(self, function: FunctionType) -> Any:
        """Return a copy of a function of NumPy's that is written in Python."""
        return self.copy(function)

    def of_object(self, value: Any) -> Any:
        """Return an object whose own methods are copies; its attributes are a copy too."""
        kind = type(value)
        if not hasattr(value, "__dict__") or not _is_plain_class(kind):
            return value
        methods = {
            name: self.translate(attribute)
            for base in reversed(kind.__mro__)
            for name, attribute in vars(base).items()
            if isinstance(attribute, FunctionType) and name not in {"__init__", "__new__"}
        }
        try:
            shadow: Any = object.__new__(type(kind.__name__, (kind,), methods))
        except TypeError:
            return value
        shadow.__dict__.update(value.__dict__)
        return shadow

    def _import(self, *args: Any, **options: Any) -> Any:
        original = builtins.__import__
        return self.translate(original(*args, **options))

    def vectorize(self, pyfunc: Any = None, **_: Any) -> Any:
        """Return what np.vectorize makes: the function called on each element."""
        if pyfunc is None:
            return self.vectorize
        function = self.translate(pyfunc)

        def call(*arrays: Any) -> Any:
            spread = np.broadcast_arrays(*(lift(self.recorder, array) for array in arrays))
            results = [function(*cells) for cells in zip(*(a.flat for a in spread), strict=True)]
            made = lift(self.recorder, results)
            return made.reshape(spread[0].shape) if spread[0].ndim else made[0]

        return call


_CACHED = type(functools.lru_cache(int))


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_plain_class(kind: type) -> bool:
    makes_itself = getattr(kind, "__new__", None)
    return (
        makes_itself is object.__new__
        and type(kind) is type
        and _top(kind.__module__) not in (_LEFT_ALONE - {"symnum"})
    )


class _ModuleView:
    """A module whose functions are translated as they are looked up."""

    def __init__(self, module: ModuleType, code: Code) -> None:
        self.__dict__["_module"] = module
        self.__dict__["_code"] = code

    def __getattr__(self, name: str) -> Any:
        return self._code.translate(getattr(self._module, name))

    def __setattr__(self, name: str, value: Any) -> None:
        msg = f"the traced function changes the module {self._module.__name__}"
        raise self._code.recorder.refuse(msg)

    def __dir__(self) -> list[str]:
        return dir(self._module)
