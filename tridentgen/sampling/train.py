"""Training of a proposal: the VEGAS map with `vegas.AdaptiveMap`, then cell probabilities and channel weights."""

from __future__ import annotations

import math

import numpy as np
import vegas
from numpy.typing import NDArray

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.uniforms import PURPOSE_CELLS, PURPOSE_MAP, PURPOSE_SURVEY, check_seed, stream_number
from tridentgen.engines.work import TILE, Engine
from tridentgen.errors import InputError
from tridentgen.events.weights import OVERWEIGHT_SHARE
from tridentgen.progress import Progress, silent
from tridentgen.typing import FloatArray

MAP_ITERATIONS = 10
_INCREMENTS = 512
_MAP_POINTS = 1 << 16
_DAMPING = 0.6
_MAX_CELLS = 16384
_POINTS_PER_CELL = 64
_CELL_FLOOR = 0.03
_SURVEY_POINTS = 1 << 19


def train(
    process: Process,
    engine: Engine,
    seed: int,
    *,
    points: int | None = None,
    progress: Progress = silent,
) -> Proposal:
    """Return the proposal trained for a process.

    Parameters
    ----------
    points : int
        Training points of each channel, 1.7 million by default: a third for the map, the rest for its cells.

    Raises
    ------
    InputError
        If the cross section is zero everywhere, or the seed is out of range.
    """
    check_seed(seed)
    budget = MAP_ITERATIONS * _MAP_POINTS + _MAX_CELLS * _POINTS_PER_CELL if points is None else points
    per_iteration = max(budget // (3 * MAP_ITERATIONS), TILE)
    most_cells = max(budget * 2 // (3 * _POINTS_PER_CELL), 1)
    count = len(process.channels)
    channels, means = [], []
    for channel, name in enumerate(process.channels):
        trained, mean = _train_map(process, channel, engine, seed, per_iteration)
        progress(f"training {name}", (channel + 0.5) / count)
        trained, mean = _train_cells(process, channel, trained, mean, engine, seed, most_cells)
        progress(f"training {name}", (channel + 1.0) / count)
        channels.append(trained)
        means.append(mean)
    total = math.fsum(means)
    if not total > 0.0:
        raise InputError("the cross section vanishes at all sampled points; check energy, target and flux")
    # Each channel keeps a minimum weight alpha_min = 1e-6, so that a poor estimate cannot remove any phase space.
    share = np.maximum(np.array(means) / total, 1e-6)
    draft = Proposal(tuple(channels), _normalised(share), 1.0, OVERWEIGHT_SHARE, process.signature)
    return _survey(process, engine, seed, draft, min(_SURVEY_POINTS, per_iteration * MAP_ITERATIONS))


def _train_map(process: Process, channel: int, engine: Engine, seed: int, points: int) -> tuple[ChannelProposal, float]:
    """Refine the VEGAS map; return it and the mean weight."""
    d = process.dimensions
    adaptive = vegas.AdaptiveMap([[0.0, 1.0]] * d, ninc=_INCREMENTS)
    mean = 0.0
    for iteration in range(MAP_ITERATIONS):
        proposal = ChannelProposal(_grid(adaptive), (1,) * d, np.ones(1))
        stream = stream_number(PURPOSE_MAP, channel, iteration)
        if mean == 0.0:
            mean = engine.integrate(process, channel, proposal, seed, stream, points).weight / points
            if mean == 0.0:
                return proposal, 0.0
        found = engine.histograms(process, channel, proposal, seed, stream, points, mean)
        mean = found.weight / found.points
        adaptive.sum_f, adaptive.n_f = found.grid, found.grid_points
        adaptive.adapt(alpha=_DAMPING)
    return ChannelProposal(_grid(adaptive), (1,) * d, np.ones(1)), mean


def _grid(adaptive: vegas.AdaptiveMap) -> FloatArray:
    return np.array(adaptive.extract_grid(), dtype=float)


def _train_cells(
    process: Process,
    channel: int,
    trained: ChannelProposal,
    mean: float,
    engine: Engine,
    seed: int,
    most: int,
) -> tuple[ChannelProposal, float]:
    """Learn the probability of each cell from a high moment of the weights in it; return also the mean weight.

    The square root of the second moment would maximise the effective sample size; a higher moment reduces it slightly
    but lowers the largest weights, which raises the unweighting efficiency.
    """
    d = process.dimensions
    strata = cell_strata(d, most)
    cells = math.prod(strata)
    if cells == 1 or mean == 0.0:
        return trained, mean
    flat = ChannelProposal(trained.grid, strata, np.full(cells, 1.0 / cells))
    stream = stream_number(PURPOSE_CELLS, channel)
    found = engine.histograms(process, channel, flat, seed, stream, cells * _POINTS_PER_CELL, mean)
    # The fourth root by square roots, which are bit-identical on all machines, unlike np.power.
    moment = np.sqrt(np.sqrt(found.cells / np.maximum(found.cell_points, 1.0)))
    share = moment + _CELL_FLOOR * (math.fsum(moment) / cells)
    return ChannelProposal(trained.grid, strata, _normalised(share)), found.weight / found.points


def cell_strata(dimensions: int, most: int) -> tuple[int, ...]:
    """Return equal numbers of strata per dimension with at most `most` cells."""
    each = int(most ** (1.0 / dimensions) + 1e-9)
    return (each,) * dimensions


def _survey(process: Process, engine: Engine, seed: int, draft: Proposal, points: int) -> Proposal:
    """Set the channel weights from the root mean square of the event weights, and find the maximum weight."""
    channels, weights = engine.weights(process, draft, seed, stream_number(PURPOSE_SURVEY), points)
    rms = np.array([_root_mean_square(weights[channels == c]) for c in range(len(draft.channels))])
    share = _normalised(np.maximum(_normalised(draft.channel_share * rms), 1e-6))
    weights = weights * (draft.channel_share / share)[channels]
    # Surveyed events are reweighted by the ratio of new to old channel weights.
    counts = (share / draft.channel_share)[channels]
    limit = overweight_limit(weights, weights * counts, OVERWEIGHT_SHARE)
    return Proposal(draft.channels, share, limit, OVERWEIGHT_SHARE, draft.signature)


def _normalised(values: FloatArray) -> FloatArray:
    return values / math.fsum(values)


def _root_mean_square(values: FloatArray) -> float:
    return math.sqrt(math.fsum(values**2) / len(values)) if len(values) else 0.0


def overweight_limit(weights: FloatArray, contributions: FloatArray, share: float) -> float:
    """Return the weight above which events contribute the given share of the sum of `contributions`."""
    order: NDArray[np.intp] = np.argsort(weights, kind="stable")[::-1]
    above = np.cumsum(contributions[order])
    index = int(np.searchsorted(above, share * above[-1]))
    return float(weights[order[min(index, len(order) - 1)]])
