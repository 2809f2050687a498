"""Cross sections by stratified sampling from a trained proposal, to a requested precision."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import PURPOSE_INTEGRAL, stream_number
from tridentgen.engines.work import TILE, Engine
from tridentgen.errors import InputError
from tridentgen.physics.elementary import total
from tridentgen.progress import Progress, silent
from tridentgen.sampling.train import train

_TRAINING_POINTS = 300_000
_FIRST_POINTS = 1 << 16
_MIN_ITERATIONS = 5
_WARN_SIGMAS = 5.0
_DOUBT_SIGMAS = 3.0
_MAX_ITERATIONS_IN_DOUBT = 20
"""Iterations that disagree by chance agree as more are made; those whose errors are too small disagree all the more."""
_ROUNDING = 1e-13
"""Relative error of an iteration by rounding, far below any that is asked for."""
_MAX_POINTS_PER_ITERATION = 1 << 24


@dataclass(frozen=True)
class CrossSection:
    """A cross section with its error and the data of its integration.

    Attributes
    ----------
    value, error : float
        In cm^2; the error is one standard deviation.
    chi2_dof : float
        chi^2 per degree of freedom of the iterations about their mean.
    points : int
        Integration points after training.
    reached : bool
        Whether the requested precision was reached.
    caveats : tuple of str
        What the calculation leaves out and matters, one line each; part of `warnings`.
    """

    value: float
    error: float
    chi2_dof: float
    iterations: int
    points: int
    engine: str
    seconds: float
    reached: bool
    caveats: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the reliability of the result, one sentence each: of its integration, then the caveats."""
        found = []
        if _chi2_sigmas(self.chi2_dof, self.iterations - 1) > _WARN_SIGMAS:
            found.append(
                f"chi2/dof = {self.chi2_dof:.1f}: the iterations disagree by more than their errors, so the error "
                "is too small; use a smaller rel_error or more training points"
            )
        if not self.reached:
            found.append(
                f"stopped at {self.points} integration points with a relative error of "
                f"{self.error / self.value:.1e}, above the requested one"
            )
        return (*found, *self.caveats)


def _chi2_dof(done: list[_Estimate], value: float) -> float:
    """Return chi^2 per degree of freedom of the iterations about their mean."""
    rounding = (_ROUNDING * value) ** 2  # a constant density has no other spread
    chi2 = math.fsum((e.value - value) ** 2 / max(e.variance, rounding) for e in done if e.variance > 0.0)
    return chi2 / (len(done) - 1)


def _in_doubt(done: list[_Estimate], value: float) -> bool:
    """Whether more iterations have to tell a chance disagreement from errors that are too small.

    By chance it happens to one integral in 1000, and a command may compute 100 of them.
    """
    sigmas = _chi2_sigmas(_chi2_dof(done, value), len(done) - 1)
    return len(done) < _MAX_ITERATIONS_IN_DOUBT and sigmas > _DOUBT_SIGMAS


def _chi2_sigmas(chi2_dof: float, dof: int) -> float:
    """Return the excess of chi2/dof in standard deviations (Wilson and Hilferty, PNAS 17 (1931) 684)."""
    spread = 2.0 / (9.0 * dof)
    return float((chi2_dof ** (1.0 / 3.0) - (1.0 - spread)) / math.sqrt(spread))


@dataclass(frozen=True)
class _Estimate:
    value: float
    variance: float
    points: int


def cross_section(
    process: Process,
    proposal: Proposal,
    engine: Engine,
    seed: int,
    *,
    rel_error: float,
    max_points: int = 10**10,
    progress: Progress = silent,
) -> CrossSection:
    """Integrate until the relative error is at most `rel_error` or `max_points` are used.

    If the iterations disagree at this point, up to 20 are made.

    Each iteration samples one point in each of n intervals of equal probability over the cells of a channel; the error
    is estimated from the differences of neighbouring points. Points are allocated to channels in proportion to their
    standard deviations in the previous iteration. Raise `InputError` unless 0 < rel_error < 1.
    """
    _check_precision(rel_error)
    start = time.perf_counter()
    spread = [float(s) for s in proposal.channel_share]
    size = _FIRST_POINTS
    done: list[_Estimate] = []
    while True:
        estimate, spread = _iteration(process, proposal, engine, seed, len(done), size, spread)
        done.append(estimate)
        value, error = _combined(done)
        relative = error / value if value > 0.0 else math.inf
        points = total(e.points for e in done)
        enough = len(done) >= _MIN_ITERATIONS
        progress("integrating", min((rel_error / relative) ** 2, 1.0) if relative > 0.0 else 1.0)
        if enough and (points >= max_points or (relative <= rel_error and not _in_doubt(done, value))):
            break
        if len(done) == 1:
            wanted = points * (relative / rel_error) ** 2 / _MIN_ITERATIONS
            size = int(min(max(wanted, _FIRST_POINTS), _MAX_POINTS_PER_ITERATION, max_points / _MIN_ITERATIONS))
    return CrossSection(
        value, error, _chi2_dof(done, value), len(done), points, engine.name,
        time.perf_counter() - start, relative <= rel_error,
    )  # fmt: skip


def trained_cross_section(
    process: Process,
    engine: Engine,
    seed: int,
    *,
    rel_error: float,
    training_points: int | None = None,
    progress: Progress = silent,
) -> CrossSection:
    """Train a proposal and integrate with it; arguments as for `train` and `cross_section`.

    The training is short unless `training_points` is given: long training pays off for many events, less for integrals.
    """
    _check_precision(rel_error)
    proposal = short_training(process, engine, seed, training_points, progress)
    return cross_section(process, proposal, engine, seed, rel_error=rel_error, progress=progress)


def short_training(
    process: Process, engine: Engine, seed: int, training_points: int | None = None, progress: Progress = silent
) -> Proposal:
    """Train a proposal with `training_points`; by default with few points, which is best for integrals."""
    points = _TRAINING_POINTS if training_points is None else training_points
    return train(process, engine, seed, points=points, progress=progress)


def _check_precision(rel_error: float) -> None:
    if not 0.0 < rel_error < 1.0:
        raise InputError(f"rel_error = {rel_error} must lie between 0 and 1; 1e-3 is usual")


def _combined(done: list[_Estimate]) -> tuple[float, float]:
    """Return mean and error of the iterations, weighted by their numbers of points, independently of their values."""
    points = total(e.points for e in done)
    value = math.fsum(e.value * e.points for e in done) / points
    return value, math.sqrt(math.fsum(e.variance * e.points**2 for e in done)) / points


def _iteration(
    process: Process,
    proposal: Proposal,
    engine: Engine,
    seed: int,
    number: int,
    size: int,
    spread: list[float],
) -> tuple[_Estimate, list[float]]:
    """Return the estimate of one iteration and the standard deviation of each channel."""
    value = variance = 0.0
    points = 0
    total_spread = math.fsum(spread)
    seen = []
    for channel, density in enumerate(proposal.channels):
        share = spread[channel] / total_spread if total_spread > 0.0 else 1.0 / len(spread)
        stream = stream_number(PURPOSE_INTEGRAL, channel, number)
        sums = engine.integrate(process, channel, density, seed, stream, max(TILE, round(share * size)))
        n = sums.points
        value += sums.weight / n
        variance += sums.pair_difference2 / n**2
        points += n
        seen.append(math.sqrt(sums.pair_difference2 / n))
    return _Estimate(value, variance, points), seen
