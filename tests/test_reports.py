from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import CROSS_SECTION_KEYS
from tests.run_cards import write_card
from tridentgen.analysis.summary import summary
from tridentgen.cards import CardError, read_card
from tridentgen.errors import InputError
from tridentgen.progress import silent
from tridentgen.reports.cards import card_json, card_text
from tridentgen.reports.cross_sections import cross_section_text, cross_sections
from tridentgen.reports.event_files import events_text
from tridentgen.reports.layout import measured
from tridentgen.reports.runs import run_json, run_text
from tridentgen.runs.run import Run, run


@pytest.fixture(scope="module")
def card_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_card(tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def result(card_path: Path) -> Run:
    return run(card_path, card_path.parent / "events.h5")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.2987e-42, 8e-46, "(1.29870 +- 0.00080)e-42"),
        (1.2987e-42, 8.4e-45, "(1.2987 +- 0.0084)e-42"),
        (9.996e-43, 1.2e-44, "(10.00 +- 0.12)e-43"),
        (5.0e-44, 4.0e-44, "(5.0 +- 4.0)e-44"),
        (5.0e-44, 7.0e-44, "(5.0 +- 7.0)e-44"),
        (2.0, 1e-15, "(2.000000000 +- 0.000000000)e+00"),
        (1.5e-40, 0.0, "(1.500000 +- 0.000000)e-40"),
        (0.0, 0.0, "0 +- 0"),
        (math.nan, math.nan, "nan +- nan"),
    ],
)
def test_a_value_is_printed_with_two_digits_of_its_error(value: float, error: float, text: str) -> None:
    assert measured(value, error) == text


def test_a_run_as_text_and_json(card_path: Path, result: Run) -> None:
    card = read_card(card_path)
    found = json.loads(json.dumps(run_json(result, card)))
    assert found == {
        "path": str(result.path),
        "process": "numu Ar40 -> numu mu- mu+ (coherent, diffractive)",
        "flux": "single energy, 5 GeV",
        "events": 4000,
        "trials": 4000,
        "sigma_cm2": result.sigma,
        "error_cm2": result.error,
        "effective_share": result.effective_share,
        "unweighting_efficiency": result.unweighting_efficiency,
        "expected_events": None,
        "expected_events_error": None,
        "acceptance": None,
        "lifted_share": None,
        "overweight_events": None,
        "engine": "numpy",
        "seconds": result.seconds,
        "complete": True,
        "warnings": [],
    }
    lines = run_text(result, card).split("\n")
    assert lines[:4] == [
        "Dimuons",
        "  process        numu Ar40 -> numu mu- mu+ (coherent, diffractive)",
        "  flux           single energy, 5 GeV",
        "  events         4000",
    ]
    assert lines[4] == f"  cross section  {measured(result.sigma, result.error)} cm2 per Ar40"
    assert not any("expected" in line for line in lines)


def test_a_run_with_cuts_and_exposure_says_so(card_path: Path, result: Run) -> None:
    text = run_text(
        replace(result, events=77, expected_events=12.3456, expected_events_error=0.12), read_card(card_path)
    )
    assert "  events           77 of 4000 trials" in text
    assert "  expected events  12.35 +- 0.12 for the card's exposure" in text


def test_no_title_leaves_no_empty_line(card_path: Path, result: Run) -> None:
    card = replace(read_card(card_path), title="")
    assert run_text(result, card).startswith("  process ")


def test_cross_sections_have_the_promised_keys_and_the_right_values(card_path: Path) -> None:
    card = read_card(
        card_path,
        [
            "process.regimes=['coherent', 'proton']",
            "process.form_factor=woods-saxon",
            "process.target=Ar40",
            "process.nucleon_form_factor=dipole",
        ],
    )
    found = [report.json for report in cross_sections(card, [1.0, 5.0], silent)]
    assert [list(row) for row in found] == [CROSS_SECTION_KEYS] * 4
    assert [(row["energy_GeV"], row["regime"]) for row in found] == [
        (1.0, "coherent"),
        (1.0, "proton"),
        (5.0, "coherent"),
        (5.0, "proton"),
    ]
    assert {(row["process"], row["nu"], row["target"], *row["leptons"], row["engine"]) for row in found} == {
        ("trident", "numu", "Ar40", "mu-", "mu+", "numpy")
    }
    # Computed with another code, a mass of 40 u and the same form factors; 18 protons.
    for row, (value, error) in zip(
        (found[0], found[2], found[3]), ((1.2029e-44, 6e-48), (1.2987e-42, 8e-46), (18 * 3.069e-44, 18 * 2e-47)),
        strict=True,
    ):  # fmt: skip
        assert row["error_cm2"] < 1.01e-3 * row["sigma_cm2"]
        assert abs(row["sigma_cm2"] - value) < 3.0 * math.hypot(row["error_cm2"], error) + 3e-3 * value
        assert row["points"] > 10_000
        assert 0.0 < row["chi2_dof"] < 10.0
        assert row["seconds"] > 0.0


def test_a_flux_average_has_no_energy_but_a_flux(card_path: Path) -> None:
    card = read_card(
        card_path,
        ["flux.kind=histogram", "flux.edges_GeV=[2, 5, 6]", "flux.values=[1, 2]", "process.regimes=['coherent']"],
    )
    (found,) = (report.json for report in cross_sections(card, None, silent))
    assert list(found) == [*CROSS_SECTION_KEYS, "flux"]
    assert (found["energy_GeV"], found["flux"]) == (None, "numu, histogram of 2 bins, 2 to 6 GeV")
    # It lies between those at the ends, and is the mean of the flux: Simpson's rule in each bin.
    ends = [row.json["sigma_cm2"] for row in cross_sections(card, [2.0, 3.5, 5.0, 5.5, 6.0], silent)]
    simpson = (3 * (ends[0] + 4 * ends[1] + ends[2]) / 6 + 2 * (ends[2] + 4 * ends[3] + ends[4]) / 6) / 5
    assert found["sigma_cm2"] == pytest.approx(simpson, rel=4e-3)
    table = cross_section_text([found])
    assert table.split("\n")[:2] == ["flux: numu, histogram of 2 bins, 2 to 6 GeV", ""]
    assert table.split("\n")[3].split()[:6] == ["numu", "mu-", "mu+", "Ar40", "coherent", "flux"]


def test_all_energies_are_looked_at_before_any_work(card_path: Path) -> None:
    card = read_card(card_path)

    def no_work(what: str, _share: float) -> None:
        raise AssertionError(what)

    for energies, message in (
        ([5.0, 0.03], r"^0\.03 GeV is below the threshold of numu Ar40 -> numu mu- mu\+ \(coherent\), 0\.211917 GeV; "),
        ([5.0, 0.22], r"^0\.22 GeV is below the threshold of numu Ar40 -> numu mu- mu\+ \(diffractive\), 0\.23508 "),
    ):
        with pytest.raises(InputError, match=message):
            list(cross_sections(card, energies, no_work))


def test_a_table_of_cross_sections_is_aligned() -> None:
    row = dict.fromkeys(CROSS_SECTION_KEYS) | {
        "nu": "numubar", "leptons": ["e-", "mu+"], "target": "Pb208", "regime": "diffractive", "energy_GeV": 12.5,
        "sigma_cm2": 1.2e-41, "error_cm2": 1e-44, "chi2_dof": 1.25, "points": 348160,
    }  # fmt: skip
    assert cross_section_text([row, {**row, "nu": "nue", "energy_GeV": 5.0}]).split("\n") == [
        "nu       leptons  target  regime       energy/GeV  sigma/cm2               chi2/dof  points",
        "numubar  e- mu+   Pb208   diffractive  12.5        (1.2000 +- 0.0010)e-41  1.25      3.5e+05",
        "nue      e- mu+   Pb208   diffractive  5           (1.2000 +- 0.0010)e-41  1.25      3.5e+05",
    ]


def test_a_card_as_text_and_json(card_path: Path) -> None:
    card = read_card(card_path)
    found = card_json(card)
    assert json.loads(json.dumps(found)) == found
    assert found["flux"] == {"kind": "monochromatic", "energy_GeV": 5.0}
    # 2 m (1 + m / M) with m the muon's mass and M the nucleus's.
    assert found["threshold_GeV"] == pytest.approx(2 * 0.1056583755 * (1 + 0.1056583755 / 37.2155), rel=1e-7)
    assert card_text(card).split("\n") == [
        "Dimuons",
        "  process    numu Ar40 -> numu mu- mu+ (coherent, diffractive)",
        "  threshold  0.2119 GeV",
        "  flux       single energy, 5 GeV",
        "  events     4000, seed 3, engine numpy",
        "  output     events.h5",
    ]


def test_a_card_whose_flux_file_is_elsewhere_is_shown_with_that(tmp_path: Path) -> None:
    card = read_card(
        write_card(tmp_path, ('kind = "monochromatic"\nenergy_GeV = 5.0', 'kind = "file"\npath = "f.dat"'))
    )
    found = card_json(card)
    assert found["flux_description"] is None
    assert found["flux_problem"].endswith("f.dat: no such flux file; put one there or correct flux.path")
    assert f"flux       not available: {found['flux_problem']}" in card_text(card)


def test_a_card_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    for change, message in (
        (("= 5.0", "= 0.2"), r":12: flux\.energy_GeV: no flux above the threshold"),
        (("[output]", "[exposure]\nmass_t = 1\npot = 1e20\n[output]"), r":20: exposure needs an absolute flux"),
    ):
        with pytest.raises(CardError, match=message):
            card_json(read_card(write_card(tmp_path, change)))


def test_an_event_file_as_text(result: Run) -> None:
    lines = events_text(summary(result.path)).split("\n")
    assert lines[0] == "Dimuons"
    assert "  process         numu Ar40 -> numu mu- mu+ (coherent, diffractive)" in lines
    assert "  flux            single energy, 5 GeV" in lines
    assert "  events          4000 weighted of 4000 trials, complete; seed 3" in lines
    assert f"  cross section   {measured(result.sigma, result.error)} cm2" in lines
    (unweighting,) = (line for line in lines if line.startswith("  unweighting"))
    assert unweighting.endswith("with 1e-4 of the cross section overweight")
    assert [line.split()[0] for line in lines if "% of the cross section" in line and " events, " in line] == [
        "coherent",
        "proton",
        "neutron",
    ]
    assert "  q2              GeV2  virtuality Q2 = -q2 of the photon exchanged with the target" in lines
