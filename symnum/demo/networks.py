"""The seventh system: the gradient of a network's loss, by three ways, and the exact one."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from symnum.demo import chapter
from symnum.demo.facts import Listing, Number, Picture, System, Table
from symnum.demo.figures import figure
from symnum.demo.systems import error_sentence
from symnum.differences.sweep import Sweep, sweep
from symnum.errors import UsageError
from symnum.formula.exact import Exact
from symnum.formula.formula import Formula
from symnum.nets import Dense, Network, check_network, kinks_near, numerical_gradient, step_errors
from symnum.report.numbers import measured, short

Arrays = dict[str, np.ndarray]

SEED = 0
LOSS = "-t*log(y + 1e-7)"
OLD_LOSS = "-t*log(y)"
SIZES = (784, 50, 10)
LABELS = (5, 0, 4)  # those of the first three handwritten digits that the script reads
_STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
_ENTRIES = tuple((j,) for j in range(SIZES[-1]))
_ITERATIONS = 10_000  # of the script's training
_TIMED = 40  # calls of the loss that are timed


def networks(folder: Path) -> System:
    """The gradient of one layer and of two layers with respect to their weights."""
    small, listing = _one_layer(folder / "one-layer.svg")
    network = Network([Dense(784, 50), "sigmoid", Dense(50, 10), "softmax"], loss=LOSS)
    params, x, t = _sampled(network, SEED)
    exact = network.exact_gradient(params, x, t)
    steps = step_errors(network, params, x, t, seed=SEED)
    figure(folder / "two-layers.svg", steps.plot)
    wrong = step_errors(
        network,
        params,
        x,
        t,
        h=np.geomspace(1e-8, 1e-3, 11),
        entries={"b2": _ENTRIES},
        gradient=chapter.backpropagation(params, x, t),
        seed=SEED,
    )
    figure(folder / "flat.svg", wrong.plot)
    return System(
        "network",
        "The gradient of a network",
        "one layer of 2 inputs and 3 outputs; then 784-50-10 with a sigmoid, weights 0.01 times "
        "standard normal, zero biases, a batch of 3",
        (
            "Every entry of dL/dW is known exactly, all 39,760 of the two layers, so that "
            "backpropagation and numerical gradient are each held against the truth and not "
            "against each other.",
            "The script's own check shows 1.4e-7 in b2 because its backpropagation belongs to "
            "another loss: the factor y/(y + 1e-7) is missing.",
        ),
        (
            small,
            _by_rows(),
            _the_check(network, params, x, t),
            _why_flat(network, params, x, t, exact),
            _certified(network, params, x, t, exact),
            _kink(),
            _cost(network, params),
        ),
        (
            Picture(
                "one-layer.svg",
                "Logarithmic plot: the error of the central difference of each of the six entries "
                "of dL/dW against h; all have their best step between 1e-6 and 1e-4.",
                "One layer: the error of each entry of dL/dW against h.",
            ),
            Picture(
                "two-layers.svg",
                "Logarithmic plot: the mean error of the numerical gradient of W1, b1, W2 and b2 "
                "against h; the steps that are best, marked with stars, differ.",
                "Two layers: the error against h of some entries of each parameter, held against "
                "the exact gradient. The best h differs from layer to layer.",
            ),
            Picture(
                "flat.svg",
                "Logarithmic plot: held against the script's backpropagation, the lines of W2 and "
                "b2 are flat from 1e-8 to 1e-3, b2 at about 1.4e-7.",
                "Two layers, held against the script's backpropagation: a line that is flat is "
                "the mark of a wrong formula, not of a wrong step.",
            ),
        ),
        (listing,),
        headline=2,
    )


def _sampled(network: Network, seed: int) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Return weights, three random samples and their labels, one-hot."""
    x = np.random.default_rng([seed, 1]).random((len(LABELS), SIZES[0]))
    return network.init(seed), x, np.eye(SIZES[-1])[list(LABELS)]


# --- one layer ------------------------------------------------------------------------------------


def _one_layer(path: Path) -> tuple[Table, Listing]:
    """Compare every entry of dL/dW of a layer of shape (2, 3), and its error against h."""
    random = np.random.default_rng(SEED)
    weights, x, t = random.standard_normal((2, 3)), random.random(2), np.array([0.0, 0.0, 1.0])
    names = [f"w{i}{j}" for i in range(2) for j in range(3)]
    scores = [f"a*w0{j} + b*w1{j}" for j in range(3)]
    powers = " + ".join(f"exp({z})" for z in scores)
    text = f"-log(exp({scores[2]})/({powers}) + 1e-7)"
    general = Formula(text, [*names, "a", "b"])
    loss = general.bind(a=float(x[0]), b=float(x[1]))
    exact = np.asarray(loss.gradient().exact(weights.ravel()).hi)
    network = Network([Dense(2, 3, bias=False), "softmax"], loss=LOSS)
    balls = np.asarray(network.exact_gradient({"W1": weights}, x, t)["W1"].hi).ravel()
    agree = bool((exact == balls).all())
    moved = weights.copy()
    plain = chapter.numerical(
        lambda: chapter.cross_entropy(chapter.softmax(x @ moved)[None], t[None]), moved
    )
    at_h = sweep(loss, weights.ravel(), f"central@{chapter.H:g}")
    best = sweep(loss, weights.ravel(), "central")
    figure(path, partial(_entries_of, best), columns=3)
    numbers = tuple(
        Number(
            f"dL/dW[{k // 3},{k % 3}]",
            float(plain.ravel()[k]),
            float(exact[k]),
            f"{error_sentence(at_h, 0, k)} The best h is {short(best.runs[0].best_h[0, k])}.",
        )
        for k in range(6)
    )
    how = (
        "from the formula, and the same in every digit by balls through the network"
        if agree
        else "from the formula; balls through the network differ in the last digit"
    )
    derivative = Listing("dL/dw00 as a formula, inputs a and b", general.derivative("w00").texts[0])
    return Table(f"One layer, h = 1e-4; exact: {how}", numbers), derivative


def _entries_of(errors: Sweep, ax: Any) -> None:
    """Draw the errors, each named as an entry of dL/dW."""
    errors.plot(ax)
    for line in ax.get_lines():
        found = re.fullmatch(r"df/dw(\d)(\d)", str(line.get_label()))
        if found:
            line.set_label(f"W[{found[1]},{found[2]}]")
    ax.set_title("error of the central difference, for each dL/dW", loc="left")


def _by_rows() -> Table:
    """Run the loop for vectors on matrices: the one layer's W, and W1 of images with a border."""
    random = np.random.default_rng(SEED)
    weights, x, t = random.standard_normal((2, 3)), random.random(2), np.array([0.0, 0.0, 1.0])
    network = Network([Dense(2, 3, bias=False), "softmax"], loss=LOSS)
    exact = np.asarray(network.exact_gradient({"W1": weights}, x, t)["W1"].hi)
    moved = weights.copy()
    rows = chapter.gradient_by_rows(
        lambda: chapter.cross_entropy(chapter.softmax(x @ moved)[None], t[None]), moved
    )
    large = Network([Dense(784, 50), "sigmoid", Dense(50, 10), "softmax"], loss=LOSS)
    params, _, labels = _sampled(large, SEED)
    images = np.zeros((len(LABELS), 28, 28))
    images[:, 4:24, 4:24] = random.random((len(LABELS), 20, 20))
    flat = images.reshape(len(LABELS), -1)
    found = chapter.gradient_by_rows(lambda: chapter.loss(params, flat, labels), params["W1"])
    left = int((found == 0).all(axis=1).sum())
    dark = int((flat == 0).all(axis=0).sum())
    return Table(
        "The printed loop, which takes W[i] for a number",
        (
            Number(
                "first row of dL/dW",
                tuple(rows[0].tolist()),
                tuple(exact[0].tolist()),
                "W[i] is a whole row and a view of it: all of it moves, and the value that was "
                "kept moves with it. Every entry gets half of the row's sum, and that is 0 below a "
                "softmax, which doesn't change when all of its inputs move alike.",
                digits=6,
            ),
            Number(
                "rows of W1's gradient left at 0, of 784",
                left,
                dark,
                f"An image with a black border of 4 pixels has {dark} inputs that are 0, and NumPy "
                "prints the first and last three rows of W1's gradient: all that is seen of it is "
                "0. Those 0 are right. The rows between are not 0 but half of their sums; then the "
                "loop, which counts to W1.size, ends in an IndexError.",
            ),
        ),
    )


# --- two layers -----------------------------------------------------------------------------------


def _means(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(np.abs(np.subtract(one[name], other[name])).mean()) for name in one}


def _looped(
    params: Arrays, x: np.ndarray, t: np.ndarray, network: Network, inside: float
) -> Arrays:
    """Return the numerical gradient: the script's loop, and for the 39,200 of W1 the fast way."""
    found = numerical_gradient(network, params, x, t, h=chapter.H) if inside else {}
    moved = {name: array.copy() for name, array in params.items()}
    for name in ("b1", "W2", "b2"):
        found[name] = chapter.numerical(lambda: chapter.loss(moved, x, t, inside), moved[name])
    return found


def _the_check(network: Network, params: Arrays, x: np.ndarray, t: np.ndarray) -> Table:
    """Run the script's own check: backpropagation against the numerical gradient."""
    theirs = chapter.backpropagation(params, x, t)
    looped = _looped(params, x, t, network, chapter.INSIDE_THE_LOG)
    printed = _means(theirs, looped)
    mended = _means(network.gradient(params, x, t), looped)
    old = _looped(params, x, t, network, 0.0)
    before = float(np.abs(theirs["b2"] - old["b2"]).mean())
    verdict = check_network(
        network.loss, chapter.backpropagation, params, x=x, t=t, network=network
    )
    words = {
        "W1": "The mistake of b2, seen through two layers. The numerical gradient is made "
        "here in the fast way, unit by unit.",
        "b1": "The same mistake, made smaller by the weights of the layer above.",
        "W2": "The mistake of b2, times the hidden units' outputs of about 0.5.",
        "b2": f"check_network says: {verdict.cause_detail}. Others report 1.4008e-7 for images "
        "of handwritten digits; samples and weights here are random, so that the size agrees and "
        "not each decimal.",
    }
    numbers = [
        Number(name, printed[name], mended[name], words[name], digits=5, exact_digits=5)
        for name in printed
    ]
    numbers.append(
        Number(
            "b2 with the loss -log(y)",
            before,
            before,
            "Here (y - t)/n is the right gradient, and only the rounding of the differences is "
            "left. A textbook prints 1.1945999745e-10, with samples and weights "
            "of its own.",
            digits=5,
            exact_digits=5,
        )
    )
    return Table(
        "Mean |backpropagation − numerical gradient|, h = 1e-4",
        tuple(numbers),
        plain="the script's",
        exact="with its loss's own gradient",
    )


def _why_flat(
    network: Network, params: Arrays, x: np.ndarray, t: np.ndarray, exact: Mapping[str, Exact]
) -> Table:
    """Show that the difference in b2 doesn't come from h."""
    theirs = chapter.backpropagation(params, x, t)
    steps = step_errors(
        network, params, x, t, h=_STEPS, entries={"b2": _ENTRIES}, gradient=theirs, seed=SEED
    )
    b2 = steps.parameters[-1]
    apart = float(np.abs(theirs["b2"] - exact["b2"].hi).mean())
    shape = "flat" if b2.flat else "not flat"
    numbers = tuple(
        Number(
            f"h = {short(step)}",
            float(b2.mean_error[k]),
            apart,
            f"The curve is {shape}: the mark of a wrong formula, not of a wrong step."
            if k == 0
            else "",
            digits=5,
            exact_digits=5,
        )
        for k, step in enumerate(_STEPS)
    )
    return Table(
        "b2: mean |backpropagation − numerical gradient| at other h",
        numbers,
        plain="the script's",
        exact="|backpropagation − exact|",
    )


def _certified(
    network: Network, params: Arrays, x: np.ndarray, t: np.ndarray, exact: Mapping[str, Exact]
) -> Table:
    """Hold float64 backpropagation against the exact gradient."""
    given = network.gradient(params, x, t)
    numbers = []
    for name, array in given.items():
        hi = np.asarray(exact[name].hi)
        ulps = np.abs(((array - hi) - exact[name].lo) / np.spacing(np.abs(hi)))
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(ulps)), ulps.shape))
        known = int(np.isin(exact[name].status.astype(str), ["certified", "zero"]).sum())
        numbers.append(
            Number(
                f"{name}[{','.join(map(str, worst))}]",
                float(array[worst]),
                float(hi[worst]),
                f"The worst of {array.size:,} entries, off by {short(ulps.max(), 3)} ulps; the "
                f"median is {short(np.median(ulps))}. {known:,} exact entries are certified.",
            )
        )
    return Table("Right backpropagation in float64: the worst entries", tuple(numbers), "float64")


def _kink() -> Table:
    """Take ReLU in place of sigmoid, with the first seed whose samples come within h of a kink."""
    network = Network([Dense(784, 50), "relu", Dense(50, 10), "softmax"], loss=LOSS)
    seed, unit, sample = _first_kink(network)
    params, x, t = _sampled(network, seed)
    moved = {name: array.copy() for name, array in params.items()}
    looped = chapter.numerical(lambda: network.loss(moved, x, t), moved["b1"])
    exact = network.exact_gradient(params, x, t)["b1"]
    error = np.abs(looped - exact.hi)
    others = np.delete(error, unit)
    kinks = kinks_near(network, params, x, "b1", (unit,), h=chapter.H)
    said = "; ".join(str(kink) for kink in kinks)
    return Table(
        f"ReLU in place of sigmoid (seed {seed}, the first that meets a kink)",
        (
            Number(
                "mean error of the numerical gradient in b1",
                float(error.mean()),
                float(others.mean()),
                f"One unit makes all of it. {said}. Others report about 1e-5.",
                digits=3,
                exact_digits=3,
            ),
            Number(
                f"dL/db1[{unit}]",
                float(looped[unit]),
                float(np.asarray(exact.hi)[unit]),
                f"With b1[{unit}] ± 1e-4, unit {unit} is switched on at one end of the step and "
                f"off at the other for sample {sample}. A smaller h doesn't cross the kink.",
                digits=8,
            ),
        ),
        plain="numerical, h = 1e-4",
        exact="exact, or without that unit",
    )


def _first_kink(network: Network) -> tuple[int, int, int]:
    """Return the first seed with one pre-activation within h of 0, and its unit and sample."""
    for seed in itertools.count():
        params, x, _ = _sampled(network, seed)
        z = x @ params["W1"] + params["b1"]
        near = np.argwhere(np.abs(z) < chapter.H)
        if len(near) == 1 and np.abs(z).min() < chapter.H / 2:
            sample, unit = near[0].tolist()
            return seed, unit, sample
    msg = "no seed meets a kink"
    raise UsageError(msg)


def _cost(network: Network, params: Arrays) -> Table:
    """Time the loss at a batch of 100, and say what the script's loop would take."""
    random = np.random.default_rng([SEED, 2])
    x, t = random.random((100, SIZES[0])), np.eye(SIZES[-1])[random.integers(0, SIZES[-1], 100)]
    count = sum(array.size for array in params.values())
    calls = []
    for _ in range(_TIMED):
        begun = time.perf_counter()
        chapter.loss(params, x, t)
        calls.append(time.perf_counter() - begun)
    a_gradient = min(calls) * 2 * count
    begun = time.perf_counter()
    network.exact_gradient(params, x, t)
    exact = time.perf_counter() - begun
    return Table(
        f"Seconds for one gradient of all {count:,} parameters, a batch of 100, on this machine",
        (
            Number(
                "all parameters",
                a_gradient,
                exact,
                f"Reckoned from the fastest of {_TIMED} calls of the loss, two for each "
                f"parameter. The script's "
                f"{_ITERATIONS:,} iterations would take "
                f"{measured(a_gradient * _ITERATIONS / 86400)} days here; others report 19. The "
                "exact gradient was computed, every entry to the last digit.",
                digits=2,
                exact_digits=2,
            ),
        ),
        plain="the script's loop",
    )
