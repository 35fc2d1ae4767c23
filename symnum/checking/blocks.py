"""Arrays of parameters within a flat gradient, and what a slip does to one of them as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

_MATRIX = 2


@dataclass(frozen=True)
class Block:
    """An array among the parameters: where its entries start in the flat gradient, and its shape.

    Parameters
    ----------
    start : int
        The flat index of its first entry.
    shape : tuple of int
        Its shape.
    """

    start: int
    shape: tuple[int, ...]

    @property
    def stop(self) -> int:
        """The flat index after its last entry."""
        return self.start + prod(self.shape)

    def is_all(self, entries: np.ndarray) -> bool:
        """Say whether ordered entries are all of this array's, of which there are several."""
        count = len(entries)
        ends = count > 1 and (entries[0], entries[-1]) == (self.start, self.stop - 1)
        return ends and count == self.stop - self.start

    def transposed(self, claim: np.ndarray) -> np.ndarray | None:
        """Return this array of a claim had it been written transposed; None where it can't be."""
        if len(self.shape) != _MATRIX or 1 in self.shape:
            return None
        return claim[self.start : self.stop].reshape(self.shape[::-1]).T.ravel()


@dataclass(frozen=True)
class BlockSlip:
    """What is wrong with an array as a whole.

    Parameters
    ----------
    block : Block
        Which array.
    factor : float or None
        given/exact, where all of it is off by one factor; None where it is transposed.
    error : float
        How far the factor may be off.
    """

    block: Block
    factor: float | None
    error: float = 0.0

    @property
    def entries(self) -> range:
        """The flat indices of its entries."""
        return range(self.block.start, self.block.stop)


def blocks_of(shapes: Iterable[tuple[int, ...]]) -> tuple[Block, ...]:
    """Return the arrays of these shapes, one after the other; those without entries left out."""
    found: list[Block] = []
    start = 0
    for shape in shapes:
        block = Block(start, shape)
        start = block.stop
        found += [block] if block.stop > block.start else []
    return tuple(found)
