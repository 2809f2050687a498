"""Recoil spectra against the numbers of an independent code and against published cross sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.processes.cevns.plain import Row, reference_rows
from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, HBARC_GEV_FM
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import Nuclide, electron_binding_GeV, nuclide
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import recoil_spectra
from tridentgen.processes.cevns.terms import DipolePortal, LightScalar, LightTensor, Nsi
from tridentgen.processes.nucleus import NuclearShape
from tridentgen.processes.terms import FlavourMatrix, LightVector

Array = NDArray[np.float64]

MEV, KEV = 1e-3, 1e-6
REL = 1e-9

ROWS = reference_rows()
MASSES = {row.target: row.value * MEV for row in ROWS if row.quantity == "mass"}
MASSES |= {"Ge74": 68.84078916, "Xe132": 122.8403486}
"""The reference's masses in GeV: without the binding energy of the electrons."""

HBARC2 = (0.1973269804 / HBARC_GEV_FM) ** 2
"""The reference stops hbar c after ten digits."""

DIPOLE2 = (7.2973525693e-3 / ALPHA) ** 2 * (ELECTRON_MASS_GEV / 0.51099895e-3) ** 2
"""alpha^2/m_e^2 of CODATA 2018, which the reference has, over that of 2022."""

PROTON_2018 = 938.27208816 * (0.0208 / 2.2 + 0.0411 / 4.7)
NEUTRON_2018 = 939.56542052 * (0.0189 / 2.2 + 0.0451 / 4.7)

SHAPES = {"unit": "unit", "helm": "helm", "kn": "klein-nystrand", "sf": "fermi"}


def target(name: str) -> Nuclide:
    return replace(nuclide(name), mass_GeV=MASSES[name])


def per_keV(
    name: str, energy_MeV: float, recoil_keV: float, shape: str = "helm", *, part: int = 0, **model: Any
) -> float:
    """dsigma/dT in cm^2/keV with the constants of the reference."""
    settings = {"sin2_theta_w": 0.23857, "spin": "0", **model}
    spectrum = recoil_spectra(target(name), "nue", CevnsModel(**settings), NuclearShape(shape))[part]
    return float(spectrum.dsigma_dT(energy_MeV * MEV, recoil_keV * KEV)) * KEV * HBARC2


def alone(name: str, energy_MeV: float, recoil_keV: float, **model: Any) -> float:
    """The same less the Standard Model."""
    plain = {"spin": model["spin"]} if "spin" in model else {}
    return per_keV(name, energy_MeV, recoil_keV, **model) - per_keV(name, energy_MeV, recoil_keV, **plain)


def addition(row: Row) -> float:
    """A number of the reference with something added to the Standard Model."""
    given, quantity = row.given, row.quantity
    point = row.target, given["E"], given["T_keV"]
    if quantity.startswith("dsdT_mag"):
        spin = quantity.rpartition("spin")[2]
        return alone(*point, spin=spin, magnetic_moment=given["mu_muB"]) * DIPOLE2
    if quantity.startswith("dsdT_dip"):
        dipole = DipolePortal(given["m4"] * MEV, given["mu_muB"])
        return per_keV(*point, part=1, spin=quantity.rpartition("spin")[2], dipole=dipole) * DIPOLE2
    if quantity.startswith("dsdT_nsi"):
        (up_mu, down_mu), (up_tau, down_tau) = given.get("fc", ((0.0, 0.0), (0.0, 0.0)))
        up = FlavourMatrix(ee=given["eu"], emu=up_mu, etau=up_tau)
        return per_keV(*point, nsi=Nsi(up, FlavourMatrix(ee=given["ed"], emu=down_mu, etau=down_tau)))
    mass = given["m_MeV"] * MEV
    if quantity.startswith("dsdT_vmed(SM+V)"):
        return per_keV(*point, vector=LightVector(mass, strength=given["g_nu_g_q"]))
    if quantity.startswith("dsdT_vmed(SM+B-L)"):
        return per_keV(*point, vector=LightVector(mass, strength=given["g2"], charges="B-L"))
    if quantity.startswith("dsdT_smed"):
        return alone(*point, scalar=LightScalar(mass, given["g_nu_g_q"], PROTON_2018, NEUTRON_2018))
    assert quantity.startswith("dsdT_tmed")
    return alone(*point, spin="1/2", tensor=LightTensor(mass, given["g_nu_g_q"]))


def standard(row: Row) -> float:
    """A number of the reference in the Standard Model."""
    kind, _, shape = row.quantity.removeprefix("dsdT_sm_").rpartition("_")
    spin = {"spin0": "0", "spin1/2": "1/2", "approx(no T/E)": "approx"}[kind]
    return per_keV(row.target, row.given["E"], row.given["T_keV"], SHAPES[shape], spin=spin)


def kinematic(row: Row) -> float:
    """Limits of the recoil in keV."""
    heavy = row.given.get("m4", 0.0) * MEV
    model = CevnsModel(dipole=DipolePortal(heavy, 1e-10)) if heavy else CevnsModel()
    low, high = recoil_spectra(target(row.target), "nue", model)[-1].recoil_limits(row.given["E"] * MEV)
    return float(low if "Tmin" in row.quantity else high) / KEV


def form_factor(row: Row) -> float:
    shape = NuclearShape(SHAPES[row.quantity.removeprefix("F_")])
    return float(shape.of(target(row.target))[0](2.0 * MASSES[row.target] * row.given["T_keV"] * KEV))


def moments(name: str, energy_GeV: float, shape: str, above: float = 0.0) -> Array:
    """Return int dT (1, T, T^2, T^3) dsigma/dT from a share of T_max on, T in keV, by Gauss and Legendre."""
    model = CevnsModel(sin2_theta_w=0.23857, spin="0")
    spectrum = recoil_spectra(target(name), "nue", model, NuclearShape(shape))[0]
    high = float(spectrum.recoil_limits(energy_GeV)[1])
    node, weight = np.polynomial.legendre.leggauss(40)
    recoil = high * (above + (1.0 - above) * 0.5 * (node + 1.0))
    density = weight * 0.5 * high * (1.0 - above) * spectrum.dsigma_dT(energy_GeV, recoil)
    return np.array([np.sum(density * (recoil / KEV) ** power) for power in range(4)])


def integral(row: Row) -> float:
    """Total cross sections, moments and shares above a threshold."""
    energy, shape = row.given["E"] * MEV, SHAPES[row.quantity.rpartition("_")[2]]
    if row.quantity.startswith("frac"):
        return float(moments(row.target, energy, shape, row.given["x"])[0] / moments(row.target, energy, shape)[0])
    found = moments(row.target, energy, shape)
    if row.quantity.startswith("sigma_tot"):
        return float(found[0]) * HBARC2
    power = {"mean_T": 1, "mean_T2": 2, "mean_T3": 3}[row.quantity.rpartition("_")[0]]
    return float(found[power] / found[0])


WAYS: dict[str, Callable[[Row], float]] = {
    "dsdT_sm_": standard, "dsdT": addition, "F_": form_factor, "Tmax": kinematic, "dip_T": kinematic,
    "sigma_tot": integral, "mean_T": integral, "frac": integral,
}  # fmt: skip


@pytest.mark.parametrize("row", [row for row in ROWS if row.quantity != "mass"], ids=str)
def test_numbers_of_an_independent_code(row: Row) -> None:
    way = next(way for start, way in WAYS.items() if row.quantity.startswith(start))
    assert way(row) == pytest.approx(row.value, rel=REL, abs=0.0)


def test_all_numbers_are_there() -> None:
    assert len(ROWS) == 167


BOSON = 10 * MEV
QUOTED: list[tuple[str, float, float, dict[str, Any], float]] = [
    ("Ar40", 29.792, 20, {}, 3.5192537533e-41),
    ("Ar40", 29.792, 20, {"shape": "klein-nystrand"}, 3.4528156105e-41),
    ("Ar40", 29.792, 20, {"shape": "fermi"}, 3.5201900916e-41),
    ("Cs133", 29.792, 5, {}, 1.5106032923e-39),
    ("Ge74", 8, 0.5, {}, 3.4527699248e-40),
    ("Xe132", 10, 1, {}, 1.0855209620e-39),
    ("Cs133", 29.792, 5, {"nsi": Nsi(FlavourMatrix(ee=0.1), FlavourMatrix(ee=-0.05))}, 9.2238782765e-40),
    ("Cs133", 29.792, 5, {"vector": LightVector(BOSON, strength=1e-8)}, 2.1708919602e-38),
    ("Cs133", 29.792, 5, {"vector": LightVector(BOSON, strength=1e-8, charges="B-L")}, 1.0187900595e-38),
]


@pytest.mark.parametrize(("name", "energy", "recoil", "settings", "value"), QUOTED)
def test_quoted_numbers(name: str, energy: float, recoil: float, settings: dict[str, Any], value: float) -> None:
    assert per_keV(name, energy, recoil, **settings) == pytest.approx(value, rel=REL, abs=0.0)


def test_quoted_numbers_of_single_additions() -> None:
    scalar = LightScalar(BOSON, 1e-8, PROTON_2018, NEUTRON_2018)
    assert alone("Cs133", 29.792, 5, scalar=scalar) == pytest.approx(6.0187600692e-37, rel=REL, abs=0.0)
    tensor = LightTensor(BOSON, 1e-8)
    assert alone("Cs133", 29.792, 5, spin="1/2", tensor=tensor) == pytest.approx(1.3143194339e-38, rel=REL, abs=0.0)
    dipole = DipolePortal(2 * MEV, 1e-10)
    up = per_keV("Cs133", 29.792, 5, part=1, dipole=dipole) * DIPOLE2
    assert up == pytest.approx(1.1761064504e-42, rel=REL, abs=0.0)


MUON, PION = 0.1056583755, 0.13957039


def stopped_pion_average(target_nuclide: Nuclide, model: CevnsModel) -> float:
    """Cross section in cm^2 averaged over the three neutrinos of a pion and muon at rest."""
    spectrum = recoil_spectra(target_nuclide, "numu", model)[0]
    node, weight = np.polynomial.legendre.leggauss(48)
    share = 0.5 * (node + 1.0)

    def total(energy: Array) -> Array:
        high = spectrum.recoil_limits(energy)[1]
        density = spectrum.dsigma_dT(energy[:, None], high[:, None] * share)
        return np.asarray(0.5 * high * np.sum(weight * density, axis=1))

    energy = 0.5 * MUON * share
    x = energy / MUON
    delayed = 192 * x**2 * (0.5 - x) + 64 * x**2 * (0.75 - x)
    continuum = np.sum(0.25 * weight * delayed * total(energy))
    line = total(np.array([(PION**2 - MUON**2) / (2 * PION)]))[0]
    return float(continuum + line) / 3


GERMANIUM = {"Ge70": 0.2057, "Ge72": 0.2745, "Ge73": 0.0775, "Ge74": 0.3650, "Ge76": 0.0773}
"""Abundances of IUPAC 2009; those of 2013 move the average by 1.1e-4."""


@pytest.mark.parametrize(
    ("name", "value"),
    [("Cs", 1.96470e-38), ("I", 1.78224e-38), ("Ar", 1.82473e-39), ("Ge", 5.87126e-39), ("Xe", 1.94118e-38)],
)
def test_average_over_stopped_pions(name: str, value: float) -> None:
    """Elements of natural composition; argon is Ar40 alone in the reference."""
    model = CevnsModel(sin2_theta_w=0.23857, spin="0")
    own = {"Ar": {"Ar40": 1.0}, "Ge": GERMANIUM}.get(name)
    parts = material(name).components if own is None else tuple((nuclide(n), share) for n, share in own.items())
    found = sum(
        share * stopped_pion_average(replace(n, mass_GeV=n.mass_GeV - electron_binding_GeV(n.Z)), model)
        for n, share in parts
    )
    assert found == pytest.approx(value, rel=3e-6, abs=0.0)


def test_published_measurements() -> None:
    """COHERENT: CsI 165 +30 -25 e-40 and prediction 189(6)e-40 (PRL 129 (2022) 081801); Ar 22(7), about 18e-40."""
    caesium, iodine, argon = (stopped_pion_average(nuclide(n), CevnsModel()) for n in ("Cs133", "I127", "Ar40"))
    assert 0.5 * (caesium + iodine) == pytest.approx(189e-40, abs=6e-40)
    assert argon == pytest.approx(18e-40, rel=0.03, abs=0.0)
