"""The equivalent-photon approximation against the full process: published ratios, an independent integral, T and L."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engines.cases import host_compiler, same_bits, same_columns
from tests.repeats import slow_if
from tridentgen.constants import LAMBDA_QCD_GEV
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.uniforms import PURPOSE_EVENTS, stream_number
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident
from tridentgen.sampling.train import train

Array = NDArray[np.float64]
Channel = tuple[str, str, str]
MU_MU, E_E, MU_E = ("numu", "mu-", "mu+"), ("numu", "e-", "e+"), ("numu", "mu-", "e+")


@cache
def full(channel: Channel, regime: str, energy: float) -> float:
    trident = Trident(*channel, regime=regime, form_factor="woods-saxon")
    return trident.cross_section(energy, rel_error=2e-3, engine="numpy").value


def ratio(channel: Channel, regime: str, energy: float, kind: str) -> float:
    epa = EpaTrident(*channel, regime=regime, form_factor="woods-saxon", photon_flux=kind)
    return epa.cross_section(energy, rel_error=2e-3, engine="numpy").value / full(channel, regime, energy)


DESIGN = {
    (MU_MU, 1.0): (0.35, 4.1, 1.46),
    (MU_MU, 5.0): (0.79, 2.25, 1.09),
    (MU_MU, 50.0): (0.93, 1.78, 1.02),
    (E_E, 1.0): (4.0, 6.4, 4.0),
    (E_E, 5.0): (2.7, 4.2, 2.8),
    (MU_E, 1.0): (3.8, 9.8, 4.9),
    (MU_E, 5.0): (2.6, 4.8, 2.8),
    (MU_E, 50.0): (1.9, 3.1, 2.0),
}
"""On Ar40, coherent: Q_cut, 1 GeV, exact h_T. For e e at 50 GeV see the independent integral below."""


@pytest.mark.parametrize(
    ("channel", "energy"),
    [pytest.param(*case, marks=[] if case[1] == 5.0 else [pytest.mark.slow]) for case in DESIGN],
    ids=str,
)
def test_ratios_on_argon(channel: Channel, energy: float) -> None:
    for kind, expected in zip(("lambda-qcd", "q-max", "exact"), DESIGN[channel, energy], strict=True):
        assert ratio(channel, "coherent", energy, kind) == pytest.approx(expected, rel=0.03), kind


@pytest.mark.parametrize(
    ("channel", "energy", "expected"),
    [
        (MU_MU, 1.0, 6.8),
        (MU_MU, 5.0, 2.5),
        (MU_MU, 50.0, 1.5),
        (E_E, 1.0, 23.0),
        (E_E, 10.0, 7.1),
        (E_E, 50.0, 4.4),
        (MU_E, 1.0, 24.0),
        (MU_E, 5.0, 8.5),
        (MU_E, 50.0, 3.8),
    ],
)
def test_ratios_on_a_blocked_proton(channel: Channel, energy: float, expected: float) -> None:
    assert ratio(channel, "proton", energy, "exact") == pytest.approx(expected, rel=0.05)


def gauss(n: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 + 0.5 * x, 0.5 * w


def in_two_dimensions(epa: EpaTrident, energy: float, q_max: float | None) -> float:
    """The cross section from sigma_T(0, shat), splined in ln shat, and the flux, without any sampling."""
    photon = PhotonNeutrino(epa.full)
    target = epa.targets[0]
    mass, threshold = target.mass_GeV, (epa.minus.mass_GeV + epa.plus.mass_GeV) ** 2
    grid = np.geomspace(1.0 + 1e-5, 4.0 * energy * 4.0 / threshold, 60)
    log_sigma = np.log(photon.sigma_transverse(0.0, threshold * grid))
    x, w = gauss(300)
    y, v = gauss(60)
    lowest = (0.5 * threshold / energy) ** 2
    highest = 4.0 if q_max is None else q_max**2
    total = 0.0
    for q2, weight in zip(lowest * (highest / lowest) ** x, w * math.log(highest / lowest), strict=True):
        if q_max is None:
            top = 2.0 * mass * energy / (0.5 + 0.5 * math.sqrt(1.0 + 4.0 * mass**2 / q2))
            bottom = threshold + q2
        else:
            top, bottom = 2.0 * energy * math.sqrt(q2), threshold
        if top <= bottom:
            continue
        shat = bottom * (top / bottom) ** y
        sigma = np.exp(np.interp(np.log(shat / threshold - 1.0), np.log(grid - 1.0), log_sigma))
        far = 1e9 if q_max is not None else energy  # h_T far above threshold is the flux of textbooks on a nucleus
        flux = photon.h_transverse(far, q2, shat)
        total += float(weight * math.log(top / bottom) * np.sum(v * flux * sigma))
    return total / (32.0 * math.pi**2)


@pytest.mark.parametrize(
    ("channel", "energy", "kind"),
    [(E_E, 50.0, "exact"), (E_E, 50.0, "q-max"), (MU_MU, 5.0, "lambda-qcd"), (MU_E, 2.0, "exact")],
    ids=str,
)
def test_cross_section_is_that_of_an_integral_without_sampling(channel: Channel, energy: float, kind: str) -> None:
    epa = EpaTrident(*channel, photon_flux=kind)
    found = epa.cross_section(energy, rel_error=1e-3, engine="numpy")
    assert found.value == pytest.approx(
        in_two_dimensions(epa, energy, epa.q_cut_GeV(epa.targets[0])), rel=4e-3, abs=0.0
    )


@pytest.mark.parametrize(
    ("channel", "regime", "energy"),
    [(MU_MU, "coherent", 5.0), pytest.param(MU_MU, "proton", 5.0, marks=pytest.mark.slow), (MU_E, "neutron", 5.0)],
)
def test_transverse_and_longitudinal_parts_make_the_whole(channel: Channel, regime: str, energy: float) -> None:
    """h_T sigma_T + h_L sigma_L over Q^2 and shat is the cross section, and events share it out alike."""
    trident = Trident(*channel, regime=regime)
    photon = PhotonNeutrino(trident, nodes=(8, 12, 8, 6))
    mass, threshold = trident.targets[0].mass_GeV, (trident.minus.mass_GeV + trident.plus.mass_GeV) ** 2
    lowest = (0.5 * threshold / energy) ** 2
    blocked_below = 2.0 * mass * (math.sqrt(mass**2 + 0.47**2) - mass)  # Q^2 of |q| = 2 k_F
    if regime == "coherent":
        edges = [lowest, 30 * lowest, 0.01, 0.4]
    else:
        edges = [lowest, 30 * lowest, blocked_below, 6 * blocked_below, 15.0]
    x, w = gauss(10)
    u, v = gauss(12)
    y, v = u * u * (3 - 2 * u), 6 * u * (1 - u) * v
    parts = np.zeros(2)
    for low, high in pairwise(edges):
        for q2, weight in zip(low * (high / low) ** x, w * math.log(high / low), strict=True):
            top = 2.0 * mass * energy / (0.5 + 0.5 * math.sqrt(1.0 + 4.0 * mass**2 / q2)) - q2
            if top <= threshold:
                continue
            w2 = threshold * (top / threshold) ** y
            density = np.stack(photon.dsigma(energy, q2, w2 + q2))
            parts += weight * q2 * math.log(top / threshold) * np.sum(v * w2 * density, axis=1)
    parts *= trident.targets[0].count
    found = trident.cross_section(energy, rel_error=5e-4, engine="numpy")
    assert float(parts.sum()) == pytest.approx(found.value, rel=2e-3, abs=0.0)
    events = trident.generate(energy, events=100_000, seed=3, engine="numpy")
    np.testing.assert_allclose(events["weight_t"] + events["weight_l"], events["weight"], rtol=1e-14)
    assert min(events["weight_t"].min(), events["weight_l"].min()) >= 0.0
    share = float(np.sum(events["weight_l"]) / np.sum(events["weight"]))
    assert share == pytest.approx(float(parts[1] / parts.sum()), rel=0.02)


def test_approximation_is_good_where_it_should_be() -> None:
    """The full process has no longitudinal part at small Q^2, and there the approximation is exact."""
    kept = {"exact": 0.0, "full": 0.0}
    for name, process in (("exact", EpaTrident(*MU_MU)), ("full", Trident(*MU_MU))):
        events = process.generate(200.0, events=100_000, engine="numpy")
        kept[name] = float(np.sum(events["weight"][events["q2"] < 1e-4 * events["w2"]]))
    assert kept["exact"] == pytest.approx(kept["full"], rel=0.02, abs=0.0)


def test_pauli_blocking_matters_to_photons_too() -> None:
    kinds = [EpaTrident(*MU_MU, regime="proton", pauli_blocking=blocked) for blocked in (True, False)]
    blocked, free = (kind.cross_section(5.0, rel_error=5e-3, engine="numpy").value for kind in kinds)
    assert 1.2 * blocked < free


def test_cut_sets_a_threshold() -> None:
    epa = EpaTrident(*MU_MU, photon_flux="lambda-qcd")
    cut = LAMBDA_QCD_GEV / 40 ** (1 / 3)
    assert epa.q_cut_GeV(epa.targets[0]) == pytest.approx(cut, rel=1e-14)
    pair = 2.0 * epa.minus.mass_GeV
    assert epa.threshold_GeV() == pytest.approx(pair**2 / (2.0 * cut), rel=1e-12)
    assert epa.full.threshold_GeV() == Trident(*MU_MU).threshold_GeV() < epa.threshold_GeV()
    above = epa.cross_section(1.02 * epa.threshold_GeV(), rel_error=0.02, engine="numpy").value
    assert 0.0 < above < 1e-3 * epa.cross_section(1.0, rel_error=0.02, engine="numpy").value


def test_events_sum_to_the_cross_section_and_can_be_reweighted() -> None:
    epa = EpaTrident(*MU_MU, regime="total", photon_flux="uncut")
    events = epa.generate(5.0, events=50_000, engine="numpy")
    found = epa.cross_section(5.0, rel_error=2e-3, seed=2, engine="numpy")
    error = math.hypot(found.error, float(events.attributes["sigma_error"]))
    assert abs(events.sum_weights - found.value) < 4.0 * error
    assert (events.attributes["process"], events.attributes["photon_flux"]) == ("trident-epa", "uncut")
    np.testing.assert_allclose(events.reweight(epa)["weight"], events["weight"], rtol=1e-12)
    np.testing.assert_array_equal(events["weight_l"], 0.0)
    other = EpaTrident(*MU_MU, regime="total", photon_flux="uncut", vector=0.3, axial=-0.8)
    again = other.cross_section(5.0, rel_error=2e-3, engine="numpy")
    moved = events.reweight(other)
    assert abs(moved.sum_weights - again.value) < 4.0 * math.hypot(float(moved.attributes["sigma_error"]), again.error)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"photon_flux": "exakt"}, r"unknown photon_flux 'exakt', did you mean 'exact'\?; known are exact, lambda-qcd"),
        ({"q_max_GeV": 1.0}, "q_max_GeV goes with photon_flux = 'q-max', not with 'exact'; leave it out"),
        ({"photon_flux": "q-max", "q_max_GeV": -1.0}, "q_max_GeV = -1.0 must be positive; 1 GeV is usual"),
    ],
)
def test_mistakes_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EpaTrident(*MU_MU, **options)  # type: ignore[arg-type]


FALLING = PowerLaw(index=2.0, energy_min_GeV=0.3, energy_max_GeV=40.0)
ENGINE_CASES = {
    "exact, antineutrinos": (EpaTrident("numubar", "e-", "e+", regime=("coherent", "neutron")), FALLING),
    "cut, mu e on nucleons": (EpaTrident(*MU_E, regime="diffractive", photon_flux="lambda-qcd"), Monochromatic(3.0)),
    "uncut, mu mu": (EpaTrident(*MU_MU, photon_flux="uncut"), FALLING),
}


@pytest.mark.parametrize("name", slow_if(lambda name: name != "cut, mu e on nucleons", ENGINE_CASES))
def test_compiled_physics_has_the_same_bits(name: str) -> None:
    epa, flux = ENGINE_CASES[name]
    process = epa.sampled(flux)
    one, native = NumpyEngine(threads=1), NativeEngine(host_compiler(), 2)
    proposal = train(process, one, 1, points=40_000)
    assert train(process, native, 1, points=40_000).digest == proposal.digest
    stream = stream_number(PURPOSE_EVENTS)
    for found, expected in zip(
        native.weights(process, proposal, 3, stream, 20_000),
        one.weights(process, proposal, 3, stream, 20_000),
        strict=True,
    ):
        same_bits(found, expected)
    same_columns(
        native.events(process, proposal, 3, stream, 0, 20_000), one.events(process, proposal, 3, stream, 0, 20_000)
    )


@pytest.mark.parametrize("name", ENGINE_CASES)
def test_corners_of_the_cube_are_finite(name: str) -> None:
    epa, flux = ENGINE_CASES[name]
    process = epa.sampled(flux)
    ends = (2.0**-53, 0.5, 1.0 - 2.0**-53)
    x = np.array(np.meshgrid(*[ends] * process.dimensions)).reshape(process.dimensions, -1)
    spare = np.random.default_rng(1).choice(ends, size=(3, x.shape[1]))
    with np.errstate(all="raise", under="ignore"):
        for channel in range(len(process.channels)):
            for column, values in process.event(channel, x, spare).items():
                for part in values if isinstance(values, tuple) else (values,):
                    assert np.all(np.isfinite(part)), column
            assert np.min(process.integrand(channel, x)) >= 0.0
