"""`tridentgen flux`: the list, and what it says of names, files and cards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Command
from tridentgen.analysis.flux_numbers import EXAMPLES, mean_energy_GeV
from tridentgen.cards import read_card
from tridentgen.flux import Monochromatic, PowerLaw, TabulatedFlux, stopped_pions
from tridentgen.flux.facility import facility_flux, facility_names, facility_table
from tridentgen.runs.job import beam_of


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flux file in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.dat"
    path.write_text("1 0 2e-9 0 0 1e-9 0\n2 0 2e-9 0 0 1e-9 0\n4 0 2e-9 0 0 1e-9 0\n", encoding="utf-8")
    return path


def test_mean_energies() -> None:
    assert mean_energy_GeV(Monochromatic(3.0)) == 3.0
    assert mean_energy_GeV(PowerLaw(0.0, 1.0, 3.0)) == pytest.approx(2.0, rel=1e-6)
    assert mean_energy_GeV(TabulatedFlux(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 0.0]), "linear")) == (
        pytest.approx(4.0 / 3.0, rel=1e-6)  # a triangle: the mean of its corners
    )
    nue = next(each.flux for each in stopped_pions(20.0).components if each.neutrino == "nue")
    assert mean_energy_GeV(nue) == pytest.approx(0.6 * nue.energy_max_GeV, rel=1e-4)  # of 12 x^2 (1 - x)


def test_the_list_names_sources_and_facilities(cli: Command) -> None:
    listed = cli("flux", "list")
    assert (listed.code, listed.err) == (0, "")
    names = [line.split()[0] for line in listed.out.splitlines()]
    assert names == ["name", *EXAMPLES, *facility_names()]
    rows = {row["name"]: row for row in cli("flux", "list", "--json").json}
    assert list(rows) == names[1:]
    assert rows["solar"]["units"] == "cm^-2 s^-1"
    assert rows["dune-nd-fhc"]["total"] == facility_table("dune-nd-fhc").beam.total
    assert rows["dune-nd-fhc"]["neutrinos"] == ["nue", "numu", "nuebar", "numubar"]
    assert rows["ship"]["total"] is None
    assert all(row["source"] and row["about"] for row in rows.values())


def test_a_facility_is_described(cli: Command) -> None:
    found = cli("flux", "show", "icarus")
    assert (found.code, found.err) == (0, "")
    facts = facility_table("icarus")
    for text in (facts.units, facts.source, facts.reference, facts.normalisation, facts.made, facts.mode):
        assert text in found.out
    told = cli("flux", "show", "icarus", "--json").json
    assert told["total"] == facts.beam.total
    assert told["units"] == "cm^-2 POT^-1"
    assert [each["neutrino"] for each in told["components"]] == list(facts.beam.neutrinos)
    numu = next(each for each in told["components"] if each["neutrino"] == "numu")
    flux = facility_flux("icarus", "numu")
    middles = 0.5 * (flux.energies_GeV[1:] + flux.energies_GeV[:-1])
    mean = np.sum(flux.values * np.diff(flux.energies_GeV) * middles) / flux.total
    assert numu["mean_energy_GeV"] == pytest.approx(mean, rel=1e-6)
    one = cli("flux", "show", "icarus", "--neutrino", "numu", "--json").json
    assert [each["name"] for each in one["components"]] == ["numu"]


def test_a_shape_has_no_integral(cli: Command) -> None:
    assert "integral       relative (only the shape is known)" in cli("flux", "show", "ship").out
    assert cli("flux", "show", "ship", "--json").json["total"] is None


def test_a_file_is_described_with_the_units_taken(cli: Command, table: Path) -> None:
    found = cli("flux", "show", table.name)
    assert (found.code, found.err) == (0, "")
    assert "numu from mine.dat, column 2 (per cm2 and GeV; linear), 1 to 4 GeV" in found.out
    told = cli("flux", "show", table.name, "--set", "flux.area=m2", "--set", "flux.pot=10", "--json").json
    assert [each["total"] for each in told["components"]] == pytest.approx([6e-14, 3e-14])
    assert [each["mean_energy_GeV"] for each in told["components"]] == pytest.approx([2.5, 2.5])
    assert told["keys"]["area"] == "m2"
    named = cli("flux", "show", table.name, "--set", "flux.column=5", "--neutrino", "nue", "--json").json
    assert [(each["neutrino"], each["total"]) for each in named["components"]] == [("nue", pytest.approx(3e-9))]


def test_a_card_is_described(cli: Command, table: Path) -> None:
    told = cli("flux", "show", "dune_nd_rhc_mumu", "--json").json
    assert told["total"] == beam_of(read_card("dune_nd_rhc_mumu")).total
    assert [each["neutrino"] for each in told["components"]] == ["numubar"]
    assert told["normalisation"]
    mine = cli("flux", "show", "nova", "--set", f"flux.path={table}", "--json").json
    assert mine["kind"] == "file"
    Path("my.toml").write_text(read_card("quickstart").text, encoding="utf-8")
    shape = cli("flux", "show", "my.toml", "--json").json
    assert (shape["kind"], shape["total"]) == ("histogram", None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["icaru"],
            "tridentgen: no flux, card or file is called 'icaru', did you mean 'icarus'?; `tridentgen flux list`",
        ),
        (["none.dat"], "no such flux file; put one there"),
        (["mine.dat", "--set", "flux.are=m2"], "--set flux.are=m2: unknown key 'flux.are', did you mean 'area'?"),
        (["mine.dat", "--set", "flux.area=ha"], "flux.area = 'ha' is not known; use 'cm2' or 'm2'"),
        (["mine.dat", "--set", "flux.column=2"], "name it in process.neutrino"),
        (["icarus", "--neutrino", "nutau"], "no nutau from icarus"),
        (["icarus", "--neutrino", "muon"], "muon"),
        (["icarus", "-o", "flux.txt"], "unknown picture format"),
    ],
)
def test_mistakes_get_one_line(cli: Command, table: Path, words: list[str], message: str) -> None:
    assert table.exists()
    found = cli("flux", "show", *words)
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1)
    assert message in found.err


@pytest.mark.parametrize("name", ["dune-nd-fhc", "sbnd", "solar", "pion-decay-at-rest", "ship", "quickstart"])
def test_a_flux_is_drawn(cli: Command, table: Path, name: str) -> None:
    pytest.importorskip("mplhep")
    found = cli("flux", "show", name, "-o", "flux.svg")
    assert (found.code, found.err) == (0, "")
    assert found.out.endswith("\nflux.svg\n")
    assert table.with_name("flux.svg").stat().st_size > 5000
