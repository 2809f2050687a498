"""How counts in a bin of energy are distributed over the other axes, by component of the source.

A shape has weights W of shape (C, B, R) or (C, 1, R): the share of a count in energy bin b that falls into each of R
other bins, for given pulls of its own uncertainties in standard deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tridentgen.detector import TimeEfficiency
from tridentgen.detector.arrival import arrival_shares
from tridentgen.flux import Component
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.typing import FloatArray

_STEPS_PER_SIGMA = 12
FARTHEST = 4.0
"""Largest pull of a shape, in standard deviations."""


class Shape(Protocol):
    """Distribution over the bins that are not of energy."""

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of its uncertainties."""

    def weights(self, pulls: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W, and its derivative by each pull with one axis more in front."""


@dataclass(frozen=True, eq=False)
class InTime:
    """Shares of recoils that arrive in each of R bins of time and are accepted there, shape (C, 1, R)."""

    shares: FloatArray
    modes: tuple[str, ...] = ()

    def weights(self, pulls: FloatArray) -> tuple[FloatArray, FloatArray]:  # noqa: ARG002
        """Return W and no derivative."""
        return self.shares, np.zeros((0, *self.shares.shape))


@dataclass(frozen=True, eq=False)
class Shifted:
    """As `InTime`, with an uncertain beginning of the arrival times.

    Parameters
    ----------
    steps : array of shape (G,)
        Evenly spaced pulls.
    shares : array of shape (G, C, R)
        Shares at these pulls, interpolated by cubics.
    """

    steps: FloatArray
    shares: FloatArray
    modes: tuple[str, ...] = ("time",)

    def weights(self, pulls: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W and its derivative by the shift."""
        width = self.steps[1] - self.steps[0]
        at = (min(max(pulls[0], self.steps[0]), self.steps[-1]) - self.steps[0]) / width
        place = min(max(int(at), 1), len(self.steps) - 3)
        x = at - place
        four = self.shares[place - 1 : place + 3]
        value = np.array([x * (x - 1.0) * (2.0 - x) / 6.0, (x * x - 1.0) * (x - 2.0) / 2.0,
                          x * (x + 1.0) * (2.0 - x) / 2.0, x * (x * x - 1.0) / 6.0])  # fmt: skip
        slope = np.array([(-3.0 * x * x + 6.0 * x - 2.0) / 6.0, (3.0 * x * x - 4.0 * x - 1.0) / 2.0,
                          (-3.0 * x * x + 2.0 * x + 2.0) / 2.0, (3.0 * x * x - 1.0) / 6.0]) / width  # fmt: skip
        return np.tensordot(value, four, 1)[:, None], np.tensordot(slope, four, 1)[None, :, None]


@dataclass(frozen=True, eq=False)
class Templates:
    """Weights with changes that are linear in their pulls, shapes (C, B, R) and (K, C, B, R)."""

    nominal: FloatArray
    changes: FloatArray
    modes: tuple[str, ...]

    def weights(self, pulls: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W and the changes."""
        return self.nominal + np.tensordot(pulls, self.changes, 1), self.changes


def in_time(components: Sequence[Component], efficiency: TimeEfficiency | None, edges_ns: FloatArray | None) -> InTime:
    """Return the shares of each component in bins of time, or in one bin of all times (None)."""
    if edges_ns is None:
        kept = [1.0 if efficiency is None else efficiency.averaged(c.time) for c in components]
        return InTime(np.array(kept)[:, None, None])
    return InTime(np.array([arrival_shares(c.time, edges_ns, efficiency) for c in components])[:, None])


def shifted(
    components: Sequence[Component], efficiency: TimeEfficiency | None, edges_ns: FloatArray, sigma_ns: float
) -> Shifted:
    """Return the shares of each component in bins of time, later by `sigma_ns` per unit of the pull."""
    steps = np.linspace(-FARTHEST, FARTHEST, int(2 * FARTHEST * _STEPS_PER_SIGMA) + 1)
    by_profile = {
        profile: np.array([_later(profile, step * sigma_ns, edges_ns, efficiency) for step in steps])
        for profile in dict.fromkeys(component.time for component in components)
    }
    return Shifted(steps, np.stack([by_profile[component.time] for component in components], axis=1))


def _later(
    profile: TimeProfile | TabulatedProfile | None,
    shift_ns: float,
    edges_ns: FloatArray,
    efficiency: TimeEfficiency | None,
) -> FloatArray:
    """Return the shares in bins of time of arrivals that are all later."""
    if isinstance(profile, TimeProfile):
        return arrival_shares(replace(profile, offset_ns=profile.offset_ns + shift_ns), edges_ns, efficiency)
    if profile is None:
        return arrival_shares(profile, edges_ns, efficiency)
    return arrival_shares(replace(profile, times_ns=profile.times_ns + shift_ns), edges_ns, efficiency)
