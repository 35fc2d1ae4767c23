"""Formula: exact mathematics in ordered real variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from symnum.errors import DomainError, LimitError, SymnumError, UsageError
from symnum.formula.adjoint import adjoint
from symnum.formula.certify import Certifier, Entry
from symnum.formula.compile import compile_program
from symnum.formula.exact import Exact
from symnum.formula.masked import is_masked
from symnum.formula.parse import parse
from symnum.formula.program import Builder, Program
from symnum.formula.prove import Clock
from symnum.formula.unparse import unparse

if TYPE_CHECKING:
    import sympy

# Above this many operations SymPy's own derivative is not asked for; the adjoint's is printed.
_LARGEST_FOR_SYMPY = 2_000
# Conditions of a trace that a repr names.
_SHOWN = 3


@dataclass(frozen=True, init=False)
class Formula:
    """A formula, one output or an array of them, and everything exact that follows from it.

    Parameters
    ----------
    source : str, list of str, SymPy expression, or list or Matrix of SymPy expressions
        The formula. Text is read by symnum's own grammar and never evaluated.
    variables : sequence of str, optional
        The variables in order. Without it, those that occur, in natural order (x2 before x10).

    Attributes
    ----------
    conditions : tuple of str
        Of the trace of a function that branches on its data: the formula is the function's where
        all of these hold. Derivatives keep them, and `bind` does, in the names that were traced.
        Empty for every other formula.

    Raises
    ------
    ParseError, LimitError
        The text can't be read, or is too large.
    UsageError
        The source is of another kind, or a variable's name is not a name.

    Examples
    --------
    >>> import symnum as sn
    >>> f = sn.Formula("0.01*x**2 + 0.1*x")
    >>> print(f.derivative())
    x/50 + 1/10
    >>> float(f(5.0))
    0.75
    """

    variables: tuple[str, ...]
    shape: tuple[int, ...]
    program: Program
    # One entry an output: which function it is a derivative of, and by which variables.
    entries: tuple[Entry, ...] = field(repr=False)
    _lines: Mapping[tuple[int, tuple[int, ...]], int] = field(repr=False, compare=False)
    # How a derivative was made from what was given: by one variable, or by all of them (None).
    _base: Formula | None = field(repr=False, compare=False)
    _steps: tuple[str | None, ...] = field(repr=False, compare=False)
    # Where a trace is the function that was traced; empty: everywhere.
    conditions: tuple[str, ...]

    def __init__(self, source: Any, variables: Sequence[Any] | None = None) -> None:
        program, labels, shape = _read(source, variables)
        entries = tuple(Entry(line, line, ()) for line in program.outputs)
        self._fill(labels, shape, program, entries, {}, None, ())

    def _fill(
        self,
        variables: tuple[str, ...],
        shape: tuple[int, ...],
        program: Program,
        entries: tuple[Entry, ...],
        lines: Mapping[tuple[int, tuple[int, ...]], int],
        base: Formula | None,
        steps: tuple[str | None, ...],
        conditions: tuple[str, ...] = (),
    ) -> None:
        for name, value in (
            ("variables", variables),
            ("shape", shape),
            ("program", program),
            ("entries", entries),
            ("_lines", lines),
            ("_base", base),
            ("_steps", steps),
            ("conditions", conditions),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def _made(cls, *parts: Any) -> Formula:
        formula = object.__new__(cls)
        formula._fill(*parts)
        return formula

    def __getstate__(self) -> dict[str, Any]:
        # Compiled functions and SymPy objects are made again where they are needed.
        kept = (
            *("variables", "shape", "program", "entries", "_lines", "_base", "_steps"),
            "conditions",
        )
        return {name: self.__dict__[name] for name in kept}

    # --- derivatives ---------------------------------------------------------------------------

    def derivative(self, wrt: str | None = None, derivative_order: int = 1) -> Formula:
        """Return the derivative of every output.

        Parameters
        ----------
        wrt : str, optional
            The variable. Without it: the only variable there is, or all of them, which adds an axis
            of length n to the shape for each derivative order.
        derivative_order : int
            Which derivative: 1, 2, ...

        Raises
        ------
        UsageError
            `wrt` is not one of the variables, or `derivative_order` is not a positive integer.

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("sin(x)*y").derivative("x", 2))
        -y*sin(x)
        """
        if (
            isinstance(derivative_order, bool)
            or not isinstance(derivative_order, int)
            or (derivative_order < 1)
        ):
            msg = f"derivative_order is {derivative_order!r}; it must be an integer from 1 on"
            raise UsageError(msg)
        if wrt is not None:
            self._index(wrt)
        elif len(self.variables) == 1:
            wrt = self.variables[0]
        result = self
        for _ in range(derivative_order):
            result = result._differentiate(wrt)
        return result

    def gradient(self) -> Formula:
        """Return the gradient of a scalar formula, shape (n,).

        Raises
        ------
        UsageError
            The formula has several outputs; ask for the `jacobian`.

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("x**2*y").gradient())
        [2*x*y, x**2]
        """
        if self.shape:
            msg = f"a formula of shape {self.shape} has no gradient; ask for .jacobian()"
            raise UsageError(msg)
        return self._differentiate(None)

    def jacobian(self) -> Formula:
        """Return all first partial derivatives: the formula's shape, then an axis of length n.

        Examples
        --------
        >>> import symnum as sn
        >>> sn.Formula(["x*y", "sin(x)"]).jacobian().shape
        (2, 2)
        """
        return self._differentiate(None)

    def hessian(self) -> Formula:
        """Return all second partial derivatives: the formula's shape, then (n, n).

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("x**2*y").hessian())
        [[2*y, 2*x], [2*x, 0]]
        """
        return self._differentiate(None)._differentiate(None)

    def _differentiate(self, wrt: str | None) -> Formula:
        indices = range(len(self.variables)) if wrt is None else [self._index(wrt)]
        if len(self.entries) * len(indices) > _LARGEST_RESULT:
            msg = (
                f"{len(self.entries)} outputs × {len(indices)} variables are more derivatives "
                f"than symnum writes down ({_LARGEST_RESULT}); differentiate by single variables"
            )
            raise LimitError(msg)
        program = adjoint(self.program, list(indices))
        entries = [
            Entry(0, entry.root, (*entry.path, index))
            for entry in self.entries
            for index in indices
        ]
        entries = [
            entry._replace(line=line) for entry, line in zip(entries, program.outputs, strict=True)
        ]
        lines = dict(self._lines)
        lines.update({(entry.root, entry.path): entry.line for entry in entries})
        shape = self.shape if wrt is not None else (*self.shape, len(self.variables))
        return Formula._made(
            self.variables,
            shape,
            program,
            tuple(entries),
            lines,
            self._base or self,
            (*self._steps, wrt),
            self.conditions,
        )

    def _index(self, name: str) -> int:
        if name not in self.variables:
            msg = f"there is no variable {name!r}; the formula has {_listed(self.variables)}"
            raise UsageError(msg)
        return self.variables.index(name)

    # --- parameters ----------------------------------------------------------------------------

    def bind(self, **values: float | Fraction) -> Formula:
        """Return the formula with some variables replaced by constants.

        Parameters
        ----------
        **values : int, float or Fraction
            Taken exactly: a float is the double it is.

        Raises
        ------
        UsageError
            A name is not a variable, or a derivative by it was taken.
        DomainError
            A value is not a finite real number.

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("a*x**2").bind(a=2).derivative())
        4*x
        """
        if self._base is not None:
            taken = [name for name in self._steps if name in values]
            if taken:
                msg = f"the derivative was taken by {taken[0]!r}; bind it before differentiating"
                raise UsageError(msg)
            result = self._base.bind(**values)
            for step in self._steps:
                result = result._differentiate(step)
            return result
        bound = {self._index(name): _exact_constant(name, value) for name, value in values.items()}
        kept = [i for i in range(len(self.variables)) if i not in bound]
        builder = Builder(len(kept))
        arguments = [
            builder.const(bound[i]) if i in bound else builder.var(kept.index(i))
            for i in range(len(self.variables))
        ]
        program = builder.finish(builder.inline(self.program, arguments))
        entries = tuple(Entry(line, line, ()) for line in program.outputs)
        labels = tuple(self.variables[i] for i in kept)
        return Formula._made(labels, self.shape, program, entries, {}, None, (), self.conditions)

    # --- values --------------------------------------------------------------------------------

    def __call__(self, points: Any = None, /, **named: Any) -> Any:
        """Evaluate in float64.

        Parameters
        ----------
        points : array_like
            One variable: any shape, elementwise. Several: their values on the last axis, shape
            (..., n).
        **named : array_like
            Instead of `points`: the variables by name, broadcast against each other.

        Returns
        -------
        float64 array or scalar
            The points' shape, then the formula's. NaN or infinite where the formula is.

        Raises
        ------
        UsageError
            Names or shapes don't fit the variables.

        Examples
        --------
        >>> import symnum as sn
        >>> sn.Formula("x + 2*y")([[1, 1], [2, 3]]).tolist()
        [3.0, 8.0]
        """
        columns, lead = self._columns(points, named)
        outputs = self._evaluate(columns)
        return _stacked(outputs, lead, self.shape)

    def exact(self, at: Any = None, /, **named: Any) -> Exact:
        """Evaluate with certified digits.

        Parameters
        ----------
        at : array_like
            Points as for a call. A point is the double it is, taken exactly.
        **named : array_like
            Instead of `at`: the variables by name.

        Returns
        -------
        Exact
            Arrays of the points' shape, then the formula's; scalars for one point of a scalar.

        Raises
        ------
        DomainError
            A point is not finite.
        UsageError
            Names or shapes don't fit the variables.

        Notes
        -----
        Ball arithmetic with Arb (Johansson 2017), precision doubled until the enclosure rounds to
        one double. Smoothness is decided on the formula as it was written.

        Examples
        --------
        >>> import symnum as sn
        >>> slope = sn.Formula("(1-cos(x))/x**2").derivative().exact(1e-9)
        >>> float(slope.hi)
        -8.333333333333334e-11
        """
        points, lead = self._points(at, named)
        return _squeezed(self.certify(points), (*lead, *self.shape))

    def points(self, at: Any) -> np.ndarray:
        """Return points, given in any of the ways of a call, as a finite array of shape (P, n)."""
        return self._points(at, {})[0]

    def _points(self, at: Any, named: Mapping[str, Any]) -> tuple[np.ndarray, tuple[int, ...]]:
        columns, lead = self._columns(at, named)
        flat = np.empty((prod(lead), len(self.variables)))
        for index, column in enumerate(columns):
            flat[:, index] = np.broadcast_to(column, lead).ravel()
        bad = np.argwhere(~np.isfinite(flat))
        if bad.size:
            row, index = bad[0]
            msg = (
                f"point {row}: {self.variables[index]} = {flat[row, index]} is not a finite number"
            )
            raise DomainError(msg)
        return flat, lead

    def certify(
        self,
        points: np.ndarray,
        progress: Callable[[int], None] | None = None,
        *,
        zeros: bool = True,
        clock: Clock | None = None,
        output: int | None = None,
        wanted: np.ndarray | None = None,
    ) -> Exact:
        """Certify every output at points of shape (P, n); the arrays have shape (P, outputs).

        Without `zeros` nobody asks whether what rounds to 0 is 0; what isn't known when the clock's
        time is over is undecided. With `output` it is the only one, and what the others alone
        depend on costs nothing; with `wanted`, of the arrays' shape, the others may be undecided.
        """
        certifier = self._certifier if output is None else self._certifier_of(output)
        return certifier.run(points, progress, zeros=zeros, clock=clock, wanted=wanted)

    @cached_property
    def _certifier(self) -> Certifier:
        return Certifier(self.program, self.entries, dict(self._lines))

    def _certifier_of(self, output: int) -> Certifier:
        if output not in self._by_output:
            entries = [self.entries[output]]
            self._by_output[output] = Certifier(self.program, entries, dict(self._lines))
        return self._by_output[output]

    @cached_property
    def _by_output(self) -> dict[int, Certifier]:
        return {}

    def compiled(self, *, complex_step: bool = False) -> Callable[[Sequence[Any]], list[Any]]:
        """Return the function from one array a variable to one array an output, without checks."""
        return compile_program(self.program, complex_step=True) if complex_step else self._evaluate

    @cached_property
    def _evaluate(self) -> Callable[[Sequence[Any]], list[Any]]:
        return compile_program(self.program)

    def _columns(self, points: Any, named: Mapping[str, Any]) -> tuple[list[Any], tuple[int, ...]]:
        """Return the variables' arrays, and the shape of the points."""
        n = len(self.variables)
        if named:
            if points is not None:
                msg = "give the points either as one array or by name, not both"
                raise UsageError(msg)
            return self._named_columns(named)
        if points is None:
            if n:
                msg = f"no point was given; the formula has {_listed(self.variables)}"
                raise UsageError(msg)
            return [], ()
        if isinstance(points, Mapping):
            return self._named_columns(points)
        array = as_doubles(points, "points")
        if n == 1:
            return [array], array.shape
        if array.ndim == 0 or array.shape[-1] != n:
            msg = (
                f"points have shape {array.shape}; the formula has {_listed(self.variables)}, "
                f"so the last axis must have length {n}: shape (..., {n})"
            )
            raise UsageError(msg)
        return [array[..., i] for i in range(n)], array.shape[:-1]

    def _named_columns(self, named: Mapping[str, Any]) -> tuple[list[Any], tuple[int, ...]]:
        for name in named:
            self._index(name)
        missing = [name for name in self.variables if name not in named]
        if missing:
            msg = f"no value was given for {_listed(missing)}"
            raise UsageError(msg)
        columns = [as_doubles(named[name], name) for name in self.variables]
        try:
            lead = np.broadcast_shapes(*(column.shape for column in columns))
        except ValueError:
            shapes = ", ".join(
                f"{n}: {c.shape}" for n, c in zip(self.variables, columns, strict=True)
            )
            msg = f"the variables' shapes don't broadcast against each other: {shapes}"
            raise UsageError(msg) from None
        return columns, lead

    # --- text and SymPy ------------------------------------------------------------------------

    @cached_property
    def expressions(self) -> tuple[sympy.Expr, ...]:
        """The outputs as SymPy expressions in symnum's own symbols, flattened.

        A derivative is SymPy's `diff` of the function it came from.
        """
        from symnum.formula.symbolic import symbols, to_sympy

        roots = list(dict.fromkeys(entry.root for entry in self.entries))
        if not self._steps or len(self.program.live(roots)) > _LARGEST_FOR_SYMPY:
            return tuple(to_sympy(self.program))
        ours = symbols(len(self.variables))
        functions = dict(zip(roots, to_sympy(self.program.with_outputs(roots)), strict=True))
        derived: dict[tuple[int, tuple[int, ...]], sympy.Expr] = {
            (root, ()): expression for root, expression in functions.items()
        }
        for entry in self.entries:
            for k in range(1, len(entry.path) + 1):
                key = (entry.root, entry.path[:k])
                if key not in derived:
                    before = derived[entry.root, entry.path[: k - 1]]
                    derived[key] = before.diff(ours[entry.path[k - 1]])
        return tuple(derived[entry.root, entry.path] for entry in self.entries)

    def sympy(self) -> Any:
        """Return SymPy expressions with SymPy's own functions, nested like the shape.

        The symbols are symnum's: `x0`, `x1`, ... in the order of `variables`, real.

        Examples
        --------
        >>> import symnum as sn
        >>> sn.Formula("abs(t)").sympy()
        Abs(x0)
        """
        from symnum.formula.symbolic import to_sympy

        return _nested(to_sympy(self._readable, public=True), self.shape)

    @cached_property
    def _readable(self) -> Program:
        """The program that people read: a derivative's comes from SymPy's form where it has one."""
        from symnum.formula.symbolic import from_sympy, symbols

        if not self._steps or len(self.program) > _LARGEST_FOR_SYMPY:
            return self.program
        try:
            program, _ = from_sympy(list(self.expressions), symbols(len(self.variables)))
        except (SymnumError, RecursionError):  # x/0, say: SymPy has no number for it
            return self.program
        return program

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The outputs as text in symnum's own grammar, flattened."""
        if not self._steps:
            return tuple(unparse(self.program, self.variables))
        from symnum.formula.typeset import text

        try:
            return tuple(text(expression, self.variables) for expression in self.expressions)
        except (SymnumError, RecursionError):
            return tuple(unparse(self.program, self.variables))

    def __str__(self) -> str:
        return _bracketed(_nested(self.texts, self.shape))

    def __repr__(self) -> str:
        if self.conditions:
            more = ", ..." if len(self.conditions) > _SHOWN else ""
            where = ", ".join(self.conditions[:_SHOWN]) + more
            return f"<Formula {self} in {_listed(self.variables)}, where {where}>"
        if not self._steps:
            return (
                f"Formula({_nested(self.texts, self.shape)!r}, variables={list(self.variables)!r})"
            )
        return f"<Formula {self} in {_listed(self.variables)}>"

    def latex(self) -> str:
        r"""Return LaTeX, without dollar signs; an array becomes a matrix.

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("sqrt(alpha)").latex())
        \sqrt{\alpha}
        """
        from symnum.formula.typeset import latex

        cells = [latex(expression, self.variables) for expression in self.expressions]
        if not self.shape:
            return cells[0]
        columns = self.shape[-1] if len(self.shape) > 1 else 1
        rows = [" & ".join(cells[i : i + columns]) for i in range(0, len(cells), columns)]
        return "\\begin{bmatrix} " + " \\\\ ".join(rows) + " \\end{bmatrix}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def python(self, name: str = "f") -> str:
        """Return the source of a self-contained NumPy function that computes the formula.

        Parameters
        ----------
        name : str
            What to call the function.

        Examples
        --------
        >>> import symnum as sn
        >>> print(sn.Formula("sin(x)").derivative().python())  # doctest: +ELLIPSIS
        import numpy as np
        ...
        """
        from symnum.formula.typeset import python_source

        if not name.isidentifier():
            msg = f"{name!r} can't be the name of a Python function"
            raise UsageError(msg)
        return python_source(self._readable, self.variables, name=name)

    # --- pictures ------------------------------------------------------------------------------

    def plot(
        self,
        path_or_ax: Any = None,
        *,
        kind: str | None = None,
        ranges: Mapping[str, Sequence[float]] | None = None,
        tangents: Any = (),
        secants: Sequence[tuple[float, float]] = (),
        at: Any = (),
        scheme: Any = None,
        minus: bool = False,
        show: bool = False,
    ) -> Any:
        """Draw a formula in one or two variables, with exact derivatives.

        Parameters
        ----------
        path_or_ax : str, path, matplotlib.axes.Axes or matplotlib.figure.Figure, optional
            A file whose name ends in .svg, .png or .pdf, or the axes or figure to draw into.
            Without it a new figure is made.
        kind : str, optional
            `curve` of one variable; `surface`, `contour` or `field` of two: the gradient as arrows.
            Without it `curve` or `surface`; `field` where a scheme is given.
        ranges : mapping, optional
            The ends in each variable, `{"x": (0, 20)}`, or with a number of samples,
            `{"x": (-2, 2, 17)}`. From -3 to 3 in a variable that is left out.
        tangents : array_like
            Where a curve gets its exact tangent.
        secants : sequence of (x, h)
            Lines through (x, f(x)) and (x + h, f(x + h)).
        at : array_like or mapping
            Points to mark, with their exact partial derivatives.
        scheme : Scheme or str, optional
            A numerical gradient with its step, such as `central@1e-4`: a field's arrows are
            coloured by its error.
        minus : bool
            Whether a field shows minus the gradient, the way of a descent.
        show : bool
            Whether to open a window with `matplotlib.pyplot.show()`.

        Returns
        -------
        Path or Axes
            The file that was written, or else the axes that were drawn into.

        Raises
        ------
        UsageError
            Variables, ranges or options don't fit the formula or the kind, or the file can't be
            written.
        DomainError
            A range or a point is not finite.

        Examples
        --------
        >>> import symnum as sn
        >>> ax = sn.Formula("0.01*x**2 + 0.1*x").plot(ranges={"x": (0, 20)}, tangents=[5, 10])
        >>> ax.get_xlabel(), ax.get_legend_handles_labels()[1][1]
        ('x', 'tangent at x = 5: df/dx = 0.2')
        """
        from symnum.report.functions import plot_formula

        return plot_formula(
            self,
            path_or_ax,
            kind=kind,
            ranges=ranges,
            tangents=tangents,
            secants=secants,
            at=at,
            scheme=scheme,
            minus=minus,
            show=show,
        )


def from_program(
    program: Program,
    variables: Sequence[str],
    shape: tuple[int, ...] = (),
    conditions: tuple[str, ...] = (),
) -> Formula:
    """Return the Formula of a Program; its outputs are the elements of an array of that shape."""
    entries = tuple(Entry(line, line, ()) for line in program.outputs)
    return Formula._made(tuple(variables), tuple(shape), program, entries, {}, None, (), conditions)


# A derivative of more components than this would not fit into memory as a program.
_LARGEST_RESULT = 1_000_000


def _read(source: Any, variables: Any) -> tuple[Program, tuple[str, ...], tuple[int, ...]]:
    """Return program, variables and shape of whatever a Formula may be made from."""
    if isinstance(source, str):
        program, labels = parse([source], variables)
        return program, labels, ()
    if isinstance(source, (list, tuple)) and source and all(isinstance(s, str) for s in source):
        program, labels = parse(list(source), variables)
        return program, labels, (len(source),)
    if not is_source(source):
        msg = (
            "a Formula is made from text, a SymPy expression, or a list of one of them; this is "
            f"{'an empty' if isinstance(source, (list, tuple)) and not source else 'a'} "
            f"{type(source).__name__}"
        )
        raise UsageError(msg)
    import sympy

    from symnum.formula.symbolic import from_sympy

    if isinstance(source, sympy.MatrixBase):
        program, labels = from_sympy(list(source), variables)
        return program, labels, tuple(source.shape)
    if isinstance(source, sympy.Basic):
        program, labels = from_sympy([source], variables)
        return program, labels, ()
    program, labels = from_sympy(list(source), variables)
    return program, labels, (len(source),)


def is_source(source: Any) -> bool:
    """Say whether a Formula can be made from a value of this type: its text may still be wrong.

    Parameters
    ----------
    source : object
        Anything.

    Examples
    --------
    >>> from symnum.formula.formula import is_source
    >>> [is_source(source) for source in ["x**2", ["x", "y"], [], 5, None]]
    [True, True, False, False, False]
    """
    several = isinstance(source, (list, tuple)) and source
    entries = source if several else [source]
    if all(isinstance(entry, str) for entry in entries):
        return True
    import sympy

    if isinstance(source, sympy.MatrixBase):
        return True
    return all(isinstance(entry, sympy.Basic) for entry in entries)


def as_doubles(values: Any, what: str) -> np.ndarray:
    """Return values as a float64 array; integers are promoted.

    Raises
    ------
    UsageError
        They are not real numbers.
    """
    if is_masked(values):
        msg = f"{what} is a masked array, in which entries are missing; give them numbers"
        raise UsageError(msg)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "fiub":
            return array.astype(np.float64, copy=False)
        if array.dtype.kind == "O":
            if any(entry is None for entry in array.flat):
                msg = f"{what} holds None, which is no number"
                raise UsageError(msg)
            return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    kind = type(values).__name__
    msg = f"{what} must be real numbers; this is a {kind}"
    raise UsageError(msg)


def _exact_constant(name: str, value: Any) -> Fraction:
    try:
        # Text would be accepted too: "1e999999999" is a number of a billion digits.
        if not isinstance(value, str):
            return Fraction(value.item() if isinstance(value, np.generic) else value)
    except (TypeError, ValueError, OverflowError):
        pass
    msg = f"{name} = {value!r} is not a finite real number"
    raise DomainError(msg)


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no variables"
    return ("the variable " if len(names) == 1 else "the variables ") + ", ".join(names)


def _stacked(outputs: list[Any], lead: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    if not shape:
        return np.array(np.broadcast_to(outputs[0], lead), dtype=np.float64)[()]
    result = np.empty((*lead, len(outputs)))
    for index, output in enumerate(outputs):
        result[..., index] = output
    return result.reshape(*lead, *shape)


def _squeezed(exact: Exact, shape: tuple[int, ...]) -> Exact:
    fields = [np.reshape(values, shape) for values in exact.fields()]
    return Exact(*(values[()] for values in fields)) if not shape else Exact(*fields)


def _nested(items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Return the items as lists nested like the shape; the item itself for shape ()."""
    if not shape:
        return items[0]
    size = prod(shape[1:])
    return [_nested(items[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def _bracketed(nested: Any) -> str:
    if isinstance(nested, str):
        return nested
    return "[" + ", ".join(_bracketed(item) for item in nested) + "]"
