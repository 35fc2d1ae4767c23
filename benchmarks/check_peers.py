"""The suite's right gradients and planted bugs, checked by other packages, with their defaults.

    python benchmarks/check_peers.py                  every peer that is installed, everything
    python benchmarks/check_peers.py --split held --seed 3 --problems 10 --markdown
    python benchmarks/check_peers.py --split held --write      into docs/explanation-check-suite.md

Each peer gets the function as NumPy code, the candidate, and the given points one after another: a
candidate is called wrong when the peer says so at any point, or when the peer or the candidate
raises. How each peer decides stands in its row of `PEERS`; where it leaves the decision to its
user, the one that its documentation or its users' tests make. None of them is a dependency.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.check_suite import write
from tests.planted.gradients import suite
from tests.planted.gradients.candidate import Candidate
from tests.planted.gradients.problem import Problem

Function = Callable[[np.ndarray], Any]
# Takes the function, the derivative (both of an (n,) array) and a point; says whether it is right.
Agrees = Callable[[Function, Function, np.ndarray], bool]


@dataclass(frozen=True)
class Peer:
    """A package that compares a derivative with differences.

    Parameters
    ----------
    name : str
        As in the table.
    package : str
        Its distribution.
    decision : str
        How it decides.
    agrees : callable
        Runs it at one point.
    """

    name: str
    package: str
    decision: str
    agrees: Agrees


def scipy_check_grad(f: Function, g: Function, x: np.ndarray) -> bool:
    """scipy.optimize.check_grad returns a number; below 1e-6 is what its users' tests ask for."""
    from scipy.optimize import check_grad

    return bool(check_grad(f, g, x) < 1e-6)


def scipy_check_derivative(f: Function, g: Function, x: np.ndarray) -> bool:
    """Run the helper that estimates more digits: it is likely right below 1e-6, says its text."""
    from scipy.optimize._numdiff import check_derivative

    return bool(check_derivative(f, g, x) < 1e-6)


def autograd_check_grads(f: Function, g: Function, x: np.ndarray) -> bool:
    """autograd checks a function with a derivative of one's own in one random direction."""
    import autograd.numpy
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    @primitive
    def function(v: Any) -> Any:
        return np.asarray(f(np.asarray(v)), dtype=np.float64)

    def pull_back(_answer: Any, v: Any) -> Any:
        slope = np.asarray(g(np.asarray(v)))
        return lambda weight: autograd.numpy.tensordot(weight, slope, np.ndim(weight))

    defvjp(function, pull_back)
    # autograd draws its directions from NumPy's global generator.
    np.random.seed(0)  # noqa: NPY002
    try:
        check_grads(function, modes=["rev"], order=1)(x)
    except AssertionError:
        return False
    return True


def numdifftools_allclose(f: Function, g: Function, x: np.ndarray) -> bool:
    """numdifftools approximates; NumPy's assert_allclose compares, with its rtol of 1e-7."""
    import numdifftools

    scalar = np.ndim(f(x)) == 0
    made = numdifftools.Gradient(f) if scalar else numdifftools.Jacobian(f)
    approximation = np.reshape(made(x), np.shape(g(x)))
    try:
        np.testing.assert_allclose(g(x), approximation)
    except AssertionError:
        return False
    return True


def torch_gradcheck(f: Function, g: Function, x: np.ndarray) -> bool:
    """torch.autograd.gradcheck: eps 1e-6, atol 1e-5, rtol 1e-3, in double precision."""
    import torch

    class Ours(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, v: Any) -> Any:
            ctx.save_for_backward(v)
            return torch.as_tensor(np.asarray(f(v.detach().numpy()), dtype=np.float64))

        @staticmethod
        def backward(ctx: Any, weight: Any) -> Any:
            (v,) = ctx.saved_tensors
            slope = torch.as_tensor(np.asarray(g(v.detach().numpy())))
            return torch.tensordot(weight, slope, dims=weight.ndim)

    point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return bool(torch.autograd.gradcheck(Ours.apply, (point,), raise_exception=False))


def jax_check_grads(f: Function, g: Function, x: np.ndarray) -> bool:
    """jax.test_util.check_grads in double precision: one random direction, its own tolerances."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    like = jax.ShapeDtypeStruct(np.shape(f(x)), np.float64)
    slope_like = jax.ShapeDtypeStruct(np.shape(g(x)), np.float64)

    @jax.custom_vjp
    def function(v: Any) -> Any:
        return jax.pure_callback(lambda a: np.asarray(f(np.asarray(a)), np.float64), like, v)

    def forward(v: Any) -> Any:
        slope = jax.pure_callback(lambda a: np.asarray(g(np.array(a)), np.float64), slope_like, v)
        return function(v), slope

    def backward(slope: Any, weight: Any) -> Any:
        return (jax.numpy.tensordot(weight, slope, weight.ndim),)

    function.defvjp(forward, backward)
    try:
        check_grads(function, (jax.numpy.asarray(x),), order=1, modes=["rev"])
    except AssertionError:
        return False
    finally:
        # Every candidate is a function of its own, compiled anew: without this memory fills up.
        jax.clear_caches()
    return True


def openmdao_check_partials(f: Function, g: Function, x: np.ndarray) -> bool:
    """OpenMDAO's check_partials with its own step, and assert_check_partials with its defaults."""
    # It would write a folder of reports for every problem into the current one.
    os.environ.setdefault("OPENMDAO_REPORTS", "0")
    os.environ.setdefault("OPENMDAO_WORKDIR", tempfile.mkdtemp())
    import openmdao.api as om
    from openmdao.utils.assert_utils import assert_check_partials

    class Component(om.ExplicitComponent):  # type: ignore[misc]
        def setup(self) -> None:
            self.add_input("x", x)
            self.add_output("y", np.asarray(f(x), dtype=np.float64))
            self.declare_partials("y", "x")

        def compute(self, inputs: Any, outputs: Any) -> None:
            outputs["y"] = f(np.array(inputs["x"]))

        def compute_partials(self, inputs: Any, partials: Any) -> None:
            partials["y", "x"] = g(np.array(inputs["x"]))

    made = om.Problem()
    made.model.add_subsystem("component", Component())
    made.setup()
    made.run_model()
    try:
        assert_check_partials(made.check_partials(out_stream=None))
    except ValueError:
        return False
    return True


PEERS = (
    Peer("scipy check_grad", "scipy", "its number < 1e-6 (the user decides)", scipy_check_grad),
    Peer(
        "scipy check_derivative",
        "scipy",
        "its number < 1e-6 (private; said by its text)",
        scipy_check_derivative,
    ),
    Peer("autograd check_grads", "autograd", "its own: atol or rtol 1e-6", autograd_check_grads),
    Peer(
        "numdifftools + assert_allclose",
        "numdifftools",
        "NumPy's default: rtol 1e-7, atol 0",
        numdifftools_allclose,
    ),
    Peer("torch gradcheck", "torch", "its own: atol 1e-5 + rtol 1e-3", torch_gradcheck),
    Peer("jax check_grads", "jax", "its own tolerances for float64", jax_check_grads),
    Peer(
        "OpenMDAO check_partials", "openmdao", "its own: atol or rtol 1e-6", openmdao_check_partials
    ),
)


def as_check(peer: Peer) -> suite.Check:
    """Return the suite's kind of check: the peer at every given point, until it disagrees."""

    def check(problem: Problem, candidate: Candidate, _seed: int) -> suite.Outcome:
        derivative, function = candidate.build()
        function = function or problem.f

        def f(x: np.ndarray) -> Any:
            return function(float(x[0])) if problem.scalar else function(x)

        def g(x: np.ndarray) -> Any:
            answer = derivative(float(x[0])) if problem.scalar else derivative(x)
            return np.atleast_1d(answer) if problem.scalar else answer

        for point in problem.points:
            try:
                with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
                    right = peer.agrees(f, g, np.array(point))
            except Exception:  # however it fails, its user sees that something is wrong
                right = False
            if not right:
                return suite.Outcome("wrong")
        return suite.Outcome("ok")

    return check


def installed(package: str) -> str | None:
    """Return the version of a distribution, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def row(name: str, decision: str, results: list[suite.Result]) -> list[str]:
    """Return a line of the table."""
    bugs = [r for r in results if not r.right]
    right = [r for r in results if r.right and not r.degraded and not r.lost]
    caught = sum(r.caught for r in bugs)
    counting = suite.useful(results)
    small = [r for r in bugs if r.kind in {"relative 1e-8", "relative 1e-12"}]
    named = any(r.cause for r in bugs)
    slabs = [r for r in bugs if r.kind.startswith("wrong in")]
    return [
        name,
        decision,
        suite.percent(caught, len(bugs)),
        suite.percent(len(counting), len(bugs)),
        suite.percent(sum(r.status == "wrong" for r in right), len(right)),
        suite.percent(sum(r in counting for r in small), len(small)),
        suite.percent(sum(r in counting for r in slabs), len(slabs)),
        suite.percent(sum(r.cause_accepted for r in bugs), caught) if named else "no",
    ]


HEADS = [
    "check",
    "decides by",
    "caught",
    "caught, right one not accused",
    "right ones accused",
    "errors of 1e-8, 1e-12",
    "wrong in a region",
    "cause named",
]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--split", choices=("dev", "held", "all"), default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--problems", type=int, help="only the first so many")
    parser.add_argument("--per-slip", type=int, default=2, help="slips of the pen of each kind")
    parser.add_argument("--without-symnum", action="store_true", help="the peers alone")
    parser.add_argument("--markdown", action="store_true", help="print a table for a document")
    parser.add_argument("--write", action="store_true", help="write it into the document")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    options = {"per_slip": given.per_slip, "limit": given.problems}
    rows, notes, counted = [], [], None
    if not given.without_symnum:
        counted = suite.run(suite.symnum_check, given.split, given.seed, **options)
        rows.append(row("symnum check", "no tolerance", counted))
    for peer in PEERS:
        found = installed(peer.package)
        if found is None:
            notes.append(f"{peer.name}: left out, {peer.package} is not installed.")
            continue
        counted = suite.run(as_check(peer), given.split, given.seed, **options)
        rows.append(row(peer.name, peer.decision, counted))
        notes.append(f"{peer.name}: {peer.package} {found}.")
    about = []
    if counted is not None:
        bugs = sum(not r.right for r in counted)
        right = sum(r.right and not r.degraded and not r.lost for r in counted)
        some = f", the first {given.problems} problems" if given.problems else ""
        about.append(
            f"{bugs} planted bugs, {right} right gradients; split {given.split}{some}, "
            f"seed {given.seed}; Python {platform.python_version()}, NumPy {np.__version__}."
        )
    about += notes
    print(_markdown(rows) if given.markdown else _plain(rows), "\n", "\n".join(about), sep="\n")
    if given.write:
        write("peers", _markdown(rows) + "\n\n" + "\n".join(about))


def _plain(rows: list[list[str]]) -> str:
    lines = []
    for cells in rows:
        lines.append(cells[0])
        lines += [f"  {head:<32}{cell}" for head, cell in zip(HEADS[1:], cells[1:], strict=True)]
    return "\n".join(lines)


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * 2 + "|---:" * (len(HEADS) - 2) + "|"]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])


if __name__ == "__main__":
    main()
