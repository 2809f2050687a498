"""Ratio of two integrals estimated from common points, so that correlated fluctuations cancel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import PURPOSE_RATIO, stream_number
from tridentgen.engines.work import TILE, Engine
from tridentgen.errors import InputError

_ITERATIONS = 32
_PILOT_ITERATIONS = 8
"""Numbers n of iterations. Their scatter gives the error, with a relative uncertainty 1/sqrt(2 n): 13 % and 25 %."""

_PILOT_SHARE = 0.125
_PURPOSES = range(3)
"""Points of the pilot run with each proposal, and of the ratio itself."""


@dataclass(frozen=True)
class CommonRatio:
    """A ratio of two integrals, its standard deviation, and the number of evaluations of each integrand."""

    value: float
    error: float
    points: int


def better_ratio(
    top: Process, bottom: Process, proposals: Sequence[Proposal], engine: Engine, seed: int, points: int, error: float
) -> CommonRatio | None:
    """Return the ratio of two integrals from common points, or None if it is not more precise than `error`.

    A pilot run with each of the two proposals, at other points, decides which of them to use and whether common points
    improve the precision. They do not if the proposal misses a region of the other integrand: a few points then have
    large weights.

    Parameters
    ----------
    top, bottom : Process
        Processes with the same channels, for the same regions.
    proposals : sequence of two Proposal
        Proposals of the two processes, from which points are sampled.
    points : int
        Approximate number of evaluations of each integrand.
    error : float
        Standard deviation of the ratio from separate integrations.

    Raises
    ------
    InputError
        If the processes have different channels.
    """
    *pilots, final = _PURPOSES
    size = round(_PILOT_SHARE * points)
    tried = [
        ratio_at_common_points(top, bottom, each, engine, seed, size, number=number, iterations=_PILOT_ITERATIONS)
        for number, each in zip(pilots, proposals, strict=True)
    ]
    variances = [found.error**2 * found.points for found in tried]
    if min(variances) >= error**2 * points:
        return None
    best = proposals[variances.index(min(variances))]
    found = ratio_at_common_points(top, bottom, best, engine, seed, points, number=final)
    return found if found.error < error else None


def ratio_at_common_points(
    top: Process, bottom: Process, proposal: Proposal, engine: Engine, seed: int, points: int, *, number: int = 0,
    iterations: int = _ITERATIONS,
) -> CommonRatio:  # fmt: skip
    """Integrate two processes at the same points, sampled from a proposal that covers both.

    Different values of `number` give different points; the other arguments are as in `better_ratio`.

    Returns
    -------
    CommonRatio
        R = sum A/sum B over iterations, with the variance sum (A - R B)^2 n/(n - 1)/(sum B)^2 of a ratio of means
        (W. G. Cochran, Sampling Techniques, 3rd edition, eq. 6.9).
    """
    if top.channels != bottom.channels:
        raise InputError("two processes with different channels have no common points")
    share = proposal.channel_share
    used, pairs = 0, []
    for iteration in range(number * _ITERATIONS, number * _ITERATIONS + iterations):
        above = below = 0.0
        for channel, density in enumerate(proposal.channels):
            stream = stream_number(PURPOSE_RATIO, channel, iteration)
            size = max(TILE, round(float(share[channel]) * points / iterations))
            a, b = (engine.integrate(each, channel, density, seed, stream, size) for each in (top, bottom))
            above, below, used = above + a.weight / a.points, below + b.weight / b.points, used + a.points
        pairs.append((above, below))
    whole = math.fsum(b for _, b in pairs)
    value = math.fsum(a for a, _ in pairs) / whole
    scatter = math.fsum((a - value * b) ** 2 for a, b in pairs) * iterations / (iterations - 1)
    return CommonRatio(value, math.sqrt(scatter) / whole, used)
