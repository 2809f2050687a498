"""The three measurements of dimuon tridents, and the cross sections predicted for their conditions.

Each reports the ratio of the cross section to that of the Standard Model. The cross section is exactly a quadratic form
in the couplings V and A of the muon current, for any cuts:

    sigma(V, A) = s_VV V^2 + s_AA A^2 + s_VA V A,

and with a light Z', whose coupling depends on the momentum transfer, a sum over weighted events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from tridentgen.analysis.cut_flow import Measured
from tridentgen.analysis.rate_table import (
    material_of,
    open_regimes,
    trident_of,
    trident_on,
    weighted_batches,
)
from tridentgen.cards import Card
from tridentgen.constants import G_FERMI
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.observables import passing
from tridentgen.flux import Flux
from tridentgen.physics.trident_couplings import Couplings, ZPrime
from tridentgen.processes.base import only_flux
from tridentgen.processes.trident.card import ProcessCard
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress, silent
from tridentgen.runs.job import beam_of
from tridentgen.typing import FloatArray

_PIECES = ("weight_ll", "weight_rr", "weight_lr")
_FROM_CHIRAL = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [2.0, -2.0, 0.0]])
"""(VV, AA, VA) of (LL, RR, LR), from c_L = V + A and c_R = V - A."""


@dataclass(frozen=True)
class Measurement:
    """A measured cross section of numu A -> numu mu- mu+ A.

    Attributes
    ----------
    name : str
    card : str
        The built-in card of its beam, target and cuts.
    ratio, up, down : float
        sigma/sigma_SM and its errors.
    source, conditions : str
    sigma_cm2, sigma_error_cm2 : float or None
        Cross section per nucleus and its total error, if published.
    """

    name: str
    card: str
    ratio: float
    up: float
    down: float
    source: str
    conditions: str
    sigma_cm2: float | None = None
    sigma_error_cm2: float | None = None

    def pull(self, ratio: float) -> float:
        """Return the pull: standard deviations of the measurement above a model's sigma/sigma_SM."""
        return (self.ratio - ratio) / (self.up if ratio > self.ratio else self.down)


MEASUREMENTS = (
    Measurement(
        "CHARM II", "charm2", 1.58, 0.57, 0.57,
        "Geiregat et al., Phys. Lett. B 245 (1990) 271",
        "numu and numubar of mean energy 20 GeV on glass; 55 +- 16 muon pairs",
        sigma_cm2=3.0e-41, sigma_error_cm2=math.hypot(0.9e-41, 0.5e-41),
    ),
    Measurement(
        "CCFR", "ccfr", 0.82, 0.28, 0.28,
        "Mishra et al., Phys. Rev. Lett. 66 (1991) 3117",
        "numu and numubar of mean energy about 160 GeV on iron; 37.0 +- 12.4 muon pairs, 45.3 +- 2.3 expected",
    ),
    Measurement(
        "NuTeV", "nutev", 0.72, 1.73, 0.72,
        "Adams et al., Phys. Rev. D 61 (2000) 092001",
        "numu and numubar, one at a time, on iron; a fit with other sources of muon pairs without hadrons",
    ),
)  # fmt: skip
"""In the order of publication. The ratio of CCFR is that of its event numbers."""


@dataclass(frozen=True)
class QuadraticForm:
    """sigma(V, A) = vv V^2 + aa A^2 + va V A, in cm^2.

    `covariance` is the statistical covariance of (vv, aa, va) from weighted events, shape (3, 3), in cm^4.
    """

    vv: float
    aa: float
    va: float
    covariance: tuple[tuple[float, float, float], ...]

    def sigma(self, vector: float, axial: float) -> Measured:
        """Return the cross section in cm^2."""
        powers = _powers(vector, axial)
        return Measured(float(powers @ self._values), self._error(powers))

    def ratio(self, model: Couplings, standard: Couplings) -> Measured:
        """Return the ratio of two cross sections without a Z', with the error from common events."""
        powers, below = (_powers(c.vector, c.axial) for c in (model, standard))
        denominator = float(below @ self._values)
        value = float(powers @ self._values) / denominator
        return Measured(value, self._error((powers - value * below) / denominator))

    @property
    def _values(self) -> FloatArray:
        return np.array([self.vv, self.aa, self.va])

    def _error(self, gradient: FloatArray) -> float:
        return math.sqrt(max(float(gradient @ np.array(self.covariance) @ gradient), 0.0))


@dataclass(frozen=True, eq=False)
class Prediction:
    """The cross section predicted for a measurement within its cuts, per average nucleus of its target.

    Attributes
    ----------
    measurement : Measurement
    standard : Couplings
        Couplings of the Standard Model.
    form : QuadraticForm
    neutrino_q2, pieces : arrays of shape (N,) and (3, N)
        The events within the cuts: Q^2 between the neutrinos in GeV^2, and weight_ll, weight_rr, weight_lr in cm^2.
    """

    measurement: Measurement
    standard: Couplings
    form: QuadraticForm
    neutrino_q2: FloatArray = field(repr=False)
    pieces: FloatArray = field(repr=False)

    @property
    def name(self) -> str:
        """The experiment."""
        return self.measurement.name

    @property
    def measured(self) -> float:
        """The measured sigma/sigma_SM."""
        return self.measurement.ratio

    @property
    def up(self) -> float:
        """Its upper error."""
        return self.measurement.up

    @property
    def down(self) -> float:
        """Its lower error."""
        return self.measurement.down

    @property
    def sigma_sm_cm2(self) -> float:
        """The cross section of the Standard Model."""
        return self.form.sigma(self.standard.vector, self.standard.axial).value

    @property
    def error_cm2(self) -> float:
        """Its statistical error."""
        return self.form.sigma(self.standard.vector, self.standard.axial).error

    def ratio(self, model: Couplings) -> Measured:
        """Return sigma/sigma_SM of couplings V and A, perhaps with a Z' or the Z propagator, and its error."""
        if model.are_constant:
            return self.form.ratio(model, self.standard)
        weights = self._weights(model)
        standard = self._weights(self.standard)
        below = float(standard.sum())
        value = float(weights.sum()) / below
        return Measured(value, float(np.linalg.norm(weights - value * standard)) / below)

    def pull(self, model: Couplings | None = None) -> float:
        """Return the pull: standard deviations of the measurement above a model (default: the Standard Model)."""
        return self.measurement.pull(1.0 if model is None else self.ratio(model).value)

    def _weights(self, model: Couplings) -> FloatArray:
        """Return the weights of all events with other couplings, shape (N,), in cm^2."""
        c_l, c_r = model.chiral(self.neutrino_q2)
        ll, rr, lr = self.pieces
        return np.asarray(c_l * c_l * ll + c_r * c_r * rr + c_l * c_r * lr)


def predict(measurement: Measurement, card: Card, engine: Engine, progress: Progress = silent) -> Prediction:
    """Return the cross section predicted for a measurement.

    Parameters
    ----------
    measurement : Measurement
    card : Card
        Card with its beam, target and cuts, such as ``read_card(measurement.card)``; `sampling.events` weighted
        events are generated on each nuclide of its material.
    engine : Engine
        As from `tridentgen.engines.choose_engine`.
    progress : callable

    Raises
    ------
    CardError, FileError
        A card for another process, a card that cannot be used, or cuts that no event passes.
    """
    with card.blaming("process", "kind"):
        if not isinstance(card.process, ProcessCard):
            raise InputError("is 'cevns'; a measurement of tridents needs 'trident'")
    flux = only_flux(beam_of(card))
    matter = material_of(card)
    nuclei = math.fsum(number for _, number in matter.components)
    parts = []
    for number, (isotope, regimes) in enumerate(open_regimes(card, flux).items()):
        share = matter.number_of(isotope) / nuclei
        parts.append(_kept_events(card, trident_on(card, isotope, *regimes), flux, engine, number, share, progress))
    q2, pieces, covariances = zip(*parts, strict=True)
    with card.blaming("cuts"):
        if not sum(map(len, q2)):
            raise InputError(f"no event of {card.sampling.events} passes; widen the cuts")
    events = np.concatenate(pieces, axis=1)
    vv, aa, va = (float(x) for x in _FROM_CHIRAL @ events.sum(axis=1))
    covariance = _FROM_CHIRAL @ np.sum(covariances, axis=0) @ _FROM_CHIRAL.T
    form = QuadraticForm(vv, aa, va, tuple((float(a), float(b), float(c)) for a, b, c in covariance))
    return Prediction(measurement, trident_of(card).with_couplings().couplings, form, np.concatenate(q2), events)


def chi2(predictions: tuple[Prediction, ...], model: Couplings) -> float:
    """Return the sum of the squared pulls of a model, one degree of freedom per measurement."""
    return math.fsum(prediction.pull(model) ** 2 for prediction in predictions)


def zprime_limit(prediction: Prediction, mass_GeV: float, sigmas: float = 1.96) -> float:
    """Return the coupling g of an L_mu - L_tau boson whose cross section lies `sigmas` errors above the measurement.

    The cross section increases with g^2 as 1 + a g^2 + b g^4 times that of the Standard Model (Altmannshofer et al.,
    Phys. Rev. Lett. 113 (2014) 091801); 1.96 gives the limit at 95 % confidence level.
    """
    standard = prediction.standard
    unit = mass_GeV**2 * G_FERMI  # where the two terms are of similar size, for small and large masses

    def rise(strength: float) -> float:
        boson = Couplings(standard.vector, standard.axial, ZPrime(mass_GeV, strength=strength))
        return prediction.ratio(boson).value - 1.0

    once, twice = rise(unit), rise(2.0 * unit)
    quadratic = 0.5 * (twice - 2.0 * once)
    linear = once - quadratic
    above = prediction.measured + sigmas * prediction.up - 1.0
    if not above > 0.0:
        return 0.0
    return math.sqrt(unit * 2.0 * above / (linear + math.sqrt(linear * linear + 4.0 * quadratic * above)))


def _kept_events(
    card: Card, trident: Trident, flux: Flux, engine: Engine, number: int, share: float, progress: Progress
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the events on a nuclide within the cuts, with weights times its share of the nuclei.

    These are Q^2 between the neutrinos (N,), the parts of the weights (3, N) and the covariance (3, 3) of their sums.
    """
    q2, pieces = [], []
    trials = card.sampling.events
    for batch in weighted_batches(card, trident, flux, engine, number, progress):
        kept = passing(batch, card.cuts.cuts)
        q2.append(batch["q2_nu"][kept])
        pieces.append(np.array([batch[name][kept] for name in _PIECES]) * (share / trials))
    events = np.concatenate(pieces, axis=1)
    sums = events.sum(axis=1)
    covariance = (events @ events.T - np.outer(sums, sums) / trials) * trials / max(trials - 1, 1)
    return np.concatenate(q2), events, covariance


def _powers(vector: float, axial: float) -> FloatArray:
    """Return (V^2, A^2, V A)."""
    return np.array([vector * vector, axial * axial, vector * axial])
