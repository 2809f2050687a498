"""Importance-sampling density of events: VEGAS map and stratification hypercubes per channel, and channel weights.

The map is that of `vegas.AdaptiveMap`: each dimension is divided into increments of equal probability. It adapts to
peaks along the axes but not to correlations. Therefore the unit cube on which the map acts is also divided into a
regular grid of hypercubes (cells), each with its own probability. One uniform number selects channel and cell together
from an alias table (Walker, ACM Trans. Math. Softw. 3 (1977) 253).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.typing import FloatArray, IntArray


class Placed(NamedTuple):
    """Points in the integrand's cube: `x` of shape (d, N), `inverse_density` and `cell` of shape (N,)."""

    x: FloatArray
    inverse_density: FloatArray
    increments: IntArray


def _are_shares(values: FloatArray) -> bool:
    """Return whether all values lie between 0 and 1; other values, as in damaged files, cause NumPy warnings."""
    return bool(np.all(np.isfinite(values)) and np.all((values >= 0.0) & (values <= 1.0)))


@dataclass(frozen=True, eq=False)
class ChannelProposal:
    """Proposal of one channel: the sampling density in its unit cube.

    Attributes
    ----------
    grid : array of shape (d, n + 1)
        Increasing edges of the map's increments, from 0 to 1.
    strata : d integers
        Number of cells along each dimension.
    cell_share : array of shape (prod(strata),)
        Probability of each cell, in C order; sums to 1.
    """

    grid: FloatArray
    strata: tuple[int, ...]
    cell_share: FloatArray

    def __post_init__(self) -> None:
        if len(self.strata) != len(self.grid) or self.cell_share.shape != (math.prod(self.strata),):
            raise InputError("the strata, cells and grid of a VEGAS map do not match")
        if min(self.strata) < 1:
            raise InputError("the strata of a VEGAS map must be 1 or more in every dimension")
        grid, share = self.grid, self.cell_share
        if not (
            _are_shares(grid) and np.all(grid[:, 0] == 0.0) and np.all(grid[:, -1] == 1.0) and np.all(self.steps > 0.0)
        ):  # fmt: skip
            raise InputError("the grid of a VEGAS map must increase from 0 to 1 in every dimension")
        if not (_are_shares(share) and np.all(share > 0.0) and abs(math.fsum(share) - 1.0) < 1e-9):
            raise InputError("the cell probabilities of a VEGAS map must be positive and sum to 1")

    @classmethod
    def uniform(cls, dimensions: int, increments: int, strata: Sequence[int]) -> ChannelProposal:
        """Return the uniform density."""
        grid = np.tile(np.arange(increments + 1) / increments, (dimensions, 1))
        cells = math.prod(strata)
        return cls(grid, tuple(strata), np.full(cells, 1.0 / cells))

    @cached_property
    def inverse_cell_density(self) -> FloatArray:
        """Volume of a cell over its probability, shape (cells,)."""
        return 1.0 / (self.cell_share * len(self.cell_share))

    @cached_property
    def cumulative(self) -> FloatArray:
        """Cumulative probability up to and including each cell, shape (cells,); the last is exactly 1."""
        total = np.cumsum(self.cell_share)
        total[-1] = 1.0
        return total

    @cached_property
    def steps(self) -> FloatArray:
        """Widths of the increments, shape (d, increments)."""
        return np.diff(self.grid, axis=1)

    @cached_property
    def strata_factors(self) -> FloatArray:
        """Strata, one over strata, and increments over strata of each dimension, shape (3, d)."""
        strata = np.array(self.strata, dtype=float)
        return np.stack([strata, 1.0 / strata, self.steps.shape[1] / strata])

    def place(self, cell: IntArray, u: FloatArray) -> Placed:
        """Map uniform numbers `u` of shape (d, N) in the cells `cell` of shape (N,) to points."""
        d, increments = self.steps.shape
        x, weight = np.empty_like(u), self.inverse_cell_density[cell]
        which = np.empty(u.shape, dtype=np.int64)
        rest = cell
        for i in reversed(range(d)):
            n = self.strata[i]
            rest, along = (rest // n, rest - (rest // n) * n) if n > 1 else (rest, 0)
            scaled = (along + u[i]) * self.strata_factors[2, i]
            step = np.minimum(scaled.astype(np.int64), increments - 1)
            width = self.steps[i].take(step)
            x[i] = self.grid[i].take(step) + width * (scaled - step)
            weight = weight * (width * increments)
            which[i] = step
        return Placed(x, weight, which)

    def stratified_cells(self, first: int, count: int, total: int, u: FloatArray) -> IntArray:
        """Return the cells of points `first` to `first + count - 1`, one in each interval of probability 1/`total`."""
        position = (np.arange(first, first + count) + u) / total
        return np.minimum(np.searchsorted(self.cumulative, position, side="right"), len(self.cell_share) - 1)


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposal of events: the sampling densities of all channels and the channel weights alpha_i.

    Attributes
    ----------
    channels : one `ChannelProposal` per channel of the process
    channel_share : array of shape (channels,)
        Channel weights alpha_i: the probability of each channel; sums to 1.
    max_weight : float
        Weight w_max above which events carry `overweight_share` of the cross section; for accept-reject.
    overweight_share : float
        Share of the cross section above `max_weight`.
    signature : str
        Signature of the process that the proposal was trained for.
    """

    channels: tuple[ChannelProposal, ...]
    channel_share: FloatArray
    max_weight: float
    overweight_share: float
    signature: str

    def __post_init__(self) -> None:
        if self.channel_share.shape != (len(self.channels),):
            raise InputError("the channels and channel weights of a VEGAS map do not match")
        share = self.channel_share
        if not (_are_shares(share) and np.all(share > 0.0) and abs(math.fsum(share) - 1.0) < 1e-9):
            raise InputError("the channel weights of a VEGAS map must be positive and sum to 1")
        if not 0.0 < self.max_weight < math.inf:
            raise InputError(f"the max_weight = {self.max_weight} of a VEGAS map must be a positive number")

    @cached_property
    def alias(self) -> tuple[FloatArray, IntArray]:
        """Walker's alias table (keep, alias) over the cells of all channels; arrays of shape (cells of all,)."""
        shares = [s * c.cell_share for s, c in zip(self.channel_share, self.channels, strict=True)]
        return alias_table(np.concatenate(shares))

    @cached_property
    def offsets(self) -> IntArray:
        """First cell of each channel in the alias table, and the number of cells; shape (channels + 1,)."""
        return np.cumsum([0] + [len(c.cell_share) for c in self.channels])

    @cached_property
    def owners(self) -> NDArray[np.int32]:
        """Channel of each cell of the alias table, shape (cells of all,)."""
        return np.repeat(np.arange(len(self.channels), dtype=np.int32), np.diff(self.offsets))

    def pick(self, u: FloatArray) -> tuple[IntArray, IntArray]:
        """Return channel and cell of events from one uniform number each; arrays of shape (N,)."""
        keep, alias = self.alias
        scaled = u * len(keep)
        slot = np.minimum(scaled.astype(np.int64), len(keep) - 1)
        slot = np.where(scaled - slot < keep[slot], slot, alias[slot])
        channel = self.owners[slot].astype(np.int64)
        return channel, slot - self.offsets[channel]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all data of the proposal."""
        state = hashlib.sha256(self.signature.encode())
        for channel in self.channels:
            for array in (channel.grid, np.asarray(channel.strata, dtype=np.int64), channel.cell_share):
                state.update(np.ascontiguousarray(array).tobytes())
        state.update(np.ascontiguousarray(self.channel_share).tobytes())
        return state.hexdigest()


def alias_table(shares: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return Walker's alias table (keep, alias) of probabilities `shares`, both of shape (N,)."""
    n = len(shares)
    keep = shares / math.fsum(shares) * n
    alias = np.arange(n, dtype=np.int64)
    small = [int(i) for i in np.flatnonzero(keep < 1.0)]
    large = [int(i) for i in np.flatnonzero(keep >= 1.0)]
    filled = keep.copy()
    while small and large:
        low, high = small.pop(), large[-1]
        alias[low] = high
        keep[low] = filled[low]
        filled[high] -= 1.0 - filled[low]
        if filled[high] < 1.0:
            small.append(large.pop())
    for i in small + large:
        keep[i] = 1.0
    return keep, alias
