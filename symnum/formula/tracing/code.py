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
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from symnum.formula.tracing.arrays import lift
from symnum.formula.tracing.distributions import Distribution, is_distribution
from symnum.formula.tracing.substitutes import shown, substitutes

# Functions and classes of these are run as they are.
_LEFT_ALONE = frozenset(sys.stdlib_module_names) | {"symnum", "numpy"}
# Longer lists are data.
_MOST_ITEMS = 1_000
_CACHED = type(functools.lru_cache(int))


class Code:
    """Copies functions so that they run on the traced arrays of one recorder.

    Parameters
    ----------
    recorder : Recorder
        The trace that they write to; of anything else, its `refuse` is used alone.
    table : mapping from identities to substitutes, optional
        What stands for what; without it, what traced arrays need. `float` must be in it.
    """

    def __init__(self, recorder: Any, table: Mapping[int, Any] | None = None) -> None:
        self.recorder = recorder
        self._for_traces = table is None
        if table is None:
            table = substitutes(recorder, self.vectorize)
        # By identity: the original is kept beside its copy, so that its id is not used again.
        self._copies: dict[int, tuple[Any, Any]] = {
            key: (None, substitute) for key, substitute in table.items()
        }
        self._worlds: dict[int, dict[str, Any]] = {}
        self._unfinished: list[Callable[[], None]] = []
        self._builtins = {
            **builtins.__dict__,
            "float": self._copies[id(float)][1],
            "__import__": self._import,
        }
        if self._for_traces:
            self._builtins["print"] = shown
            self._builtins["type"] = self._copies[id(type)][1]

    def callable(self, function: Any) -> Any:
        """Return the traced function itself as a copy: function, method or callable object."""
        if isinstance(function, MethodType) and not isinstance(function.__self__, type):
            shadow = self.of_object(function.__self__)
            return MethodType(self.translate(function.__func__), shadow)
        copied = self.translate(function)
        return self.of_object(function) if copied is function else copied

    def translate(self, value: Any) -> Any:
        """Return what a value is called in the copy: a substitute, a copied function, or itself."""
        made = self._translated(value)
        self._finish()
        return made

    def copy(self, function: FunctionType) -> Any:
        """Return a copy of a function, whatever module it is in."""
        made = self._copied(function)
        self._finish()
        return made

    def of_object(self, value: Any) -> Any:
        """Return an object whose own methods are copies; its attributes are a copy too."""
        made = self._shadow(value)
        self._finish()
        return made

    def _finish(self) -> None:
        # One after the other: functions that call functions would otherwise nest without end.
        while self._unfinished:
            self._unfinished.pop()()

    def _translated(self, value: Any) -> Any:
        found = self._copies.get(id(value))
        if found is not None:
            return found[1]
        made: Any = value
        match value:
            case ModuleType():
                if value is math or _top(value.__name__) not in _LEFT_ALONE - {"numpy"}:
                    made = _ModuleView(value, self)
            case FunctionType():
                if _top(value.__globals__.get("__name__", "")) not in _LEFT_ALONE:
                    return self._copied(value)
            case MethodType():
                if isinstance(value.__self__, type):
                    return value
                function, owner = self._translated(value.__func__), value.__self__
                return MethodType(function, self._translated(owner))
            case functools.partial():
                args, options = self._translated(value.args), self._translated(value.keywords)
                made = functools.partial(self._translated(value.func), *args, **options)
            case list() | tuple() | dict():
                made = self._container(value)
            case np.vectorize():
                made = self.vectorize(
                    value.pyfunc, signature=value.signature, excluded=value.excluded
                )
            case _ if type(value) is _CACHED:
                made = self._translated(value.__wrapped__)
            case _ if self._for_traces and is_distribution(value):
                core = getattr(value, "dist", value)
                made = Distribution(value, self._shadow(core), self.recorder)
            case _ if _is_users(type(value)):
                return self._shadow(value)
        if made is not value:
            self._copies[id(value)] = (value, made)
        return made

    def _container(self, value: Any) -> Any:
        """Return a list, tuple or dict with its functions translated; itself where it has none."""
        if type(value) not in {list, tuple, dict} or len(value) > _MOST_ITEMS:
            return value
        self._copies[id(value)] = (value, value)  # where it contains itself
        items = list(value.values()) if isinstance(value, dict) else list(value)
        made = [self._translated(item) for item in items]
        del self._copies[id(value)]
        if all(new is old for new, old in zip(made, items, strict=True)):
            return value
        return dict(zip(value, made, strict=True)) if isinstance(value, dict) else type(value)(made)

    def _copied(self, function: FunctionType) -> Any:
        """Return the function with translated globals and closure, which are filled in later."""
        found = self._copies.get(id(function))
        if found is not None:
            return found[1]
        cells = function.__closure__ or ()
        closure = tuple(CellType() for _ in cells)
        world = self._world(function)
        made = FunctionType(
            function.__code__, world, function.__name__, function.__defaults__, closure
        )
        made.__dict__.update(function.__dict__)
        self._copies[id(function)] = (function, made)

        def finish() -> None:
            made.__defaults__ = self._translated(function.__defaults__)
            made.__kwdefaults__ = self._translated(function.__kwdefaults__)
            for name in _names_in(function.__code__):
                if name in function.__globals__ and name not in world:
                    world[name] = self._translated(function.__globals__[name])
            for cell, original in zip(closure, cells, strict=True):
                try:
                    cell.cell_contents = self._translated(original.cell_contents)
                except ValueError:  # an empty cell: its name has no value yet
                    continue

        self._unfinished.append(finish)
        return made

    def _world(self, function: FunctionType) -> dict[str, Any]:
        """Return the globals of the copies of one module's functions."""
        names = function.__globals__
        world = self._worlds.get(id(names))
        if world is None:
            world = {"__builtins__": self._builtins, "__name__": names.get("__name__", "")}
            self._worlds[id(names)] = world
        return world

    def _shadow(self, value: Any) -> Any:
        found = self._copies.get(id(value))
        if found is not None:
            return found[1]
        kind = type(value)
        if not _is_plain_class(kind):
            return value
        methods: dict[str, Any] = {}
        shadow_kind = type(kind.__name__, (kind,), {})
        try:
            shadow: Any = object.__new__(shadow_kind)
        except TypeError:
            return value
        self._copies[id(value)] = (value, shadow)

        def finish() -> None:
            for base in reversed(kind.__mro__):
                for name, attribute in vars(base).items():
                    if isinstance(attribute, FunctionType) and name not in _LIFE:
                        methods[name] = self._translated(attribute)
            for name, method in methods.items():
                setattr(shadow_kind, name, method)
            attributes = {k: self._translated(v) for k, v in vars(value).items()}
            shadow.__dict__.update(attributes)

        self._unfinished.append(finish)
        return shadow

    def _import(self, *args: Any, **options: Any) -> Any:
        original = builtins.__import__
        return self.translate(original(*args, **options))

    def vectorize(self, pyfunc: Any = None, *_: Any, **settings: Any) -> Any:
        """Return what np.vectorize makes: the function called on each element."""
        if pyfunc is None:
            return lambda later: self.vectorize(later, **settings)
        function = self.translate(pyfunc)
        if not self._for_traces:
            return np.vectorize(function, otypes=[object])
        if settings.get("signature") is not None:
            raise self.recorder.refuse(
                "np.vectorize with a signature can't be traced: write a loop"
            )
        excluded = set(settings.get("excluded") or ())

        def call(*arrays: Any, **named: Any) -> Any:
            given: dict[Any, Any] = {**dict(enumerate(arrays)), **named}
            fixed = {key: value for key, value in given.items() if key in excluded}
            lifted = {k: lift(self.recorder, v) for k, v in given.items() if k not in excluded}
            spread = np.broadcast_arrays(*lifted.values())
            results = []
            for cells in zip(*(a.flat for a in spread), strict=True):
                one = {**fixed, **dict(zip(lifted, cells, strict=True))}
                places = [one.pop(k) for k in range(len(arrays))]
                results.append(function(*places, **one))
            return _vectorized(self.recorder, results, spread[0].shape)

        return call


def _vectorized(recorder: Any, results: list[Any], shape: tuple[int, ...]) -> Any:
    if results and isinstance(results[0], tuple):
        return tuple(
            _vectorized(recorder, list(part), shape) for part in zip(*results, strict=True)
        )
    made = lift(recorder, results)
    return made.reshape(shape) if shape else made[0]


# How an object comes and goes is not the copy's business.
_LIFE = {"__init__", "__new__", "__del__", "__setattr__", "__getattribute__", "__reduce__"}


def _top(name: str) -> str:
    return name.partition(".")[0]


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function and those defined in it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _is_plain_class(kind: type) -> bool:
    """Tell classes in Python, whose objects are no more than their attributes."""
    makes_itself = getattr(kind, "__new__", None)
    return (
        makes_itself is object.__new__
        and type(kind) is type
        and not hasattr(kind, "__slots__")
        and _top(kind.__module__) not in (_LEFT_ALONE - {"symnum"})
    )


def _is_users(kind: type) -> bool:
    """Tell the user's own plain classes from those of installed packages."""
    if not _is_plain_class(kind) or _top(kind.__module__) == "symnum":
        return False
    filename = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    return "site-packages" not in filename and "dist-packages" not in filename


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
