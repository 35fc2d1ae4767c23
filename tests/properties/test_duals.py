"""Ball duals and formulas certify the same derivative, whatever the code is."""

from __future__ import annotations

import numpy as np
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from symnum.errors import SymnumError
from symnum.formula.balls import rational
from symnum.formula.dual_numbers import Dual
from symnum.formula.duals import CodeReference, certify_code
from symnum.formula.formula import Formula
from symnum.formula.status import Status
from symnum.formula.trace import trace_with_conditions
from tests.properties.test_trace import SHAPE, programs
from tests.truth import formulas, points

SETTLED = {Status.CERTIFIED, Status.ZERO}

# How a line of a formula is written in code.
CODE = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "erf": special.erf,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
}


def as_code(formula):
    """Return the formula as NumPy code of several numbers; its constants are exact on balls."""
    program = formula.program

    def code(*arguments):
        run = getattr(arguments[0], "run", None)
        values = {}
        for index in program.live():
            op, args, value = program.lines[index]
            if op == "var":
                values[index] = arguments[value]
            elif op in {"const", "pi", "e"}:
                ball = {"pi": arb.pi, "e": arb.const_e}[op]() if value is None else rational(value)
                values[index] = float(arb(ball)) if run is None else Dual(run, arb(ball))
            else:
                values[index] = CODE[op](*(values[arg] for arg in args))
        return values[program.outputs[0]]

    return code


def check_same(found, wanted):
    """Check a certified value against the formula's."""
    # A formula calls a 0 that it had to look for `certified`, where balls say `zero`.
    assert found.status == wanted.status or wanted.hi == 0, found.reason
    assert found.hi == wanted.hi
    assert abs(found.lo - wanted.lo) <= found.radius + wanted.radius


@settings(max_examples=150)
@given(formulas(size=5), points, st.sampled_from([1, 2]))
def test_derivative_of_a_formula_as_code(written, x, derivative_order):
    """A formula's code on duals has the certified derivative of the formula."""
    formula = Formula(written.text, ["x"])
    found = certify_code(as_code(formula), x, derivative_order=derivative_order)
    wanted = formula.derivative(derivative_order=derivative_order).exact(x)
    if "plain number" in found.reason:
        assert wanted.hi == 0
    elif found.status in SETTLED:
        check_same(found, wanted)
    else:
        # Where a derivative is 0 without an exact 0 in balls, formulas are proven and code isn't.
        assert "may be 0" in found.reason
        assert wanted.hi == 0


@settings(max_examples=75)
@given(formulas(("x", "y"), 5), points, points)
def test_gradient_and_hessian_of_a_formula_as_code(written, x, y):
    """So it has in two variables, to both orders."""
    formula = Formula(written.text, ["x", "y"])
    for derivative_order, derivative in ((1, formula.gradient()), (2, formula.hessian())):
        found = certify_code(as_code(formula), (x, y), derivative_order=derivative_order)
        wanted = derivative.exact([x, y])
        for k in np.ndindex(wanted.hi.shape):
            if found.status[k] in SETTLED:
                assert found.status[k] == wanted.status[k] or wanted.hi[k] == 0
                assert found.hi[k] == wanted.hi[k]
                assert abs(found.lo[k] - wanted.lo[k]) <= found.radius[k] + wanted.radius[k]
            else:
                assert "may be 0" in found.reason
                assert wanted.hi[k] == 0


@settings(max_examples=60)
@given(formulas(("x", "y"), 5), points, points)
def test_the_rounding_bound_holds(written, x, y):
    """The formula's own derivative in doubles lies within the bound that the code gives."""
    formula = Formula(written.text, ["x", "y"])
    reference = CodeReference(as_code(formula), 2, "n floats")
    known = reference.at(np.array([[x, y]]))
    wanted = formula.gradient().exact([x, y])
    error = np.abs(known.exact[0] - wanted.hi)
    assert np.all((error <= known.bound[0]) | ~known.known[0])


@settings(max_examples=60)
@given(programs(), hnp.arrays(np.float64, SHAPE, elements=st.floats(-1.5, 1.5, width=16)))
def test_programs_of_arrays(program, x):
    """NumPy programs with kinks and ties: what is certified is what the trace certifies."""
    found = certify_code(lambda a: np.sum(program(a)), x)
    flat = np.asarray(found.status, dtype=object).ravel()
    try:
        formula = trace_with_conditions(lambda a: np.sum(program(a)), shape=SHAPE).formula
    except SymnumError:
        return
    wanted = formula.gradient().exact(x.ravel())
    for k in range(x.size):
        if flat[k] in SETTLED and wanted.status[k] in SETTLED:
            assert found.hi.ravel()[k] == wanted.hi[k]
        elif flat[k] in SETTLED:
            # Where the formula is undecided at a tie, code whose sides meet exactly is not.
            assert wanted.status[k] is Status.UNDECIDED, (flat[k], wanted.status[k])
