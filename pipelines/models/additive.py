"""What adds up: sums over the rows of some units, from which those of larger units follow."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Part = npt.NDArray[np.float64]
Units = slice | npt.NDArray[np.int64]


class Additive:
    """A dataclass of arrays whose first axis is the units: rows, days, repeats."""

    @property
    def parts(self) -> list[Part]:
        """The arrays, in order."""
        return [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def total(self) -> Self:
        """All units as one; nothing, where there are none."""
        # One after the other, as the rows themselves would be added: the same numbers to the last digit.
        return self._each(lambda part: np.concatenate([np.zeros((1, *part.shape[1:])), part]).cumsum(axis=0)[-1:])

    def running(self) -> Self:
        """Each unit with all before it."""
        return self._each(lambda part: part.cumsum(axis=0))

    def at(self, units: Units) -> Self:
        """Some of the units."""
        return self._each(lambda part: part[units])

    def padded(self, size: int) -> Self:
        """So many units, the last of them without rows where there are more than before."""

        def change(part: Part) -> Part:
            return np.concatenate([part, np.zeros((max(size - len(part), 0), *part.shape[1:]))])[:size]

        return self._each(change)

    def joined(self, others: "Additive") -> Self:
        """These units and then the others, which are of the same kind."""
        return type(self)(*map(np.concatenate, zip(self.parts, others.parts, strict=True)))

    def resampled(self, draws: Part) -> Self:
        """The sums of each repeat from how often it drew each unit (repeats, units)."""

        def change(part: Part) -> Part:
            flat = draws @ part.reshape(len(part), -1)
            return flat.reshape(len(draws), *part.shape[1:])

        return self._each(change)

    def flat(self) -> Part:
        """One row a unit: (units, numbers)."""
        return np.hstack([part.reshape(len(part), math.prod(part.shape[1:])) for part in self.parts])

    def from_flat(self, table: Part) -> Self:
        """The units that `flat` of sums like these made a table of; `ValueError` where it has other columns."""
        widths = np.cumsum([math.prod(part.shape[1:]) for part in self.parts])
        if not len(table):
            return self.at(slice(0, 0))
        if table.shape[1] != widths[-1]:
            raise ValueError(f"{table.shape[1]} numbers are no sums of {widths[-1]}")
        parts = np.split(table, widths[:-1], axis=1)
        return type(self)(*(part.reshape(len(table), *like.shape[1:])
                            for part, like in zip(parts, self.parts, strict=True)))  # fmt: skip

    def _each(self, change: Callable[[Part], Any]) -> Self:
        return type(self)(*map(change, self.parts))
