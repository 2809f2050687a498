"""From cards to sources of several kinds of neutrinos: every key, every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, MuonAtRest, TimeProfile, build_flux, build_source
from tridentgen.flux.card import FluxCard, read_flux_table
from tridentgen.toml.tables import Document, Table

HERE = Path()


def read(text: str, neutrino: str | None, *, one_spectrum: bool = False) -> tuple[FluxCard, tuple[str, ...]]:
    """Read a [flux] table; return what it says and what is wrong with it."""
    document = Document(text, "x.toml")
    table = Table(document, (), document.data)
    card = read_flux_table(table.table("flux", required=True), neutrino, one_spectrum=one_spectrum)
    table.finish()
    return card, document.messages


def test_stopped_pions() -> None:
    options = {"distance_m": 20, "per_proton": 0.09, "pulse_fwhm_ns": 380, "time_offset_ns": 66.7}
    source = build_source("pion-decay-at-rest", options, None, HERE)
    assert source.neutrinos == ("numu", "nue", "numubar")
    assert source.total == pytest.approx(3 * 0.09 / (4 * 3.14159265358979 * 2000.0**2), rel=1e-6, abs=0.0)
    time = source.components[2].time
    assert isinstance(time, TimeProfile)
    assert (time.pulse, time.pulse_ns, time.offset_ns) == ("gaussian", 380.0, 66.7)
    some = build_source(
        "pion-decay-at-rest", {"distance_m": 20, "pulse_width_ns": 600, "neutrinos": ["numu"]}, None, HERE
    )
    (one,) = some.components
    assert isinstance(one.time, TimeProfile)
    assert (one.neutrino, one.time.pulse) == ("numu", "box")


def test_one_neutrino_of_several() -> None:
    flux = build_flux("pion-decay-at-rest", {"distance_m": 20}, "numubar", HERE)
    assert flux == MuonAtRest("numubar", flux.total, "cm^-2 POT^-1")
    line = build_flux("solar", {"components": ["pep"], "fluxes": [1e8]}, "nue", HERE)
    assert line == Monochromatic(1.442e-3, 1e8, "cm^-2 s^-1")
    assert build_flux("dsnb", {}, "nutaubar", HERE).total == pytest.approx(10.4, rel=1e-3)


def test_reactor() -> None:
    options: dict[str, object] = {"thermal_power_GW": 3.9, "distance_m": 17.1}
    source = build_source("reactor", options, None, HERE)
    assert source.neutrinos == ("nuebar",)
    research = build_source("reactor", {**options, "fractions": [1, 0, 0, 0], "captures_per_fission": 0}, None, HERE)
    assert research.total < source.total


def test_sun() -> None:
    assert build_source("solar", {}, None, HERE).total == pytest.approx(6.527e10, rel=1e-3)
    options = {"components": ["8B", "hep"], "fluxes": [5e6, 8000], "oscillation": "lma"}
    source = build_source("solar", options, None, HERE)
    assert source.total == pytest.approx(5.008e6)
    assert source.neutrinos == ("nue", "numu", "nutau")
    assert len(build_source("solar", options, "numu", HERE).components) == 2


def test_diffuse_fluxes() -> None:
    assert build_source("atmospheric", {"total_flux": 12}, None, HERE).total == pytest.approx(12.0)
    assert build_source("dsnb", {"total_flux": 12}, None, HERE).total == pytest.approx(12.0)
    assert build_source("atmospheric", {}, None, HERE).total == pytest.approx(10.5)
    assert build_source("dsnb", {}, None, HERE).total == pytest.approx(86.0)


def test_supernova() -> None:
    options = {"distance_kpc": 5, "energy_erg": 2e53, "mean_energies_MeV": [10, 12, 13], "pinching": [2.5, 2.5, 2.5]}
    source = build_source("supernova", options, None, HERE)
    near = build_source("supernova", {**options, "distance_kpc": 2.5}, None, HERE)
    assert near.total == pytest.approx(4.0 * source.total, rel=1e-6, abs=0.0)


@pytest.mark.parametrize(
    ("kind", "options", "neutrino", "message"),
    [
        ("pion-decay-at-rest", {}, None, "flux.distance_m is missing: flux.kind = 'pion-decay-at-rest' needs it"),
        ("pion-decay-at-rest", {"distance_m": -1}, None, "flux.distance_m = -1.0 must be a positive length in m"),
        (
            "pion-decay-at-rest",
            {"distance_m": 20, "neutrinos": ["nutau"]},
            None,
            "flux.neutrinos: 'nutau' is not made by stopped pi",
        ),
        ("pion-decay-at-rest", {"distance_m": 20, "neutrinos": []}, None, "flux.neutrinos is empty; name some of numu"),
        (
            "pion-decay-at-rest",
            {"distance_m": 20, "neutrinos": [3]},
            None,
            r"flux.neutrinos = \[3\] is not a list of names",
        ),
        (
            "pion-decay-at-rest",
            {"distance_m": 20, "pulse_fwhm_ns": 1, "pulse_width_ns": 1},
            None,
            r"flux.pulse_fwhm_ns \(a Gaussian\) and pulse_width_ns \(a box\) are both given; give one",
        ),
        (
            "pion-decay-at-rest",
            {"distance_m": 20, "pulse_width_ns": 0},
            None,
            "flux.pulse_width_ns = 0.0 must be a positive",
        ),
        (
            "pion-decay-at-rest",
            {"distance_m": 20},
            "nuebar",
            "flux: no nuebar from pi. and mu. decays at rest, .*: it makes numu, nue, numubar; name one of them",
        ),
        ("pion-decay-at-rest", {"distance_m": 1e-200}, None, "flux: a number is too large or too small to work with"),
        ("reactor", {"thermal_power_GW": 3}, None, "flux.distance_m is missing"),
        (
            "reactor",
            {"thermal_power_GW": 3, "distance_m": 20, "fractions": [1, 0]},
            None,
            "flux.fractions has 2 entries; give 4",
        ),
        (
            "reactor",
            {"thermal_power_GW": 3, "distance_m": 20, "fractions": [1, 0, 0, "x"]},
            None,
            "flux.fractions has 'x' as entry 3, which is not a number",
        ),
        ("reactor", {"thermal_power_GW": 3, "distance_m": 20}, "nue", "flux: no nue from reactor, .*: it makes nuebar"),
        ("solar", {"component": ["8B"]}, None, "unknown key 'flux.component', did you mean 'components'"),
        ("solar", {"components": "8B"}, None, "flux.components = '8B' is not a list of names"),
        ("solar", {"components": ["B8"]}, None, "flux.components = 'B8' is not known; known are pp"),
        ("solar", {"fluxes": [5e6]}, None, "flux.fluxes needs flux.components beside it"),
        ("solar", {"oscillation": "vacuum"}, None, "flux.oscillation = 'vacuum' is not known; use 'none' or 'lma'"),
        ("solar", {}, "numu", "flux: no numu from the Sun, all components, as made: it makes nue; name one of them"),
        ("atmospheric", {"total_flux": 0}, None, "flux.total_flux = 0.0 must be a positive number per cm.2 and s"),
        ("dsnb", {"total_flux": "86"}, None, "flux.total_flux = '86' is not a number"),
        ("supernova", {}, None, "flux.distance_kpc is missing"),
        ("supernova", {"distance_kpc": 10, "pinching": [3]}, None, "flux.pinching has 1 entries; give three"),
    ],
)
def test_mistakes(kind: str, options: dict[str, object], neutrino: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        build_source(kind, options, neutrino, HERE)
    assert "\n" not in str(caught.value)


def test_a_trident_needs_one_spectrum() -> None:
    message = r"flux.kind = 'solar' has several spectra of nue \(8B-nue, hep-nue\), .* choose one with flux.components"
    with pytest.raises(InputError, match=message):
        build_flux("solar", {"components": ["8B", "hep"]}, "nue", HERE)


# ---- the table of a card


def test_a_card_with_lists_of_names() -> None:
    text = '[flux]\nkind = "solar"\ncomponents = ["8B", "hep"]\nfluxes = [5e6, 8e3]\noscillation = "lma"\n'
    card, wrong = read(text, None)
    assert wrong == ()
    assert dict(card.options) == {"components": ["8B", "hep"], "fluxes": [5e6, 8e3], "oscillation": "lma"}
    assert card.range_key == "kind"


@pytest.mark.parametrize(
    ("text", "neutrino", "one_spectrum", "expected"),
    [
        (
            'kind = "solar"\ncomponents = ["8B", 3]',
            None,
            False,
            ("x.toml:3: flux.components[1]: must be a string in quotes",),
        ),
        (
            'kind = "dsnb"\ntotal_flux = -1',
            None,
            False,
            ("x.toml:3: flux.total_flux = -1.0 must be a positive number",),
        ),
        ('kind = "reactor"\ndistance_m = 3', None, False, ("x.toml:1: key 'flux.thermal_power_GW' is missing",)),
        ('kind = "solar"', "numu", False, ("x.toml:1: flux: no numu from the Sun",)),
        ('kind = "solar"', "nue", True, ("x.toml:2: flux.kind = 'solar' has several spectra of nue",)),
        ('kind = "solar"', "nue", False, ()),
        ('kind = "solar"', "", True, ()),
        ('kind = "monochromatic"\nenergy_MeV = 30', "nue", True, ()),
        ('kind = "monochromatic"', "nue", True, ("x.toml:1: key 'flux.energy_GeV' is missing",)),
        ('kind = "monochromatic"\nenergy_MeV = 30', None, False, ("x.toml:1: process.neutrino is missing",)),
        ('kind = "muon-decay"\nmuon = "mu+"\nmuon_energy_GeV = 3.8\ndistance_m = 50', None, False, ()),
    ],
)
def test_what_a_card_may_say(text: str, neutrino: str | None, one_spectrum: bool, expected: tuple[str, ...]) -> None:
    _, wrong = read(f"[flux]\n{text}\n", neutrino, one_spectrum=one_spectrum)
    assert len(wrong) == len(expected)
    for message, start in zip(wrong, expected, strict=True):
        assert message.startswith(start)


def test_the_key_that_says_how_far_the_flux_reaches() -> None:
    assert read('[flux]\nkind = "monochromatic"\nenergy_MeV = 30\n', "nue")[0].range_key == "energy_MeV"
    assert read('[flux]\nkind = "monochromatic"\nenergy_GeV = 0.03\n', "nue")[0].range_key == "energy_GeV"
