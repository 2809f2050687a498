"""`tridentgen figure`: the list, pictures, JSON, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Command
from tests.run_cards import write_card
from tridentgen.figures.kinds import KINDS

FAST = ["--engine", "numpy", "--events", "2000", "--set", "sampling.training_points=10000", "--rel-error", "0.1"]


def test_list(cli: Command) -> None:
    found = cli("figure")
    assert (found.code, found.err) == (0, "")
    assert [line.split()[0] for line in found.out.splitlines()] == list(KINDS)
    assert [row["name"] for row in cli("figure", "--json").json] == list(KINDS)


def test_picture_table_and_json(cli: Command, folder: Path) -> None:
    pytest.importorskip("mplhep")
    found = cli("figure", "efficiencies", *FAST)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("numu on Ar40, numu, histogram of 14 bins")
    assert found.out.endswith("\nefficiencies.png\n")
    assert (folder / "efficiencies.png").read_bytes().startswith(b"\x89PNG")
    write_card(folder)
    again = cli("figure", "efficiencies", "card.toml", *FAST, "-o", "a.pdf", "--json")
    assert again.json["picture"] == "a.pdf"
    assert again.json["flux"] == "single energy, 5 GeV"
    assert len(again.json["rows"]) == 6
    assert (folder / "a.pdf").exists()


@pytest.mark.usefixtures("folder")
def test_a_material_is_not_summed(cli: Command) -> None:
    pytest.importorskip("mplhep")
    flux = ["--set", "flux={kind='monochromatic', energy_GeV=5.0}", "--set", "process.regimes=['coherent']"]
    found = cli("figure", "efficiencies", "minos", *flux, *FAST, "--rel-error", ".1", "--events", "100")
    assert found.code == 0
    assert "the figure is of process.target = Fe56 alone, not of all nuclides of exposure.material = minos" in found.err


def test_energies(cli: Command, folder: Path) -> None:
    """At 50 MeV there are only pairs of electrons."""
    pytest.importorskip("mplhep")
    found = cli("figure", "cross-sections", "--energy", "50MeV", *FAST, "--json")
    open_channels = [curve for curve in found.json["curves"] if curve["energies_GeV"]]
    assert {tuple(curve["leptons"]) for curve in open_channels} == {("e-", "e+")}
    assert {tuple(curve["energies_GeV"]) for curve in open_channels} == {(0.05,)}
    assert (folder / "cross-sections.png").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["figure", "epas"], "no figure is called 'epas', did you mean 'epa'?; there are cross-sections, photons"),
        (["figure", "photons", "--energy", "2", "3"], "--energy 2 3: this figure takes one energy"),
        (["figure", "distributions", "--energy", "2"], "--energy 2: this figure is computed in the card's flux"),
        (["figure", "epa", "-o", "a.txt"], "--output a.txt: unknown picture format; end the name in .png"),
        (["figure", "epa", "nothing"], "no built-in card or file is called 'nothing'"),
        (["figure", "efficiencies", "coherent_csi"], "process.kind must be a trident for this figure"),
        (["figure", "epa", "--energy", "5"], "--energy 5: this figure needs two energies; give more"),
        (["figure", "measurements", "dune_nd_mumu"], "has cards of its own; leave 'dune_nd_mumu' out"),
    ],
)
def test_mistakes_are_one_line(cli: Command, folder: Path, words: list[str], message: str) -> None:
    pytest.importorskip("mplhep")
    found = cli(*words)
    assert found.code == 2
    assert found.err.count("\n") == 1
    assert message in found.err
    assert [path.name for path in folder.iterdir()] == ["card.toml"]
