import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tridentgen.constants import AVOGADRO
from tridentgen.errors import InputError
from tridentgen.matter.materials import Material, material, named_materials, natural_isotopes, parse_formula
from tridentgen.matter.nuclei import element_symbols, nuclide

# Standard atomic weights with their uncertainty, abridged where CIAAW gives ranges
# (Prohaska et al., Pure Appl. Chem. 94 (2022) 573); argon as conventional, lead as in both.
STANDARD_WEIGHTS = """
H 1.0080 .0002|He 4.002602 .000002|Li 6.94 .06|Be 9.0121831 .0000005|B 10.81 .02|C 12.011 .002|N 14.007 .001
O 15.999 .001|F 18.998403162 .000000005|Ne 20.1797 .0006|Na 22.98976928 .00000002|Mg 24.305 .002
Al 26.9815384 .0000003|Si 28.085 .001|P 30.973761998 .000000005|S 32.06 .02|Cl 35.45 .01|Ar 39.948 .001
K 39.0983 .0001|Ca 40.078 .004|Ti 47.867 .001|V 50.9415 .0001|Cr 51.9961 .0006|Mn 54.938043 .000002
Fe 55.845 .002|Co 58.933194 .000003|Ni 58.6934 .0004|Cu 63.546 .003|Zn 65.38 .02|Ga 69.723 .001|Ge 72.630 .008
As 74.921595 .000006|Se 78.971 .008|Br 79.904 .003|Kr 83.798 .002|Mo 95.95 .01|Ag 107.8682 .0002
Cd 112.414 .004|In 114.818 .001|Sn 118.710 .007|Sb 121.760 .001|Te 127.60 .03|I 126.90447 .00003
Xe 131.293 .006|Cs 132.90545196 .00000006|Ba 137.327 .007|La 138.90547 .00007|Gd 157.25 .03|Hf 178.486 .006
Ta 180.94788 .00002|W 183.84 .01|Pt 195.084 .009|Au 196.966570 .000004|Hg 200.592 .003|Tl 204.38 .01
Pb 207.2 .1|Bi 208.98040 .00001|Th 232.0377 .0004|U 238.02891 .00003
"""
WEIGHTS = [tuple(entry.split()) for line in STANDARD_WEIGHTS.split("\n") for entry in line.split("|") if entry]


@pytest.mark.parametrize(("symbol", "weight", "error"), WEIGHTS)
def test_isotopes_average_to_the_standard_atomic_weight(symbol: str, weight: str, error: str) -> None:
    # The masses in `particle` follow AME2020 to 1e-8; those in its version 0.25, an older AME to 3e-7.
    assert material(symbol).molar_mass_g == pytest.approx(float(weight), rel=3e-7, abs=float(error))


def test_fractions_of_every_natural_element_sum_to_one() -> None:
    natural = 0
    for symbol in element_symbols():
        try:
            isotopes = natural_isotopes(symbol)
        except InputError:
            continue
        natural += 1
        assert math.fsum(fraction for _, fraction in isotopes) == pytest.approx(1.0, abs=1e-15)
        assert {n.symbol for n, _ in isotopes} == {symbol}
        assert [n.A for n, _ in isotopes] == sorted({n.A for n, _ in isotopes})
    # 80 elements with stable isotopes and Bi, Th, Pa, U
    assert natural == 84


def test_nuclei_in_a_tonne_of_argon_40() -> None:
    argon = nuclide("Ar40")
    # AME2020: 39.962383122 g/mol
    expected = 1e6 * AVOGADRO / 39.962383122
    assert material("Ar40").number_per_tonne(argon) == pytest.approx(expected, rel=1e-8)
    # 99.6 % of the atoms of natural argon, 39.9478 g/mol
    natural = 0.996035 * 1e6 * AVOGADRO / 39.9478
    assert material("Ar").number_per_tonne(argon) == pytest.approx(natural, rel=1e-6)


def test_masses_of_a_compound_add_up() -> None:
    target = material("CsI")
    assert [n.name for n, _ in target.components] == ["I127", "Cs133"]
    assert target.molar_mass_g == pytest.approx(126.90447 + 132.90545196, abs=3e-5)
    # NIST composition of caesium iodide by mass: I 0.488451, Cs 0.511549
    assert target.mass_fraction(nuclide("I127")) == pytest.approx(0.488451, abs=2e-6)
    assert target.mass_fraction(nuclide("Cs133")) == pytest.approx(0.511549, abs=2e-6)
    assert target.mass_GeV == pytest.approx(nuclide("I127").atomic_mass_GeV + nuclide("Cs133").atomic_mass_GeV)


# Molar masses in g/mol: PubChem
@pytest.mark.parametrize(
    ("formula", "molar_mass_g"),
    [
        ("NaI", 149.8942),
        ("CS2", 76.14),
        ("CF4", 88.004),
        ("C8H20Pb", 323.4),
        ("C3F8", 188.02),
        ("CaWO4", 287.92),
        ("H2O", 18.015),
        ("D2O", 20.0276),
        ("SiO2", 60.084),
        ("CH2", 14.027),
        ("Ca(OH)2", 74.09),
    ],
)
def test_molar_masses_of_compounds(formula: str, molar_mass_g: float) -> None:
    assert material(formula).molar_mass_g == pytest.approx(molar_mass_g, rel=1e-3)


@pytest.mark.parametrize("name", ["CsI", "Pb", "CaWO4", "steel", "glass", "LAr", "scintillator"])
def test_mass_fractions_sum_to_one_and_are_what_a_tonne_holds(name: str) -> None:
    target = material(name)
    assert math.fsum(target.mass_fraction(n) for n, _ in target.components) == pytest.approx(1.0, abs=1e-14)
    grams = math.fsum(target.number_per_tonne(n) * n.atomic_mass_GeV for n, _ in target.components) / AVOGADRO
    assert grams / 0.93149410372 == pytest.approx(1e6, rel=1e-12)


def test_formulas_are_counted_with_their_parentheses() -> None:
    assert parse_formula("C8H20Pb") == {"C": 8, "H": 20, "Pb": 1}
    assert parse_formula("Pb(C2H5)4") == {"Pb": 1, "C": 8, "H": 20}
    assert parse_formula("Al2(SO4)3") == {"Al": 2, "S": 3, "O": 12}
    assert parse_formula("((CH2)2O)3") == {"C": 6, "H": 12, "O": 3}
    assert parse_formula("CH3CH2OH") == {"C": 2, "H": 6, "O": 1}
    assert parse_formula("CO2") != parse_formula("Co")
    assert parse_formula("CH1.1")["H"] == pytest.approx(1.1)
    assert material("Pb(C2H5)4").components == material("C8H20Pb").components


def test_pure_isotopes_and_deuterium() -> None:
    assert material("40Ar").components == ((nuclide("Ar40"), 1.0),)
    assert material("p").components == ((nuclide("H1"), 1.0),)
    assert material("D").components == material("2H").components == ((nuclide("H2"), 1.0),)
    assert material("D2O").components[0] == (nuclide("H2"), 2.0)


def test_named_materials() -> None:
    assert material("LAr").components == material("Ar").components
    assert material("LXe").components == material("Xe").components
    assert material("polystyrene").components == material("CH").components
    assert {"steel", "glass", "polystyrene", "scintillator", "LAr", "LXe", "concrete"} <= set(named_materials())
    for name in named_materials():
        assert material(name).name == name


def by_element(target: Material) -> dict[str, float]:
    shares: dict[str, float] = {}
    for isotope, _ in target.components:
        shares[isotope.symbol] = shares.get(isotope.symbol, 0.0) + target.mass_fraction(isotope)
    return shares


def test_mixtures_have_the_mass_fractions_they_were_given() -> None:
    assert by_element(material("steel")) == pytest.approx({"C": 0.005, "Fe": 0.995})
    glass = by_element(material("glass"))
    assert math.fsum(glass.values()) == pytest.approx(1.0)
    # Soda-lime glass is about 72 % silica, and silica is 46.74 % silicon.
    assert glass["Si"] / 0.4674 == pytest.approx(0.72, abs=0.01)
    # What oxygen the oxides SiO2, Na2O and CaO need is what the composition has.
    needed = glass["Si"] * 2 * 15.999 / 28.085 + glass["Na"] * 15.999 / 45.98 + glass["Ca"] * 15.999 / 40.078
    assert glass["O"] == pytest.approx(needed, rel=1e-3)
    assert math.fsum(number for _, number in material("glass").components) == pytest.approx(1.0)


def test_detectors_are_made_of_what_they_are_said_to_be() -> None:
    """Shares by mass of the components that their papers name, each resolved as the material of that formula."""
    made_of = {
        "minerva": {"CH": 0.75, "Pb": 0.09, "Fe": 0.08, "H2O": 0.06, "C": 0.02},
        "minos": {"Fe": 0.8, "C": 0.2},
        "nova": {"CH2": 0.7, "C2H3Cl": 0.3},
    }
    for name, components in made_of.items():
        expected: dict[str, float] = {}
        for formula, share in components.items():
            for symbol, part in by_element(material(formula)).items():
                expected[symbol] = expected.get(symbol, 0.0) + share * part
        assert by_element(material(name)) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Steel", r"unknown material 'Steel', did you mean 'steel'\?"),
        ("lar", r"did you mean 'LAr'\?"),
        ("Cz2", r"there is no element 'Cz'"),
        ("Cs I", r"cannot read ' ' at character 3"),
        ("", r"material '' is empty: name a nuclide \(Ar40\)"),
        ("C(H2", r"a parenthesis is not closed"),
        ("CH)2", r"the parenthesis at character 3 is not opened"),
        ("C()2", r"the parentheses that end at character 3 are empty"),
        ("2H2O", r"the number at character 1 follows no element"),
        ("CH0", r"the count 0 is not between 0 and 10000"),
        ("CH99999", r"the count 99999 is not between"),
        ("CH" + "9" * 400, r"the count 9+ is not between"),
        ("H2", r"'H2' is ambiguous: write 'H' for hydrogen or 'D'"),
        ("O2", r"'O2' is not a nuclide; for the natural element write 'O'"),
        ("Ar99", r"no mass is known for nuclide 'Ar99'"),
        ("Tc", r"element 'Tc' has no natural isotopes"),
        ("TcO2", r"element 'Tc' has no natural isotopes"),
    ],
)
def test_errors_name_the_value_and_the_cure(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        material(name)


def test_asking_for_a_nuclide_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"there is no Ar40 in material 'CsI', only I127, Cs133"):
        material("CsI").number_per_tonne(nuclide("Ar40"))
    with pytest.raises(InputError, match=r"unknown element 'Xx'"):
        natural_isotopes("Xx")


@given(st.text(alphabet="ACHOarsld()0129. ", max_size=9))
def test_any_text_gives_a_material_or_an_input_error(text: str) -> None:
    try:
        found = material(text)
    except InputError:
        return
    assert found.molar_mass_g > 0
    assert all(number > 0 for _, number in found.components)


@given(st.lists(st.tuples(st.sampled_from(["H", "C", "O", "Si", "Cs", "I"]), st.integers(2, 99)), min_size=1))
def test_a_written_formula_is_read_back(parts: list[tuple[str, int]]) -> None:
    counts: dict[str, float] = {}
    for symbol, count in parts:
        counts[symbol] = counts.get(symbol, 0.0) + 3 * count
    assert parse_formula("(" + "".join(f"{s}{n}" for s, n in parts) + ")3") == counts
