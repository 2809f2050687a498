"""`tridentgen epa`: table, JSON, picture, and its mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Command
from tests.run_cards import write_card
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.trident import Trident

FAST = ["--engine", "numpy", "--rel-error", "2e-2", "--events", "3000", "--set", "sampling.training_points=20000"]
ONE = ["epa", "--leptons", "mu-", "mu+", "--regime", "coherent", *FAST]

RATIO_KEYS = [
    "nu",
    "leptons",
    "target",
    "regime",
    "energy_GeV",
    "photon_flux",
    "q_max_GeV",
    "sigma_4ps_cm2",
    "error_4ps_cm2",
    "sigma_epa_cm2",
    "error_epa_cm2",
    "ratio",
    "ratio_error",
]


def test_json_has_the_ratio_of_two_cross_sections(cli: Command) -> None:
    found = cli(*ONE, "--energy", "5", "--photon-flux", "exact", "q-max", "--q-max", "0.5", "--json")
    assert (found.code, found.err) == (0, "")
    rows = found.json["ratios"]
    assert [list(row) for row in rows] == [RATIO_KEYS] * 2
    assert [(row["photon_flux"], row["q_max_GeV"]) for row in rows] == [("exact", None), ("q-max", 0.5)]
    full = Trident("numu", "mu-", "mu+").cross_section(5.0, rel_error=5e-3, engine="numpy")
    cut = EpaTrident("numu", "mu-", "mu+", photon_flux="q-max", q_max_GeV=0.5)
    epa = cut.cross_section(5.0, rel_error=5e-3, engine="numpy")
    assert rows[1]["sigma_4ps_cm2"] == pytest.approx(full.value, rel=0.06, abs=0.0)
    assert rows[1]["ratio"] == pytest.approx(epa.value / full.value, rel=0.08)
    of_totals = rows[1]["sigma_epa_cm2"] / rows[1]["sigma_4ps_cm2"]
    error = np.hypot(
        rows[1]["error_epa_cm2"] / rows[1]["sigma_epa_cm2"], rows[1]["error_4ps_cm2"] / rows[1]["sigma_4ps_cm2"]
    )
    assert abs(rows[1]["ratio"] - of_totals) < 4.0 * error * of_totals
    assert 0.0 < rows[1]["ratio_error"] < 0.05 * rows[1]["ratio"]
    assert found.json["distributions"] == []


def test_table_has_a_column_for_each_flux(cli: Command) -> None:
    found = cli("epa", "--regime", "coherent", "--energy", "2", *FAST)
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert lines[0] == "sigma(EPA)/sigma(4PS), by the photon flux of the EPA"
    assert lines[1].split("  ")[-3:] != []
    for label in ("exact h_T", "Q < Lambda_QCD/A^(1/3)", "Q < 1 GeV"):
        assert label in lines[1]
    assert len(lines) == 2 + 3
    assert [line.split()[1:3] for line in lines[2:]] == [["mu-", "mu+"], ["e-", "e+"], ["mu-", "e+"]]


def test_card_gives_flux_regimes_and_photons(cli: Command, folder: Path) -> None:
    write_card(folder, ('kind = "trident"', 'kind = "trident-epa"\nphoton_flux = "uncut"'), name="epa.toml")
    found = cli("epa", "epa.toml", "--rel-error", "2e-2", "--json")
    assert (found.code, found.err) == (0, "")
    rows = found.json["ratios"]
    assert [(row["regime"], row["energy_GeV"], row["photon_flux"]) for row in rows] == [
        ("coherent", 5.0, "uncut"),
        ("diffractive", 5.0, "uncut"),
    ]
    assert rows[0]["ratio"] == pytest.approx(2.26, rel=0.05)


def test_distributions_and_picture(cli: Command, folder: Path) -> None:
    pytest.importorskip("mplhep")
    found = cli(
        *ONE, "--energy", "2", "5", "--photon-flux", "exact", "--distributions", "--at", "3", "-o", "a.png", "--json"
    )
    assert (found.code, found.err) == (0, "")
    shapes = found.json["distributions"]
    assert [shape["observable"] for shape in shapes] == ["m2_ll", "delta_theta"]
    assert {shape["energy_GeV"] for shape in shapes} == {3.0}
    for shape in shapes:
        assert len(shape["edges"]) == len(shape["ratio"]) + 1 == len(shape["dsigma_epa_cm2"]) + 1
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")
    assert cli(*ONE, "--energy", "2", "5", "-o", "b.pdf").code == 0
    assert (folder / "b.pdf").exists()


@pytest.mark.usefixtures("folder")
def test_generate_and_xsec_know_the_approximation(cli: Command) -> None:
    found = cli("generate", "card.toml", "-o", "epa.h5", "--events", "500", "--set", "process.kind=trident-epa")
    assert found.code == 0
    assert "(coherent, diffractive), EPA with exact h_T" in found.out
    attributes = cli("info", "epa.h5", "--json").json["attributes"]
    assert (attributes["process"], attributes["photon_flux"]) == ("trident-epa", "exact")
    row = cli("xsec", "card.toml", "--set", "process.kind=trident-epa", "--rel-error", "0.05", "--json").json[
        "results"
    ][0]
    assert row["process"] == "trident-epa"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epa", "card.toml", "--nu", "numu"], "--nu cannot go with a card; use --set process.KEY=VALUE"),
        ([*ONE, "--energy", "0.1"], "0.1 GeV is below the threshold of numu Ar40 -> numu mu- mu+ (coherent)"),
        ([*ONE, "--energy", "5", "--at", "5m"], "--at 5m: not an energy"),
        ([*ONE, "--energy", "5", "--photon-flux", "exact", "--q-max", "1"], "--q-max 1 needs --photon-flux q-max"),
        ([*ONE, "--energy", "5", "--q-max", "-1"], "--q-max -1: must be a positive number"),
        ([*ONE, "--energy", "5", "-o", "a.txt"], "--output a.txt: unknown picture format; end the name in .png"),
        (
            [*ONE, "--energy", "5", "--photon-flux", "exact", "-o", "a.png"],
            "there is nothing to draw: give several energies",
        ),
        (
            ["epa", "--leptons", "mu-", "tau+", "--energy", "50", "--nu", "nue"],
            "--leptons mu- tau+: nu_e cannot produce mu",
        ),
    ],
)
def test_mistakes_are_one_line(cli: Command, folder: Path, words: list[str], message: str) -> None:
    pytest.importorskip("mplhep")
    found = cli(*words)
    assert found.code == 2
    assert found.err.count("\n") == 1
    assert message in found.err
    assert list(folder.glob("a.*")) == []


def test_a_card_of_coherent_scattering_has_no_epa(cli: Command, folder: Path) -> None:
    card = '[process]\nkind = "cevns"\ntarget = "Ar40"\n[flux]\nkind = "monochromatic"\nenergy_MeV = 30\n'
    (folder / "cevns.toml").write_text(card + "", encoding="utf-8")
    found = cli("epa", "cevns.toml", "--set", "process.neutrino=numu")
    assert found.code == 2
    assert "process.kind must be a trident to have an EPA" in found.err
