"""Small Sweeps made without the engine: a cubic in exact rationals, and the awkward cases."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from symnum.differences.schemes import central, complex_step, forward
from symnum.differences.sweep import Component, Run, StepStatus, Sweep
from symnum.formula.exact import Exact
from symnum.formula.status import Status

CUBIC = "x**3"


def _cubic(x):
    return x * x * x


def cubic_run(scheme, points, steps):
    """Return a Run of x**3 whose four parts are computed in exact rationals."""
    parts = {name: [] for name in ("approximation", "error", "truncation", "step", "eval", "arith")}
    for x in points:
        truth = 3 * Fraction(x) ** 2
        for h in steps:
            terms = list(zip(scheme.offsets, scheme.weights, strict=True))
            moved = [float(x + float(c) * h) for c, _ in terms]
            ideal = sum(w * _cubic(Fraction(x) + c * Fraction(h)) for c, w in terms) / Fraction(h)
            shifted = [_cubic(Fraction(t)) for t in moved]
            inexact = sum(w * s for (_, w), s in zip(terms, shifted, strict=True)) / Fraction(h)
            floats = [_cubic(t) for t in moved]
            rounded = sum(w * Fraction(v) for (_, w), v in zip(terms, floats, strict=True))
            rounded /= Fraction(h)
            got = sum(float(w) * v for (_, w), v in zip(terms, floats, strict=True)) / h
            parts["approximation"].append(got)
            parts["error"].append(float(Fraction(got) - truth))
            parts["truncation"].append(float(ideal - truth))
            parts["step"].append(float(inexact - ideal))
            parts["eval"].append(float(rounded - inexact))
            parts["arith"].append(float(Fraction(got) - rounded))
    shape = (len(points), 1, len(steps))
    a = {name: np.array(values).reshape(shape) for name, values in parts.items()}
    best = np.abs(a["error"]).argmin(axis=2)
    h = np.broadcast_to(np.array(steps), shape).copy()
    pick = np.take_along_axis
    return Run(
        scheme=scheme,
        h=h,
        approximation=a["approximation"],
        error=a["error"],
        truncation=a["truncation"],
        step_rounding=a["step"],
        evaluation=a["eval"],
        arithmetic=a["arith"],
        radius=np.full(shape, 1e-30),
        status=np.full(shape, StepStatus.CERTIFIED, dtype=object),
        crossing=np.full(shape[:2], np.inf),
        observed_order=np.full(shape[:2], float(scheme.accuracy)),
        noise_ulps=np.full(shape[:2], 0.5),
        best_h=pick(h, best[..., None], 2)[..., 0],
        best_error=pick(np.abs(a["error"]), best[..., None], 2)[..., 0],
        predicted_h=np.full(shape[:2], 6e-6),
        predicted_error=np.full(shape[:2], 5e-11),
    )


def cubic_sweep(points=(1.5,), steps=None, schemes=None):
    """Return the Sweep of x**3 at some points."""
    steps = np.logspace(-15, 0, 61) if steps is None else np.asarray(steps, dtype=float)
    schemes = (central(),) if schemes is None else schemes
    runs = tuple(cubic_run(scheme, points, steps.tolist()) for scheme in schemes)
    hi = np.array([[3 * x * x] for x in points])
    nothing = np.full(hi.shape, np.nan)
    status = np.full(hi.shape, Status.CERTIFIED, dtype=object)
    return Sweep(
        formula=(CUBIC,),
        variables=("x",),
        points=np.array(points, dtype=float)[:, None],
        components=(Component(0, "x"),),
        exact=Exact(hi, 0 * hi, 0 * hi, status, nothing, nothing),
        runs=tuple(
            replace(run, observed_order=np.full(hi.shape, float(run.scheme.accuracy)))
            for run in runs
        ),
        environment={"symnum": "0.1", "numpy": "2"},
    )


def quadratic_sweep():
    """Return a Sweep of a quadratic: its truncation is 0, its predicted step infinite."""
    sweep = cubic_sweep((5.0,))
    run = sweep.runs[0]
    error = run.error - run.truncation
    nothing = np.full(run.best_h.shape, np.nan)
    run = replace(
        run,
        error=error,
        truncation=0 * run.truncation,
        approximation=0.2 + error,
        observed_order=nothing,
        predicted_h=np.full(run.best_h.shape, np.inf),
        predicted_error=np.zeros(run.best_h.shape),
        best_h=np.full(run.best_h.shape, 1.0),
        best_error=np.full(run.best_h.shape, 1e-17),
    )
    hi, lo = np.array([[0.2]]), np.array([[float(Fraction(1, 5) - Fraction(0.2))]])
    exact = Exact(hi, lo, np.full((1, 1), 2e-33), sweep.exact.status, hi * np.nan, hi * np.nan)
    return replace(sweep, formula=("0.01*x**2 + 0.1*x",), runs=(run,), exact=exact)


def crossing_sweep():
    """Return a Sweep of |x - 2.5| + x**3 at 1.5, whose wide steps cross the kink."""
    sweep = cubic_sweep()
    run = sweep.runs[0]
    status = run.status.copy()
    wide = run.h >= 1.0
    status[wide] = StepStatus.KINK
    run = replace(run, status=status, crossing=np.ones(run.best_h.shape))
    return replace(sweep, formula=("abs(x - 2.5) + x**3",), runs=(run,))


def kink_sweep():
    """Return a Sweep of |x| at 0: there is no derivative, only one from each side."""
    sweep = cubic_sweep((0.0,))
    run = sweep.runs[0]
    nothing = np.full(run.h.shape, np.nan)
    none = np.full(run.best_h.shape, np.nan)
    names = ("error", "truncation", "step_rounding", "evaluation", "arithmetic", "radius")
    run = replace(
        run,
        **dict.fromkeys(names, nothing),
        status=np.full(run.h.shape, StepStatus.KINK, dtype=object),
        crossing=np.zeros(run.best_h.shape),
        observed_order=none,
        noise_ulps=none,
        best_h=none,
        best_error=none,
        predicted_h=none,
        predicted_error=none,
    )
    hi = np.full((1, 1), np.nan)
    status = np.full((1, 1), Status.KINK, dtype=object)
    exact = Exact(hi, hi, hi, status, np.full((1, 1), -1.0), np.full((1, 1), 1.0))
    return replace(sweep, formula=("abs(x)",), runs=(run,), exact=exact)


def several_sweep():
    """Return a Sweep of one point under three schemes, the complex step among them."""
    sweep = cubic_sweep(schemes=(central(), forward()))
    run = cubic_run(central(4), (1.5,), np.logspace(-15, 0, 61).tolist())
    return replace(sweep, runs=(*sweep.runs, replace(run, scheme=complex_step())))


def many_sweep():
    """Return a Sweep of two outputs in two variables at three points."""
    sweep = cubic_sweep((1.0, 2.0, 3.0), np.logspace(-12, 0, 13))
    components = tuple(Component(i, v) for i in (0, 1) for v in ("x", "y"))

    def widen(a):
        return np.repeat(a, 4, axis=1)

    run = sweep.runs[0]
    names = [name for name in run.__dataclass_fields__ if name != "scheme"]
    run = replace(run, **{name: widen(getattr(run, name)) for name in names})
    return replace(
        sweep,
        formula=("x**3", "y*x"),
        variables=("x", "y"),
        points=np.column_stack([sweep.points[:, 0], [0.0, -0.5, 1e-300]]),
        components=components,
        exact=Exact(*(widen(a) for a in sweep.exact.fields())),
        runs=(run,),
        derivative_order=1,
        function="my_gradient",
    )
