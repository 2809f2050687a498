"""Recoil rates against integrals with SciPy, published numbers, sampled cross sections and events."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate

import tridentgen as tg
from tests.detector.test_coherent_csi import EFFICIENCY, MASS_G, PROTONS, RESOLUTION, expected, helm
from tests.processes.cevns.plain import CM2_PER_GEV_M2, Plain
from tridentgen.analysis.recoil_curve import recoil_curve
from tridentgen.analysis.recoil_spectra import RecoilRate, recoil_rate
from tridentgen.detector import Constant, ConstantEfficiency, Detector, TimeEfficiency, quenching
from tridentgen.exposure import SECONDS_PER_YEAR, number_of_nuclei
from tridentgen.flux import Flux, Source
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.sampled import CevnsChannel
from tridentgen.processes.cevns.terms import DipolePortal

Array = NDArray[np.float64]

MUON_GEV, PION_GEV = 0.1056583755, 0.13957039
LINE_GEV = (PION_GEV**2 - MUON_GEV**2) / (2.0 * PION_GEV)
SNS = tg.stopped_pions(19.3, pulse="gaussian", pulse_ns=380.0, offset_ns=480.0)
COHERENT_TIME = TimeEfficiency(max_ns=6000.0, flat_until_ns=520.0, decay_ns=1e3 / 0.0494)


def channels(reaction: tg.Cevns, flux: Source | Flux) -> dict[str, CevnsChannel]:
    return {channel.name: channel for channel in reaction.sampled(flux).parts}


def plain(name: str) -> Plain:
    target = nuclide(name)
    return Plain(target.Z, target.A, target.mass_GeV)


def least_energy(recoil: float, mass: float) -> float:
    return 0.5 * (recoil + math.sqrt(recoil * recoil + 2.0 * mass * recoil))


def muon_spectrum(name: str, energy: float) -> float:
    """dN/dE in 1/GeV: 192 E^2/m^3 (1/2 - E/m) for nue, 64 E^2/m^3 (3/4 - E/m) for numubar."""
    factor, end = {"nue": (192.0, 0.5), "numubar": (64.0, 0.75)}[name]
    return factor * energy**2 / MUON_GEV**3 * (end - energy / MUON_GEV)


@pytest.mark.parametrize("recoil_keV", [0.01, 1.0, 10.0, 60.0, 130.0])
@pytest.mark.parametrize("name", ["nue", "numubar"])
def test_the_spectrum_of_muons_against_scipy(name: str, recoil_keV: float) -> None:
    """Cross section and spectrum written out again; the masses of the particles differ in the 7th digit."""
    part = channels(tg.Cevns("Ar40"), SNS)[f"delayed-{name}/Ar40"]
    again, recoil = plain("Ar40"), recoil_keV * 1e-6
    low = least_energy(recoil, again.mass)

    def integrand(energy: float) -> float:
        return muon_spectrum(name, energy) * again.dsigma_dT(energy, recoil)

    value, _ = integrate.quad(integrand, low, 0.5 * MUON_GEV, epsrel=1e-12)
    assert part.average(recoil) == pytest.approx(value * CM2_PER_GEV_M2, rel=1e-6, abs=0.0)
    assert recoil_curve(part)(np.array([recoil]))[0] == pytest.approx(value * CM2_PER_GEV_M2, rel=1e-6, abs=0.0)


def test_bins_of_a_line_against_scipy() -> None:
    """A line's spectrum ends with a step to zero within a bin."""
    part = channels(tg.Cevns("Cs133"), SNS)["prompt-numu/Cs133"]
    again = plain("Cs133")
    end = 2.0 * LINE_GEV**2 / (again.mass + 2.0 * LINE_GEV)
    edges = np.array([0.0, 1e-6, 4e-6, 10e-6, 20e-6, 30e-6])
    for counts, (low, high) in zip(recoil_curve(part).counts(edges), pairwise(edges), strict=True):
        value, _ = integrate.quad(lambda T: again.dsigma_dT(LINE_GEV, T), min(low, end), min(high, end), epsrel=1e-12)
        assert counts == pytest.approx(value * CM2_PER_GEV_M2, rel=1e-6, abs=0.0)


FLUXES: dict[str, tuple[tg.Cevns, Source | Flux]] = {
    "wide bin": (tg.Cevns("Ar40"), tg.TabulatedFlux(np.array([0.0, 0.05]), np.array([1.0]))),
    "gaps": (tg.Cevns("Ar40"), tg.TabulatedFlux(np.array([0.0, 0.01, 0.03, 0.05]), np.array([1.0, 0.0, 3.0]))),
    "lines": (tg.Cevns("Xe132"), tg.TabulatedFlux(np.array([0.0, 0.01, 0.05]), np.array([0.0, 1.0, 0.0]), "linear")),
    "power law": (tg.Cevns("Ge74"), tg.PowerLaw(2.0, 1e-3, 0.3)),
    "scalar": (tg.Cevns("Cs133", model=tg.CevnsModel(scalar=tg.LightScalar(0.05, 1e-9))), SNS.only("nue")),
    "magnetic": (
        tg.Cevns("Cs133", model=tg.CevnsModel(magnetic_moment=1e-10), recoil_min_keV=0.01), SNS.only("numubar"),
    ),
    "light boson": (
        tg.Cevns("Ar40", model=tg.CevnsModel(vector=tg.LightVector(1e-3, strength=1e-9, charges="B-L"))),
        SNS.only("nue"),
    ),
    "dipole": (tg.Cevns("Ar40", model=tg.CevnsModel(dipole=DipolePortal(2e-3, 1e-8))), SNS.only("nue")),
}  # fmt: skip


@pytest.mark.parametrize("name", FLUXES)
def test_panels_and_their_sum(name: str) -> None:
    """The series at random recoils against the inner integral itself, and its integral against SciPy in log T."""
    reaction, flux = FLUXES[name]
    for part in channels(reaction, flux).values():
        curve = recoil_curve(part)
        low, high = curve.limits_GeV
        recoils = high * np.exp(np.random.default_rng(1).uniform(math.log(max(low / high, 1e-4)), -1e-3, 40))
        exact = np.array([part.average(float(T)) for T in recoils])
        # In the units of an even density: the contribution of a decade of recoils to the cross section
        np.testing.assert_allclose(curve(recoils) * recoils, exact * recoils, rtol=1e-6, atol=1e-6 * curve.sigma_cm2)

        def in_log(x: float, part: CevnsChannel = part) -> float:
            return part.average(math.exp(x)) * math.exp(x)

        places = np.linspace(math.log(max(low, 1e-12 * high)), math.log(high), 25)
        total = sum(integrate.quad(in_log, a, b, epsrel=1e-8, epsabs=0.0)[0] for a, b in pairwise(places))
        assert curve.sigma_cm2 == pytest.approx(total, rel=1e-6, abs=0.0)


def test_bins_add_up() -> None:
    curve = recoil_curve(channels(tg.Cevns("Xe131"), tg.reactor(3.0, 20.0))["nuebar/Xe131"])
    fine = np.linspace(0.0, 1e-6, 201)
    sums = curve.counts(fine).reshape(4, 50).sum(axis=1)
    np.testing.assert_allclose(sums, curve.counts(fine[::50]), rtol=1e-12, atol=1e-12 * curve.sigma_cm2)
    assert curve.counts(np.array([0.0, 1.0]))[0] == pytest.approx(curve.sigma_cm2, rel=1e-14, abs=0.0)
    np.testing.assert_array_equal(curve(np.array([1e-3, 1.0])), [0.0, 0.0])


SAMPLED: dict[str, tuple[tg.Cevns, Source | Flux]] = {
    "CsI": (tg.Cevns("CsI"), SNS),
    "germanium with spin": (tg.Cevns("Ge", model=tg.CevnsModel(axial=True)), tg.reactor(3.0, 20.0)),
    "8B above threshold": (tg.Cevns("Xe132", recoil_min_keV=0.5), tg.solar(("8B",), oscillation="lma")),
    "atmosphere": (tg.Cevns("Ar40"), tg.atmospheric()),
    "magnetic": FLUXES["magnetic"],
    "dipole": FLUXES["dipole"],
    # Recoils of the smallest energy need more than its 40 MeV, larger ones do not.
    "heavy lepton, small recoils": (
        tg.Cevns("Cs133", model=tg.CevnsModel(dipole=DipolePortal(0.04, 1e-7)), recoil_min_keV=0.01), SNS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLED)
def test_the_sum_is_the_sampled_cross_section(name: str) -> None:
    reaction, flux = SAMPLED[name]
    found = recoil_rate(reaction, flux, 1.0)
    sampled = reaction.cross_section(flux=flux, rel_error=1e-3, engine="numpy")
    assert abs(found.sigma_cm2 - sampled.value) < 4.0 * sampled.error
    source = reaction.source(flux)
    assert found.events == pytest.approx(source.total * found.sigma_cm2, rel=1e-12, abs=0.0)


def test_recoils_below_all_of_a_heavy_lepton_change_nothing() -> None:
    """0.1 eV is far below all recoils that come with a lepton of 40 MeV in caesium: 6 keV at its threshold."""
    model = tg.CevnsModel(dipole=DipolePortal(0.04, 1e-7))
    found = [
        math.fsum(part.events for part in recoil_rate(reaction, SNS, 1.0).parts if "upscattering" in part.channel.name)
        for reaction in (tg.Cevns("Cs133", model=model), tg.Cevns("Cs133", model=model, recoil_min_keV=1e-4))
    ]
    assert found[0] > 0.0
    assert found[1] == pytest.approx(found[0], rel=1e-12, abs=0.0)


@cache
def coherent() -> RecoilRate:
    """COHERENT's CsI: 14.6 kg, 3.198e23 protons."""
    reaction = tg.Cevns("CsI")
    response = tuple(quenching("csi-2021", target) for target in reaction.nuclides)
    detector = Detector(response, RESOLUTION, EFFICIENCY, time_efficiency=COHERENT_TIME)
    return recoil_rate(reaction, SNS, number_of_nuclei("CsI", MASS_G * 1e-6), PROTONS, detector)


def seen(rate: RecoilRate) -> float:
    assert rate.observed_events is not None
    return float(rate.observed_events.sum())


def test_coherent_csi() -> None:
    """341 events were expected; the same calculation written out with SciPy gives 347.3."""
    rate = coherent()
    assert seen(rate) == pytest.approx(341.0, rel=0.05)
    # The other calculation leaves out observations above 60 photoelectrons.
    assert seen(rate) == pytest.approx(expected(helm), rel=2.5e-3)


def test_spectra_hold_all_events() -> None:
    rate = coherent()
    recoil, observed = rate.recoil_spectrum(), rate.observed_spectrum()
    assert (recoil.units, observed.units) == ("keVnr", "keVee")
    for spectrum, total in ((recoil, rate.events), (observed, seen(rate))):
        assert not spectrum.log
        assert 40 <= len(spectrum.edges_keV) - 1 <= 100
        assert 0.999 * total < spectrum.counts.sum() < total
    for by in rate.classifications:
        members = sorted(i for group in rate.groups(by).values() for i in group)
        assert members == list(range(6))
    assert list(rate.groups("component")) == ["prompt-numu", "delayed-nue", "delayed-numubar"]
    assert list(rate.groups("nuclide")) == ["I127", "Cs133"]


def test_events_seen_one_by_one() -> None:
    """The sum of weight x acceptance of 200000 events, all together and in bins of the observed energy."""
    rate = coherent()
    scale = SNS.total * PROTONS * number_of_nuclei("CsI", MASS_G * 1e-6)
    events = tg.Cevns("CsI").generate(flux=SNS, detector=rate.detector, events=200_000, engine="numpy")
    weights = events["weight"] * events["acceptance"] * scale
    edges = np.array([0.0, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0])
    where = np.digitize(events["observed_energy"], edges) - 1
    assert abs(weights.sum() - seen(rate)) < 4.0 * math.sqrt(np.sum(weights**2))
    expected_counts = rate.observed_counts(edges).sum(axis=0)
    for number, value in enumerate(expected_counts):
        chosen = weights[where == number]
        assert abs(chosen.sum() - value) < 4.0 * math.sqrt(np.sum(chosen**2))
    for flavour, members in rate.groups("flavour").items():
        pdgid = {"nue": 12, "numu": 14, "numubar": -14}[flavour]
        chosen = weights[events["flavour"] == pdgid]
        assert rate.observed_events is not None
        assert abs(chosen.sum() - rate.observed_events[members].sum()) < 4.0 * math.sqrt(np.sum(chosen**2))


def xenon(detector: Detector | None = None, recoil_min_keV: float = 0.5) -> RecoilRate:
    """A tonne and a year of natural xenon in the neutrinos of 8B, 5.25e6 per cm^2 and s."""
    reaction = tg.Cevns("Xe", recoil_min_keV=recoil_min_keV)
    return recoil_rate(reaction, tg.solar(("8B",)), number_of_nuclei("Xe", 1.0), SECONDS_PER_YEAR, detector)


def test_solar_neutrinos_in_xenon() -> None:
    """308.6 recoils above 0.5 keV, with the spectrum of Winter et al., s_W^2 = 0.23863 and Helm's form factor."""
    assert xenon().events == pytest.approx(308.6, rel=2e-4)


def test_solar_neutrinos_in_xenon_against_scipy() -> None:
    """Xe132 by nested integration of the flux's own density."""
    flux, again = tg.solar(("8B",)).components[0].flux, plain("Xe132")
    reaction = tg.Cevns("Xe132", recoil_min_keV=0.5)
    high = flux.energy_max_GeV
    ends = np.linspace(0.5e-6, 2.0 * high**2 / (again.mass + 2.0 * high), 9)
    energies = np.linspace(0.0, high, 4001)
    density = flux.density(energies)

    def dR_dT(recoil: float) -> float:
        low = least_energy(recoil, again.mass)
        grid = np.concatenate([[low], energies[energies > low]])
        values = np.concatenate([flux.density(np.array([low])), density[energies > low]])
        return float(np.trapezoid(values * [again.dsigma_dT(E, recoil) for E in grid], grid))

    node, weight = np.polynomial.legendre.leggauss(8)
    total = sum(
        0.5 * (b - a) * sum(w * dR_dT(0.5 * (a + b) + 0.5 * (b - a) * x) for x, w in zip(node, weight, strict=True))
        for a, b in pairwise(ends)
    )
    found = recoil_rate(reaction, flux, 1.0).sigma_cm2
    assert found == pytest.approx(total * CM2_PER_GEV_M2, rel=1e-5, abs=0.0)


def test_a_threshold_of_the_detector_is_that_of_the_recoils() -> None:
    """Without quenching, thresholds in recoil and observed energy mean the same; the whole is kept without any."""
    everything = xenon(recoil_min_keV=0.0)
    perfect = (Constant(1.0),)
    for detector in (Detector(perfect, threshold_keVnr=0.5), Detector(perfect, threshold_keVee=0.5)):
        assert seen(xenon(detector, 0.0)) == pytest.approx(xenon().events, rel=1e-6)
    half = Detector(perfect, efficiency=ConstantEfficiency(0.5))
    assert seen(xenon(half, 0.0)) == pytest.approx(0.5 * everything.events, rel=1e-9)


def test_steep_spectra_have_logarithmic_bins() -> None:
    spectrum = recoil_rate(*FLUXES["light boson"], 1.0).recoil_spectrum()
    assert spectrum.log
    ratios = spectrum.edges_keV[1:] / spectrum.edges_keV[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)


def test_nothing_is_seen_above_a_threshold_out_of_reach() -> None:
    rate = xenon(Detector((Constant(1.0),), threshold_keVnr=100.0))
    assert seen(rate) == 0.0
    assert rate.observed_spectrum().counts.sum() == 0.0


FLUX_FILE = Path(__file__).parents[3] / "shared" / "data" / "fluxes" / "DUNE_ND_FHC.dat"


def test_a_beam_of_high_energy() -> None:
    """Neutrinos up to 125 GeV: nearly all of the kinematic range has no rate."""
    if not FLUX_FILE.is_file():
        pytest.skip("the flux table DUNE_ND_FHC.dat is not beside the project, in shared/data/fluxes")
    flux = tg.read_flux(FLUX_FILE, neutrino="numu", points="centre")
    rate = recoil_rate(tg.Cevns("Ar40"), flux, 1.0)
    sampled = tg.Cevns("Ar40").cross_section(flux=flux, rel_error=1e-3, engine="numpy")
    assert abs(rate.sigma_cm2 - sampled.value) < 4.0 * sampled.error
    assert rate.recoil_spectrum().edges_keV[-1] < 1e-4 * rate.parts[0].curve.limits_GeV[1] * 1e6
