"""Shards: what a reader is told of them, and what of them gives the whole cross section."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.command_line import Command
from tests.exchange.export.hepmc_text import read_text
from tests.production_runs import COUNT, attributes, production_card, shards
from tests.run_cards import columns_of
from tridentgen.analysis.histograms import dsigma_histogram
from tridentgen.errors import FileError
from tridentgen.events.merge import merge
from tridentgen.events.part_of_run import part_of_run
from tridentgen.exchange.export.convert import export_events
from tridentgen.runs.run import run

Weights = NDArray[np.float64]
EDGES = [0, 4000, 12_000, COUNT]
PIECE = 1
"""The shard that is looked at: 8000 of 20 000 events."""
FACTOR = 2.5
SAID = "events 4000 to 11999 of a run of 20000"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A whole run with cuts, and its shards."""
    folder = tmp_path_factory.mktemp("runs")
    card = production_card(folder, "trident", cuts=True)
    whole = run(card, folder / "whole.h5").path
    return whole, shards(card, folder, EDGES, map_file=whole)


def written(path: Path) -> tuple[float, Weights, str]:
    """Return cross section in pb, weights that sum to it, and all that a converted file says besides."""
    if path.name.endswith(".hepmc3"):
        file = read_text(path)
        weights = [event.weights[0] for event in file.events]
        stated = float(file.attributes["NuHepMC.FluxAveragedTotalCrossSection"])
        return stated, np.array(weights), json.dumps(file.attributes)
    if path.name.endswith(".lhe"):
        text = path.read_text(encoding="utf-8")
        tree = ElementTree.fromstring(text)
        weights = [float((event.text or "").split()[2]) for event in tree.iter("event")]
        init = (tree.findtext("init") or "").strip().splitlines()[1:]
        return sum(float(line.split()[0]) for line in init), np.array(weights) / len(weights), text
    if path.name.endswith(".lheh5"):
        with h5py.File(path) as data:
            weights = data["events"][:, 9] / len(data["events"])
            return float(data["procInfo"][:, 3].sum()), weights, str(dict(data["init"].attrs))
    if path.name.endswith(".parquet"):
        parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
        table = parquet.read_table(path)
        about = json.loads(table.schema.metadata[b"tridentgen"])
        assert about["weight_rule"] == "sum(weight) = flux-averaged cross section"
        assert about["weights"].endswith("cm2 per atom")
        pieces = sum(np.asarray(table[f"weight_{name}"]) for name in ("t", "l"))
        assert np.allclose(pieces, table["weight"], rtol=1e-9, atol=0.0)
        return 1e36 * about["sigma"], 1e36 * np.asarray(table["weight"]), json.dumps(about)
    uproot = pytest.importorskip("uproot", reason="gRooTracker needs uproot")
    with uproot.open(path) as root:
        tree = root["gRooTracker"]
        stated = 1e-2 * tree["EvtXSec"].array(library="np")[0]
        return float(stated), tree["EvtWght"].array(library="np"), str(root["tridentgen"])


@pytest.mark.parametrize("ending", [".hepmc3", ".lhe", ".lheh5", ".rootracker.root", ".parquet"])
def test_a_converted_shard_stands_alone(runs: tuple[Path, list[Path]], tmp_path: Path, ending: str) -> None:
    whole, pieces = runs
    if ending == ".rootracker.root":
        pytest.importorskip("uproot", reason="gRooTracker needs uproot")
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    export_events(pieces[PIECE], tmp_path / f"o{ending}")
    stated, weights, about = written(tmp_path / f"o{ending}")
    mine = 1e36 * columns_of(pieces[PIECE])["weight"]
    assert np.allclose(weights, FACTOR * mine, rtol=1e-13, atol=0.0)
    assert np.sum(weights) == pytest.approx(stated, rel=1e-12, abs=0.0)
    known = attributes(whole)
    error = 1e36 * known["sigma_error"] * np.sqrt(FACTOR - 1.0)  # of a share of the events against all of them
    assert abs(stated - 1e36 * known["sigma"]) < 4.0 * error
    assert f"{SAID}; the weights here stand for the cross section of the whole run" in about
    export_events(whole, tmp_path / f"w{ending}")
    assert "of a run of" not in written(tmp_path / f"w{ending}")[2]


def test_an_unweighted_shard_stands_alone(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    _, pieces = runs
    found = export_events(pieces[PIECE], tmp_path / "o.lhe", unweight=True)
    stated, weights, about = written(tmp_path / "o.lhe")
    assert stated == pytest.approx(1e36 * attributes(pieces[PIECE])["sigma"], rel=1e-12, abs=0.0)
    assert np.sum(weights) == pytest.approx(stated, rel=1e-12, abs=0.0)
    assert np.count_nonzero(weights > 1.000001 * weights.min()) == found.overweight
    assert SAID in about


def test_a_comment_of_hepevt(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    export_events(runs[1][PIECE], tmp_path / "o.hepevt", flavour="edep-sim")
    assert f"\n# {SAID}; " in (tmp_path / "o.hepevt").read_text(encoding="utf-8")


def test_info_says_that_a_file_is_a_shard(cli: Command, runs: tuple[Path, list[Path]]) -> None:
    whole, pieces = runs
    out = cli("info", pieces[PIECE]).out
    assert f"  shard           {SAID}; the weights of all shards together sum to the cross section\n" in out
    found = cli("info", pieces[PIECE], "--json").json
    assert found["shard"] == {"first": 4000, "last": 11_999, "total": COUNT}
    assert found["sum_weight_over_sigma"] == pytest.approx(1.0 / FACTOR, rel=1e-12)
    assert "shard" not in cli("info", whole).out
    assert cli("info", whole, "--json").json["shard"] is None


def test_the_rule_of_the_weights_holds(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    whole, pieces = runs
    rule = attributes(pieces[PIECE])["weight_rule"]
    assert (
        rule
        == "sum(weight) over all 20000 events of the run = flux-averaged cross section; over these, 8000/20000 of it"
    )
    for virtual in (False, True):
        merged = merge(pieces, tmp_path / f"{virtual}.h5", virtual=virtual)
        assert attributes(merged)["weight_rule"] == attributes(whole)["weight_rule"]
        assert attributes(merged)["weight_rule"] == "sum(weight) = flux-averaged cross section"
        assert part_of_run(attributes(merged)) is None
        export_events(merged, tmp_path / "merged.hepmc3", force=True)
        assert np.array_equal(written(tmp_path / "merged.hepmc3")[1], 1e36 * columns_of(whole)["weight"])


def test_histograms_and_reweighting_are_of_the_whole(runs: tuple[Path, list[Path]]) -> None:
    events = tg.read(runs[1][PIECE])
    edges = np.array([0.0, 1e9])
    values, errors = dsigma_histogram(events, "m2_ll", edges)
    assert values[0] * 1e9 == pytest.approx(events.attributes["sigma"], rel=1e-12, abs=0.0)
    assert errors[0] * 1e9 == pytest.approx(FACTOR * np.sqrt(np.sum(events["weight"] ** 2)), rel=1e-12, abs=0.0)
    vector, axial = (events.attributes[f"{name}_coupling"] for name in ("vector", "axial"))
    same = events.reweight(vector + axial, vector - axial).attributes
    for name in ("sigma", "sum_w", "sum_w2"):
        assert same[name] == pytest.approx(events.attributes[name], rel=1e-9, abs=0.0)
    assert same["sigma_error"] == pytest.approx(events.attributes["sigma_error"], rel=1e-3, abs=0.0)


def test_an_interrupted_run_is_no_part(tmp_path: Path) -> None:
    card = production_card(tmp_path, "cevns", events=400_000)

    def interrupt(what: str, _share: float) -> None:
        if what == "generating":
            raise KeyboardInterrupt

    made = run(card, tmp_path / "a.h5", progress=interrupt)
    assert not made.complete
    found = attributes(tmp_path / "a.h5")
    assert np.sum(columns_of(tmp_path / "a.h5")["weight"]) == pytest.approx(found["sigma"], rel=1e-12, abs=0.0)
    assert found["weight_rule"] == "sum(weight) = flux-averaged cross section"
    assert part_of_run(found) is None


@pytest.mark.parametrize(
    "wrong", [{"n_requested": 0}, {"first": -1}, {"n_run": "many"}, {"n_run": float("nan")}, {"n_requested": 30}]
)
def test_a_part_that_cannot_be_is_one_line(wrong: dict[str, float | str]) -> None:
    known = {"first": 5, "n_requested": 10, "n_run": 20, "complete": 1, **wrong}
    with pytest.raises(FileError, match=r"^'a\.h5': invalid range of events of a run: first = .*; make the file again"):
        part_of_run(known, Path("a.h5"))


@pytest.mark.parametrize("command", ["info", "plot", "convert", "cut"])
def test_commands_name_the_file_of_such_a_part(
    cli: Command, runs: tuple[Path, list[Path]], tmp_path: Path, command: str
) -> None:
    if command == "plot":
        pytest.importorskip("mplhep", reason="plots need matplotlib and mplhep")
    bad = tmp_path / "bad.h5"
    bad.write_bytes(runs[1][PIECE].read_bytes())
    with h5py.File(bad, "r+") as file:
        file.attrs.modify("n_requested", COUNT + 1)
    options: dict[str, list[object]] = {"convert": [tmp_path / "o.lhe"], "cut": ["--cut", "m2_ll_max_GeV2=0.2"]}
    found = cli(command, bad, *options.get(command, []))
    told = f"'{bad}': invalid range of events of a run: first = 4000, n_requested = 20001, n_run = 20000"
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"tridentgen: {told}")
    found = cli("verify", bad)
    assert found.code == 2
    assert f"FAIL         sum of weights    {told}" in found.out


@pytest.mark.parametrize("known", [{"unweighted": 1}, {"complete": 0}])
def test_runs_whose_weights_are_those_of_the_whole(known: dict[str, int]) -> None:
    """An unweighted run is normalised to the cross section, and an interrupted one rescaled to it."""
    part = {"n_run": 1000, "n_requested": 100, "first": 200}
    assert part_of_run({**part, **known}) is None
    found = part_of_run({**part, "unweighted": 0, "complete": 1})
    assert found is not None
    assert (found.first, found.last, found.total, found.factor) == (200, 299, 1000, 10.0)
