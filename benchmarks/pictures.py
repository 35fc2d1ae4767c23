"""Draw the pictures that README.md and the documents show.

    python benchmarks/pictures.py            writes them into docs/pictures/

Each is a sweep, a formula, a network or a descent, drawn by its own `plot`; only the number of
colours is reduced, for size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image

mpl.use("Agg")

from symnum import Formula, compare, sweep
from symnum.nets import Dense, Network, error_parts

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
LARGEST = 150_000  # bytes: a page with pictures should load at once
COLOURS = 128


@dataclass(frozen=True)
class Picture:
    """A picture: its file's name, and the sweep that it shows."""

    name: str
    formula: str
    x: float
    schemes: tuple[str, ...] = ("central",)


@dataclass(frozen=True)
class Drawing:
    """A picture of a function: its file's name, the formula, and how it is drawn."""

    name: str
    formula: str
    options: dict[str, Any] = field(default_factory=dict)


PICTURES = (
    Picture("error-vs-h", "0.01*x**2 + 0.1*x", 5.0),
    Picture("v-shape", "1/(1 + x*x)", 2.0),
    Picture("schemes", "1/(1 + x*x)", 2.0, ("richardson", "complex")),
    Picture("kink", "abs(x - 0.3) + x*x", 0.25),
)

BOWL = "x0**2 + x1**2"
GRID = {"x0": (-2, 2.25, 18), "x1": (-2, 2.25, 18)}

DRAWINGS = (
    Drawing(
        "curve",
        "0.01*x**2 + 0.1*x",
        {"ranges": {"x": (0, 20)}, "tangents": [5, 10], "secants": [(5, 10), (5, 1e-4)]},
    ),
    Drawing("gaps", "tan(x) + floor(x)", {"tangents": [0.5]}),
    Drawing("surface", BOWL, {"at": [(3, 4), (0, 2), (3, 0)]}),
    Drawing("contour", BOWL, {"kind": "contour", "at": [(0, 2), (3, 0)]}),
    Drawing("field", BOWL, {"ranges": GRID, "scheme": "central@1e-4", "minus": True}),
)


def main() -> None:
    """Draw all pictures and print their sizes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in (*PICTURES, *DRAWINGS):
        path = FOLDER / f"{picture.name}.png"
        if isinstance(picture, Drawing):
            Formula(picture.formula).plot(path, **picture.options)
            # a continuous scale keeps its shades; elsewhere small marks keep their colours
            shaded = "scheme" in picture.options
            method = Image.Quantize.MEDIANCUT if shaded else Image.Quantize.MAXCOVERAGE
            colours = 256
        else:
            sweep(picture.formula, picture.x, list(picture.schemes)).plot(path)
            colours, method = COLOURS, Image.Quantize.MAXCOVERAGE
        finish(path, colours, method)
    finish(network_parts(), COLOURS, Image.Quantize.MAXCOVERAGE)
    for path in descents():
        finish(path, COLOURS, Image.Quantize.MAXCOVERAGE)


def network_parts() -> Path:
    """Draw the parts of a numerical gradient's error for the network of benchmarks/nets.py."""
    network = Network([Dense(784, 50), "sigmoid", Dense(50, 10)], "softmax_cross_entropy")
    random = np.random.default_rng(3)
    x, labels = random.random((3, 784)), random.integers(0, 10, 3)
    path: Path = error_parts(network, network.init(seed=0), x, labels).plot(
        FOLDER / "network-parts.png"
    )
    return path


def descents() -> list[Path]:
    """Draw the paths and the rates of docs/howto-descent.md."""
    f, start = "x0**2/20 + x1**2", [-7, 2]
    paths = compare(f, start, ["exact", "central@1e-4"], rates=[0.1, 0.95, 1.1])
    rates = compare(f, start, rates=[2.0**k for k in range(-9, 2)])
    drawn: list[Path] = [
        paths.plot(FOLDER / "descent.png"),
        rates.plot_rates(FOLDER / "rates.png"),
    ]
    return drawn


def finish(path: Path, colours: int, method: Image.Quantize) -> None:
    """Make a picture's file small, and print its size."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(colours, method)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    assert size <= LARGEST, f"{path.name} is larger than {LARGEST:,} bytes"


if __name__ == "__main__":
    main()
