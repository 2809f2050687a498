"""Events of the dipole portal: upscattering on nucleons, and the photons of N -> nu gamma."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import tridentgen as tg
from tests.physics.test_cevns_factors import FLUX, Point
from tests.physics.test_dipole_portal import rate, spin_axes, target_tensor
from tests.processes.cevns.spectra import MEV
from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, GEV_M2_TO_CM2, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.physics.cevns_kinematics import recoil_limits
from tridentgen.physics.form_factors import pauli_blocking, sachs_kelly
from tridentgen.processes.cevns.spectrum import recoil_spectra
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.train import train

FloatArray = NDArray[np.float64]
BOHR2 = np.pi * ALPHA / ELECTRON_MASS_GEV**2
LEAST_P = 6e-5
"""Chance of 4 standard deviations."""
MOMENT = 1e-8


def portal(mass: float = 0.1, decay: str = "dirac", regimes: tuple[str, ...] = ("coherent",), **more: Any) -> tg.Cevns:
    dipole = tg.DipolePortal(mass, MOMENT, decay, regimes)
    return tg.Cevns(more.pop("target", "Ar40"), model=tg.CevnsModel(dipole=dipole), **more)


@cache
def events(
    decay: str, neutrino: str = "numu", target: str = "Ar40", regimes: tuple[str, ...] = ("coherent",)
) -> Events:
    process = portal(decay=decay, neutrino=neutrino, target=target, regimes=regimes)
    return process.generate(0.6, events=20_000, engine="numpy")


def upscattering_by_matrices(energy: float, mass: float, heavy: float, proton: bool, fermi: float | None) -> float:
    """Return the cross section of one nucleon in cm^2 for mu = `MOMENT`: explicit traces, quadrature in log T."""
    low, high = (float(t) for t in recoil_limits(energy, mass, heavy))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for x, w in zip(0.5 * (1 + nodes), 0.5 * weights, strict=True):
        T = low * (high / low) ** x
        point = Point(energy, mass, heavy, (T - low) / (high - low))
        q2 = 2 * mass * point.recoil
        g_e, g_m = (float(g) for g in sachs_kelly(q2, proton))
        squared = rate(point, target_tensor(point, (g_e, g_m))) / q2**2
        density = 4 * np.pi * ALPHA * BOHR2 * MOMENT**2 * squared / (FLUX * mass * energy**2)
        blocked = 1.0 if fermi is None else float(pauli_blocking(q2, mass, fermi))
        total += w * density * blocked * point.recoil * np.log(high / low)
    return float(total) * GEV_M2_TO_CM2


@pytest.mark.parametrize(("energy", "heavy"), [(0.5, 0.1), (2.0, 0.4)])
def test_nucleons_of_a_nucleus_are_counted_and_blocked(energy: float, heavy: float) -> None:
    """Z protons and N neutrons, k_F = 0.235 GeV, from traces with Dirac and Pauli form factors: 1e-3."""
    for regime, proton, mass, count in (
        ("proton", True, PROTON_MASS_GEV, 18),
        ("neutron", False, NEUTRON_MASS_GEV, 22),
    ):
        for blocking, fermi in ((True, 0.235), (False, None)):
            dipole = tg.DipolePortal(heavy, MOMENT, "dirac", (regime,), pauli_blocking=blocking)
            process = tg.Cevns("Ar40", "numu", model=tg.CevnsModel(dipole=dipole))
            found = process.cross_section(energy, engine="numpy", rel_error=3e-4).value
            expected = count * upscattering_by_matrices(energy, mass, heavy, proton, fermi)
            assert found == pytest.approx(expected, rel=1.5e-3)


def test_parts_add_up_and_leave_the_coherent_one_as_it_is() -> None:
    beam = PowerLaw(1.0, 0.3, 3.0)
    alone, coherent, diffractive = (
        portal(regimes=regimes, neutrino="numu").cross_section(flux=beam, engine="numpy").value
        for regimes in (("coherent", "diffractive"), ("coherent",), ("proton", "neutron"))
    )
    assert alone == pytest.approx(coherent + diffractive, rel=3e-3)
    assert 0.02 < diffractive / coherent < 0.3


def test_hydrogen_is_a_proton_once() -> None:
    """In methane with both regimes; the free proton is not blocked."""
    process = portal(target="CH4", regimes=("coherent", "diffractive"))
    names = process.sampled(Monochromatic(0.6)).channels
    assert [name for name in names if "/H1/" in name] == ["numu/H1/upscattering-proton"]
    alone = portal(target="H1", regimes=("proton",), neutrino="numu").cross_section(0.6, engine="numpy").value
    assert alone == pytest.approx(upscattering_by_matrices(0.6, PROTON_MASS_GEV, 0.1, True, None), rel=3e-3)


@pytest.mark.parametrize("neutrino", ["numu", "numubar"])
@pytest.mark.parametrize("decay", ["dirac", "majorana"])
def test_photons_lie_in_a_box_with_the_slope_of_the_polarisation(decay: str, neutrino: str) -> None:
    """At one energy N has one energy but for the recoil: c = (2 E_gamma/E_N - 1)/beta, <c> = -P/3 or 0.

    P of a spin-0 nucleus is from the explicit matrices of a few events; 4 standard deviations.
    """
    found = events(decay, neutrino)
    weight, parent = found["weight"], found["p4_nu_out"]
    size = np.linalg.norm(parent[:, 1:], axis=1)
    c = (2e-3 * found["photon_energy"] - parent[:, 0]) / size
    assert -1 - 1e-12 <= c.min() < -0.99
    assert 0.99 < c.max() <= 1 + 1e-12
    along = polarisation_of(found) if decay == "dirac" else np.zeros(len(found))
    residue = weight * (c + along / 3)
    assert abs(residue.sum()) < 4 * np.sqrt(np.sum(residue**2))
    if decay == "dirac":  # a relativistic N is right-handed from a neutrino: soft photons
        assert np.average(along, weights=weight) > 0.8
        assert np.average(c, weights=weight) < -0.25
    for sign in (1, -1):
        mine = found["decay_flavour"] == sign * found["flavour"]
        if decay == "dirac":
            assert mine.all() == (sign == 1)
        else:
            assert np.average(mine, weights=weight) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(15_000))
            slope = weight[mine] * (c[mine] + sign * polarisation_of(found)[mine] / 3)
            assert abs(slope.sum()) < 4 * np.sqrt(np.sum(slope**2))


def polarisation_of(found: Events) -> FloatArray:
    """Return P along N of a spin-0 nucleus, from helicities with the chances (E +- p) [2M (E +- p) + Q^2]^2."""
    parent, mass = found["p4_nu_out"], tg.nuclide("Ar40").mass_GeV
    size = np.linalg.norm(parent[:, 1:], axis=1)
    q2 = 2 * mass * found["recoil_energy"] * 1e-6
    half = 0.5 * np.arctan2(np.hypot(parent[:, 1], parent[:, 2]), parent[:, 3])
    high, low = parent[:, 0] + size, 0.1**2 / (parent[:, 0] + size)
    plus = high * (2 * mass * high + q2) ** 2 * np.sin(half) ** 2
    minus = low * (2 * mass * low + q2) ** 2 * np.cos(half) ** 2
    return np.asarray((plus - minus) / (plus + minus))


def test_the_polarisation_used_here_is_that_of_the_matrices() -> None:
    found, mass = events("dirac"), tg.nuclide("Ar40").mass_GeV
    low, high = (float(t) for t in recoil_limits(0.6, mass, 0.1))
    for i in range(0, 20_000, 1900):
        point = Point(0.6, mass, 0.1, (found["recoil_energy"][i] * 1e-6 - low) / (high - low))
        tensor, axis = target_tensor(point, None), spin_axes(point)[0]
        exact = (rate(point, tensor, axis) - rate(point, tensor, -axis)) / rate(point, tensor)
        assert polarisation_of(found)[i] == pytest.approx(exact, abs=1e-6)


def test_the_photon_is_up_and_down_the_plane_by_the_spin_across() -> None:
    """For N not relativistic the spin across the direction is large; <n across> = -P/3 within 4 standard deviations."""
    dipole = tg.DipolePortal(0.4, MOMENT, "dirac", ("proton",))
    found = tg.Cevns("H1", "numu", model=tg.CevnsModel(dipole=dipole)).generate(0.8, events=20_000, engine="numpy")
    (spectrum,) = recoil_spectra(tg.nuclide("H1"), "numu", tg.CevnsModel(dipole=dipole))
    spin = spectrum.polarisation(0.8, found["recoil_energy"] * 1e-6)
    assert np.average(np.abs(spin.across), weights=found["weight"]) > 0.2
    parent, photon = found["p4_nu_out"][:, 1:], found["p4_photon"][:, 1:]
    ahead = parent / np.linalg.norm(parent, axis=1)[:, None]
    across = ahead * ahead[:, 2:] - np.array([0.0, 0.0, 1.0])
    across /= np.linalg.norm(across, axis=1)[:, None]
    n = np.sum(photon * across, axis=1) / (0.5 * 0.4)
    residue = found["weight"] * (n + spin.across / 3)
    assert abs(residue.sum()) < 4 * np.sqrt(np.sum(residue**2))


def test_lengths_and_times_are_exponential_with_the_width() -> None:
    """c tau = 16 pi hbar c/(mu^2 m^3) with mu = 1e-8 e/2m_e; half of that for a Majorana N.

    It is hbar c/Gamma with Gamma = d^2 m^3/4 pi of arXiv:1803.03262, for L = d nubar sigma N F, d = mu/2.
    """
    mu = MOMENT * np.sqrt(4 * np.pi * ALPHA) / (2 * ELECTRON_MASS_GEV)
    c_tau = 16 * np.pi * 1.973269804e-16 / (mu**2 * 0.1**3)
    for decay, times in (("dirac", 1.0), ("majorana", 0.5)):
        found = events(decay)
        parent = found["p4_nu_out"]
        size = np.linalg.norm(parent[:, 1:], axis=1)
        np.testing.assert_allclose(found["decay_length"], times * c_tau * size / 0.1, rtol=1e-8)
        path = np.sqrt(sum(found[f"decay_{axis}"] ** 2 for axis in "xyz")) * 1e-2
        assert stats.kstest(path / found["decay_length"], stats.expon.cdf).pvalue > LEAST_P
        np.testing.assert_allclose(found["proper_time"] * 0.299792458 * size / 0.1, path, rtol=1e-10)
        np.testing.assert_allclose(found["decay_time"] * 0.299792458 * size / parent[:, 0], path, rtol=1e-10)
        attributes = found.attributes
        assert float(attributes["decay_ctau_m"]) == pytest.approx(times * c_tau, rel=1e-8)
        assert attributes["decay"] == decay


def worst_balance(found: Any) -> float:
    parent = found["p4_nu_out"]
    out = found["p4_photon"] + found["p4_nu_decay"] + found["p4_recoil"] - found["p4_nu_in"]
    whole = np.max(np.abs(out[:, 1:]) / found["p4_nu_in"][:, :1])
    return float(max(whole, np.max(np.abs(found["p4_photon"] + found["p4_nu_decay"] - parent) / parent[:, :1])))


def off_shell(p: FloatArray, mass: float) -> float:
    return float(np.max(np.abs(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1) - mass**2) / p[:, 0] ** 2))


REGIMES = ("coherent", "diffractive")


@pytest.mark.parametrize(
    ("count", "heavy"),
    [
        (20_000, 0.1),
        pytest.param(10**6, 0.1, marks=pytest.mark.slow),
        pytest.param(10**6, 0.001, marks=pytest.mark.slow),
    ],
)
def test_momenta_are_conserved_and_on_shell(count: int, heavy: float) -> None:
    """1e-12 of the largest energy, from the threshold to 100 GeV, over nuclei and nucleons."""
    process = portal(heavy, "majorana", REGIMES, target="Ar", neutrino="numubar").sampled(PowerLaw(1.5, 0.05, 100.0))
    engine = tg.engines.choose_engine("auto" if count > 10**5 else "numpy", 2)
    found = generate_events(process, train(process, engine, 1, points=20_000), engine, 1, count, {})
    assert worst_balance(found) < 1e-12
    for name, mass in (("p4_photon", 0.0), ("p4_nu_decay", 0.0), ("p4_nu_out", heavy)):
        assert off_shell(found[name], mass) < 1e-12
    assert np.all(found["weight"] >= 0.0)
    assert all(np.all(np.isfinite(values)) for values in found.columns.values())


@pytest.mark.parametrize("least_keV", [0.0, 0.1, 20.0])
def test_the_smallest_recoil_does_not_move_the_threshold(least_keV: float) -> None:
    """At the threshold the recoil is m^2/2(M + m) = 134 keV: all neutrinos above 100.13 MeV take part."""
    process = portal(recoil_min_keV=least_keV, neutrino="numu")
    assert process.threshold_GeV() == pytest.approx(0.1 + 0.01 / (2 * tg.nuclide("Ar40").mass_GeV), rel=1e-12)
    (spectrum,) = recoil_spectra(tg.nuclide("Ar40"), "numu", process.model)
    x, w = np.polynomial.legendre.leggauss(200)
    total = 0.0
    for y, v in zip(0.5 * (1 + x), 0.5 * w, strict=True):  # uniform in ln E: the flux falls as 1/E
        energy = 0.101 * (1.0 / 0.101) ** y
        low, high = (float(t) for t in spectrum.recoil_limits(energy))
        low = max(low, least_keV * 1e-6)
        recoil = low * (high / low) ** (0.5 * (1 + x))
        total += v * float(np.sum(0.5 * w * spectrum.dsigma_dT(energy, recoil) * recoil)) * np.log(high / low)
    found = process.cross_section(flux=PowerLaw(1.0, 0.101, 1.0), engine="numpy", rel_error=5e-4).value
    assert found == pytest.approx(total, rel=2.5e-3)


def test_recoil_threshold_above_the_recoil_at_the_threshold() -> None:
    """Recoils above 1 MeV on argon need more energy: (1 + m^2/2MT)(T + sqrt(T^2 + 2MT))/2."""
    mass, T = tg.nuclide("Ar40").mass_GeV, 1 * MEV
    expected = (1 + 0.01 / (2 * mass * T)) * (T + np.sqrt(T * T + 2 * mass * T)) / 2
    assert portal(recoil_min_keV=1000.0).threshold_GeV() == pytest.approx(expected, rel=1e-12)


def test_files_without_the_new_keys_are_described_as_before() -> None:
    plain = tg.Cevns("Ar40", model=tg.CevnsModel(dipole=tg.DipolePortal(0.005, 1e-9)))
    told = json.loads(plain.signature)["model"]["dipole"]
    assert told == {"mass_GeV": 0.005, "mu_muB": 1e-9}
    attributes = plain.attributes(Monochromatic(0.03))
    assert json.loads(str(attributes["model"]))["dipole"] == told
    assert "decay" not in attributes
    changed = json.loads(portal(decay="majorana").signature)["model"]["dipole"]
    assert changed["decay"] == "majorana"
    assert "regimes" not in changed


def test_dirac_antiparticles_have_a_code_of_their_own() -> None:
    codes = {decay: events(decay, "numubar").schema for decay in ("dirac", "majorana")}
    species = {decay: next(c.species for c in schema if c.name == "p4_nu_out") for decay, schema in codes.items()}
    assert [each.pdgid for each in species.values() if each is not None] == [(-9900012,), (9900012,)]


DIPOLE = partial(tg.DipolePortal, 0.1, 1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DIPOLE("mayorana"), "unknown dipole.decay 'mayorana', did you mean 'majorana'"),
        (lambda: DIPOLE("dirac", ()), "dipole.regimes is empty; give some of coherent, proton"),
        (lambda: DIPOLE("dirac", ("incoherent",)), "unknown dipole.regimes 'incoherent'"),
        (lambda: DIPOLE("dirac", ("proton", "diffractive")), "'proton' is named twice"),
        (lambda: DIPOLE("none", fermi_momentum_GeV=0.0), "dipole.fermi_momentum_GeV = 0.0 must be positive"),
        (lambda: tg.DipolePortal(0.0, 1e-8, "dirac"), "an N of 0 GeV with mu = 1e-08 mu_B does not decay"),
        (lambda: tg.DipolePortal(0.1, 1e200), "dipole.mu_muB = 1e.200 must be at most 1e.10 Bohr magnetons"),
        (lambda: tg.DipolePortal(0.1, 0.0, "dirac"), "does not decay .c tau above 1e.30 m."),
        (lambda: portal().sampled(Monochromatic(0.05)), "no upscattering: the flux ends at 50 MeV"),
        (lambda: tg.ElectronModel(dipole=DIPOLE("none", ("proton",))), "dipole.regimes are those of nuclei"),
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_response_to_recoils_does_not_go_with_photons_or_nucleons() -> None:
    detector = tg.Detector((tg.quenching("lar", tg.nuclide("Ar40")),))
    for process, word in ((portal(), "decay"), (portal(decay="none", regimes=REGIMES), "regimes")):
        with pytest.raises(InputError, match=rf"model.dipole.{word} .*response to nuclear recoils"):
            process.sampled(Monochromatic(0.6), detector)
