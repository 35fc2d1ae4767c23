"""The first six systems: each is computed, drawn into a folder, and returned as facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from symnum.demo import chapter
from symnum.demo.facts import Listing, Number, Picture, System, Table
from symnum.demo.figures import Draw, figure
from symnum.descending.compare import Comparison, compare
from symnum.descending.descent import Descent, descend
from symnum.differences.sweep import Sweep, sweep
from symnum.formula.formula import Formula
from symnum.pictures import Curve, Field, Surface, picture
from symnum.report import functions
from symnum.report.axes import LINE_STYLES
from symnum.report.descent_plots import course_of, plot_descents, plot_losses
from symnum.report.numbers import measured, short
from symnum.report.why import PARTS

CURVE = "0.01*x**2 + 0.1*x"
BOWL = "x0**2 + x1**2"
_SCHEME = f"central@{chapter.H:g}"


def curve(x: Any) -> Any:
    """Return the curve's value, as the script writes it."""
    return 0.01 * x**2 + 0.1 * x


def bowl(x: np.ndarray) -> Any:
    """Return the bowl's value, as the script writes it."""
    return x[0] ** 2 + x[1] ** 2


def error_sentence(measured_sweep: Sweep, point: int, component: int = 0, step: int = 0) -> str:
    """Return the error of one approximation with its four parts."""
    run = measured_sweep.runs[0]
    at = (point, component, step)
    parts = {part: float(getattr(run, part)[at]) for part in PARTS}
    error = float(run.error[at])
    if error == 0:
        return "No error at all: here the parts are 0, or cancel."
    split = ", ".join(f"{name.replace('_', ' ')} {_signed(value)}" for name, value in parts.items())
    return f"Error {_signed(error)} = {split}."


def _signed(value: float) -> str:
    return "0" if value == 0 else ("-" if value < 0 else "") + measured(abs(value))


def rational(formula: Formula, **values: float) -> str:
    """Return a formula's exact value where it is a fraction, such as 1/5."""
    return str(Formula(formula.texts[0], formula.variables).bind(**values).expressions[0])


# --- 1 --------------------------------------------------------------------------------------------


def derivative(folder: Path) -> System:
    """The central difference with h = 1e-4 of a quadratic."""
    f, points = Formula(CURVE), [5.0, 10.0]
    slope = f.derivative()
    at_h, over_h = sweep(f, points, _SCHEME), sweep(f, points, "central")
    best = over_h.runs[0]
    numbers = [
        Number(
            f"df/dx at x = {short(x)}",
            chapter.slope(curve, x),
            float(slope.exact(x).hi),
            error_sentence(at_h, p),
            exactly=rational(slope, x=x),
        )
        for p, x in enumerate(points)
    ]
    largest = bool(np.isinf(best.predicted_h).all())
    numbers.append(
        Number(
            "the best step h",
            chapter.H,
            float(best.predicted_h[0, 0]),
            "The central difference has no truncation on a quadratic, so a larger h only makes the "
            f"rounding smaller. Of 61 steps, {short(best.best_h[0, 0])} did best at x = 5, with an "
            f"error of {measured(best.best_error[0, 0])}.",
            exactly="as large as it gets" if largest else "",
            digits=2,
        )
    )
    far = 1e13
    lost = Number(
        f"df/dx at x = {short(far)}",
        chapter.slope(curve, far),
        float(slope.exact(far).hi),
        f"x + h == x: the doubles beside {short(far)} are {short(np.spacing(far))} away. "
        "One h doesn't fit all scales.",
    )
    figure(folder / "derivative.svg", partial(_errors, sweep(f, 5.0, "central")), columns=2)
    return System(
        "derivative",
        "Numerical derivative",
        f"f(x) = {CURVE}, central difference, h = 1e-4",
        (
            "The script's numbers look like 0.2 and 0.3 with some dirt, and nothing says where the "
            "dirt is from.",
            "The truth is 1/5 and 3/10 exactly, the truncation error is exactly 0, and all of the "
            "error is rounding, which a larger h makes smaller.",
        ),
        (
            Table("h = 1e-4", tuple(numbers), plain="the script"),
            Table("Far out", (lost,)),
        ),
        (
            Picture(
                "derivative.svg",
                "Logarithmic plot: the error of the central difference at x = 5 falls as h grows, "
                "from about 0.1 at the smallest steps to 1e-17 at the largest; the truncation is "
                "0 at every step.",
                "Error against h at x = 5. The line never turns up: a quadratic has no truncation.",
            ),
        ),
    )


def _errors(measured_sweep: Sweep, ax: Any) -> None:
    measured_sweep.plot(ax)
    ax.set_title("error of the central difference at x = 5", loc="left")


# --- 2 --------------------------------------------------------------------------------------------


def tangent(folder: Path) -> System:
    """Tangents and secants of the same curve."""
    f, points, steps = Formula(CURVE), [5.0, 10.0], [10.0, 1.0]
    kind, shown = picture(f, None, {"x": (0, 20)}, points, [(5.0, h) for h in steps])
    assert isinstance(shown, Curve)
    numbers = []
    for mark in shown.tangents:
        (x,), (m,) = mark.point, mark.partials
        plain = chapter.tangent(curve, x)
        exact = (m, mark.value - m * x)
        numbers.append(
            Number(
                f"slope and intercept at x = {short(x)}",
                plain,
                exact,
                f"The line's ends at 0 and 20 are off by {measured(abs(plain[1] - exact[1]))} and "
                f"{measured(abs(_ends(plain) - _ends(exact)))}: nothing that a picture shows.",
            )
        )
    numbers += [
        Number(
            f"slope of the secant from x = 5, h = {short(secant.h)}",
            secant.slope,
            float(f.derivative().exact(secant.x).hi),
            f"The secant is off by {measured(secant.error)} = h f''/2 = h/100: this is "
            "truncation, and it is seen.",
        )
        for secant in shown.secants
    ]
    figure(folder / "tangent.svg", lambda ax: functions.draw(kind, shown, ax))
    return System(
        "tangent",
        "Tangent line",
        f"f(x) = {CURVE} on [0, 20], tangents at 5 and 10",
        (
            "A tangent from a numerical derivative looks right, and is right to twelve digits.",
            "Beside the exact tangents stand two secants, the lines that a difference really "
            "measures; their slopes are off by h/100.",
        ),
        (Table("Slopes", tuple(numbers), plain="float64"),),
        (
            Picture(
                "tangent.svg",
                "The curve 0.01x² + 0.1x on [0, 20] with its exact tangents at 5 and 10, of slopes "
                "0.2 and 0.3, and secants from 5 with h = 10 and h = 1.",
                "The curve, two exact tangents, and two secants with their errors.",
            ),
        ),
    )


def _ends(line: tuple[float, float]) -> float:
    return line[0] * 20 + line[1]


# --- 3 --------------------------------------------------------------------------------------------


def partials(folder: Path) -> System:
    """Partial derivatives of the bowl, and what integer input does to the script."""
    f, points = Formula(BOWL), [(3, 4), (0, 2), (3, 0)]
    kind, shown = picture(f, None, {"x0": (-3, 3, 25), "x1": (-3, 3, 25)}, at=points)
    at_h = sweep(f, points, _SCHEME)
    assert isinstance(shown, Surface)
    marks = shown.marks
    numbers = tuple(
        Number(
            f"the gradient at ({a}, {b})",
            _point(chapter.gradient(bowl, np.array([a, b], dtype=float))),
            mark.partials,
            " ".join(
                f"df/d{name}: {error_sentence(at_h, p, c)}" for c, name in enumerate(f.variables)
            ),
        )
        for p, ((a, b), mark) in enumerate(zip(points, marks, strict=True))
    )
    whole = Number(
        "the gradient at (3, 4), typed as integers",
        _point(chapter.gradient(bowl, np.array([3, 4]))),
        marks[0].partials,
        "The loop writes x + h and x - h into the caller's array. An integer array cuts them: "
        "3.0001 becomes 3, 2.9999 becomes 2.",
    )
    figure(
        folder / "partials.svg",
        lambda ax: functions.draw(kind, shown, ax),
        size=(4.5, 5.0),
        solid=True,
    )
    return System(
        "partials",
        "Partial derivatives and a surface",
        f"f(x0, x1) = {BOWL} on [-3, 3]²",
        (
            "At the three marked points the script is right to about eleven digits, as long as its "
            "array holds floats.",
            "Given the same point as integers it answers (25000, 35000) without a word, where the "
            "exact gradient is (6, 8).",
        ),
        (Table("h = 1e-4", numbers), Table("The same loop, an integer array", (whole,))),
        (
            Picture(
                "partials.svg",
                "Surface of x0² + x1² over [-3, 3]², with the points (3, 4), (0, 2) and (3, 0) "
                "marked; short lines through them have the exact partial derivatives as slopes.",
                "The surface; (3, 4) lies outside the drawn square and is marked beside it. The "
                "short lines through a point are its exact tangents along x0 and x1.",
            ),
        ),
    )


def _point(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    return tuple(np.asarray(values).tolist())


# --- 4 --------------------------------------------------------------------------------------------

AWKWARD = "(1 - cos(x))/x**2"


def symbolic(folder: Path) -> System:
    """Derivatives as formulas: right on paper, and not always in float64."""
    f = Formula("sin(x)")
    slope = f.derivative()
    awkward = Formula(AWKWARD).derivative()
    x = 1e-9
    with np.errstate(all="ignore"):
        in_floats = float(awkward(x))
    several = Formula(["x**2*y", "sin(x*y)"])
    jacobian = several.jacobian()
    bowl_like = Formula("x**2*y")
    numbers = (
        Number(
            "d/dx sin(x)",
            _sympy_slope(),
            slope.texts[0],
            "The same: on paper there is no error.",
        ),
        Number(
            "d/dx sin(x) at x = 1",
            float(slope(1.0)),
            float(slope.exact(1.0).hi),
            "Evaluated by NumPy this formula is right to the last digit."
            if float(slope(1.0)) == float(slope.exact(1.0).hi)
            else "Evaluated by NumPy it is off in the last digit.",
        ),
        Number(
            f"d/dx {AWKWARD} at x = {short(x)}",
            in_floats,
            float(awkward.exact(x).hi),
            "The formula is right; its value in float64 is not: 1 - cos(x) loses all its digits. "
            "symnum evaluates in balls until the nearest double is proven.",
            digits=6,
        ),
    )
    listings = (
        Listing("d/dx sin(x) as LaTeX", slope.latex()),
        Listing("d/dx sin(x) as Python, a NumPy callable", slope.python("derivative").strip()),
        Listing("gradient of x**2*y", ", ".join(bowl_like.gradient().texts)),
        Listing("Hessian of x**2*y, row by row", ", ".join(bowl_like.hessian().texts)),
        Listing("Jacobian of (x**2*y, sin(x*y)), row by row", ", ".join(jacobian.texts)),
        Listing("the same Jacobian as LaTeX", jacobian.latex()),
    )
    turns = [-2.0, 0.0, 2.0]

    def above(ax: Any) -> None:
        f.plot(ax, ranges={"x": (-4, 4)}, tangents=turns)

    def below(ax: Any) -> None:
        slope.plot(ax, ranges={"x": (-4, 4)})
        ax.set_title("its derivative, cos(x)", loc="left")
        ax.set_ylabel("df/dx")

    figure(folder / "symbolic.svg", above, below, size=(4.5, 5.8))
    return System(
        "symbolic",
        "Symbolic differentiation",
        "d/dx sin(x), and the derivatives of any formula",
        (
            "SymPy answers cos(x), and so does symnum: derivative, gradient, Jacobian and Hessian "
            "of any formula, as text, LaTeX, Python or a NumPy callable.",
            "A right formula is not yet a right number: evaluated in float64 it may have no right "
            "digit at all, which the last row shows.",
        ),
        (Table("On paper and in float64", numbers, plain="SymPy and NumPy"),),
        (
            Picture(
                "symbolic.svg",
                "Above, sin(x) with its exact tangents at -2, 0 and 2; below, its derivative "
                "cos(x), whose values there are the slopes.",
                "sin(x) with exact tangents, and below it the derivative, cos(x): its values at "
                "-2, 0 and 2 are the slopes above.",
            ),
        ),
        listings,
    )


def _sympy_slope() -> str:
    """Return what the script prints: SymPy alone."""
    import sympy

    x = sympy.Symbol("x")
    return str(sympy.diff(sympy.sin(x), x))


# --- 5 --------------------------------------------------------------------------------------------


def field(folder: Path) -> System:
    """The gradient field of the bowl, and what walking rows as points does."""
    f = Formula(BOWL)
    grid = {"x0": (-2.0, 2.25, 18), "x1": (-2.0, 2.25, 18)}
    kind, shown = picture(f, "field", grid, scheme=_SCHEME, minus=True)
    assert isinstance(shown, Field)
    shown = replace(shown, scheme="central, h = 1e-4")
    assert shown.error is not None
    columns = shown.points.T.copy()
    walked = chapter.field(lambda row: np.sum(row**2), columns)
    apart = np.hypot(*(walked - shown.gradient.T))
    corner = 0
    first = Number(
        "minus the gradient at (-2, -2)",
        _point(-walked[:, corner]),
        _point(-shown.gradient[corner]),
        f"Walked row by row, f is a sum of all 324 coordinates, and its rounding is theirs: the "
        f"largest error of an arrow is {measured(apart.max())}. Asked point by point, the same "
        f"difference is off by at most {measured(shown.error.max())}, the median being "
        f"{measured(np.median(shown.error))}: all of it rounding.",
    )
    text, place = "x0**2 + x0*x1", (1.0, -1.0)
    index = int(np.flatnonzero((shown.points == place).all(axis=1))[0])
    mixed = chapter.field(lambda x: x[0] ** 2 + x[0] * x[1], columns)
    exact = Formula(text).gradient().exact(shown.points).hi
    wrong = int(np.count_nonzero(np.hypot(*(mixed - np.asarray(exact).T)) > 1e-6))
    second = Number(
        f"gradient of {text} at (1, -1)",
        _point(mixed[:, index]),
        _point(np.asarray(exact)[index]),
        f"x[0] and x[1] of a row are two values of one coordinate, not a point: {wrong} of 324 "
        "arrows are wrong.",
    )
    figure(folder / "field.svg", lambda ax: functions.draw(kind, shown, ax), size=(4.5, 4.5))
    return System(
        "field",
        "The gradient field",
        f"minus the gradient of {BOWL} on the grid [-2, 2.25]², step 0.25",
        (
            "The arrows are the exact field, coloured by the error of the numerical gradient, over "
            "contours of f.",
            "The script walks an array of coordinates row by row as if each row were a point, "
            "which is right only for sums of equal terms such as this one.",
        ),
        (
            Table("h = 1e-4, 324 points", (first,)),
            Table("The same loop, another function", (second,)),
        ),
        (
            Picture(
                "field.svg",
                "Arrows of minus the exact gradient on an 18 by 18 grid, all pointing to the "
                "origin; the error of the numerical gradient grows with f towards the corners.",
                "Minus the exact gradient as arrows, on contours of f, which say its value; the "
                "colours are the error of the central difference.",
            ),
        ),
    )


# --- 6 --------------------------------------------------------------------------------------------

RATES = (0.1, 1.0, 10.0, 1e-10)


def descent(folder: Path) -> System:
    """Descent of the bowl by exact and numerical gradients."""
    start, f = (-3.0, 4.0), Formula(BOWL)
    runs = compare(f, start, ["exact", _SCHEME], RATES, steps=100)
    reasons = dict(zip(((r.rate, r.gradient) for r in runs), runs.reasons, strict=True))
    label = runs.runs[1].gradient
    numbers, given = [], np.array(start)
    for rate, steps in ((0.1, 20), (0.1, 100), (10.0, 100), (1e-10, 100)):
        walked = np.array(start)
        end = _point(chapter.descent(bowl, walked, rate, steps))
        if steps == 100 and rate == 0.1:
            given = walked
        certified = descend(f, start, rate=rate, steps=steps, gradient="certified")
        why = reasons[rate, label]
        if steps == 20:
            why = "Still on its way: a step multiplies the distance by 0.8, and 0.8^20 = 0.0115."
        if rate == 10.0:
            why = f"The exact end is (-3, 4) times (-19)^100. By differences it {why}"
        elif steps == 100:
            why = f"It {why}"
        numbers.append(
            Number(
                f"end of {steps} steps at rate {short(rate)}",
                end,
                _point(certified.end),
                why,
                exactly="(-3, 4)·19^100" if rate == 10.0 else "",
                digits=9,
            )
        )
    stable = runs.runs[0].stable_rate
    numbers.append(
        Number(
            "the largest stable rate",
            None,
            float(stable),
            "2 / the largest eigenvalue of the exact Hessian, which is 2. "
            f"Rate 1 {reasons[1.0, 'exact']}",
        )
    )
    moved = Number(
        "the caller's start after 100 steps at 0.1",
        _point(given),
        start,
        "The descent walks on the array that it was given: whoever starts again from it starts at "
        "the end.",
        digits=9,
    )
    figure(folder / "descent.svg", *_paths(runs), size=(4.5, 4.6), across=True)
    figure(folder / "losses.svg", partial(_losses, runs), size=(4.5, 5.2))
    many = compare(f, start, ["exact"], [2.0**k for k in range(-9, 3)], steps=100)
    figure(folder / "rates.svg", partial(_rates, many), size=(4.5, 4.6))
    return System(
        "descent",
        "Gradient descent and its rate",
        f"f(x0, x1) = {BOWL}, from (-3, 4)",
        (
            "Rate 0.1 converges, 1e-10 hardly moves, 1 jumps to and fro for ever and 10 diverges: "
            "the border, 2 divided by the largest eigenvalue of the Hessian, is exactly 1.",
            "At rate 10 the exact path is about 1e128 away after 100 steps, and the script's "
            "stands still near 1e13, because there x + h == x and every difference is 0.",
        ),
        (
            Table("Where it ends", tuple(numbers)),
            Table("What it does to its input", (moved,)),
        ),
        (
            Picture(
                "descent.svg",
                "Paths on the contours of x0² + x1², by the exact gradient on the left and by the "
                "numerical one on the right, which look the same: at rate 0.1 a straight line to "
                "the minimum, at 1 to and fro between (-3, 4) and (3, -4), at 10 out of the "
                "picture, at 1e-10 a single point.",
                "Paths of the exact gradient (left) and of the numerical one (right), at four "
                "rates, on the contours of f. All lie on one line, since this bowl is round. The "
                "arrow leaves the picture; the path at rate 1e-10 is too short to be seen, and "
                "lies below the circle at the start.",
            ),
            Picture(
                "losses.svg",
                "Logarithmic plot of f against the step: at rate 10 the exact path rises to 1e257 "
                "while the numerical one stops at 1e27 after ten steps; at 0.1 both fall to 1e-18; "
                "at 1 and 1e-10 they stay at 25.",
                "f against the step. At rate 10 the two part at step 5 and the numerical one "
                "stands still from step 10 on, where x + h == x.",
            ),
            Picture(
                "rates.svg",
                "The factor of one step against the rate: it falls to 0 at rate 0.5 and rises to 1 "
                "at the largest stable rate, 1.",
                "What one step multiplies the distance to the minimum by: by the Hessian, and as "
                "observed in 100 steps. At rate 0.5 one step reaches the minimum. Triangles stand "
                "for factors above the picture: 3 at rate 2 and 7 at rate 4.",
            ),
        ),
    )


def _paths(runs: Comparison) -> list[Draw]:
    """Return what draws the paths, for each gradient in turn."""
    chosen: dict[str, list[Descent]] = {}
    for run in runs:
        chosen.setdefault(run.gradient, []).append(run)
    titles = ("exact gradient", "by differences")
    return [partial(_path, *pair) for pair in zip(titles, chosen.values(), strict=True)]


def _path(title: str, runs: Sequence[Descent], ax: Any) -> None:
    """Draw the paths of one gradient: colour and line tell the rate, as in the other picture."""
    widths = (5.0, 3.6, 2.4, 1.2)  # all lie on one line
    looks = [
        {**LINE_STYLES[k + 1], "linewidth": widths[k], "label": _of_rate(run)}
        for k, run in enumerate(runs)
    ]
    plot_descents(runs, ax, looks)
    ax.set_title(title, loc="left", fontsize=10, pad=16)


def _of_rate(run: Descent) -> str:
    return f"rate {short(run.rate, 3)}: {course_of(run, 0)}"


def _losses(runs: Comparison, ax: Any) -> None:
    """Draw f against the step: colour tells the rate, wide or dashed the gradient."""
    rates = list(dict.fromkeys(run.rate for run in runs))
    kinds: tuple[dict[str, Any], ...] = (
        {"linewidth": 5.0, "linestyle": "-", "alpha": 0.35, "marker": ""},
        {"linewidth": 1.6, "linestyle": (0, (3, 1.5)), "marker": ""},
    )
    gradients = list(dict.fromkeys(run.gradient for run in runs))
    looks = [
        {
            **kinds[gradients.index(run.gradient)],
            "color": LINE_STYLES[rates.index(run.rate) + 1]["color"],
            "label": None,
        }
        for run in runs
    ]
    plot_losses(runs.runs, ax, looks)
    firsts = {run.rate: run for run in reversed(list(runs))}
    for rate in rates:
        color = LINE_STYLES[rates.index(rate) + 1]["color"]
        ax.plot([], [], color=color, linewidth=2.5, label=_of_rate(firsts[rate]))
    names = ("wide: the exact gradient", "dashed: by differences, h = 1e-4")
    for name, kind, color in zip(names, kinds, ("#333333", "black"), strict=True):
        ax.plot([], [], color=color, label=name, **kind)


def _rates(runs: Comparison, ax: Any) -> None:
    runs.plot_rates(ax)
    for line in ax.get_lines():
        if line.get_label() == "exact":
            line.set_label("observed")
