import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from particle import PDGID

import tridentgen.matter.nuclei as nuclei
from tridentgen.constants import ATOMIC_MASS_UNIT_GEV, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import (
    charge_and_mass_number,
    charge_radius,
    element_symbols,
    fitted_charge_radius_fm,
    nucleus_code,
    nuclide,
)

RADII = Path(nuclei.__file__).parents[1] / "data/charge_radii.csv"


def measured_radii() -> dict[tuple[int, int], float]:
    with RADII.open(encoding="utf-8") as file:
        comment = next(file)
        assert comment.startswith("# Version")
        return {(int(r["Z"]), int(r["A"])): float(r["charge_radius_fm"]) for r in csv.DictReader(file)}


def test_symbols_stand_at_their_atomic_number() -> None:
    symbols = element_symbols()
    assert len(symbols) == len(set(symbols)) == 118
    known = {"H": 1, "Ar": 18, "Ge": 32, "Xe": 54, "Cs": 55, "W": 74, "Pb": 82, "U": 92, "Og": 118}
    assert {s: symbols.index(s) + 1 for s in known} == known


# Atomic masses in u, AME2020 (Wang et al., Chin. Phys. C 45 (2021) 030003)
@pytest.mark.parametrize(
    ("name", "atomic_u"),
    [
        ("H2", 2.014101777844),
        ("He4", 4.002603254130),
        ("C12", 12.0),
        ("O16", 15.994914619257),
        ("Ar40", 39.962383122),
        ("Fe56", 55.934935537),
        ("Ge74", 73.921177762),
        ("Cs133", 132.905451958),
        ("Xe132", 131.904155083),
        ("Pb208", 207.976651918),
        ("U238", 238.050786936),
    ],
)
def test_atomic_masses_are_those_of_ame2020(name: str, atomic_u: float) -> None:
    assert nuclide(name).atomic_mass_GeV == pytest.approx(atomic_u * ATOMIC_MASS_UNIT_GEV, rel=3e-7)


def test_nuclear_mass_of_argon_is_that_of_the_bare_nucleus() -> None:
    assert nuclide("Ar40").mass_GeV * 1e3 == pytest.approx(37215.5407, abs=3e-4)


def test_nuclear_masses_of_the_lightest_nuclei() -> None:
    # CODATA 2022 gives the bare deuteron, helion and alpha: 1875.61294500, 2808.39161112, 3727.3794118 MeV.
    masses_MeV = {"H2": 1875.61294500, "He3": 2808.39161112, "He4": 3727.3794118}
    for name, mass_MeV in masses_MeV.items():
        assert nuclide(name).mass_GeV * 1e3 == pytest.approx(mass_MeV, rel=5e-8)
    deuteron_binding_GeV = PROTON_MASS_GEV + NEUTRON_MASS_GEV - nuclide("D").mass_GeV
    assert deuteron_binding_GeV == pytest.approx(2.224566e-3, rel=1e-4)


def test_iron_is_bound_by_8_79_MeV_per_nucleon() -> None:
    iron = nuclide("Fe56")
    binding_GeV = iron.Z * PROTON_MASS_GEV + iron.N * NEUTRON_MASS_GEV - iron.mass_GeV
    assert binding_GeV / iron.A * 1e3 == pytest.approx(8.790, abs=1e-3)


# Sums of all measured ionisation energies (NIST Atomic Spectra Database), eV
@pytest.mark.parametrize(("Z", "energy_eV"), [(2, 79.005), (6, 1030.1), (18, 14400.0)])
def test_binding_of_the_electrons(Z: int, energy_eV: float) -> None:
    assert nuclei.electron_binding_GeV(Z) * 1e9 == pytest.approx(energy_eV, rel=0.05)


def test_names_and_codes() -> None:
    argon = nuclide("Ar40")
    assert (argon.symbol, argon.Z, argon.N, argon.A, argon.name) == ("Ar", 18, 22, 40, "Ar40")
    assert argon.pdgid == 1000180400
    assert nuclide("Pb208").pdgid == 1000822080
    assert nuclide("D").pdgid == 1000010020
    assert nuclide("40Ar") == nuclide("Ar-40") == nuclide("40-Ar") == argon
    assert not argon.is_hydrogen


@given(A=st.integers(2, 300), data=st.data())
def test_codes_of_nuclei_are_those_of_the_particle_data_group(A: int, data: st.DataObject) -> None:
    Z = data.draw(st.integers(1, min(A, 118)))
    code = nucleus_code(Z, A)
    known = PDGID(code)
    assert (known.is_nucleus, known.Z, known.A) == (True, Z, A)
    assert charge_and_mass_number(code) == (Z, A)


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        (2212, (1, 1)),
        (2112, (0, 1)),
        (1000010010, (1, 1)),
        (1000721781, (72, 178)),
        (1010020040, (2, 4)),
        (-1000020040, None),
        (2009900000, None),
        (22, None),
        (0, None),
    ],
    ids=["p", "n", "H1", "isomer of Hf178", "hypernucleus", "antihelium", "pseudoparticle", "photon", "nothing"],
)
def test_charge_and_mass_number_of_codes(code: int, numbers: tuple[int, int] | None) -> None:
    assert charge_and_mass_number(code) == numbers


def test_codes_of_nucleons_are_those_of_particles() -> None:
    assert (nucleus_code(1, 1), nucleus_code(0, 1)) == (2212, 2112)


def test_hydrogen_is_a_proton() -> None:
    proton = nuclide("p")
    assert proton == nuclide("H1")
    assert (proton.name, proton.pdgid, proton.N, proton.is_hydrogen) == ("H1", 2212, 0, True)
    assert proton.mass_GeV == PROTON_MASS_GEV
    assert (proton.charge_radius_fm, proton.charge_radius_source) == (0.8409, "PDG 2024")
    assert not nuclide("D").is_hydrogen


# Angeli and Marinova 2013, written here a second time from other copies of the table
@pytest.mark.parametrize(
    ("name", "radius_fm"),
    [
        ("C12", 2.4702),
        ("O16", 2.6991),
        ("F19", 2.8976),
        ("Ne20", 3.0055),
        ("Na23", 2.9936),
        ("Al27", 3.0610),
        ("Si28", 3.1224),
        ("S32", 3.2611),
        ("Ar40", 3.4274),
        ("Ca40", 3.4776),
        ("Fe56", 3.7377),
        ("Cu63", 3.8823),
        ("Cu65", 3.9022),
        ("Ge70", 4.0414),
        ("Ge72", 4.0576),
        ("Ge74", 4.0742),
        ("I127", 4.7500),
        ("Xe132", 4.7859),
        ("Cs133", 4.8041),
        ("W184", 5.3658),
        ("Pb208", 5.5012),
        ("U238", 5.8571),
    ],
)
def test_measured_charge_radii(name: str, radius_fm: float) -> None:
    target = nuclide(name)
    assert target.charge_radius_fm == radius_fm
    assert target.charge_radius_source == "Angeli & Marinova 2013"


def test_smooth_radius_fits_the_table_as_well_as_it_says() -> None:
    misses = [
        (fitted_charge_radius_fm(Z, A) - r, fitted_charge_radius_fm(Z, A) / r - 1)
        for (Z, A), r in measured_radii().items()
        if A >= 6
    ]
    assert len(misses) > 900
    rms_fm, rms_relative = (
        math.sqrt(math.fsum(x * x for x in column) / len(misses)) for column in zip(*misses, strict=True)
    )
    assert rms_fm == pytest.approx(0.0444, abs=2e-4)
    assert rms_relative == pytest.approx(0.0127, abs=2e-4)


def test_smooth_radius_agrees_with_the_fit_of_1994() -> None:
    # Nerlo-Pomorska and Pomorski: sqrt(3/5) 1.240 fm (1 - 0.191 (N-Z)/A + 1.646/A) A^(1/3), to older data
    for Z, A in ((8, 16), (18, 40), (26, 56), (54, 132), (82, 208)):
        older_fm = math.sqrt(0.6) * 1.240 * (1 - 0.191 * (A - 2 * Z) / A + 1.646 / A) * A ** (1 / 3)
        assert fitted_charge_radius_fm(Z, A) == pytest.approx(older_fm, rel=0.03)


def test_unmeasured_isotopes_lie_between_their_neighbours() -> None:
    for name, lighter, heavier in (("S33", "S32", "S34"), ("W185", "W184", "W186")):
        target = nuclide(name)
        assert target.charge_radius_source == "fit"
        below, above = nuclide(lighter).charge_radius_fm, nuclide(heavier).charge_radius_fm
        assert below < target.charge_radius_fm < above


def test_elements_without_measurement_use_the_smooth_radius() -> None:
    assert not any(Z == 93 for Z, _ in measured_radii())
    assert charge_radius(93, 237) == (fitted_charge_radius_fm(93, 237), "fit")
    # Uranium next to it is measured; the fit is good to 1.3 % rms.
    assert charge_radius(93, 237)[0] == pytest.approx(charge_radius(92, 238)[0], rel=0.02)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Ar99x", r"cannot read nuclide 'Ar99x'; write an element symbol and a mass number"),
        ("Ar", r"cannot read nuclide 'Ar'"),
        ("", r"cannot read nuclide ''"),
        ("Ar4", r"mass number 4 is below the 18 protons"),
        ("Ar99", r"no mass is known for nuclide 'Ar99'; the table has Ar\d+ to Ar5\d"),
        ("Ar400000000", r"no mass is known"),
        ("ar40", r"unknown element 'ar' in nuclide 'ar40', did you mean 'Ar40'\?"),
        ("Arr40", r"did you mean 'Ar40'\?"),
        ("Jj12", r"unknown element 'Jj'"),
        ("Ar٤٠", r"cannot read nuclide"),
    ],
)
def test_errors_name_the_value_and_the_cure(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        nuclide(name)


@given(st.text(alphabet="ACDHXaerp-0123456789", max_size=7))
def test_any_text_gives_a_nuclide_or_an_input_error(text: str) -> None:
    try:
        found = nuclide(text)
    except InputError:
        return
    assert nuclide(found.name) == found
    assert found.Z <= found.A
