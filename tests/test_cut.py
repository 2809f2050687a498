"""`tridentgen cut` on event files: shares, cross sections, the file of what passes, mistakes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.exchange.export.samples import make
from tests.run_cards import assert_same, columns_of, write_card
from tests.test_cli_rate import HISTOGRAM
from tridentgen.processes.detected import DETECTOR_COLUMNS

CUTS = ("delta_theta_max_deg=20", "energy_minus_min_GeV=0.5", "pt_pair_max_GeV=0.4", "theta_pair_max_deg=10")
SET = [word for cut in CUTS for word in ("--set", f"cuts.{cut}")]
PLACED = """\
[detector.volume]
shape = "box"
size_cm = [700.0, 300.0, 500.0]

[detector.beam]
direction = [0.3, -0.2, -1.0]
source_distance_m = 50.0

[output]
"""


def by_hand(columns: dict[str, Any]) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return which events pass each of `CUTS` and those before, from the momenta in a beam along z."""
    minus, plus = columns["p4_minus"], columns["p4_plus"]
    pair = minus + plus
    cosine = np.sum(minus[:, 1:] * plus[:, 1:], axis=1) / np.sqrt(
        np.sum(minus[:, 1:] ** 2, axis=1) * np.sum(plus[:, 1:] ** 2, axis=1)
    )
    pt = np.hypot(pair[:, 1], pair[:, 2])
    each = [
        cosine >= math.cos(math.radians(20.0)),
        minus[:, 0] >= 0.5,
        pt <= 0.4,
        pt <= pair[:, 3] * math.tan(math.radians(10.0)),
    ]
    return [np.logical_and.reduce(each[: step + 1]) for step in range(len(each))]


def test_shares_and_cross_sections_by_regime(cli: Command, event_file: Path) -> None:
    found = cli("cut", event_file, "--cut", *CUTS, "--json")
    assert (found.code, found.err) == (0, "")
    columns = columns_of(event_file)
    weight, regime = columns["weight"], columns["regime"]
    regimes = {"coherent": (0,), "proton": (1,), "neutron": (2,), "incoherent": (1, 2), "total": (0, 1, 2)}
    assert [cut["cut"] for cut in found.json["cuts"]] == [
        "delta_theta <= 20 deg", "energy_minus >= 0.5 GeV", "pt_pair <= 0.4 GeV", "theta_pair <= 10 deg",
    ]  # fmt: skip
    for name, codes in regimes.items():
        mine = np.isin(regime, codes)
        before = found.json["by_regime"][name]
        assert before["sigma_cm2"] == pytest.approx(weight[mine].sum(), rel=1e-12, abs=0.0)
        for cut, passed in zip(found.json["cuts"], by_hand(columns), strict=True):
            row, w = cut["by_regime"][name], weight[mine & passed]
            share = w.sum() / weight[mine].sum()
            assert row["events"] == len(w)
            assert row["efficiency"] == pytest.approx(share, rel=1e-12)
            spread = np.sqrt(np.sum(weight[mine] ** 2 * (passed[mine] - share) ** 2)) / weight[mine].sum()
            assert row["efficiency_error"] == pytest.approx(spread, rel=1e-9)
            assert row["sigma_cm2"] == pytest.approx(w.sum(), rel=1e-12, abs=0.0)
            error = math.sqrt((np.sum(w**2) - w.sum() ** 2 / 4000) * 4000 / 3999)
            assert row["error_cm2"] == pytest.approx(error, rel=1e-9, abs=0.0)


def test_the_veto_sees_protons_alone(cli: Command, event_file: Path) -> None:
    found = cli("cut", event_file, "--veto-kinetic", "20MeV", "--json").json
    columns = columns_of(event_file)
    kept = (columns["regime"] != 1) | (columns["recoil_energy"] <= 0.02)
    assert found["cuts"][0]["cut"] == "nothing else above 0.02 GeV"
    row = found["cuts"][0]["by_regime"]
    assert row["total"]["events"] == kept.sum()
    assert row["neutron"]["efficiency"] == 1.0
    assert 0.0 < row["proton"]["efficiency"] < 1.0


def test_what_passes_is_what_generate_makes_with_the_cuts(cli: Command, folder: Path, event_file: Path) -> None:
    assert cli("generate", "card.toml", *SET, "-o", "wanted.h5").code == 0
    found = cli("cut", event_file, "--cut", *CUTS, "-o", "cut.h5")
    assert (found.code, found.err) == (0, "")
    assert_same(columns_of(folder / "cut.h5"), columns_of(folder / "wanted.h5"))
    assert f"  {len(tg.read('cut.h5'))} events in cut.h5\n" in found.out
    with h5py.File("cut.h5") as cut, h5py.File("wanted.h5") as wanted:
        assert cut.attrs["content_hash"] == wanted.attrs["content_hash"]
        for name in ("sigma", "sigma_error", "sum_w", "sum_w2"):
            assert cut.attrs[name] == pytest.approx(wanted.attrs[name], rel=1e-12, abs=0.0)
        for name in ("n_trials", "n_done", "n_requested", "seed", "complete"):
            assert cut.attrs[name] == wanted.attrs[name]
        assert cut.attrs["cuts"] == "; ".join(
            ["delta_theta <= 20 deg", "energy_minus >= 0.5 GeV", "pt_pair <= 0.4 GeV", "theta_pair <= 10 deg"]
        )
        assert cut.attrs["run_id"] not in (wanted.attrs["run_id"], h5py.File(event_file).attrs["run_id"])
    assert cli("verify", "cut.h5").code == 0


def test_cuts_one_after_the_other(cli: Command, folder: Path, event_file: Path) -> None:
    assert cli("cut", event_file, "--cut", *CUTS[:2], "-o", "a.h5").code == 0
    assert cli("cut", "a.h5", "--cut", *CUTS[2:], "-o", "b.h5").code == 0
    assert cli("cut", event_file, "--cut", *CUTS, "-o", "c.h5").code == 0
    assert_same(columns_of(folder / "b.h5"), columns_of(folder / "c.h5"))
    first, second = tg.read("b.h5").attributes, tg.read("c.h5").attributes
    assert first["cuts"] == second["cuts"]
    assert first["sigma_error"] == pytest.approx(second["sigma_error"], rel=1e-12, abs=0.0)
    assert cli("verify", "b.h5").code == 0


def test_shards_cut_alike_are_one_run(cli: Command, folder: Path, event_file: Path) -> None:
    for name, first in (("a.h5", 0), ("b.h5", 1500)):
        events = ["--events", "1500"] if first == 0 else []
        assert cli("generate", "card.toml", "--first", str(first), *events, "-o", name).code == 0
        found = cli("cut", name, "--cut", *CUTS, "-o", f"cut_{name}", "--json")
        with h5py.File(name) as file:  # estimates the whole, though its weights sum to less
            assert found.json["by_regime"]["total"]["sigma_cm2"] == pytest.approx(
                file.attrs["sigma"], rel=1e-12, abs=0.0
            )
            error = found.json["by_regime"]["total"]["error_cm2"]
            assert error == pytest.approx(file.attrs["sigma_error"], rel=1e-9, abs=0.0)
        assert cli("verify", f"cut_{name}").code == 0
    assert cli("merge", "cut_a.h5", "cut_b.h5", "-o", "whole.h5").code == 0
    assert cli("verify", "whole.h5").code == 0
    assert cli("cut", event_file, "--cut", *CUTS, "-o", "cut.h5").code == 0
    assert_same(columns_of(folder / "whole.h5"), columns_of(folder / "cut.h5"))
    assert cli("merge", "cut_a.h5", "b.h5", "-o", "mixed.h5").code == 2


def test_unweighted_events(cli: Command, folder: Path) -> None:
    assert cli("generate", "card.toml", "--events", "800", "--unweight", "-o", "events.h5").code == 0
    found = cli("cut", "events.h5", "--cut", *CUTS, "-o", "cut.h5", "--json").json
    columns, before, after = columns_of(folder / "events.h5"), tg.read("events.h5"), tg.read("cut.h5")
    passed = by_hand(columns)[-1]
    share = columns["weight"][passed].sum() / columns["weight"].sum()
    assert len(after) == after.attributes["n_requested"] == passed.sum()
    assert after.attributes["sigma"] == pytest.approx(share * before.attributes["sigma"], rel=1e-12, abs=0.0)
    # The cross section is that of the integral, so that the error is binomial: 4 standard deviations of weights aside.
    binomial = before.attributes["sigma"] * math.sqrt(share * (1.0 - share) / 800)
    total = found["by_regime"]["total"]
    assert total["error_cm2"] == pytest.approx(before.attributes["sigma_error"], rel=1e-9, abs=0.0)
    error = math.hypot(binomial, share * before.attributes["sigma_error"])
    assert after.attributes["sigma_error"] == pytest.approx(error, rel=0.02, abs=0.0)
    heavy = after["weight"] > before["weight"].min() * 1.000001
    assert after.attributes["overweight_events"] == heavy.sum()
    assert cli("verify", "cut.h5").code == 0


def test_the_shares_are_those_of_rate(cli: Command, folder: Path) -> None:
    flux = ('[flux]\nkind = "monochromatic"\nenergy_GeV = 5.0\n', HISTOGRAM)
    write_card(folder, flux)
    write_card(folder, flux, ("[output]", "[cuts]\nm2_ll_max_GeV2 = 0.3\n[output]"), name="cuts.toml")
    more = ("pt_minus_min_GeV=0.05", "theta_pair_max_deg=15")
    assert cli("generate", "card.toml").code == 0
    found = cli("cut", "events.h5", "--card", "cuts.toml", "--cut", *more, "--json").json
    options = [word for key in more for word in ("--set", f"cuts.{key}")]
    rate = cli("rate", "cuts.toml", "--seed", "77", "--rel-error", "0.01", *options, "--json").json
    assert [cut["cut"] for cut in found["cuts"]] == [cut["cut"] for cut in rate["cuts"]]
    events = {row["regime"]: row["events"] for row in rate["by_regime"]}
    for one, other in zip(found["cuts"], rate["cuts"], strict=True):
        for name, row in one["by_regime"].items():
            expected = other["by_regime"][name]
            share, error = expected["value"] / events[name], expected["error"] / events[name]
            assert abs(row["efficiency"] - share) < 4.0 * math.hypot(row["efficiency_error"], error), (one["cut"], name)


def test_angles_and_transverse_momenta_are_those_to_the_neutrino(cli: Command, folder: Path, event_file: Path) -> None:
    write_card(folder, ("[output]\n", PLACED), name="placed.toml")
    assert cli("generate", "placed.toml", "-o", "placed.h5").code == 0
    beam = columns_of(folder / "placed.h5")["p4_nu_in"]
    assert np.all(beam[:, 3] < 0.0)
    cuts = [*CUTS, "theta_minus_max_deg=30", "pt_plus_min_GeV=0.02"]
    placed, plain = (cli("cut", path, "--cut", *cuts, "--json").json for path in ("placed.h5", event_file))
    assert [cut["by_regime"]["total"]["events"] for cut in placed["cuts"]] == [
        cut["by_regime"]["total"]["events"] for cut in plain["cuts"]
    ]


@pytest.mark.usefixtures("folder")
def test_coherent_scattering(cli: Command) -> None:
    events = make("cevns", 300)
    events.to_hdf5("cevns.h5")
    found = cli("cut", "cevns.h5", "--cut", "recoil_energy_min_keV=5", "time_max_ns=2000", "--json").json
    passed = (events["recoil_energy"] >= 5.0) & (events["time"] <= 2000.0)
    row = found["cuts"][-1]["by_regime"]["all"]
    assert row["efficiency"] == pytest.approx(events["weight"][passed].sum() / events["weight"].sum(), rel=1e-12)
    assert found["events_of"] == "CEvNS"
    refused = cli("cut", "cevns.h5", "--veto-kinetic", "1")
    assert (refused.code, refused.out) == (2, "")
    assert "--veto-kinetic is for tridents" in refused.err


@pytest.mark.usefixtures("folder")
def test_the_detector_is_the_last_step(cli: Command) -> None:
    events = make("cevns", 300)
    acceptance = np.linspace(0.0, 1.0, 300)
    schema = (*events.schema, *(c for c in DETECTOR_COLUMNS if c.name == "acceptance"))
    replace(events, columns={**events.columns, "acceptance": acceptance}, schema=schema).to_hdf5("cevns.h5")
    found = cli("cut", "cevns.h5", "--cut", "recoil_energy_min_keV=5", "-o", "cut.h5", "--json").json
    passed, w = events["recoil_energy"] >= 5.0, events["weight"]
    assert [cut["cut"] for cut in found["cuts"]] == ["recoil_energy >= 5 keV", "detector"]
    seen = found["cuts"][1]["by_regime"]["all"]
    assert seen["sigma_cm2"] == pytest.approx(np.sum((w * acceptance)[passed]), rel=1e-12, abs=0.0)
    assert found["written"] == passed.sum()
    # The file holds what the cuts leave; the detector is in its column, as before.
    assert tg.read("cut.h5").attributes["sigma"] == pytest.approx(w[passed].sum(), rel=1e-12, abs=0.0)


@pytest.mark.usefixtures("folder")
def test_cuts_of_the_card_in_the_file(cli: Command) -> None:
    assert cli("generate", "card.toml", "--set", "cuts.q2_max_GeV2=0.01", "-o", "a.h5").code == 0
    found = cli("cut", "a.h5", "--json").json
    assert [cut["cut"] for cut in found["cuts"]] == ["q2 <= 0.01 GeV2"]
    assert found["cuts"][0]["by_regime"]["total"]["efficiency"] == 1.0


@pytest.mark.usefixtures("folder")
def test_nothing_passes(cli: Command, event_file: Path) -> None:
    found = cli("cut", event_file, "--cut", "q2_min_GeV2=1e9", "-o", "none.h5")
    assert found.code == 0
    assert "0.00% +- 0.03%" in found.out  # 1/(n + 1) for an effective sample size of 3700
    sigma = cli("info", event_file, "--json").json["attributes"]["sigma"]
    row = cli("cut", event_file, "--cut", "q2_min_GeV2=1e9", "--json").json["cuts"][0]["by_regime"]["total"]
    weight = columns_of(event_file)["weight"]
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert (row["efficiency"], row["sigma_cm2"]) == (0.0, 0.0)
    assert row["error_cm2"] == pytest.approx(sigma / (effective + 1.0), rel=1e-12, abs=0.0)
    assert found.err == (
        f"tridentgen: warning: no event of '{event_file}' passes the cuts; loosen them or take more events\n"
    )
    assert cli("verify", "none.h5").code == 0
    empty = cli("cut", "none.h5", "--cut", "q2_min_GeV2=1")
    assert (empty.code, empty.out) == (2, "")
    assert "'none.h5' holds no events" in empty.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "tridentgen: no cuts are given for 'e.h5'; give --cut KEY=VALUE or --card CARD"),
        (("--cut", "m2_ll_max=1"), "--cut m2_ll_max=1: unknown key 'cuts.m2_ll_max', did you mean 'm2_ll_max_GeV2'?"),
        (("--cut", "q2_max_GeV2"), "tridentgen: --cut q2_max_GeV2: must be KEY=VALUE, such as m2_ll_max_GeV2=0.2"),
        (("--cut", "pt_pair_max_GeV=-1"), "--cut pt_pair_max_GeV=-1: must be a non-negative number, not -1"),
        (
            ("--cut", "w2_min_GeV2=2", "w2_max_GeV2=1"),
            "--cut w2_max_GeV2=1: must be greater than cuts.w2_min_GeV2 = 2, not 1",
        ),
        (
            ("--card", "card.toml", "--cut", "q2_max_GeV=1"),
            "--cut q2_max_GeV=1: unknown key 'cuts.q2_max_GeV', did you mean 'q2_max_GeV2'?",
        ),
        (("--card", "coherent_csi"), "tridentgen: --card coherent_csi: is for cevns, the events are from trident"),
        (("--cut", "q2_max_GeV2=1", "-o", "e.h5", "--force"), "tridentgen: --output e.h5: is the file that is read;"),
        (("--cut", "q2_max_GeV2=1", "-o", "card.toml"), "tridentgen: 'card.toml' already exists;"),
        (
            ("--minus", "mu-", "--plus", "mu+"),
            "tridentgen: --minus and --plus go with HepMC and HEPEVT, not with 'e.h5'",
        ),
        (("--veto-kinetic", "20keV"), "tridentgen: --veto-kinetic 20keV: not an energy;"),
    ],
)
def test_mistakes(cli: Command, event_file: Path, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    (folder / "e.h5").symlink_to(event_file)
    found = cli("cut", "e.h5", *arguments)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(message)
    assert found.err.count("\n") == 1


def test_files_that_cannot_be_cut(cli: Command, event_file: Path, folder: Path) -> None:
    (folder / "half.h5").write_bytes(event_file.read_bytes()[:200_000])
    events = tg.read(event_file, ["weight", "m2_ll", "p4_minus"])
    events.to_hdf5("few.h5")
    cases = {
        "nowhere.h5": "tridentgen: there is no file 'nowhere.h5'",
        "half.h5": "tridentgen: 'half.h5' is cut short or damaged",
        "few.h5": "tridentgen: the events of 'few.h5' have no 'q2' to cut on; leave q2_min and q2_max out",
    }
    for name, message in cases.items():
        found = cli("cut", name, "--cut", "q2_max_GeV2=1")
        assert (found.code, found.out) == (2, "")
        assert found.err.startswith(message)
        assert found.err.count("\n") == 1
    assert "leave --veto-kinetic out" in cli("cut", "few.h5", "--veto-kinetic", "1").err
    assert json.loads(cli("cut", "few.h5", "--cut", "energy_minus_min_GeV=1", "--json").out)["by_regime"]["all"]


def test_ctrl_c_leaves_the_output_as_it_was(
    cli: Command, folder: Path, event_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of the events would have the cross section of all."""
    out = folder / "out.h5"
    assert cli("cut", event_file, "--cut", "m2_ll_max_GeV2=0.2", "-o", out).code == 0
    before = out.read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tridentgen.events.selected.passing", interrupted)
    assert cli("cut", event_file, "--cut", "m2_ll_max_GeV2=0.1", "-o", out, "--force").code == 130
    assert out.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".part") == []
