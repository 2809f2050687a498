"""`tridentgen rate --all-pairs`: every neutrino of a flux, every lepton pair."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Command
from tests.run_cards import write_card
from tridentgen.processes.trident.pairs import lepton_pairs

FLUX = "".join(f"{energy} 0 {3e-11 / energy:.6e} 0 0 {1e-11 / energy:.6e} 0\n" for energy in (1, 2, 3, 4, 5, 6))
FAST = ["--rel-error", "2e-2", "--set", "sampling.training_points=10_000"]
MONOCHROMATIC = '[flux]\nkind = "monochromatic"\nenergy_GeV = 5.0\n'
FILE = '[flux]\nkind = "file"\npath = "flux.dat"\n[exposure]\nmass_t = 2.0\npot = 1e21\n'


@pytest.fixture
def card(folder: Path) -> str:
    (folder / "flux.dat").write_text(FLUX, encoding="utf-8")
    return write_card(folder, (MONOCHROMATIC, FILE)).name


def test_channels_are_those_of_the_flux(card: str, cli: Command) -> None:
    """numu and numubar up to 6 GeV: pairs of tau leptons need 11 GeV on a nucleon and 4 GeV on the nucleus.

    On the nucleus they live on the tail of the form factor, which is said once.
    """
    found = cli("rate", card, "--all-channels", *FAST, "--json")
    assert (found.code, found.complaints.count("\n")) == (0, 1)
    assert found.err.startswith("tridentgen: warning: numu -> tau- tau+: coherent scattering takes place on the tail")
    rows = found.json["channels"]
    assert [row["nu"] for row in rows] == ["numu"] * 5 + ["numubar"] * 5
    for nu in ("numu", "numubar"):
        assert [tuple(row["leptons"]) for row in rows if row["nu"] == nu] == lepton_pairs(nu)
    by_name = {(row["nu"], *row["leptons"]): row for row in rows}
    assert {part["regime"] for part in by_name["numu", "tau-", "tau+"]["by_nuclide"]} == {"coherent"}
    assert by_name["numu", "mu-", "mu+"]["flux_total"] == pytest.approx(
        3.0 * by_name["numubar", "mu-", "mu+"]["flux_total"], rel=1e-4
    )
    # The spectra have one shape; mirror processes have one cross section on the nucleus.
    for pair, mirrored in ((("mu-", "mu+"), ("mu-", "mu+")), (("mu-", "e+"), ("e-", "mu+"))):
        one, other = (coherent(by_name[name]) for name in (("numu", *pair), ("numubar", *mirrored)))
        error = math.hypot(one["events_error"], 3.0 * other["events_error"])
        assert abs(one["events"] - 3.0 * other["events"]) < 4.0 * error + 1e-3 * one["events"]


def test_closed_regimes_are_dashes(folder: Path, cli: Command) -> None:
    """At 5 GeV pairs of tau leptons are made on the nucleus alone."""
    high = '[flux]\nkind = "histogram"\nedges_GeV = [4.5, 5.5]\nvalues = [1e-10]\narea = "cm2"\n'
    card = write_card(folder, (MONOCHROMATIC, high), ('neutrino = "numu"', 'neutrino = "nutau"')).name
    printed = next(
        line for line in cli("rate", card, "--all-channels", *FAST).out.splitlines() if " tau- tau+ " in line
    )
    assert printed.split().count("-") == 3


def coherent(row: dict[str, Any]) -> dict[str, float]:
    return next(part for part in row["by_regime"] if part["regime"] == "coherent")


def test_each_channel_is_its_own_rate(card: str, folder: Path, cli: Command) -> None:
    (folder / "flux.dat").write_text("".join(f"{energy} 0 0 0 0 1e-11 0\n" for energy in (1, 2, 3)), encoding="utf-8")
    cuts = ["--set", "cuts.delta_theta_max_deg=20", "--set", "sampling.events=500", "--engine", "numpy"]
    rows = cli("rate", card, "--all-channels", *FAST, *cuts, "--json").json["channels"]
    row = next(r for r in rows if (r["nu"], r["leptons"]) == ("numubar", ["e-", "e+"]))
    alone = ["--set", "process.neutrino=numubar", "--set", 'process.leptons=["e-", "e+"]']
    single = cli("rate", card, *FAST, *cuts, *alone, "--json").json
    for key in ("events", "events_error", "flux_total", "by_regime", "by_nuclide"):
        assert row[key] == single[key]
    lines = cli("rate", card, "--all-pairs", *FAST, *cuts).out.splitlines()
    assert lines[:3] == ["Dimuons: all neutrinos and lepton pairs", "  target    Ar40", "  flux      numubar: flux.dat"]
    assert lines[3:5] == ["  exposure  2 t of Ar40, 1e+21 protons on target", ""]
    assert lines[5].split() == [
        "nu",
        "leptons",
        "coherent",
        "proton",
        "neutron",
        "incoherent",
        "total",
        "after",
        "cuts",
    ]
    assert len(lines) == 6 + 4  # mu mu, e e, e mu, and tau mu from 1.9 GeV on


def test_a_spectrum_on_the_card_is_of_its_neutrino(folder: Path, cli: Command) -> None:
    histogram = '[flux]\nkind = "histogram"\nedges_GeV = [0.2, 0.3]\nvalues = [1e-10]\narea = "cm2"\n'
    name = write_card(folder, (MONOCHROMATIC, histogram)).name
    rows = cli("rate", name, "--all-channels", *FAST, "--json").json["channels"]
    assert [(row["nu"], tuple(row["leptons"])) for row in rows] == [
        ("numu", pair) for pair in lepton_pairs("numu", ("mu", "e"))
    ]


def test_both_neutrinos_of_a_muon(cli: Command) -> None:
    more = [*FAST, "--engine", "numpy", "--set", "process.regimes=['coherent']", "--json"]
    rows = cli("rate", "nustorm_emu", "--all-channels", *more).json["channels"]
    assert list(dict.fromkeys(row["nu"] for row in rows)) == ["numubar", "nue"]


def test_the_model_of_one_channel(card: str, cli: Command) -> None:
    found = cli("rate", card, "--all-channels", "--set", "model={vector_coupling=1.0, axial_coupling=1.0}")
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "model.vector_coupling holds for one neutrino and one lepton pair" in found.err


def test_mistakes(card: str, cli: Command) -> None:
    found = cli("rate", "coherent_csi", "--all-pairs")
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "--all-pairs is for tridents" in found.err
    low = ["--set", "flux={kind='histogram', edges_GeV=[1e-4, 9e-4], values=[1.0], area='cm2'}"]
    found = cli("rate", card, "--all-channels", *low)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "flux: all of it is below the threshold of every lepton pair" in found.err
