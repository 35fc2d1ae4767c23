"""A request to check, put in order: points, box, form, names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from symnum.checking.claim import Answer, Candidate, Form, Layout, required_parameters
from symnum.checking.lines import Watched
from symnum.checking.points import box_round
from symnum.checking.reference import Reference, reference_of
from symnum.errors import DomainError, TraceError, UsageError
from symnum.formula.formula import Formula, as_doubles
from symnum.formula.trace import trace_with_conditions

_DEFAULT_BOX = (-3.0, 3.0)


class Request:
    """One call of `check`, with everything that it was given put in order."""

    def __init__(
        self,
        f: Any,
        derivative: Any,
        at: Any,
        domain: Any,
        function: Callable[..., Any] | None,
        derivative_order: int,
        seed: int,
        n: int | None,
    ) -> None:
        if not isinstance(seed, (int, np.integer)) or seed < 0:
            msg = f"seed is {seed!r}; a whole number from 0 on is expected"
            raise UsageError(msg)
        if function is not None and not callable(function):
            msg = f"function is a {type(function).__name__}; the code of f is expected, or None"
            raise UsageError(msg)
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.traced = callable(f) and not isinstance(f, Formula)
        if self.traced:
            # The code of f is its own witness: a trace is believed only if it reproduces f.
            self.formula = _traced(f, at, domain, n)
            function = f if function is None else function
        else:
            self.formula = _formula(f)
        if not self.formula.variables:
            msg = "the formula has no variables, so there is nothing to differentiate by"
            raise UsageError(msg)
        self.n = len(self.formula.variables)
        self.function = function
        self.layout: Layout | None = None
        self.points, self.scalar_points = self._read_points(at)
        self.box = self._read_box(domain)
        self.reference = self._reference(derivative_order)
        self.exact = self.reference.derivative
        candidate = self._read_candidate(derivative, at is not None)
        self.watched = Watched(candidate.function)
        self.candidate = replace(candidate, function=self.watched)
        self.derivative = candidate.function
        self.names = self._names(derivative_order)

    def _read_points(self, at: Any) -> tuple[np.ndarray, bool]:
        """Return the given points, shape (P, n), and whether each was given as a scalar."""
        if at is None:
            return np.empty((0, self.n)), False
        if isinstance(at, Mapping):
            shapes = [(str(name), np.shape(value)) for name, value in at.items()]
            layout = Layout(tuple(shapes))
            if (
                layout.labels() == self.formula.variables
                or sum(math.prod(shape) for _, shape in shapes) == self.n
            ):
                self.layout = layout
                flat = np.concatenate([np.ravel(as_doubles(v, k)) for k, v in at.items()])
                return self._finite(flat[None]), False
            return self.formula.points(at), False
        if self.n > 1 and isinstance(at, (list, tuple)) and at and all(np.ndim(p) == 1 for p in at):
            for index, point in enumerate(at):
                if len(point) != self.n:
                    msg = (
                        f"point {index} has {len(point)} coordinates; the formula has "
                        f"{self.n}: {', '.join(self.formula.variables)}"
                    )
                    raise DomainError(msg)
        array = as_doubles(at, "at")
        if self.n == 1 and not (array.ndim >= 2 and array.shape[-1] == 1):
            return self._finite(array.reshape(-1, 1)), True
        if array.ndim == 0 or array.shape[-1] != self.n:
            msg = (
                f"at has shape {array.shape}; the formula has {self.n} variables "
                f"({', '.join(self.formula.variables)}), so the last axis must have length {self.n}"
            )
            raise DomainError(msg)
        return self._finite(array.reshape(-1, self.n)), False

    def _finite(self, points: np.ndarray) -> np.ndarray:
        bad = np.argwhere(~np.isfinite(points))
        if bad.size:
            row, column = bad[0]
            msg = (
                f"point {row}: {self.formula.variables[column]} = {points[row, column]} "
                "is not a finite number"
            )
            raise DomainError(msg)
        return points

    def _read_box(self, domain: Any) -> np.ndarray:
        if domain is None:
            if len(self.points):
                return box_round(self.points)
            return np.tile(np.array(_DEFAULT_BOX), (self.n, 1))
        if isinstance(domain, Mapping):
            unknown = [name for name in domain if name not in self.formula.variables]
            if unknown:
                msg = (
                    f"domain names {unknown[0]!r}; the variables are "
                    f"{', '.join(self.formula.variables)}"
                )
                raise UsageError(msg)
            rest = box_round(self.points) if len(self.points) else None
            pairs = [
                domain.get(v, _DEFAULT_BOX if rest is None else rest[i])
                for i, v in enumerate(self.formula.variables)
            ]
        else:
            try:
                pairs = list(domain)
            except TypeError:
                msg = (
                    f"domain is a {type(domain).__name__}; a list of (low, high) is expected, "
                    "or a dict of them by name"
                )
                raise UsageError(msg) from None
            if self.n == 1 and len(pairs) == 2 and np.ndim(pairs[0]) == 0:
                pairs = [pairs]
        box = as_doubles(pairs, "domain")
        if box.shape != (self.n, 2):
            msg = (
                f"domain has shape {box.shape}; ({self.n}, 2) is expected: a (low, high) a variable"
            )
            raise UsageError(msg)
        for name, (low, high) in zip(self.formula.variables, box, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                msg = f"the domain of {name} is empty or not finite: ({low}, {high})"
                raise DomainError(msg)
        outside = np.argwhere((self.points < box[:, 0]) | (self.points > box[:, 1]))
        if outside.size:
            row, column = outside[0]
            name, (low, high) = self.formula.variables[column], box[column].tolist()
            msg = (
                f"point {row}: {name} = {self.points[row, column].item()!r} lies outside its "
                f"domain, {low!r} to {high!r}"
            )
            raise DomainError(msg)
        return box

    def _reference(self, derivative_order: int) -> Reference:
        if derivative_order not in {1, 2}:
            msg = f"derivative_order is {derivative_order!r}; 1 and 2 can be checked"
            raise UsageError(msg)
        return reference_of(self.formula, derivative_order)

    def _read_candidate(self, derivative: Any, given_points: bool) -> Candidate:
        if not callable(derivative) or isinstance(derivative, Formula):
            derivative = _as_function(derivative, self.formula)
        shape = self.exact.shape
        accepted = {tuple(size for size in shape if size != 1), shape}
        if self.n == 1:
            accepted.add(self.formula.shape)
        needed = required_parameters(derivative)
        scalars = self.layout is not None and not any(s for _, s in self.layout.shapes)
        if self.layout is not None and not (scalars and needed == self.n > 1):
            form = Form.DICT
        elif self.n > 1:
            form = Form.FLOATS if needed == self.n else Form.ARRAY
        elif given_points:
            form = Form.FLOAT if self.scalar_points else Form.ARRAY
        else:
            form = Form.FLOAT
        candidate = Candidate(derivative, form, shape, tuple(sorted(accepted)), self.layout)
        if form is Form.FLOAT and not given_points:
            array = Candidate(derivative, Form.ARRAY, shape, candidate.accepted)
            probe = np.array([self.box[0].mean()])
            if _fails(candidate(probe)) and not _fails(array(probe)):
                return array
        return candidate

    def _names(self, derivative_order: int) -> tuple[str, ...]:
        labels = self.layout.labels() if self.layout is not None else self.formula.variables
        outputs = math.prod(self.formula.shape)
        if derivative_order == 1:
            columns = list(labels)
        else:
            columns = [f"{a},{b}" for a in labels for b in labels]
        if not self.formula.shape:
            return tuple(columns)
        return tuple(f"output {i}, {name}" for i in range(outputs) for name in columns)


def _formula(f: Any) -> Formula:
    """Return what f is as a Formula; the same text, asked about again, is not read again."""
    if isinstance(f, Formula):
        return f
    if isinstance(f, list) and f and all(isinstance(text, str) for text in f):
        return _read(tuple(f))
    return _read(f) if isinstance(f, str) else Formula(f)


@lru_cache(maxsize=32)
def _read(text: str | tuple[str, ...]) -> Formula:
    return Formula(text)


def _traced(f: Callable[..., Any], at: Any, domain: Any, n: int | None) -> Formula:
    """Return the formula of a NumPy function, from the form of its points."""
    if n is None and at is None and domain is None:
        msg = "a function without a formula needs points (at), a domain, or n, how many variables"
        raise UsageError(msg)
    shape: Any = None
    if isinstance(at, Mapping):
        shape = {str(name): np.shape(value) for name, value in at.items()}
    elif n is None:
        first = at[0] if isinstance(at, (list, tuple)) and at and np.ndim(at[0]) else at
        n = (
            len(domain)
            if at is None
            else int(np.size(first))
            if np.ndim(first) == 1
            else (1 if np.ndim(first) == 0 else int(np.shape(first)[-1]))
        )
    found = trace_with_conditions(f, n=None if shape else n, shape=shape)
    if found.conditions:
        conditions = "; ".join(found.conditions[:3])
        msg = f"it branches on its data ({conditions}), so no one formula holds everywhere"
        raise TraceError(msg)
    return found.formula


def _fails(answer: Answer) -> bool:
    return bool(answer.error or answer.problem)


def _as_function(derivative: Any, formula: Formula) -> Callable[[np.ndarray], np.ndarray]:
    """Return somebody's derivative that was given as a formula as a function of an array."""
    other = (
        derivative if isinstance(derivative, Formula) else Formula(derivative, formula.variables)
    )

    def evaluate(x: Any) -> np.ndarray:
        point = np.asarray(x, dtype=np.float64).reshape(len(formula.variables))
        named = dict(zip(formula.variables, point, strict=True))
        return np.asarray(other(**{name: named[name] for name in other.variables}))

    return evaluate
