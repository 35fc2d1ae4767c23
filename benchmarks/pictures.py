"""Draw the pictures that README.md and the documents show.

    python benchmarks/pictures.py            writes them into docs/pictures/

Each is one sweep, drawn by its own `plot`; only the number of colours is reduced, for size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from PIL import Image

mpl.use("Agg")

from symnum import sweep

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


PICTURES = (
    Picture("error-vs-h", "0.01*x**2 + 0.1*x", 5.0),
    Picture("v-shape", "1/(1 + x*x)", 2.0),
    Picture("schemes", "1/(1 + x*x)", 2.0, ("richardson", "complex")),
    Picture("kink", "abs(x - 0.3) + x*x", 0.25),
)


def main() -> None:
    """Draw all pictures and print their sizes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = FOLDER / f"{picture.name}.png"
        sweep(picture.formula, picture.x, list(picture.schemes)).plot(path)
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
        small.save(path, optimize=True)
        size = path.stat().st_size
        print(f"{path.name}: {size:,} bytes")
        assert size <= LARGEST, f"{path.name} is larger than {LARGEST:,} bytes"


if __name__ == "__main__":
    main()
