"""The built-in cards of coherent scattering, against rates written out here."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from tests.command_line import Command
from tridentgen.cards import read_card
from tridentgen.errors import FileError
from tridentgen.resources import builtin_cards
from tridentgen.runs.job import beam_of
from tridentgen.runs.run import Run, run

Array = NDArray[np.float64]

G_F, GEV2_CM2, GEV_FM, SIN2_THETA_W = 1.1663788e-5, 3.8937937e-28, 0.19732698, 0.23863
ALPHA, ELECTRON_GEV = 1.0 / 137.035999, 0.51099895e-3
MUON_GEV, PION_GEV = 0.1056584, 0.1395704
AVOGADRO, GEV_PER_U, YEAR_S = 6.02214076e23, 0.93149410, 365.25 * 86400.0
# Mass number and share of the nuclei, in natural composition.
XENON = {124: 0.000952, 126: 0.000890, 128: 0.01910, 129: 0.26401, 130: 0.04071, 131: 0.21232, 132: 0.26909,
         134: 0.10436, 136: 0.08857}  # fmt: skip
NAMES = [name for name in builtin_cards() if read_card(name).process.kind == "cevns"]
OF_A_FILE = "nubdx_drift_cs2"


def quick(name: str, folder: Path, *overrides: str, engine: str = "numpy") -> Run:
    settings = ("sampling.events=20000", "sampling.training_points=4000", f"sampling.engine={engine}", *overrides)
    return run(name, folder / f"{name}.h5", overrides=settings, force=True)


def spectrum(Z: int, A: int, energy: Array, recoil: Array, moment: float = 0.0) -> Array:
    """dsigma/dT in cm^2/GeV, Helm with Lewin and Smith's parameters; `moment` in Bohr magnetons. Spin 0."""
    mass = A * GEV_PER_U - Z * ELECTRON_GEV
    q = np.sqrt(2.0 * mass * recoil) / GEV_FM
    c = 1.23 * A ** (1 / 3) - 0.6
    x = q * math.sqrt(c * c + 7 / 3 * (math.pi * 0.52) ** 2 - 5 * 0.9**2)
    form = 3.0 * special.spherical_jn(1, x) / x * np.exp(-0.5 * (0.9 * q) ** 2)
    charge = (Z * (0.5 - 2.0 * SIN2_THETA_W) - 0.5 * (A - Z)) * form
    weak = G_F**2 * mass / math.pi * charge**2 * (1.0 - recoil / energy - mass * recoil / (2.0 * energy**2))
    photon = math.pi * (ALPHA * moment * Z * form / ELECTRON_GEV) ** 2 * (1.0 / recoil - 1.0 / energy)
    inside = recoil <= 2.0 * energy**2 / (mass + 2.0 * energy)
    return np.where(inside, (weak + photon) * GEV2_CM2, 0.0)


def above(least_keV: float, Z: int, isotopes: dict[int, float], energy: Array, moment: float = 0.0) -> Array:
    """Cross section in cm^2 above a recoil energy, per nucleus of an element, for every neutrino energy."""
    total = np.zeros_like(energy)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    for A, share in isotopes.items():
        mass = A * GEV_PER_U
        low, high = math.log(least_keV * 1e-6), np.log(2.0 * energy**2 / (mass + 2.0 * energy))
        half = 0.5 * np.maximum(high - low, 0.0)[:, None]
        recoil = np.exp(low + half * (nodes + 1.0))
        total += share * np.sum(half * weights * recoil * spectrum(Z, A, energy[:, None], recoil, moment), axis=1)
    return total


def nuclei(isotopes: dict[int, float], grams: float) -> float:
    return grams * AVOGADRO / sum(A * share for A, share in isotopes.items())


def supernova() -> float:
    """Ten kiloparsecs, equal energies in six kinds, spectra E^3 exp(-4 E/<E>), above 0.7 keV in 40 t."""
    energy = np.linspace(1e-3, 0.12, 3000)
    fluence = np.zeros_like(energy)
    for mean, kinds in ((0.012, 1), (0.015, 1), (0.018, 4)):
        shape = energy**3 * np.exp(-4.0 * energy / mean)
        number = kinds * (3e53 / 1.602176634e-3 / 6.0) / mean
        fluence += number * shape / np.trapezoid(shape, energy)
    fluence /= 4.0 * math.pi * (10.0 * 3.0856776e21) ** 2
    return float(np.trapezoid(fluence * above(0.7, 54, XENON, energy), energy)) * nuclei(XENON, 40e6)


def stopped_pions_on_argon() -> float:
    """pi+ and mu+ at rest, 27.5 m away, above 20 keV in 24.4 kg."""
    energy = np.linspace(1e-4, MUON_GEV / 2.0, 3000)
    x = 2.0 * energy / MUON_GEV
    decay = (12.0 * x**2 * (1.0 - x) + 2.0 * x**2 * (3.0 - 2.0 * x)) * 2.0 / MUON_GEV
    line = np.array([(PION_GEV**2 - MUON_GEV**2) / (2.0 * PION_GEV)])
    argon = {40: 1.0}
    sigma = float(above(20.0, 18, argon, line)[0]) + np.trapezoid(decay * above(20.0, 18, argon, energy), energy)
    return float(sigma) * 0.09 * 13.7e22 / (4.0 * math.pi * 2750.0**2) * nuclei({40: 1.0}, 24.4e3)


def boron(moment: float) -> Callable[[], float]:
    """The Sun's 8B, whose measured spectrum is the package's, above 0.5 keV in a tonne and a year."""

    def rate() -> float:
        energy = np.linspace(1e-3, 0.0165, 2000)
        beam = beam_of(read_card("xenon_b8", ["flux.oscillation=none", "process.neutrino=nue"]))
        (component,) = beam.components  # type: ignore[union-attr]
        shape = component.flux.density(energy)
        sigma = float(np.trapezoid(shape * above(0.5, 54, XENON, energy, moment), energy))
        return sigma * 5.25e6 * YEAR_S * nuclei(XENON, 1e6)

    return rate


def test_the_cards_are_these() -> None:
    assert NAMES == [
        "coherent_csi",
        "coherent_lar",
        "dipole_portal_argon",
        "dresden2_ge",
        "dsnb_xenon",
        "light_vector_csi",
        "magnetic_moment_xenon",
        "nubdx_drift_cs2",
        "supernova_xenon",
        "xenon_b8",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("supernova_xenon", supernova),
        ("coherent_lar", stopped_pions_on_argon),
        ("xenon_b8", boron(0.0)),
        ("magnetic_moment_xenon", boron(1e-9)),
    ],
)
def test_expected_events_are_those_written_out(
    name: str, expected: Callable[[], float], tmp_path: Path, cli: Command
) -> None:
    by_hand = expected()
    # Spins, masses and abundances differ a little.
    assert cli("rate", name, "--json").json["observed_events"] == pytest.approx(by_hand, rel=0.003)
    # Of 20 000 events the share above threshold is known to 1 % or better.
    assert quick(name, tmp_path).expected_events == pytest.approx(by_hand, rel=0.025)


def test_coherent_csi_expects_what_coherent_did(tmp_path: Path) -> None:
    """341 +- 43 published; 351 from the same response with SciPy, in tests/detector/test_coherent_csi.py."""
    found = quick("coherent_csi", tmp_path)
    assert found.expected_events == pytest.approx(351.0, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_can_be_described(name: str, cli: Command) -> None:
    told = cli("info", name).out
    assert told.startswith(read_card(name).title)
    assert "not available" not in told


def test_the_card_of_a_flux_file_says_where_it_is_published(cli: Command, tmp_path: Path) -> None:
    assert "https://home.fnal.gov/~ljf26/DUNEFluxes" in cli("flux", "show", OF_A_FILE).out
    with pytest.raises(FileError, match=r"DUNE_ND_FHC\.dat: no such flux file; such files are published at"):
        quick(OF_A_FILE, tmp_path, f"flux.path={tmp_path / 'DUNE_ND_FHC.dat'}")


def test_decay_in_flight_levels_off_and_goes_sideways(tmp_path: Path) -> None:
    found = quick(OF_A_FILE, tmp_path)
    # Beyond 0.1 GeV the cross section is that of all momentum transfers: integrate it per nuclide at 2 and 5 GeV.
    for energy in (2.0, 5.0):
        at = np.array([energy])
        carbon, sulphur = above(1.0, 6, {12: 1.0}, at)[0], above(1.0, 16, {32: 0.96, 34: 0.04}, at)[0]
        assert found.sigma == pytest.approx((carbon + 2.0 * sulphur) / 3.0, rel=0.04, abs=0.0)
