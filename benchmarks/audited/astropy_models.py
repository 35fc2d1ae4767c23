"""astropy: `fit_deriv`, the derivative by the parameters, of every 1-D model that has one."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from astropy.modeling import Fittable1DModel
from astropy.modeling.polynomial import PolynomialModel

import symnum as sn
from benchmarks.audited.case import Audited, Case

GROUP = "astropy.modeling"
MODULES = ("functional_models", "powerlaws", "polynomial", "physical_models")
ANY = (-1.5, -1.0, 0.0, 0.5, 2.0)
POSITIVE = (0.25, 0.5, 1.0, 2.0, 3.5)

# The formula in x and the parameters, in the model's order, from the model's documentation; where
# x lies; two or three points, one of them of whole numbers; the box of the parameters.
Row = tuple[str, tuple[float, ...], list[tuple[float, ...]], list[tuple[float, float]]]
WAVE = [(1.3, 0.2, 0.1), (2.0, 1.0, 0.0)]
WAVE_BOX = [(0.5, 3.0), (0.1, 1.5), (-0.5, 0.5)]
ARC = [(4.5, 0.7, 0.1), (3.0, 1.0, 0.0)]
ARC_BOX = [(2.5, 6.0), (0.2, 2.0), (-0.5, 0.5)]
MODELS: dict[str, Row] = {
    "Gaussian1D": (
        "amplitude*exp(-(x - mean)**2/(2*stddev**2))",
        ANY,
        [(1.3, 0.4, 0.7), (2.0, 1.0, 1.0)],
        [(0.5, 3.0), (-2.0, 2.0), (0.3, 2.0)],
    ),
    "Shift": ("x + offset", ANY, [(0.7,), (2.0,)], [(-3.0, 3.0)]),
    "Scale": ("factor*x", ANY, [(0.7,), (2.0,)], [(-3.0, 3.0)]),
    "Multiply": ("factor*x", ANY, [(0.7,), (2.0,)], [(-3.0, 3.0)]),
    "RedshiftScaleFactor": ("x*(1 + z)", ANY, [(0.7,), (2.0,)], [(0.0, 3.0)]),
    "Sine1D": ("amplitude*sin(2*pi*frequency*x + 2*pi*phase)", ANY, WAVE, WAVE_BOX),
    "Cosine1D": ("amplitude*cos(2*pi*frequency*x + 2*pi*phase)", ANY, WAVE, WAVE_BOX),
    "Tangent1D": (
        "amplitude*tan(2*pi*frequency*x + 2*pi*phase)",
        (-0.5, 0.0, 0.25),
        [(1.3, 0.1, 0.05), (2.0, 0.125, 0.0)],
        [(0.5, 3.0), (0.05, 0.2), (-0.1, 0.1)],
    ),
    "ArcSine1D": ("(asin(x/amplitude)/(2*pi) - phase)/frequency", ANY, ARC, ARC_BOX),
    "ArcCosine1D": ("(acos(x/amplitude)/(2*pi) - phase)/frequency", ANY, ARC, ARC_BOX),
    "ArcTangent1D": ("(atan(x/amplitude)/(2*pi) - phase)/frequency", ANY, ARC, ARC_BOX),
    "Linear1D": ("slope*x + intercept", ANY, [(0.7, -0.3), (2.0, 1.0)], [(-3.0, 3.0), (-3.0, 3.0)]),
    "Lorentz1D": (
        "amplitude*(fwhm/2)**2/((fwhm/2)**2 + (x - x_0)**2)",
        ANY,
        [(1.3, 0.4, 0.7), (2.0, 1.0, 1.0)],
        [(0.5, 3.0), (-2.0, 2.0), (0.3, 2.0)],
    ),
    "Const1D": ("amplitude + 0*x", ANY, [(0.7,), (2.0,)], [(-3.0, 3.0)]),
    "Moffat1D": (
        "amplitude*(1 + (x - x_0)**2/gamma**2)**(-alpha)",
        ANY,
        [(1.3, 0.4, 0.7, 1.5), (2.0, 1.0, 1.0, 2.0)],
        [(0.5, 3.0), (-2.0, 2.0), (0.3, 2.0), (0.5, 4.0)],
    ),
    "KingProjectedAnalytic1D": (
        "amplitude*r_core**2*(1/sqrt(x**2 + r_core**2) - 1/sqrt(r_tide**2 + r_core**2))**2",
        (0.0, *POSITIVE),
        [(1.3, 0.7, 5.5), (2.0, 1.0, 6.0)],
        [(0.5, 3.0), (0.3, 2.0), (4.0, 8.0)],
    ),
    "Logarithmic1D": (
        "amplitude*log(x/tau)",
        POSITIVE,
        [(1.3, 0.7), (2.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0)],
    ),
    "Exponential1D": (
        "amplitude*exp(x/tau)",
        ANY,
        [(1.3, 0.7), (2.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0)],
    ),
    "PowerLaw1D": (
        "amplitude*(x/x_0)**(-alpha)",
        POSITIVE,
        [(1.3, 0.7, 1.5), (2.0, 1.0, 2.0)],
        [(0.5, 3.0), (0.3, 3.0), (-3.0, 3.0)],
    ),
    "BrokenPowerLaw1D": (
        "where(x < x_break, amplitude*(x/x_break)**(-alpha_1), amplitude*(x/x_break)**(-alpha_2))",
        POSITIVE,
        [(1.3, 0.7, 1.5, 0.3), (2.0, 3.0, 2.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0), (-3.0, 3.0), (-3.0, 3.0)],
    ),
    "SmoothlyBrokenPowerLaw1D": (
        "amplitude*(x/x_break)**(-alpha_1)"
        "*(1/2*(1 + (x/x_break)**(1/delta)))**((alpha_1 - alpha_2)*delta)",
        POSITIVE,
        [(1.3, 0.7, 1.5, 0.3, 0.4), (2.0, 3.0, 2.0, 1.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0), (-3.0, 3.0), (-3.0, 3.0), (0.1, 2.0)],
    ),
    "ExponentialCutoffPowerLaw1D": (
        "amplitude*(x/x_0)**(-alpha)*exp(-x/x_cutoff)",
        POSITIVE,
        [(1.3, 0.7, 1.5, 0.9), (2.0, 1.0, 2.0, 3.0)],
        [(0.5, 3.0), (0.3, 3.0), (-3.0, 3.0), (0.5, 4.0)],
    ),
    "LogParabola1D": (
        "amplitude*(x/x_0)**(-alpha - beta*log(x/x_0))",
        POSITIVE,
        [(1.3, 0.7, 1.5, 0.3), (2.0, 1.0, 2.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0), (-3.0, 3.0), (-1.0, 2.0)],
    ),
    "Schechter1D": (
        "0.4*log(10)*phi_star*(10**(0.4*(m_star - x)))**(alpha + 1)*exp(-10**(0.4*(m_star - x)))",
        ANY,
        [(1.3, 0.4, -1.3), (2.0, 1.0, -2.0)],
        [(0.5, 3.0), (-2.0, 2.0), (-3.0, 1.0)],
    ),
    "Drude1D": (
        "amplitude*(fwhm/x_0)**2/((x/x_0 - x_0/x)**2 + (fwhm/x_0)**2)",
        POSITIVE,
        [(1.3, 1.4, 0.7), (2.0, 1.0, 1.0)],
        [(0.5, 3.0), (0.5, 3.0), (0.3, 2.0)],
    ),
    "Plummer1D": (
        "3*mass/(4*pi*r_plum**3)*(1 + x**2/r_plum**2)**(-5/2)",
        (0.0, *POSITIVE),
        [(1.3, 0.7), (2.0, 1.0)],
        [(0.5, 3.0), (0.3, 3.0)],
    ),
}
# The basis of each kind of series, to degree 4.
SERIES = {
    "Polynomial1D": ("1", "x", "x**2", "x**3", "x**4"),
    "Chebyshev1D": ("1", "x", "2*x**2 - 1", "4*x**3 - 3*x", "8*x**4 - 8*x**2 + 1"),
    "Hermite1D": ("1", "2*x", "4*x**2 - 2", "8*x**3 - 12*x", "16*x**4 - 48*x**2 + 12"),
    "Legendre1D": (
        "1",
        "x",
        "(3*x**2 - 1)/2",
        "(5*x**3 - 3*x)/2",
        "(35*x**4 - 30*x**2 + 3)/8",
    ),
}
LEFT_OUT = {"Voigt1D": "its function (Faddeeva's) is none of those that a formula may hold"}


def audited() -> Audited:
    """Return a case a model; a model that has no row here is named."""
    warnings.simplefilter("ignore")
    found = dict(_models())
    left_out = {
        name: LEFT_OUT.get(name, "no formula here")
        for name in found
        if name not in MODELS and name not in SERIES
    }
    cases = [_case(found[name], name) for name in MODELS if name in found]
    cases += [_series(found[name], name) for name in SERIES if name in found]
    return Audited(tuple(cases), left_out)


def _models() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        here = importlib.import_module(f"astropy.modeling.{module}")
        for name in here.__all__:
            kind = getattr(here, name)
            own = isinstance(kind, type) and issubclass(kind, (Fittable1DModel, PolynomialModel))
            if own and getattr(kind, "fit_deriv", None) is not None and "2D" not in name:
                yield name, kind


def _case(kind: Any, name: str) -> Case:
    text, places, points, box = MODELS[name]
    return Case(
        GROUP,
        name,
        "fit_deriv",
        _outputs(text, places, kind()),
        *_code(kind(), places),
        points,
        box,
    )


def _series(kind: Any, name: str) -> Case:
    basis = SERIES[name]
    text = " + ".join(f"c{i}*({term})" for i, term in enumerate(basis))
    model = kind(len(basis) - 1)
    points = [(0.7, -1.3, 0.4, 2.2, 0.9), (1.0, 2.0, -1.0, 3.0, 1.0)]
    return Case(
        GROUP,
        f"{name}(4)",
        "fit_deriv",
        _outputs(text, ANY, model),
        *_code(model, ANY),
        points,
        [(-3.0, 3.0)] * 5,
    )


def _outputs(text: str, places: tuple[float, ...], model: Any) -> sn.Formula:
    """Return the model at each place as an output of its own, in the model's parameters."""
    whole = [re.sub(r"\bx\b", f"({x!r})", text) for x in places]
    return sn.Formula(whole, list(model.param_names))


def _code(
    model: Any, places: tuple[float, ...]
) -> tuple[Callable[[np.ndarray], Any], Callable[[np.ndarray], Any]]:
    x = np.array(places)

    def derivative(p: np.ndarray) -> Any:
        answer = np.asarray(model.fit_deriv(x, *p))
        return answer.T if model.col_fit_deriv else answer

    def function(p: np.ndarray) -> Any:
        return model.evaluate(x, *p)

    return derivative, function
