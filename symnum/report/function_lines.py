"""What a picture of a function shows, in words."""

from __future__ import annotations

import math

import numpy as np

from symnum.pictures import Curve, Field, Mark, Secant, Surface
from symnum.report.derivatives import derivative_name
from symnum.report.numbers import double, measured


def lines_of(shown: Curve | Surface | Field) -> list[str]:
    """Return what the picture says in words: one line a tangent, secant or marked point."""
    lines = []
    if isinstance(shown, Curve):
        names = (shown.axis.name,)
        lines += [f"tangent at {mark_text(mark, names)}" for mark in shown.tangents]
        lines += [f"secant from {secant_text(secant, names[0])}" for secant in shown.secants]
        lines += [mark_text(mark, names) for mark in shown.marks]
        return lines
    backdrop = shown.backdrop if isinstance(shown, Field) else shown
    first, second = (axis.name for axis in backdrop.axes)
    lines += [mark_text(mark, (first, second)) for mark in backdrop.marks]
    if isinstance(shown, Field) and shown.error is not None:
        known = shown.error[np.isfinite(shown.error)]
        if known.size:
            lines.append(
                f"error of {shown.scheme} at {known.size} points: largest {measured(known.max())}, "
                f"median {measured(np.median(known))}"
            )
    return lines


def mark_text(mark: Mark, names: tuple[str, ...]) -> str:
    """Return a point with its exact partial derivatives, such as "x = 5: df/dx = 0.2"."""
    where = ", ".join(f"{n} = {double(x)}" for n, x in zip(names, mark.point, strict=True))
    slopes = ", ".join(
        f"{derivative_name((name,), None)} "
        + (f"= {double(value)}" if math.isfinite(value) else f"has no value ({status})")
        for name, value, status in zip(names, mark.partials, mark.statuses, strict=True)
    )
    return f"{where}: {slopes}"


def secant_text(secant: Secant, name: str) -> str:
    """Return a secant with its error, such as "x = 5, h = 1: slope 0.21, error 0.01"."""
    where = f"{name} = {double(secant.x)}, h = {double(secant.h)}"
    if secant.x + secant.h == secant.x:
        slope = double(secant.slope)
        return f"{where}: none, for {name} + h == {name} in float64 (the quotient is {slope})"
    error = "no derivative to compare with"
    if math.isfinite(secant.error):
        error = f"error {'-' if secant.error < 0 else ''}{measured(abs(secant.error))}"
    slope = double(secant.slope) if math.isfinite(secant.slope) else "has no value"
    return f"{where}: slope {slope}, {error}"
