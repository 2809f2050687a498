"""What the calculation leaves out, as the commands, the files and Python say it."""

from __future__ import annotations

from pathlib import Path

import pytest

import tridentgen as tg
from tests.command_line import XSEC, Command
from tests.run_cards import write_card
from tridentgen.processes.base import Caveat
from tridentgen.processes.kinds import KINDS
from tridentgen.reports.caveats import largest

QUICK = ["--engine", "numpy", "--rel-error", "2e-2", "--set", "sampling.training_points=10_000"]
HIGH = (
    'kind = "monochromatic"\nenergy_GeV = 5.0',
    'kind = "histogram"\nedges_GeV = [49.0, 51.0]\nvalues = [1e-10]\narea = "cm2"',
)
SAID = "inelastic scattering on nucleons is not included: about 11 % of the whole cross section"


@pytest.fixture
def high(folder: Path) -> str:
    return write_card(folder, HIGH, name="high.toml").name


@pytest.mark.usefixtures("folder")
def test_xsec_names_the_worst_energy_once(cli: Command) -> None:
    words = [*XSEC[:-1], "coherent", "diffractive"]
    found = cli("xsec", *words, "--energy", "5", "10", "50", *QUICK, "--json")
    (warning,) = found.json["warnings"]
    assert (
        warning
        == f"numu Ar40 -> numu mu- mu+ (coherent, diffractive), single energy, 50 GeV: {SAID} (the largest of 2)"
    )
    assert found.err == f"tridentgen: warning: {warning}\n"
    low = cli("xsec", *words, "--energy", "5", *QUICK, "--json")
    assert (low.err, low.json["warnings"]) == ("", [])


def test_generate_info_and_rate(cli: Command, folder: Path, high: str) -> None:
    found = cli("generate", high, "--events", "200", "--json")
    assert (found.code, found.err, found.json["warnings"]) == (0, f"tridentgen: warning: {SAID}\n", [SAID])
    assert tg.read(folder / "events.h5").attributes["caveats"] == SAID
    lines = cli("info", "events.h5").out.splitlines()
    assert [line.split(maxsplit=1) for line in lines if SAID in line] == [["caveat", SAID]]
    assert tg.run(folder / high, folder / "other.h5", overrides=["sampling.events=100"]).caveats == (SAID,)
    rate = cli("rate", high, *QUICK, "--json")
    assert (rate.code, rate.err, rate.json["warnings"]) == (0, f"tridentgen: warning: {SAID}\n", [SAID])


def test_rate_of_all_pairs_names_the_worst_pair_once(cli: Command, high: str) -> None:
    found = cli("rate", high, "--all-pairs", *QUICK, "--json")
    (inelastic,) = (warning for warning in found.json["warnings"] if "inelastic" in warning)
    assert inelastic.startswith("numu -> tau- tau+: inelastic scattering")
    assert inelastic.endswith("(the largest of 4)")
    assert found.err.splitlines() == [f"tridentgen: warning: {warning}" for warning in found.json["warnings"]]


def test_reweighted_events_do_not_carry_those_of_other_couplings() -> None:
    process = tg.Trident("numu", "mu-", "mu+", regime="total")
    events = process.generate(50.0, events=500, engine="numpy")
    assert events.attributes["caveats"] == SAID
    assert "caveats" not in events.reweight(process.with_couplings(sin2_theta_w=0.24)).attributes


def test_no_attribute_without_a_caveat() -> None:
    assert "caveats" not in tg.Trident("numu", "mu-", "mu+").generate(5.0, events=100, engine="numpy").attributes


def test_the_largest_of_each_subject() -> None:
    found = [("a", Caveat("x", 0.1, "small")), ("b", Caveat("x", 0.3, "large")), ("b", Caveat("y", 0.2, "alone"))]
    assert largest(found) == ("b: large (the largest of 2)", "b: alone")
    assert largest([]) == ()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["CEvNS", "CEvNs", "CEVNS", "CENNS"])
def test_process_in_other_spellings(cli: Command, name: str) -> None:
    found = cli("xsec", "--process", name, "--target", "Ar40", "--energy", "30MeV", *QUICK, "--json")
    assert (found.code, found.err) == (0, "")
    assert found.json["results"][0]["process"] == "cevns"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["trident_epa", "Trident EPA", "EPA"])
def test_the_epa_in_other_spellings(cli: Command, name: str) -> None:
    found = cli("xsec", "--process", name, *XSEC[2:], "--energy", "5", *QUICK, "--json")
    assert (found.code, found.err) == (0, "")
    assert found.json["results"][0]["process"] == "trident-epa"


@pytest.mark.usefixtures("folder")
def test_a_typo_in_process_is_one_line(cli: Command) -> None:
    found = cli("xsec", "--process", "CEvNSs", "--energy", "30MeV")
    assert found.code == 2
    said = f"must be one of {', '.join(KINDS)}, not 'CEvNSs', did you mean 'cevns'?"
    assert found.err == f"--process CEvNSs: {said}\n"
