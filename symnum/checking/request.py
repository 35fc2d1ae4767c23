"""A request to check, put in order: points, box, form, names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symnum.checking.claim import (
    Answer,
    Candidate,
    Form,
    Layout,
    keywords,
    leading_parameters,
    parameters,
    signature_text,
)
from symnum.checking.code_reference import code_reference
from symnum.checking.given import refuse_what_is_neither
from symnum.checking.lines import Watched
from symnum.checking.listed import by_number, is_blocks, of_dict
from symnum.checking.nested import by_path, is_nested, of_flat
from symnum.checking.points import box_round, uniform
from symnum.checking.reference import Reference, reference_of
from symnum.checking.subject import (
    MANY,
    code_of,
    form_of,
    forms_of,
    layout_of,
    prod_of,
    subject_of,
)
from symnum.differences.differentiate import read_seed
from symnum.errors import DomainError, UsageError
from symnum.formula.formula import Formula, as_doubles
from symnum.formula.ranges import DEFAULT_RANGE

# Steps may leave a domain by this share of its width.
_OUTSIDE = 0.125
# Where in the box code is tried until it answers: in the middle it may well have none.
_SHARES = (0.5, 0.71, 0.29, 0.93, 0.07)
# Variables that a message names.
_NAMED = 6
# At so many points a reference for code is tried out.
_PROBES = 3


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
        over: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
    ) -> None:
        seed = read_seed(seed)
        refuse_what_is_neither(f, derivative, function)
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.listed = callable(f) and callable(derivative) and is_blocks(at, derivative)
        if self.listed and not isinstance(f, Formula):
            f, derivative, at = of_dict(f), of_dict(derivative), by_number(at)
        if is_nested(at) and callable(f) and not isinstance(f, Formula):
            f, at, pattern = of_flat(f, at), by_path(at), at
            derivative = of_flat(derivative, pattern) if callable(derivative) else derivative
            function = None if function is None else of_flat(function, pattern)
        layout = layout_of(at) if callable(f) and not isinstance(f, Formula) else None
        positional = not (at is None or isinstance(at, Mapping)) or not (
            domain is None or isinstance(domain, Mapping)
        )
        code = callable(derivative) and not isinstance(derivative, Formula)
        order = (parameters(derivative) or []) if code and not positional else []
        subject = subject_of(f, at, domain, n, layout, over, order)
        self.formula = subject.formula
        self.text = f if isinstance(f, str) else ""
        self.variables = subject.variables
        self.untraced = subject.untraced
        self.is_code = subject.code is not None
        # The code of f is its own witness: a trace is believed only if it reproduces f.
        self.traced = subject.code is not None and function is None
        function = subject.code if function is None else function
        self.function = function
        function = function if function is None else over(function)
        if not self.variables:
            msg = (
                "at is an empty dict, so there is nothing to differentiate by; the arrays of the "
                "parameters are expected, by name"
                if isinstance(at, Mapping) and self.is_code
                else "the formula has no variables, so there is nothing to differentiate by"
            )
            raise UsageError(msg)
        self.n = len(self.variables)
        self.layout = layout
        self.points, self.scalar_points = self._read_points(at)
        self.array_of_points = self.n == 1 and isinstance(at, np.ndarray) and at.ndim > 0
        self.box = self._read_box(domain)
        self.limits = self._limits(domain)
        if isinstance(derivative_order, bool) or derivative_order not in {1, 2}:
            msg = f"derivative_order is {derivative_order!r}; 1 and 2 can be checked"
            raise UsageError(msg)
        self.derivative_order = derivative_order
        self._same_order(derivative, function)
        self.code: Candidate | None = None
        if self.formula is not None:
            self.output_shape = self.formula.shape
        else:
            assert function is not None
            self.code = self._read_code(function, at is not None)
            self.output_shape = self.code.shape
        self.written: Formula | None = None
        if not callable(derivative) or isinstance(derivative, Formula):
            self.written = (
                derivative
                if isinstance(derivative, Formula)
                else Formula(derivative, self.variables)
            )
            derivative = _as_function(self.written, self.variables)
        self.derivative = derivative
        self.watched = Watched(derivative)
        # The first calls of all, which found out how it wants to be called.
        self.probed: list[tuple[np.ndarray, Answer]] = []
        self.candidate = candidate = self._read_candidate(over(self.watched), at is not None)
        if self.formula is not None and function is not None:
            try:
                self.code = self._read_code(function, candidate.form is Form.ARRAY)
            except UsageError:  # what it does is looked at later, point by point
                self.code = self._unevaluated(function, candidate)
            accepted = ((1,),) if not self.output_shape else ()
            self.code = replace(self.code, shape=self.output_shape, accepted=accepted)
        self.names = self._names(derivative_order)
        # One derivative a parameter costs too much where f is code and they are many.
        self.along_directions = (
            self.formula is None
            and self.n > MANY
            and not self.output_shape
            and derivative_order == 1
        )
        self.reference: Reference
        if self.formula is not None:
            self.reference = reference_of(self.formula, derivative_order)
        elif not self.along_directions:
            self.reference = self._code_reference(derivative_order)

    @property
    def has_points(self) -> bool:
        """Whether points were given as numbers, of which code may have been meant to take one."""
        return bool(len(self.points)) and self.layout is None

    @property
    def form(self) -> str:
        """How the candidate takes a point, in words."""
        return "a list of arrays" if self.listed else str(self.candidate.form)

    @property
    def held_against(self) -> str:
        """What the derivative is held against, in words."""
        return "f along directions" if self.along_directions else self.reference.label

    def _read_points(self, at: Any) -> tuple[np.ndarray, bool]:
        """Return the given points, shape (P, n), and whether each was given as a scalar."""
        if at is None:
            return np.empty((0, self.n)), False
        if isinstance(at, Mapping):
            layout = layout_of(at)
            assert layout is not None
            if not any(shape for _, shape in layout.shapes):
                at = self._by_name(at)
                layout = layout_of(at)
                assert layout is not None
            if layout.labels() == self.variables or prod_of(layout) == self.n:
                self.layout = layout
                flat = np.concatenate([np.ravel(as_doubles(v, k)) for k, v in at.items()])
                return self._finite(flat[None]), False
            assert self.formula is not None  # of code, the points said which variables there are
            return self.formula.points(at), False
        if self.n > 1 and isinstance(at, (list, tuple)) and at and all(np.ndim(p) == 1 for p in at):
            for index, point in enumerate(at):
                if len(point) != self.n:
                    msg = (
                        f"point {index} has {len(point)} coordinates; the formula has "
                        f"{self.n}: {', '.join(self.variables)}"
                    )
                    raise DomainError(msg)
        array = as_doubles(at, "at")
        if not array.size:
            msg = "at holds no point; give one at least, or leave it out"
            raise UsageError(msg)
        one_array = array.shape == (1,) and self.is_code
        if self.n == 1 and not one_array and not (array.ndim >= 2 and array.shape[-1] == 1):
            return self._finite(array.reshape(-1, 1)), True
        if array.ndim == 0 or array.shape[-1] != self.n:
            msg = (
                f"at has shape {array.shape}; the formula has {self.n} variables "
                f"({', '.join(self.variables)}), so the last axis must have length {self.n}"
            )
            raise DomainError(msg)
        return self._finite(array.reshape(-1, self.n)), False

    @property
    def own_formula(self) -> Formula | None:
        """What was given instead of a derivative's code, where its variables are those of f."""
        same = self.written is not None and self.written.variables == self.variables
        return self.written if same else None

    def _by_name(self, at: Mapping[str, Any]) -> dict[str, Any]:
        """Return numbers by name in the order of the variables."""
        if set(at) == set(self.variables):
            return {name: at[name] for name in self.variables}
        missing = [name for name in self.variables if name not in at]
        if at and set(at) < set(self.variables):
            msg = f"no value was given for the variable {missing[0]}"
        else:
            names = ", ".join(map(str, at)) or "nothing"
            msg = f"at gives {names}; the variables are {', '.join(self.variables)}"
        raise UsageError(msg)

    def _same_order(self, derivative: Any, function: Any) -> None:
        """Refuse code whose parameters are the variables in another order: it means other points.

        Where they stand by name in a dict, or the formula is text, there is nothing to mix up.
        """
        for what, code in (("the derivative", derivative), ("the function", function)):
            if not callable(code) or isinstance(code, Formula) or self.layout is not None:
                continue
            named = tuple(parameters(code) or ())
            if named != self.variables and sorted(named) == sorted(self.variables):
                msg = (
                    f"{what} takes ({', '.join(named)}), and the variables of f are in the order "
                    f"{', '.join(self.variables)}: give f as Formula(..., variables="
                    f"{list(named)!r}), or the parameters in that order"
                )
                raise UsageError(msg)

    def _finite(self, points: np.ndarray) -> np.ndarray:
        bad = np.argwhere(~np.isfinite(points))
        if bad.size:
            row, column = bad[0]
            msg = (
                f"point {row}: {self.variables[column]} = {points[row, column]} "
                "is not a finite number"
            )
            raise DomainError(msg)
        return points

    def _limits(self, domain: Any) -> np.ndarray | None:
        """Return how far f may be asked for outside a domain that was given, shape (n, 2).

        A little, since a point may lie at the domain's edge; variables without one have no limit.
        """
        if domain is None:
            return None
        margin = self.box[:, 1] * _OUTSIDE - self.box[:, 0] * _OUTSIDE
        with np.errstate(over="ignore"):  # a box may be as wide as the doubles
            limits: np.ndarray = self.box + margin[:, None] * np.array([-1.0, 1.0])
        limits[self.box[:, 0] == self.box[:, 1]] = [-np.inf, np.inf]  # a number held fixed
        if isinstance(domain, Mapping) and self.layout is None:
            free = [name not in domain for name in self.variables]
            limits[free] = [-np.inf, np.inf]
        return limits

    def _read_box(self, domain: Any) -> np.ndarray:
        if domain is None:
            if len(self.points):
                return box_round(self.points)
            return np.tile(np.array(DEFAULT_RANGE), (self.n, 1))
        if isinstance(domain, Mapping):
            if self.layout is not None:  # an array's box is that of all its entries
                domain = {
                    label: domain[key]
                    for name, shape in self.layout.shapes
                    for label in Layout(((name, shape),)).labels()
                    for key in (label, name)
                    if key in domain
                } | {key: pair for key, pair in domain.items() if key not in self._arrays()}
            unknown = [name for name in domain if name not in self.variables]
            if unknown:
                msg = f"domain names {unknown[0]!r}; the variables are {', '.join(self.variables)}"
                raise UsageError(msg)
            rest = box_round(self.points) if len(self.points) else None
            pairs = [
                domain.get(v, DEFAULT_RANGE if rest is None else rest[i])
                for i, v in enumerate(self.variables)
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
        for name, (low, high) in zip(self.variables, box, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                msg = f"the domain of {name} is empty or not finite: ({low}, {high})"
                raise DomainError(msg)
        outside = np.argwhere((self.points < box[:, 0]) | (self.points > box[:, 1]))
        if outside.size:
            row, column = outside[0]
            name, (low, high) = self.variables[column], box[column].tolist()
            msg = (
                f"point {row}: {name} = {self.points[row, column].item()!r} lies outside its "
                f"domain, {low!r} to {high!r}"
            )
            raise DomainError(msg)
        return box

    def _arrays(self) -> set[str]:
        return {name for name, _ in self.layout.shapes} if self.layout is not None else set()

    def _code_reference(self, derivative_order: int) -> Reference:
        """Return what a derivative of code is held against: the first that knows it at a point."""
        assert self.code is not None
        own = [self.box.mean(axis=1), *(uniform(self.box, self.rng) for _ in range(_PROBES))]
        probes = np.concatenate([self.points[:_PROBES], np.array(own)])
        return code_reference(self.code, self.variables, derivative_order, probes, self.limits)

    def _read_code(self, function: Callable[..., Any], given_points: bool) -> Candidate:
        """Return the code of f, called as it wants to be."""
        as_array = given_points and not self.scalar_points
        return code_of(
            function, self.n, self.layout, self._probes(), as_array, is_given=self.has_points
        )

    def _read_candidate(self, derivative: Any, given_points: bool) -> Candidate:
        shape = self.output_shape + (self.n,) * self.derivative_order
        accepted = {tuple(size for size in shape if size != 1), shape}
        if self.n == 1:
            accepted |= {self.output_shape, (*self.output_shape, 1)}
        form, layout = self._form(derivative, shape, tuple(accepted))
        if form is Form.FLOAT and given_points and not self.scalar_points:
            form = Form.ARRAY
        candidate = Candidate(derivative, form, shape, tuple(sorted(accepted)), layout, strict=True)
        if self.n > 1 or form not in {Form.ARRAY, Form.FLOAT}:
            return candidate
        # At one point it may have nothing to answer: what it answers nowhere is not its form.
        other = replace(candidate, form=Form.FLOAT if form is Form.ARRAY else Form.ARRAY)
        probes = self._probes()
        if not self._answers(candidate, probes) and self._answers(other, probes):
            return other
        return candidate

    def _answers(self, candidate: Candidate, points: np.ndarray) -> bool:
        """Say whether it answers at one of the points, and keep what it says until it does."""
        for point in points:
            answer = candidate(point)
            self.probed.append((point, answer))
            if not _fails(answer):
                return True
        return False

    def _form(
        self, code: Callable[..., Any], shape: tuple[int, ...], accepted: tuple[Any, ...]
    ) -> tuple[Form, Layout | None]:
        """Return the form in which the derivative takes a point: of several, one that answers.

        Raises
        ------
        UsageError
            It can't be called with the variables in any form: the request is at fault.
        """
        forms = forms_of(code, self.variables, self.layout)
        if not forms:
            form = form_of(code, self.n, self.layout)
            self._refuse(Candidate(code, form, shape, layout=self.layout), "the derivative")
            return form, self.layout
        for point in self._probes() if len(forms) > 1 else ():
            for form in forms:
                candidate = Candidate(code, form, shape, accepted, self._layout_for(form))
                if self._answers(candidate, point[None]):
                    return form, candidate.layout
        return forms[0], self._layout_for(forms[0])

    def _unevaluated(self, function: Callable[..., Any], candidate: Candidate) -> Candidate:
        """Return the code of f, which answered nowhere, called as its signature allows."""
        forms = forms_of(function, self.variables, self.layout)
        code = replace(candidate, function=function, strict=False)
        if not forms:
            self._refuse(code, "the function")
        elif code.form not in forms:
            code = replace(code, form=forms[0], layout=self._layout_for(forms[0]))
        return code

    def _layout_for(self, form: Form) -> Layout | None:
        """Return how a point is packed in a form."""
        if form is not Form.BY_NAME or self.layout is not None:
            return self.layout
        return Layout(tuple((name, ()) for name in self.variables))

    def _probes(self) -> np.ndarray:
        """Return points at which code is tried until it answers, shape (P, n)."""
        low, high = self.box[:, 0], self.box[:, 1]
        inside = [low * (1 - share) + high * share for share in _SHARES]  # nothing overflows
        return np.array([*self.points[:1], *inside])

    def _refuse(self, candidate: Candidate, what: str) -> None:
        """Refuse code that can't be called with the variables, once a call has shown it."""
        code = candidate.function
        raised = candidate(self._probes()[0]).raised
        if not isinstance(raised, TypeError):
            return  # its signature isn't what it takes
        names = ", ".join(self.variables[:_NAMED])
        if self.n > _NAMED:
            names += ", ..."
        several = f"{self.n} numbers ({names})" if self.n > 1 else f"one number ({names})"
        if self.layout is not None and any(size for _, size in self.layout.shapes):
            expected = "a dict of the arrays, or with the arrays by name"
        else:
            expected = several if self.n == 1 else f"{several}, or with one array of them"
        hint = self._called_otherwise(code)
        msg = f"{what} takes {signature_text(code)}, and is called with {expected}{hint}"
        raise UsageError(msg)

    def _called_otherwise(self, code: Callable[..., Any]) -> str:
        """Say what can be done about code that can't be called with the variables."""
        leading = leading_parameters(code, self.n + 2)
        constants = [name for name in ("e", "pi") if name in leading]
        constants = [name for name in constants if name not in self.variables]
        if constants and self.formula is not None:
            return (
                f"; {constants[0]} is a number in the formula: declare it with "
                f"Formula(..., variables=[...]) if it is a variable"
            )
        if leading[:1] == ["self"]:
            return "; it is the method of a class: name that of an object, such as Model().gradient"
        named = keywords(code)
        if named:
            return f"; {', '.join(named)} must be given: give it a default, or wrap the code"
        return ""

    def _names(self, derivative_order: int) -> tuple[str, ...]:
        labels = self.layout.labels() if self.layout is not None else self.variables
        outputs = math.prod(self.output_shape)
        if derivative_order == 1:
            columns = list(labels)
        else:
            columns = [f"{a},{b}" for a in labels for b in labels]
        if not self.output_shape:
            return tuple(columns)
        return tuple(f"output {i}, {name}" for i in range(outputs) for name in columns)


def _fails(answer: Answer) -> bool:
    return bool(answer.error or answer.problem)


def _as_function(other: Formula, variables: tuple[str, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """Return somebody's derivative that was given as a formula as a function of an array."""

    def evaluate(x: Any) -> np.ndarray:
        point = np.asarray(x, dtype=np.float64).reshape(len(variables))
        named = dict(zip(variables, point, strict=True))
        value = np.asarray(other(**{name: named[name] for name in other.variables}))
        # SymPy writes vectors as columns.
        return value[:, 0] if value.ndim == 2 and value.shape[1] == 1 else value

    return evaluate
