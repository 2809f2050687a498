"""Processes whose integrals and moments are known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.physics.elementary import Value, Values, exp

FloatArray = NDArray[np.float64]

_COLUMNS = (
    Column("event_id", "", "number of the event", dtype="u8"),
    Column("weight", "cm2", "weight", role=Role.WEIGHT),
    Column("weight_ll", "cm2", "a part of the weight", role=Role.PART),
    Column("channel", "", "channel", dtype="i4"),
    Column("pair", "", "the first two coordinates", (2,)),
    Column("spare", "", "the spare random numbers", (3,)),
)


@dataclass(frozen=True)
class Peak:
    """An integral times a product of correlated Gaussians, one for every two coordinates.

    The widths keep it 5.5 standard deviations away from the walls of the cube: what leaks out is 1e-7.
    """

    integral: float
    centre: tuple[float, ...]
    width: float
    correlation: float

    def __call__(self, x: Values) -> Value:
        """Return the density at `x`."""
        rho = self.correlation
        scale = 1.0 / (2.0 * (1.0 - rho * rho))
        norm = 2.0 * math.pi * self.width**2 * math.sqrt(1.0 - rho * rho)
        total = self.integral
        for i in range(0, len(self.centre), 2):
            u, v = ((x[i + j] - self.centre[i + j]) / self.width for j in (0, 1))
            total = total * exp(-scale * (u * u - 2.0 * rho * u * v + v * v)) / norm
        return total


@dataclass(frozen=True)
class Toy:
    """A process with one peak per channel; an integral of zero makes an empty channel."""

    peaks: tuple[Peak, ...]
    signature: str = "toy"
    spares: int = 3
    columns: tuple[Column, ...] = _COLUMNS

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(f"peak{i}" for i in range(len(self.peaks)))

    @property
    def dimensions(self) -> int:
        return len(self.peaks[0].centre)

    @property
    def integral(self) -> float:
        """Sum over channels of the integrals over the cube."""
        return math.fsum(peak.integral for peak in self.peaks)

    def mean(self, coordinate: int) -> float:
        """Mean of a coordinate over all events."""
        return math.fsum(peak.integral * peak.centre[coordinate] for peak in self.peaks) / self.integral

    def integrand(self, channel: int, x: Values) -> Value:
        return self.peaks[channel](x)

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        weight = self.integrand(channel, x)
        return {
            "weight": weight,
            "weight_ll": 0.25 * weight,
            "channel": np.full(len(x[0]), channel),
            "pair": (x[0], x[1]),
            "spare": (spare[0], spare[1], spare[2]),
        }


def three_peaks() -> Toy:
    """Two correlated peaks of unequal size in four dimensions, and an empty channel between them."""
    return Toy(
        (
            Peak(3.0, (0.45, 0.55, 0.5, 0.4), 0.07, 0.6),
            Peak(0.0, (0.5, 0.5, 0.5, 0.5), 0.07, 0.0),
            Peak(1.0, (0.6, 0.5, 0.4, 0.6), 0.05, -0.5),
        )
    )


@dataclass(frozen=True)
class Counted:
    """A toy that counts the points it is evaluated at."""

    toy: Toy
    points: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.toy, name)

    def integrand(self, channel: int, x: Values) -> Value:
        self.points.append(len(x[0]))
        return self.toy.integrand(channel, x)


@dataclass(frozen=True)
class Function:
    """A single channel given by a function of the coordinates."""

    density: Callable[[Values], Value]
    dimensions: int = 2
    channels: tuple[str, ...] = ("all",)
    signature: str = "function"
    spares: int = 3
    columns: tuple[Column, ...] = _COLUMNS

    def integrand(self, channel: int, x: Values) -> Value:  # noqa: ARG002 - there is one channel
        return self.density(x)

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        raise NotImplementedError


def flat_proposal(dimensions: int, channels: int = 1, strata: Sequence[int] | None = None) -> Proposal:
    """Return the uniform density."""
    cube = ChannelProposal.uniform(dimensions, 16, strata or (1,) * dimensions)
    return Proposal((cube,) * channels, np.full(channels, 1.0 / channels), 1.0, 1e-4, "function")


def random_density(rng: np.random.Generator, strata: tuple[int, ...], increments: int = 11) -> ChannelProposal:
    """Return a density with random increments and cells."""
    inner = np.sort(rng.uniform(0.01, 0.99, (len(strata), increments - 1)), axis=1)
    ends = np.zeros((len(strata), 1)), np.ones((len(strata), 1))
    share = rng.uniform(0.1, 3.0, math.prod(strata)) ** 2
    return ChannelProposal(np.concatenate([ends[0], inner, ends[1]], axis=1), strata, share / share.sum())
