"""Flavours of solar neutrinos: against a Schroedinger equation through the Sun, mixing matrices and measurements."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from tridentgen.errors import FileError, InputError
from tridentgen.flux import Source, TabulatedFlux, build_source, solar
from tridentgen.flux.solar_oscillation import POTENTIAL_EV, SolarMixing

Array = NDArray[np.float64]
FLAVOURS = ("nue", "numu", "nutau")
DEFAULT = SolarMixing()


def table(source: Source, name: str) -> TabulatedFlux:
    flux = {component.name: component.flux for component in source.components}[name]
    assert isinstance(flux, TabulatedFlux)
    return flux


def pmns(mixing: SolarMixing) -> NDArray[np.complex128]:
    """Return the mixing matrix as a product of three rotations."""
    angles = [np.arcsin(np.sqrt(x)) for x in (mixing.sin2_theta23, mixing.sin2_theta13, mixing.sin2_theta12)]
    (c23, c13, c12), (s23, s13, s12) = np.cos(angles), np.sin(angles)
    phase = np.exp(1j * np.radians(mixing.delta_cp_deg))
    first = np.array([[1, 0, 0], [0, c23, s23], [0, -s23, c23]])
    second = np.array([[c13, 0, s13 / phase], [0, 1, 0], [-s13 * phase, 0, c13]])
    third = np.array([[c12, s12, 0], [-s12, c12, 0], [0, 0, 1]])
    return np.asarray(first @ second @ third)


MIXINGS = {
    "default": DEFAULT,
    "other octant": SolarMixing(sin2_theta23=0.45, delta_cp_deg=-90.0),
    "other angles": SolarMixing(0.33, 0.03, 0.6, 6e-5, 40.0),
    "no theta13": SolarMixing(sin2_theta13=0.0, sin2_theta23=0.5),
}


def evolved(component: str, energy_GeV: float, mixing: SolarMixing) -> Array:
    """Return P_ee, P_emu, P_etau of three neutrinos that cross a Sun of exponential density, without phases at the end.

    i d(psi)/dx = H psi in flavours, in units in which dm^2_21/(2 E) is 1; dm^2_31 is 32 times dm^2_21.
    """
    u = pmns(mixing)
    scale = mixing.delta_m2_21_eV2 / (2.0 * energy_GeV * 1e9)
    vacuum = u @ np.diag([0.0, 1.0, 32.0]) @ u.conj().T
    start = POTENTIAL_EV[component] / scale
    length = 15.0  # that of the Sun is 1256 for 8B at 10 MeV: adiabatic all the same, and fast
    in_matter = np.diag([1.0, 0.0, 0.0])

    def schroedinger(x: float, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(-1j * ((vacuum + start * np.exp(-x / length) * in_matter) @ psi))

    begin = np.array([1.0, 0.0, 0.0], dtype=np.complex128)
    # The average over the place of production: over the phases of the eigenstates there.
    _, there = np.linalg.eigh(vacuum + start * in_matter)
    shares = np.zeros(3)
    for state in there.T:
        found = solve_ivp(
            schroedinger, (0.0, 9.0 * length), state.astype(complex), rtol=1e-7, atol=1e-9, method="DOP853"
        )
        shares += np.abs(state.conj() @ begin) ** 2 * np.abs(u.conj().T @ found.y[:, -1]) ** 2
    return np.asarray(np.abs(u) ** 2 @ shares)


@pytest.mark.parametrize(
    ("component", "energy_GeV", "name"),
    [
        ("8B", 10e-3, "default"),
        pytest.param("7Be-861", 0.8613e-3, "other octant", marks=pytest.mark.slow),
        pytest.param("8B", 5e-3, "other angles", marks=pytest.mark.slow),
    ],
)
def test_flavours_against_an_evolution_through_the_sun(component: str, energy_GeV: float, name: str) -> None:
    """To 0.005: what is neglected is the effect of matter on th13, 2 E V/dm^2_31 = 0.06 at 10 MeV, times sin^2 th13."""
    found = MIXINGS[name].flavours(component, energy_GeV)
    np.testing.assert_allclose([found[nu] for nu in FLAVOURS], evolved(component, energy_GeV, MIXINGS[name]), atol=5e-3)


@pytest.mark.parametrize("name", MIXINGS)
def test_flavours_from_the_mixing_matrix(name: str) -> None:
    """At the limits of low and of high energies the shares of mass eigenstates are those of vacuum, and nu_2."""
    mixing, content = MIXINGS[name], np.abs(pmns(MIXINGS[name])) ** 2
    s13 = mixing.sin2_theta13
    for energy, shares in ((1e-9, content[0]), (1e6, np.array([0.0, 1.0 - s13, s13]))):
        found = mixing.flavours("8B", energy)
        np.testing.assert_allclose([found[nu] for nu in FLAVOURS], content @ shares, rtol=2e-6)


@pytest.mark.parametrize("name", MIXINGS)
def test_flavours_add_up_to_1(name: str) -> None:
    energies = np.geomspace(1e-5, 20e-3, 300)
    for component in POTENTIAL_EV:
        found = MIXINGS[name].flavours(component, energies)
        np.testing.assert_allclose(sum(found.values()), 1.0, rtol=1e-15)
        assert all((share >= 0.0).all() for share in found.values())


def test_numu_and_nutau_are_alike_only_by_accident() -> None:
    """Equal for th23 of 45 degrees without th13; the CP phase moves up to 7 % from one to the other."""
    energies = np.linspace(1e-3, 15e-3, 50)
    even = MIXINGS["no theta13"].flavours("8B", energies)
    np.testing.assert_allclose(even["numu"], even["nutau"], rtol=1e-14)
    one, other = (SolarMixing(delta_cp_deg=angle).flavours("8B", 14e-3) for angle in (0.0, 180.0))
    assert one["nue"] == other["nue"]
    assert abs(one["numu"] - other["numu"]) == pytest.approx(0.125, abs=0.01)


def test_survival_is_that_of_the_first_release() -> None:
    digest = hashlib.sha256()
    for component in POTENTIAL_EV:
        digest.update(DEFAULT.survival(component, np.linspace(1e-4, 19e-3, 500)).tobytes())
    assert digest.hexdigest() == "ee7d11fe76d913835fd3733b32ab7688d6ccfcb17cec7c1bf837cc6a010b938a"


@pytest.mark.parametrize(
    ("name", "energy", "measured", "error"),
    # Borexino, Nature 562 (2018) 505: pp, 7Be, pep; SNO, Phys. Rev. C 88 (2013) 025501: 8B at 10 MeV.
    [
        ("pp", 0.267e-3, 0.57, 0.09),
        ("7Be-861", 0.8613e-3, 0.53, 0.05),
        ("pep", 1.442e-3, 0.43, 0.11),
        ("8B", 10e-3, 0.317, 0.018),
    ],
)
def test_survival_against_measurements(name: str, energy: float, measured: float, error: float) -> None:
    assert DEFAULT.survival(name, energy) == pytest.approx(measured, abs=1.5 * error)


def test_the_source_is_divided_at_each_energy() -> None:
    made, arriving = solar(), solar(oscillation="lma")
    assert arriving.neutrinos == FLAVOURS
    assert arriving.total == pytest.approx(made.total, rel=1e-12)
    whole = table(made, "8B-nue")
    inner = whole.energies_GeV[1:-1]
    for nu, share in DEFAULT.flavours("8B", inner).items():
        np.testing.assert_allclose(table(arriving, f"8B-{nu}").values[1:-1] / whole.values[1:-1], share, rtol=1e-12)
    lines = {c.neutrino: c.flux.total for c in solar(["pep"], oscillation="lma").components}
    assert lines == pytest.approx({nu: 1.44e8 * x for nu, x in DEFAULT.flavours("pep", 1.442e-3).items()})


def test_the_mixing_of_a_card() -> None:
    options = {"oscillation": "lma", "sin2_theta12": 0.3, "delta_cp_deg": 0, "components": ["pep"]}
    source = build_source("solar", options, None, Path())
    expected = SolarMixing(sin2_theta12=0.3, delta_cp_deg=0.0).flavours("pep", 1.442e-3)
    assert {c.neutrino: c.flux.total / 1.44e8 for c in source.components} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sin2_theta12": 0.3}, "flux.sin2_theta12 is for oscillation = 'lma'; give flux.oscillation too"),
        ({"oscillation": "lma", "sin2_theta12": 1.2}, "flux.sin2_theta12 = 1.2 must lie between 0.01 and 0.99"),
        ({"oscillation": "lma", "delta_m2_21_eV2": 2.5e-3, "sin2_theta23": -1.0}, "flux.sin2_theta23 = -1.0 must lie"),
        (
            {"oscillation": "lma", "delta_m2_21_eV2": 1e-7},
            "delta_m2_21_eV2 = 1e-07 with .*: conversion in the Sun is n",
        ),
        ({"oscillation": "lma", "sin2_theta13": float("nan")}, "flux.sin2_theta13 = nan must lie between 0 and 0.5"),
    ],
)
def test_refuses_a_mixing(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_source("solar", options, None, Path())


# ---- tables of the user


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("E_MeV,P_ee\n0.1,0.55\n20,0.35\n", (0.45, 0.275, 0.275)),
        ("# E(GeV) Pee Pemu\n1e-4 0.55 0.25\n0.02 0.35 0.45\n", (0.45, 0.35, 0.2)),
        ("energy_keV;P_etau;P_ee;P_emu\n100;0.2;0.55;0.25\n20000;0.2;0.35;0.45\n", (0.45, 0.35, 0.2)),
    ],
)
def test_probabilities_of_a_file(tmp_path: Path, text: str, shares: tuple[float, ...]) -> None:
    """Halfway between the two points, by linear interpolation."""
    _written(tmp_path, text)
    source = build_source("solar", {"components": ["8B"], "oscillation_file": "p.csv"}, None, tmp_path)
    whole, at = table(solar(["8B"]), "8B-nue"), np.array([10.05e-3])
    made = whole.total * whole.density(at)
    found = [c.flux.total * c.flux.density(at) / made for c in source.components]
    np.testing.assert_allclose(np.ravel(found), shares, rtol=1e-4)
    assert source.total == pytest.approx(whole.total, rel=1e-9)
    assert "with the probabilities of p.csv" in source.description


def test_flavours_without_neutrinos_are_left_out(tmp_path: Path) -> None:
    path = _written(tmp_path, "E_MeV,P_ee,P_emu\n0.1,0.5,0.5\n20,0.5,0.5\n")
    assert [c.name for c in solar(["pep", "hep"], oscillation_file=path).components] == [
        "pep-nue", "pep-numu", "hep-nue", "hep-numu",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.1,0.55\n20,0.35\n", "p.csv: no line names its columns; begin it with a head such as 'E_MeV,P_ee"),
        ("E,P_ee\n0.1,0.55\n20,0.35\n", r"p.csv:1: 'E P_ee' must name the energy with its unit, as E_MeV"),
        ("E_MeV,P_emu\n0.1,0.55\n20,0.35\n", r"p.csv:1: 'E_MeV P_emu' must name the energy"),
        ("E_MeV,P_ee,P_es\n0.1,0.55,0\n20,0.35,0\n", r"p.csv:1: 'E_MeV P_ee P_es' must name"),
        ("E_MeV,P_ee,P_emu\n0.1,0.55\n20,0.35\n", r"p.csv:1: names 3 columns, and the rows have 2"),
        ("E_MeV,P_ee\n0.1,55\n20,35\n", r"p.csv:2: 55 for nue is no probability from 0 to 1"),
        ("E_MeV,P_ee\n0.1,nan\n20,0.35\n", r"p.csv:2: nan for nue is no probability"),
        ("E_MeV,P_ee\n20,0.5\n0.1,0.35\n", r"p.csv:3: energy 0.0001 does not exceed the one before it"),
        ("E_MeV,P_ee,P_emu\n0.1,0.5,0.6\n20,0.4,0.6\n", r"p.csv:2: the probabilities add up to 1.1"),
        ("E_MeV,P_ee,P_emu,P_etau\n0.1,0.5,0.3,0.1\n20,0.4,0.6,0\n", r"p.csv:2: the probabilities add up to 0.9"),
        ("E_MeV,P_ee\n5,0.5\n20,0.35\n", r"p.csv: has probabilities from 5 to 20 MeV, and 28% of the 8B neutrinos are"),
        ("E_MeV,P_ee\n5,0.5\n", r"p.csv:2: is the only row; give two or more energies"),
    ],
)
def test_refuses_probabilities(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        solar(["8B"], oscillation_file=_written(tmp_path, text))


def test_a_missing_file_of_probabilities(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere.csv: no such flux file"):
        build_source("solar", {"oscillation_file": "nowhere.csv"}, None, tmp_path)
