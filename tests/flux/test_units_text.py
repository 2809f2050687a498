"""What a text says of units: spellings met in published files, with their meaning read by eye."""

from __future__ import annotations

import pytest

from tridentgen.flux.units_text import TextUnits, per_in_gev, read_units

YEAR = 31_557_600.0


def said(text: str) -> TextUnits:
    return read_units([(1, text)])


def values(units: TextUnits) -> dict[str, list[object]]:
    """Return what was said, each value once, and the words that were not placed."""
    found: dict[str, list[object]] = {}
    for name in ("area", "per", "energy_unit", "pot", "seconds"):
        distinct = list(dict.fromkeys(one.value for one in getattr(units, name)))
        if distinct:
            found[name] = list(distinct)
    return found


@pytest.mark.parametrize(
    ("text", "area", "per", "amount"),
    [
        ("nus / cm^2 / GeV / 10^6 POT", "cm2", "GeV", 1e6),
        ("Flux (/cm^2/1E21p.o.t/50MeV)", "cm2", "50 MeV", 1e21),
        ("flux / 50 MeV / m^2 / 10^6 POTs @ ICARUS (110 m)", "m2", "50 MeV", 1e6),
        ("#nu_{mus}/m^{2}/P.O.T./GeV", "m2", "GeV", 1.0),
        ("numubar flux (numubar/cm^2/proton-on-target/50 MeV)", "cm2", "50 MeV", 1.0),
        (r"$\Phi$ [$\mathrm{cm}^{-2}\,\mathrm{GeV}^{-1}$ per $10^{20}$ POT]", "cm2", "GeV", 1e20),
        (r"\frac{d\Phi}{dE} [\nu/m^2/GeV/1M POT]", "m2", "GeV", 1e6),
        ("nu per square metre per GeV per 1 x 10^21 protons on target", "m2", "GeV", 1e21),
        ("numu_flux_per_m2_per_GeV_per_1e20POT", "m2", "GeV", 1e20),
        ("nu/m**2/50 MeV bin/1e6 POT", "m2", "50 MeV", 1e6),
        ("neutrinos / (50 MeV * m^2 * 10^{20} POT)", "m2", "50 MeV", 1e20),
        ("Phi (m$^{-2}$ GeV$^{-1}$ 10$^{20}$ POT$^{-1}$)", "m2", "GeV", 1e20),
        ("cm⁻²·GeV⁻¹·POT⁻¹", "cm2", "GeV", 1.0),
        ("nu cm-2 MeV-1 / 10²¹ POT", "cm2", "MeV", 1e21),
        ("per m2, GeV and 2.5e20 POT", "m2", "GeV", 2.5e20),
        ("neutrinos per cm^2 per proton on target per 50 MeV", "cm2", "50 MeV", 1.0),
        ("nu/km**2/TeV/pot", "km2", "TeV", 1.0),
        ("scaled to nu/POT/bin/cm2", "cm2", "bin", 1.0),
    ],
)
def test_per_proton(text: str, area: str, per: str, amount: float) -> None:
    assert values(said(text)) == {"area": [area], "per": [per], "pot": [amount]}


@pytest.mark.parametrize(
    ("text", "area", "per", "seconds"),
    [
        ("φ (cm⁻² s⁻¹ MeV⁻¹)", "cm2", "MeV", 1.0),
        ("flux [1/(cm2 s MeV)]", "cm2", "MeV", 1.0),
        ("flux per year per m^2 per GeV", "m2", "GeV", YEAR),
        ("nu/cm2/day/keV", "cm2", "keV", 86400.0),
        ("Phi [m^{-2} s^{-1} GeV^{-1}]", "m2", "GeV", 1.0),
    ],
)
def test_per_time(text: str, area: str, per: str, seconds: float) -> None:
    assert values(said(text)) == {"area": [area], "per": [per], "seconds": [seconds]}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Enu(GeV)", "GeV"),
        ("E/MeV", "MeV"),
        ("Energy [keV]", "keV"),
        ("E_TeV,flux", "TeV"),
        ("#nu_{#mu} Energy (GeV)", "GeV"),
        ("Lower bin edge in GeV", "GeV"),
        ("(E in MeV)", "MeV"),
    ],
)
def test_energies(text: str, unit: str) -> None:
    assert values(said(text)) == {"energy_unit": [unit]}


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("bins of 50 MeV", "energy", "50 MeV"),
        ("nu/cm2/GeV/spill", "exposure", "spill"),
        ("Neutrinos / cm^{2} / MeV / fission", "divisor", "fission"),
        ("nu/cm2/GeV/POT/kA", "divisor", "kA"),
        ("cm^-2 MeV^-1 s^-1 GW^-1", "divisor", "GW"),
        ("nu per detector per GeV per POT", "divisor", "detector"),
        ("per m3 and GeV", "area", "m3"),
        ("per 100 m2 per GeV", "area", "100 m2"),
        ("nu/m2/GeV for 2 x 10^7 s of running", "time", "2e+07 s"),
        ("3 years of running", "time", "years"),
        ("/cm2/GeV/Ms", "time", "Ms"),
        ("/cm2/GeV, 500 files of 1e5 POT", "exposure", "files of 1e5  POT"),
        ("/cm2/GeV, 500 files x 1e5 POT each", "exposure", "files * 1e5  POT"),
        ("/cm2/GeV for 6,6e20 POT", "exposure", "6,6e20  POT"),
        ("nu/ft2/GeV", "area", "ft2"),
        ("flux / cm", "area", "cm"),
    ],
)
def test_words_that_are_not_placed(text: str, kind: str, word: str) -> None:
    assert [one.value for one in said(text).unplaced[kind]] == [word]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("E dPhi/dE [cm^-2 s^-1]", "multiplied by the energy"),
        ("E^2 Phi", "multiplied by the energy"),
        ("E x Flux", "multiplied by the energy"),
        ("log10(E/GeV)", "logarithms"),
        ("dN/dlog10(E)", "logarithms"),
        ("nu/m2/s/sr/GeV", "per sr"),
        ("CC Events / kTon / POT", "no flux"),
        ("flux (10^-8 /cm2/POT/GeV)", "multiplied by 1e-8"),
        ("1e-9 nu/cm2/GeV/POT", "multiplied by 1e-9"),
        ("5e-10 nu/cm2/GeV/POT", "multiplied by 5e-10"),
        ("flux (10−10 cm−2 GeV−1 POT−1)", "multiplied by 1e-10"),
        ("log10(flux [cm^-2])", "logarithms"),
        ("integral flux above E, /cm2/POT", "integrals"),
        ("flux times energy", "multiplied by the energy"),
        ("E numu [x1e-10]", "multiplied by 1e-10"),
        ("numu flux (x10) /cm2/GeV/POT", "multiplied by 10"),
        ("flux (x1e-12) nu/cm2/GeV/POT", "multiplied by 1e-12"),
        ("(m^2 sec sr GeV)^-1", "per sr"),
    ],
)
def test_quantities_that_are_no_flux(text: str, what: str) -> None:
    assert what in str(said(text).refused[0].value)


@pytest.mark.parametrize("text", ["120 GeV protons", "horn current 293 kA, proton energy 120 GeV", "Ev numu_flux"])
def test_energies_of_protons(text: str) -> None:
    assert (values(said(text)), said(text).unplaced) == ({}, {})


@pytest.mark.parametrize(
    ("text", "pot"),
    [
        ("/cm2/GeV for 3.6 10^20 POT", 3.6e20), ("/cm2/GeV, POT per file: 500", 500.0), ("/cm2/GeV, POT 1000", 1000.0),
        ("cm^-2 GeV^-1, nPOT=500", 500.0), ("cm^-2 GeV^-1, pot_total = 500", 500.0),
        ("/cm2/GeV for one million POT", 1e6), ("/cm2/GeV, POTs simulated: 5e8", 5e8), ("/cm2/GeV for 1d20 POT", 1e20),
        ("/m^2 /GeV; number of POT: 1e21", 1e21), ("/m2/GeV; POT (protons on target) = 1e21", 1e21),
        ("/cm^2/GeV/ POT=1e20", 1e20), ("/POT 50 MeV", 1.0), ("/cm2/GeV/POT: 120 GeV protons", 1.0),
        ("/cm2/GeV/POT 2 horns", 1.0), ("/cm2/GeV/POT 2018 tune", 1.0), ("/cm2/GeV/POT, 110 kW", 1.0),
        ("/cm2/GeV for 1,000,000 POT", 1e6), ("/cm2/GeV/incident proton", 1.0),
        ("/cm2/GeV/POT; 8.89 GeV/c protons", 1.0),
        ("/cm2/GeV/POT, L = 3e53 erg, at 1e6 cm", 1.0), ("/cm2/GeV, total POT in the sample 2.5e8", 2.5e8),
    ],
)  # fmt: skip
def test_numbers_of_protons_in_words(text: str, pot: float) -> None:
    assert {one.value for one in said(text).pot} == {pot}
    assert not said(text).refused


@pytest.mark.parametrize(
    ("text", "area", "per"),
    [
        ("nu / MeV / cm2 / s", "cm2", "MeV"), ("#nu_{#mu} / GeV / m^{2} / POT", "m2", "GeV"),
        ("nu.cm-2.GeV-1.POT-1", "cm2", "GeV"), ("m^-2.MeV^-1.POT^-1", "m2", "MeV"),
        ("flux per cm2 s keV", "cm2", "keV"), ("E (GeV)  flux (nu/MeV/cm2/POT)", "cm2", "MeV"),
    ],
)  # fmt: skip
def test_other_spellings(text: str, area: str, per: str) -> None:
    found = values(said(text))
    assert (found["area"], found["per"]) == ([area], [per])
    assert found.get("energy_unit") == (["GeV"] if text.startswith("E ") else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("cm^-2 d^-1 MeV^-1", 86400.0), ("/cm2/GeV/week", 604800.0), ("/cm2/GeV/min", 60.0), ("/cm2/GeV/ms", 1e-3)],
)
def test_other_times(text: str, seconds: float) -> None:
    assert values(said(text))["seconds"] == [seconds]


def test_bursts() -> None:
    assert said("/cm2/GeV/burst").burst
    assert said("[1/MeV/cm^2] per supernova").burst


@pytest.mark.parametrize("text", ["MiniBooNE flux at 541 m", "april07_baseline_rgen610.6_flux.root", "m20", "x" * 5000])
def test_texts_that_say_nothing(text: str) -> None:
    assert (values(said(text)), said(text).unplaced, said(text).refused) == ({}, {}, [])


@pytest.mark.parametrize(
    "text",
    [
        "flux in arbitrary units", "flux [a.u.]", "arb. units", "relative flux per bin", "normalised to unit area",
        "normalized to 1", "Flux normalized to unity", "shape only", "no absolute scale known", "flux [arb.u.]",
        "area normalised", "(arbitrary normalization)", "dN/dE, normalised", "probability density 1/GeV",
    ],
)  # fmt: skip
def test_fluxes_of_which_only_the_shape_is_known(text: str) -> None:
    assert said(text).relative


@pytest.mark.parametrize("text", [
    "normalised to 1e20 POT", "normalised to 1 POT", "relative error", "normalisation 10 %", "Pa.u", "a. unit",
    "at 1 a.u. from the Sun", "relative spectra were measured",
])  # fmt: skip
def test_words_that_are_not_about_the_shape(text: str) -> None:
    assert not said(text).relative


@pytest.mark.parametrize("text", ["[cm^2 GeV POT]^-1", "(cm^{2} GeV POT)^{-1}", "(cm² GeV POT)⁻¹", "(GeV cm2 POT) -1"])
def test_units_in_one_bracket_with_a_power(text: str) -> None:
    assert values(said(text)) == {"area": ["cm2"], "per": ["GeV"], "pot": [1.0]}


def test_lines_are_kept() -> None:
    units = read_units([(1, "a flux"), (7, "per m2 and GeV")])
    assert (units.area[0].line, units.area[0].quoted()) == (7, "'per m2 and GeV'")


@pytest.mark.parametrize(
    ("per", "energy"),
    [("GeV", 1.0), ("50 MeV", 0.05), ("0.2MeV", 2e-4), ("1e3 keV", 1e-3), ("bin", None), ("0 GeV", None)],
)
def test_energies_that_a_flux_is_per(per: str, energy: float | None) -> None:
    assert per_in_gev(per) == (None if energy is None else pytest.approx(energy, rel=1e-12))
