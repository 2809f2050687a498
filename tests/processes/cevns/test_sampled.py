"""Events of coherent scattering against integrals of the same spectra that know nothing of the sampling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.processes.cevns.recoil_integrals import by_kind, largest_recoil_keV, spectrum_in_bins
from tests.processes.cevns.spectra import KEV
from tests.repeats import slow_if
from tridentgen.detector import Constant, Detector, GaussianResolution, SigmoidEfficiency, fold, quenching
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.events.events import Events
from tridentgen.flux import (
    Component,
    Flux,
    Monochromatic,
    MuonDecay,
    PowerLaw,
    Source,
    TabulatedFlux,
    TimeProfile,
    atmospheric,
    diffuse_supernovae,
    reactor,
    solar,
    stopped_pions,
    supernova,
)
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.sampled import SampledCevns
from tridentgen.processes.cevns.terms import DipolePortal, LightScalar, LightTensor, Nsi
from tridentgen.processes.terms import FlavourMatrix, LightVector, PerFlavour
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.train import train

FloatArray = NDArray[np.float64]

ENGINE = NumpyEngine(threads=1)
COUNT = 200_000
FOR_THE_BINS = 20_000
BINS = 50
LEAST_CHANCE = 1e-3

PIONS = stopped_pions(20.0, pulse="gaussian", pulse_ns=360.0)
HEAVY_GEV = 0.005

SOURCES: dict[str, Source | Flux] = {
    "one energy": Monochromatic(0.03),
    "power law": PowerLaw(2.0, 0.002, 0.06),
    "histogram": TabulatedFlux(np.array([0.003, 0.01, 0.02, 0.05]), np.array([1.0, 3.0, 0.5])),
    "joined points": TabulatedFlux(np.array([0.001, 0.01, 0.05]), np.array([0.0, 2.0, 0.0]), "linear"),
    "slow muons": MuonDecay(0.12, -1, "numu", 50.0),
    "stopped pions": PIONS,
    "reactor": reactor(3.9, 17.1),
    "sun": solar(),
    "sun, oscillated": solar(("8B", "hep"), oscillation="lma"),
    "atmosphere": atmospheric(),
    "past supernovae": diffuse_supernovae(),
    "supernova": supernova(10.0),
}


@dataclass(frozen=True)
class Case:
    """A process in a source."""

    process: Cevns
    flux: Source | Flux

    @property
    def source(self) -> Source:
        return self.process.source(self.flux)


MODELS: dict[str, Case] = {
    "nsi": Case(
        Cevns("Ar40", model=CevnsModel(nsi=Nsi(FlavourMatrix(ee=0.3, mutau=0.2), FlavourMatrix(mumu=-0.2)))), PIONS
    ),
    "light vector": Case(
        Cevns("CsI", model=CevnsModel(vector=LightVector(0.003, strength=1e-9, charges="B-L"))), PIONS
    ),
    "light scalar": Case(Cevns("Ge74", model=CevnsModel(scalar=LightScalar(0.001, 1e-11))), SOURCES["reactor"]),
    "light tensor": Case(Cevns("Cs133", model=CevnsModel(tensor=LightTensor(0.01, 1e-8))), PIONS),
    "magnetic moments": Case(
        Cevns("Xe132", model=CevnsModel(magnetic_moment=PerFlavour(mu=3e-10, e=1e-10)), recoil_min_keV=1e-3), PIONS
    ),
    "dipole portal": Case(Cevns("I127", model=CevnsModel(dipole=DipolePortal(HEAVY_GEV, 3e-9))), PIONS),
    "dipole portal above a recoil": Case(
        Cevns("Ar40", "numu", model=CevnsModel(dipole=DipolePortal(0.02, 1e-8)), recoil_min_keV=1.0), PIONS
    ),
    "above a recoil": Case(Cevns("Xe131", recoil_min_keV=1.5), SOURCES["sun, oscillated"]),
}
CASES: dict[str, Case] = {
    **{f"Ar40, {name}": Case(Cevns("Ar40"), flux) for name, flux in SOURCES.items()},
    **{f"{target}, stopped pions": Case(Cevns(target), PIONS) for target in ("CsI", "Ge", "NaI", "C3F8", "C8H20Pb")},
    "Xe, sun": Case(Cevns("Xe"), solar(("8B",))),
    "CaWO4, fermi, stopped pions": Case(Cevns("CaWO4", form_factor="fermi"), PIONS),
    **MODELS,
}
REPEATS = (
    "Ar40, sun", "Ar40, sun, oscillated", "Ar40, supernova", "Ar40, atmosphere",
    "C8H20Pb, stopped pions", "Ge, stopped pions", "CaWO4, fermi, stopped pions",
)  # fmt: skip
"""What others stand for too: the sun with xenon and above a recoil, past supernovae, other compounds."""


def each(names: Iterable[str]) -> pytest.MarkDecorator:
    """Repeat a test for every name, those in REPEATS among the slow tests."""
    return pytest.mark.parametrize("name", slow_if(lambda name: name in REPEATS, names))


every_case = each(CASES)


@cache
def events(name: str) -> Events:
    """Weighted events of a case."""
    case = CASES[name]
    process = case.process.sampled(case.flux)
    return generate_events(process, train(process, ENGINE, 1, points=100_000), ENGINE, 1, COUNT, {})


def chi2(weight: FloatArray, number: NDArray[np.int64], expected: FloatArray) -> float:
    """Return the chance of a larger chi^2 of the sums of weights by number; all events together are as expected."""
    found = np.bincount(number, weight, len(expected))
    variance = np.bincount(number, weight**2, len(expected))
    return float(stats.chi2.sf(np.sum((found - expected) ** 2 / variance), len(expected) - 1))


@every_case
def test_recoils_follow_the_integrated_spectrum(name: str) -> None:
    """In 50 bins of equal numbers of events, placed by other events; all together; and on average."""
    case, found = CASES[name], events(name)
    recoil, weight = found["recoil_energy"], found["weight"]
    edges = np.quantile(recoil[:FOR_THE_BINS], np.linspace(0.0, 1.0, BINS + 1))
    edges[0], edges[-1] = case.process.recoil_min_keV, largest_recoil_keV(case.process, case.source)
    assert recoil.min() >= edges[0]
    assert recoil.max() <= edges[-1] * (1.0 + 1e-12)
    exact = spectrum_in_bins(case.process, case.source, edges)
    np.testing.assert_allclose(spectrum_in_bins(case.process, case.source, edges, 1.5).sum(), exact.sum(), rtol=1e-5)
    error = found.attributes["sigma_error"]
    assert abs(weight.sum() - exact.sum()) < 4.0 * error + 2e-5 * exact.sum()
    mean = spectrum_in_bins(case.process, case.source, edges, power=1).sum() / exact.sum() / KEV
    residue = weight * (recoil - mean)
    assert abs(residue.sum()) < 4.0 * math.sqrt(np.sum(residue**2)) + 2e-5 * mean * weight.sum()
    number = np.clip(np.searchsorted(edges, recoil[FOR_THE_BINS:], side="right") - 1, 0, BINS - 1)
    share = COUNT / (COUNT - FOR_THE_BINS)
    assert chi2(weight[FOR_THE_BINS:] * share, number, exact) > LEAST_CHANCE


@every_case
def test_almost_every_event_counts(name: str) -> None:
    assert events(name).effective_share > 0.9


@each(name for name, case in CASES.items() if len(case.process.nuclides) > 1)
def test_neutrinos_and_nuclides_in_their_proportions(name: str) -> None:
    case, found = CASES[name], events(name)
    largest = largest_recoil_keV(case.process, case.source)
    edges = np.append(case.process.recoil_min_keV, np.geomspace(1e-3, 1.0, 4) * largest)
    exact = by_kind(case.process, case.source, edges)
    pairs = list(zip(found["flavour"].tolist(), found["isotope"].tolist(), strict=True))
    assert set(pairs) <= set(exact)
    common = [pair for pair, size in exact.items() if size > 1e-4 * sum(exact.values())]
    place = {pair: i for i, pair in enumerate(common)}
    kept = np.array([pair in place for pair in pairs])
    number = np.array([place[pair] for pair in itertools.compress(pairs, kept)])
    assert chi2(found["weight"][kept], number, np.array([exact[pair] for pair in common])) > LEAST_CHANCE


@every_case
def test_channels_say_what_the_columns_say(name: str) -> None:
    case, found = CASES[name], events(name)
    process = case.process.sampled(case.flux)
    for column, expected in (
        ("flavour", [part.spectrum.neutrino.pdgid for part in process.parts]),
        ("isotope", [part.spectrum.nuclide.pdgid for part in process.parts]),
    ):
        np.testing.assert_array_equal(found[column], np.array(expected)[found["channel"]])
    lowest, highest = (
        np.array([getattr(part.component.flux, f"energy_{side}_GeV") for part in process.parts])[found["channel"]]
        for side in ("min", "max")
    )
    assert np.all((found["e_nu"] >= lowest) & (found["e_nu"] <= highest * (1.0 + 1e-15)))


def masses(name: str, found: Events) -> tuple[FloatArray, FloatArray]:
    """Return the mass of the nucleus and of the outgoing lepton of every event in GeV."""
    case = CASES[name]
    nuclei = {n.pdgid: n.mass_GeV for n in case.process.nuclides}
    nucleus = np.array([nuclei[code] for code in found["isotope"].tolist()])
    dipole = case.process.model.dipole
    heavy = 0.0 if dipole is None else dipole.mass_GeV
    names = case.process.sampled(case.flux).channels
    up = np.array([channel.endswith("/upscattering") for channel in names])[found["channel"]]
    return nucleus, np.where(up, heavy, 0.0)


@every_case
def test_momenta(name: str) -> None:
    """On shell and conserved, down to recoils of an electronvolt and below."""
    found = events(name)
    mass, final = masses(name, found)
    recoil, energy = found["recoil_energy"] * KEV, found["e_nu"]
    before, out, nucleus = (found[f"p4_{who}"] for who in ("nu_in", "nu_out", "recoil"))
    ulp = np.spacing(mass)
    np.testing.assert_array_equal(before, np.column_stack([energy, 0 * energy, 0 * energy, energy]))
    # The energy of the nucleus is its mass to 16 digits: of a small recoil fewer are left.
    assert np.all(np.abs(nucleus[:, 0] - mass - recoil) <= np.maximum(1e-6 * recoil, ulp))
    momentum = np.sqrt(np.sum(nucleus[:, 1:] ** 2, axis=1))
    np.testing.assert_allclose(momentum, np.sqrt(recoil * (recoil + 2.0 * mass)), rtol=1e-9)
    change = before - out - nucleus
    assert np.all(np.abs(change[:, 0] + mass) <= 2.0 * ulp)
    np.testing.assert_array_equal(change[:, 1:3], 0.0)
    assert np.all(np.abs(change[:, 3]) <= 2.0 * np.spacing(energy))
    shell = out[:, 0] ** 2 - np.sum(out[:, 1:] ** 2, axis=1)
    assert np.max(np.abs(shell - final**2) / energy**2) < 1e-12
    longitudinal = ((energy + mass) * recoil + 0.5 * final**2) / energy
    cosine = longitudinal / np.sqrt(recoil * (recoil + 2.0 * mass))
    np.testing.assert_allclose(found["cos_theta"], np.minimum(cosine, 1.0), rtol=1e-12)
    np.testing.assert_allclose(found["cos_theta"], nucleus[:, 3] / momentum, rtol=1e-9)
    assert np.all(found["weight"] > 0.0)


def test_the_smallest_recoils_are_there() -> None:
    """So that the test above says something: recoils below 1 eV from the sun."""
    assert events("Ar40, sun")["recoil_energy"].min() < 1e-3


def test_the_heavy_lepton_is_made() -> None:
    found = events("dipole portal")
    out = found["p4_nu_out"]
    _, final = masses("dipole portal", found)
    heavy = final > 0.0
    assert 0.01 < heavy.mean() < 0.99
    mass = np.sqrt(out[heavy, 0] ** 2 - np.sum(out[heavy, 1:] ** 2, axis=1))
    np.testing.assert_allclose(mass, HEAVY_GEV, rtol=1e-10)


@pytest.mark.parametrize("name", ["Ar40, one energy", "CsI, stopped pions", "dipole portal", "Xe, sun"])
def test_the_azimuth_is_uniform(name: str) -> None:
    """Also among small and large recoils."""
    found = events(name)
    angle = np.arctan2(found["p4_recoil"][:, 2], found["p4_recoil"][:, 1])
    small = found["recoil_energy"] < np.median(found["recoil_energy"])
    for chosen in (slice(None), small, ~small):
        assert stats.kstest(angle[chosen], "uniform", (-math.pi, 2.0 * math.pi)).pvalue > LEAST_CHANCE


TIMES = {
    "gaussian": TimeProfile((26.033,), "gaussian", 360.0, 50.0),
    "box": TimeProfile((26.033, 2196.98), "box", 1000.0, -20.0),
    "decays alone": TimeProfile((26.033, 2196.98)),
    "pulse alone": TimeProfile((), "gaussian", 360.0),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_follow_their_density(kind: str) -> None:
    """Beside a component that needs other numbers of random numbers."""
    profile, line = TIMES[kind], Monochromatic(0.03)
    other = Component("other", "nue", line, TimeProfile((5.0, 50.0, 500.0), "box", 10.0))
    source = Source((other, Component("steady", "nutau", line), Component("timed", "numu", line, profile)), "times")
    process = Cevns("CsI").sampled(source)
    found = generate_events(process, train(process, ENGINE, 1, points=20_000), ENGINE, 3, 120_000, {})
    np.testing.assert_array_equal(found["time"][found["flavour"] == 16], 0.0)
    timed = found["flavour"] == 14
    time, weight = found["time"][timed], found["weight"][timed]
    edges = np.quantile(time[::10], np.linspace(0.0, 1.0, BINS + 1)[1:-1])
    node, node_weight = np.polynomial.legendre.leggauss(20)
    half = 0.5 * np.diff(edges)[:, None]
    density = profile.density((edges[:-1, None] + half * (node + 1.0)).ravel()).reshape(-1, 20)
    inside = np.sum(half * node_weight * density, axis=1)
    kept = (time > edges[0]) & (time < edges[-1])
    number = np.searchsorted(edges, time[kept]) - 1
    # In each bin and, outside them, the rest.
    number = np.append(number, np.full((~kept).sum(), len(inside)))
    weight = np.append(weight[kept], weight[~kept])
    assert chi2(weight / weight.sum(), number, np.append(inside, 1.0 - inside.sum())) > LEAST_CHANCE


def test_the_prompt_neutrino_comes_first() -> None:
    """The mean time is that of the decays; the pulse is centred on 0."""
    found = events("CsI, stopped pions")
    mean = {code: np.average(found["time"], weights=found["weight"] * (found["flavour"] == code)) for code in (14, 12)}
    assert mean[14] == pytest.approx(26.033, abs=2.0)
    assert mean[12] == pytest.approx(26.033 + 2196.98, rel=0.02)
    np.testing.assert_array_equal(events("Ar40, reactor")["time"], 0.0)


DETECTOR = Detector(
    (quenching("nai", nuclide("Na23")), Constant(0.06)),
    GaussianResolution(0.1, 0.15, 0.02),
    SigmoidEfficiency(0.9, 2.0, 1.5),
    SigmoidEfficiency(0.8, 0.5, 10.0),
    threshold_keVee=0.3,
    threshold_keVnr=2.0,
    quenched_min_keVee=0.25,
)


def seen(detector: Detector) -> tuple[SampledCevns, Events]:
    process = Cevns("NaI").sampled(PIONS, detector)
    return process, generate_events(process, train(process, ENGINE, 1, points=60_000), ENGINE, 1, COUNT, {})


def test_the_detector_is_applied_event_by_event() -> None:
    """At given random numbers the columns are the functions of the detector, to the last bit."""
    process, _ = seen(DETECTOR)
    rng = np.random.default_rng(2)
    x, spare = rng.random((process.dimensions, 1000)), rng.random((process.spares, 1000))
    for channel, part in enumerate(process.parts):
        columns = process.event(channel, x, spare)
        recoil, number = columns["recoil_energy"] * KEV, float(part.nuclide)
        observed = DETECTOR.observed(recoil, spare[-1], number)
        for name, expected in (
            ("quenched_energy", DETECTOR.quenched(recoil, number) / KEV),
            ("observed_energy", observed / KEV),
            ("acceptance", DETECTOR.acceptance(recoil, observed, 0.0, number)),
        ):
            np.testing.assert_allclose(columns[name], expected, rtol=1e-12, atol=1e-14, err_msg=name)


def test_without_resolution_what_is_seen_is_a_function_of_the_recoil() -> None:
    detector = Detector((Constant(0.2), Constant(0.1)), None, SigmoidEfficiency(0.9, 2.0, 1.5), threshold_keVee=0.5)
    process, found = seen(detector)
    assert process.spares == 4
    factor = np.where(found["isotope"] == nuclide("Na23").pdgid, 0.2, 0.1)
    np.testing.assert_allclose(found["quenched_energy"], factor * found["recoil_energy"], rtol=1e-14)
    np.testing.assert_array_equal(found["observed_energy"], found["quenched_energy"])
    kept = 0.45 * (1.0 + np.tanh(1.0 * (found["observed_energy"] - 1.5)))
    assert np.all((found["acceptance"] > 0.0) == (found["observed_energy"] >= 0.5))
    assert np.all(found["acceptance"] <= 0.9)
    above = found["observed_energy"] >= 0.5
    logistic = 0.9 / (1.0 + np.exp(-2.0 * (found["observed_energy"] - 1.5)))
    np.testing.assert_allclose(kept, logistic, rtol=1e-9)
    np.testing.assert_allclose(found["acceptance"][above], logistic[above], rtol=1e-12)


def test_what_is_kept_is_the_folded_spectrum() -> None:
    """Sums of weight times acceptance in bins of observed energy against the folding of the integrated spectrum."""
    _, found = seen(DETECTOR)
    process, source = Cevns("NaI"), PIONS
    recoil = np.linspace(0.0, largest_recoil_keV(process, source) * 1.0001, 801) * KEV
    edges = np.append(np.linspace(0.3, 6.0, 20), 100.0)
    expected = np.zeros(len(edges) - 1)
    for number, isotope in enumerate(process.nuclides):
        alone = Cevns(isotope.name)
        rate = spectrum_in_bins(alone, source, recoil / KEV) / np.diff(recoil) * process.fractions[number]
        expected += fold(DETECTOR, recoil, rate, edges, number)
    seen_weight = found["weight"] * found["acceptance"]
    kept = (found["observed_energy"] >= edges[0]) & (found["observed_energy"] < edges[-1])
    bins = np.searchsorted(edges, found["observed_energy"][kept], side="right") - 1
    assert chi2(seen_weight[kept], bins, expected) > LEAST_CHANCE
    assert np.sum(seen_weight) == pytest.approx(expected.sum(), rel=0.01, abs=0.0)
