"""A set of measured events in bins, and what is expected there for a model and for the pulls of all uncertainties.

    mu = prod_i (1 + sigma_i a_i) sum_c E_c W_c + sum_b (1 + sigma_b a_b) [B_b + sum_k a_k dB_bk]

with the counts E_c of each component of the source in bins of energy, linear in the pulls of the response, and the
shape W_c over the other axes. Pulls are in standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tridentgen.analysis.recoil_counts import RecoilCounts
from tridentgen.errors import InputError, nearest
from tridentgen.fits.shapes import FARTHEST, Shape
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.typing import FloatArray

LEAST = 1e-10
"""Smallest expected number of events in a bin, so that its logarithm stays finite."""

LEAST_VARIANCE = 1e-3
"""Of a bin that expects hardly any event."""

_FARTHEST_RATE = 8.0


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of a data set: B bins with edges of shape (B+1,) in a unit, or B names without edges."""

    name: str
    unit: str
    edges: FloatArray
    labels: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.labels) or len(self.edges) - 1

    def words(self, place: int) -> str:
        """Return the place of a bin in words."""
        if self.labels:
            return self.labels[place]
        return f"{self.name} from {self.edges[place]:g} to {self.edges[place + 1]:g} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False)
class Background:
    """Expected events of a background, shape (N,), known to a relative error `sigma`; None: free.

    `modes` are changes of its shape at one standard deviation, shape (N,), by the name of their uncertainty.
    """

    name: str
    counts: FloatArray
    sigma: float | None
    modes: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Nuisance:
    """An uncertainty: its pull lies between limits, and costs its square unless it is free."""

    name: str
    low: float = -_FARTHEST_RATE
    high: float = _FARTHEST_RATE
    free: bool = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """Measured events with everything needed to predict them.

    Attributes
    ----------
    name, title : str
    axes : tuple of Axis
        Energy first.
    events : array of shape (N,)
        All bins of the axes, the last axis fastest.
    backgrounds : tuple of Background
    rates : mapping of str to float
        Relative errors of the number of recoils.
    signal : RecoilCounts
    shape : Shape
    reaction : Cevns
        The model of the card.
    scales : mapping of str to float
        Factors on the standard deviations of shapes.
    variance : array of shape (N,) or None
        Of Gaussian errors; None for Poisson statistics.
    used : array of shape (N,) or None
        Which bins are fitted; None: all.
    cite : str
    part_of : tuple of str
        Names of data sets that contain its events.
    shared : mapping of str to str
        Common names of uncertainties that other data sets have too, such as that of the same flux.
    """

    name: str
    title: str
    axes: tuple[Axis, ...]
    events: FloatArray
    backgrounds: tuple[Background, ...]
    rates: Mapping[str, float]
    signal: RecoilCounts
    shape: Shape
    reaction: Cevns
    scales: Mapping[str, float] = field(default_factory=dict)
    variance: FloatArray | None = None
    used: FloatArray | None = None
    cite: str = ""
    part_of: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def bins(self) -> int:
        """Number of bins that are fitted."""
        return len(self.events) if self.used is None else int(np.sum(self.used))

    @cached_property
    def nuisances(self) -> tuple[Nuisance, ...]:
        """All uncertainties, in the order of the pulls: rates, response, shapes, backgrounds and their shapes."""
        found = [_rate(name, sigma) for name, sigma in self.rates.items()]
        found += [Nuisance(name, -FARTHEST, FARTHEST) for name in (*self.signal.response.modes, *self.shape.modes)]
        for background in self.backgrounds:
            if background.sigma is None:
                found.append(Nuisance(background.name, -1.0, 1e6, free=True))
            elif background.sigma > 0.0:
                found.append(_rate(background.name, background.sigma))
            found += [Nuisance(name, -FARTHEST, FARTHEST) for name in background.modes]
        kept = [nuisance for nuisance in found if self.scales.get(nuisance.name, 1.0) > 0.0]
        return tuple(kept)

    def with_errors(self, errors: Mapping[str, float]) -> Dataset:
        """Return the data set with other errors: relative ones of rates and backgrounds, factors for shapes.

        Raise `InputError` for an unknown name.
        """
        rates, scales = dict(self.rates), dict(self.scales)
        backgrounds = {background.name: background for background in self.backgrounds}
        shapes = (*self.signal.response.modes, *self.shape.modes, *(m for b in self.backgrounds for m in b.modes))
        known = (*rates, *backgrounds, *shapes)
        for name, value in errors.items():
            if name in backgrounds:
                backgrounds[name] = replace(backgrounds[name], sigma=value)
            elif name in shapes:
                scales[name] = value
            elif name in rates or name in ("flux", "rate"):
                rates[name] = value
            else:
                raise InputError(
                    f"fit.systematics.{name}: '{self.name}' has no such error{nearest(name, known)}; "
                    f"it has {', '.join(known)}"
                )
        kept = {name: sigma for name, sigma in rates.items() if sigma > 0.0}
        return replace(self, rates=kept, scales=scales, backgrounds=tuple(backgrounds.values()))

    def prediction(self, counts: FloatArray) -> Prediction:
        """Return what is expected for the counts of a model, from `RecoilCounts.counts`."""
        return Prediction(self, counts)

    def at(self, reaction: Cevns) -> Prediction:
        """Return what is expected for a model."""
        return Prediction(self, self.signal.counts(reaction))

    def statistic(self, expected: FloatArray) -> tuple[float, FloatArray]:
        """Return chi2 of expected events, and its derivative by each of them.

        2 sum [mu - n + n ln(n/mu)] (S. Baker and R. D. Cousins, Nucl. Instrum. Meth. 221 (1984) 437), or the sum of
        (n - mu)^2/variance.
        """
        n = self.events
        if self.variance is not None:
            off = (expected - n) / self.variance
            slope = 2.0 * off
            terms = off * (expected - n)
        else:
            mu = np.maximum(expected, LEAST)
            terms = 2.0 * (mu - n + n * np.log(np.where(n > 0.0, n, 1.0) / mu))
            slope = 2.0 * (1.0 - n / mu)
        if self.used is not None:
            terms, slope = terms * self.used, slope * self.used
        return float(np.sum(terms)), slope

    def information(self, expected: FloatArray) -> FloatArray:
        """Return half the second derivative of chi2 by the expected events of each bin: about its inverse variance.

        For few events that of Poisson statistics, n/mu^2, is mixed with its expectation, so that it is never zero.
        """
        if self.variance is not None:
            found = 1.0 / self.variance
        else:
            mu = np.maximum(expected, LEAST_VARIANCE)
            found = np.maximum(self.events, 0.5 * mu) / (mu * mu)
        return found if self.used is None else found * self.used

    def require_expectation(self) -> None:
        """Raise `InputError` if a bin expects no events at all: its likelihood is not defined."""
        if self.variance is not None:
            return
        expected, _ = self.at(self.reaction).expected(np.zeros(len(self.nuisances)))
        empty = expected <= LEAST
        if self.used is not None:
            empty &= self.used > 0.0
        if empty.any():
            place = int(np.argmax(empty))
            raise InputError(
                f"{self.name}: {int(empty.sum())} bins expect no events, the first with {self.where(place)} "
                f"({self.events[place]:g} measured): merge them with others, leave them out, or add a background"
            )

    def where(self, place: int) -> str:
        """Return the place of a bin in words."""
        places = np.unravel_index(place, [axis.bins for axis in self.axes])
        return ", ".join(axis.words(int(i)) for axis, i in zip(self.axes, places, strict=True))


def _rate(name: str, sigma: float) -> Nuisance:
    """Return the uncertainty of a rate, which stays above zero."""
    return Nuisance(name, max(-0.999 / sigma, -_FARTHEST_RATE), _FARTHEST_RATE)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Expected events of a model in a data set, `counts` from `RecoilCounts.counts`, for any pulls."""

    data: Dataset
    counts: FloatArray

    def expected(self, pulls: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the expected events, shape (N,), and their derivatives by the pulls, shape (K, N)."""
        data, given = self.data, dict(zip((n.name for n in self.data.nuisances), pulls, strict=True))
        signal, slopes = self._signal(given)
        total = signal
        for background in data.backgrounds:
            counts, more = _of_background(background, given, data.scales)
            total = total + counts
            slopes = {**slopes, **{name: slopes.get(name, 0.0) + value for name, value in more.items()}}
        none = np.zeros_like(total)
        return total, np.array([slopes.get(name, none) for name in given]).reshape(len(given), len(total))

    def parts(self, pulls: FloatArray) -> dict[str, FloatArray]:
        """Return the expected events of the signal and of each background by name."""
        given = dict(zip((n.name for n in self.data.nuisances), pulls, strict=True))
        found = {"CEvNS": self._signal(given)[0]}
        for background in self.data.backgrounds:
            found[background.name] = _of_background(background, given, self.data.scales)[0]
        return found

    def signal_slope(self, pulls: FloatArray, counts: FloatArray) -> FloatArray:
        """Return the signal for other counts, such as those of `RecoilCounts.derivative`, at the same pulls."""
        given = dict(zip((n.name for n in self.data.nuisances), pulls, strict=True))
        return Prediction(self.data, counts)._signal(given)[0]

    def _signal(self, given: Mapping[str, float]) -> tuple[FloatArray, dict[str, FloatArray]]:
        data = self.data
        response, shape = data.signal.response.modes, data.shape.modes
        scale = {name: data.scales.get(name, 1.0) for name in (*response, *shape)}
        energies = self.counts[0]
        for number, name in enumerate(response, start=1):
            energies = energies + given.get(name, 0.0) * scale[name] * self.counts[number]
        weights, changes = data.shape.weights(np.array([given.get(n, 0.0) * scale[n] for n in shape]))
        factors = {name: 1.0 + sigma * given.get(name, 0.0) for name, sigma in data.rates.items()}
        rate = math.prod(factors.values())

        def spread(counts: FloatArray, by: FloatArray) -> FloatArray:
            return np.asarray(rate * np.sum(counts[:, :, None] * by, axis=0).ravel())

        signal = spread(energies, weights)
        slopes = {name: signal * (data.rates[name] / factor) for name, factor in factors.items()}
        for number, name in enumerate(response, start=1):
            slopes[name] = scale[name] * spread(self.counts[number], weights)
        for number, name in enumerate(shape):
            slopes[name] = scale[name] * spread(energies, changes[number])
        return signal, slopes


def _of_background(
    background: Background, given: Mapping[str, float], scales: Mapping[str, float]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the expected events of a background, and their derivatives by the pulls."""
    shape = background.counts
    for name, change in background.modes.items():
        shape = shape + given.get(name, 0.0) * scales.get(name, 1.0) * change
    sigma = 1.0 if background.sigma is None else background.sigma
    factor = 1.0 + sigma * given.get(background.name, 0.0)
    slopes = {name: factor * scales.get(name, 1.0) * change for name, change in background.modes.items()}
    return factor * shape, {background.name: sigma * shape, **slopes}


def require_separate(sets: Sequence[Dataset]) -> None:
    """Raise `InputError` for data sets that share events or a name."""
    names = [data.name for data in sets]
    for data in sets:
        if names.count(data.name) > 1:
            raise InputError(f"'{data.name}' is given twice: the same events cannot be counted twice")
        for whole in data.part_of:
            if whole in names:
                raise InputError(f"the events of '{data.name}' are part of '{whole}': fit one of the two")
