"""Vertices and times in whole runs: the same bits in pieces, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import stats

import tridentgen as tg
from tests.run_cards import Columns, assert_same, columns_of, write_card
from tridentgen.analysis.verify import verify
from tridentgen.cards import CardError
from tridentgen.errors import FileError
from tridentgen.events.merge import merge
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.source import EventSource
from tridentgen.runs import production
from tridentgen.runs.run import run

LIGHT_CM_PER_NS = 29.9792458
LEAST_P = 1e-4
GEOMETRY = """\
[detector.beam]
direction = [0.0, -0.101, 1.0]
source_distance_m = 574
divergence_mrad = 0.5

[detector.spill]
kind = "bunches"
bunches = 84
spacing_ns = 18.8
bunch_sigma_ns = 1.3

[[detector.volumes]]
shape = "box"
size_cm = [300, 200, 500]
material = "LAr"
density_g_cm3 = 1.396

[[detector.volumes]]
shape = "cylinder"
radius_cm = 100
length_cm = 400
axis = "x"
centre_cm = [0, 0, 600]
material = "stainless-steel"
density_g_cm3 = 8

[[detector.volumes]]
shape = "sphere"
radius_cm = 200
centre_cm = [0, 0, -700]
material = "Ar"
density_g_cm3 = 0.0166

[output]
"""
MOMENTA = ("p4_nu_in", "p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")
VERTEX = ("vertex_x", "vertex_y", "vertex_z")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("placed")
    return run(placed_card(folder), folder / "whole.h5").path


def placed_card(folder: Path, *changes: tuple[str, str]) -> Path:
    return write_card(folder, ("[output]\n", GEOMETRY), *changes)


def test_all_other_columns_are_those_of_a_run_without_detector(whole: Path, tmp_path: Path) -> None:
    found, bare = columns_of(whole), columns_of(run(write_card(tmp_path), tmp_path / "a.h5").path)
    assert set(found) == {*bare, *VERTEX, "vertex_time"}
    assert_same({name: found[name] for name in bare}, bare, leave_out=MOMENTA)
    for name in MOMENTA:
        np.testing.assert_array_equal(found[name][:, 0], bare[name][:, 0])
    along = np.array([0.0, -0.101, 1.0]) / np.hypot(0.101, 1.0)
    assert np.mean(found["p4_nu_in"][:, 1:] @ along) / 5.0 == pytest.approx(1.0, abs=1e-4)


def test_reweighting_to_a_zprime_does_not_depend_on_the_axes(whole: Path, tmp_path: Path) -> None:
    """Q^2 between the neutrinos is a column; recomputed as in a beam along z it is 30 % larger on average."""
    placed, bare = tg.read(whole), tg.read(run(write_card(tmp_path), tmp_path / "a.h5").path)
    light = tg.Trident("numu", "mu-", "mu+", zprime=tg.ZPrime(0.1, coupling=2e-3))
    moved = [events.reweight(*light.chiral_couplings(events)) for events in (placed, bare)]
    np.testing.assert_array_equal(moved[0]["weight"], moved[1]["weight"])
    p1, p2 = placed["p4_nu_in"], placed["p4_nu_out"]
    explicit = 2.0 * (p1[:, 0] * p2[:, 0] - np.sum(p1[:, 1:] * p2[:, 1:], axis=1))
    np.testing.assert_allclose(placed["q2_nu"], explicit, rtol=1e-9, atol=1e-13)
    along_z = 2.0 * p1[:, 0] * (p2[:, 0] - p2[:, 3])
    means = [np.average(values, weights=placed["weight"]) for values in (along_z, placed["q2_nu"])]
    assert means[0] > 1.2 * means[1]


def test_the_file_is_sound_and_says_its_units(whole: Path) -> None:
    assert [check.name for check in verify(whole) if not check.passed] == []
    with h5py.File(whole) as file:
        units = {name: data.attrs["units"] for name, data in file["events"].items() if name.startswith("vertex")}
    assert units == {"vertex_x": "cm", "vertex_y": "cm", "vertex_z": "cm", "vertex_time": "ns"}


def test_vertices_are_where_the_argon_is(whole: Path) -> None:
    found = columns_of(whole)
    x, y, z = (found[name] for name in VERTEX)
    gas = z < -400.0
    liquid = ~gas
    assert np.all((np.abs(x) <= 150.0) & (np.abs(y) <= 100.0) & (np.abs(z) <= 250.0), where=liquid)
    masses = 300.0 * 200.0 * 500.0 * 1.396, 4.0 / 3.0 * np.pi * 200.0**3 * 0.0166
    share = masses[1] / sum(masses)
    assert 0.005 < share < 0.03
    assert abs(np.mean(gas) - share) < 4.0 * np.sqrt(share / len(gas))
    for values, size in ((x, 300.0), (y, 200.0), (z, 500.0)):
        assert stats.kstest(values[liquid], stats.uniform(-0.5 * size, size).cdf).pvalue > LEAST_P


def test_vertices_do_not_know_of_the_weights(whole: Path) -> None:
    """Weights are for uniform illumination: the mean weight is the same everywhere."""
    found = columns_of(whole)
    assert stats.spearmanr(found["weight"], found["vertex_x"]).pvalue > LEAST_P
    assert stats.spearmanr(found["q2"], found["vertex_time"]).pvalue > LEAST_P


def test_times_are_bunches_that_have_flown_574_m(whole: Path) -> None:
    found = columns_of(whole)
    source = np.array([0.0, 0.101, -1.0]) / np.hypot(0.101, 1.0) * 57400.0
    flight = np.linalg.norm(np.column_stack([found[name] for name in VERTEX]) - source, axis=1) / LIGHT_CM_PER_NS
    start = found["vertex_time"] - flight
    bunch = np.rint(start / 18.8)
    assert (bunch.min(), bunch.max()) == (0, 83)
    assert stats.kstest((start - 18.8 * bunch) / 1.3, "norm").pvalue > LEAST_P
    assert stats.chisquare(np.bincount(bunch.astype(int))).pvalue > LEAST_P


def test_shards_merge_to_the_same_bits(whole: Path, tmp_path: Path) -> None:
    card = placed_card(tmp_path)
    pieces = [run(card, tmp_path / f"{a}.h5", first=a, count=n).path for a, n in ((0, 1), (1, 2499), (2500, 1500))]
    assert_same(columns_of(merge(pieces, tmp_path / "all.h5")), columns_of(whole))


def test_shards_of_other_places_do_not_merge(tmp_path: Path) -> None:
    card = placed_card(tmp_path)
    one = run(card, tmp_path / "1.h5", first=0, count=2000).path
    other = run(card, tmp_path / "2.h5", first=2000, overrides=["detector.beam.source_distance_m=575"]).path
    with pytest.raises(
        FileError,
        match=r"does not belong to the same run as .*: detector.beam.source_distance_m is 575 there and 574 here",
    ):
        merge([one, other], tmp_path / "all.h5")


def test_a_resumed_run_has_the_same_bits(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(production, "BATCH", 1024)

    def killed(what: str, share: float) -> None:
        if what == "generating" and share > 0.5:
            raise RuntimeError("killed")

    card, output = placed_card(tmp_path), tmp_path / "a.h5"
    with pytest.raises(RuntimeError, match="killed"):
        run(card, output, progress=killed)
    assert not output.exists()
    with pytest.raises(FileError, match=r"different columns from this run|a different run"):
        run(write_card(tmp_path, name="bare.toml"), output, resume=True)
    done: list[float] = []
    run(card, output, resume=True, progress=lambda what, share: done.append(share) if what == "generating" else None)
    assert done
    assert done[0] > 0.5
    assert_same(columns_of(output), columns_of(whole))


def test_engines_give_the_same_bits(whole: Path, tmp_path: Path) -> None:
    try:
        native = run(placed_card(tmp_path, ('engine = "numpy"', 'engine = "native"')), tmp_path / "a.h5").path
    except CardError as error:
        pytest.skip(f"no native engine here: {error}")
    assert_same(columns_of(native), columns_of(whole))


def test_unweighted_events_have_the_places_of_the_same_trials(whole: Path, tmp_path: Path) -> None:
    kept = columns_of(
        run(placed_card(tmp_path, ("events = 4000", "events = 300")), tmp_path / "a.h5", unweight=True).path
    )
    assert len(kept["weight"]) == 300
    assert kept["event_id"][-1] < 4000
    weighted, rows = columns_of(whole), kept["event_id"].astype(int)
    for name in (*VERTEX, "vertex_time", *MOMENTA):
        np.testing.assert_array_equal(kept[name], weighted[name][rows], err_msg=name)


def test_cuts_choose_among_placed_events(whole: Path, tmp_path: Path) -> None:
    card = placed_card(tmp_path, ("[sampling]", "[cuts]\nm2_ll_max_GeV2 = 0.2\n[sampling]"))
    kept, uncut = columns_of(run(card, tmp_path / "a.h5").path), columns_of(whole)
    rows = uncut["m2_ll"] <= 0.2
    assert 100 < rows.sum() < 3900
    assert_same(kept, {name: values[rows] for name, values in uncut.items()})


def test_exporters_see_positions_and_times(whole: Path) -> None:
    found = columns_of(whole)
    with open_events(whole) as file:
        blocks = list(EventSource(file, whole, recoil="final", unweight=False, seed=1).blocks())
    for place, name in enumerate((*VERTEX, "vertex_time")):
        seen = np.concatenate([np.asarray(block.position[place]) for block in blocks])
        np.testing.assert_array_equal(seen, found[name], err_msg=name)


# Coherent scattering -----------------------------------------------------------------------------------------------

COHERENT = """\
[process]
kind = "cevns"
target = "CsI"

[flux]
kind = "pion-decay-at-rest"
distance_m = 19.3
pulse_fwhm_ns = 380.0

[sampling]
events = 3000
engine = "numpy"
training_points = 5000

[detector.volume]
shape = "cylinder"
radius_cm = 5.5
length_cm = 33
axis = "y"

[detector.beam]
source_position_m = [19.0, 3.0, -1.5]
"""


def coherent(folder: Path, text: str) -> Columns:
    card = folder / "card.toml"
    card.write_text(text, encoding="utf-8")
    return columns_of(run(card, folder / "a.h5", force=True).path)


def test_coherent_events_keep_the_time_of_the_decays(tmp_path: Path) -> None:
    found = coherent(tmp_path, COHERENT)
    bare = coherent(tmp_path, COHERENT.partition("[detector.volume]")[0])
    assert_same({name: found[name] for name in bare}, bare, leave_out=MOMENTA)
    vertex = np.column_stack([found[name] for name in VERTEX])
    away = vertex - np.array([1900.0, 300.0, -150.0])
    path = np.linalg.norm(away, axis=1)
    flight = found["vertex_time"] - found["time"]
    np.testing.assert_allclose(flight, path / LIGHT_CM_PER_NS, rtol=0.0, atol=1e-11)
    assert np.std(found["time"]) > 500.0
    nu = found["p4_nu_in"]
    np.testing.assert_allclose(nu[:, 1:] / nu[:, :1], away / path[:, None], rtol=0.0, atol=1e-15)
    recoil = found["p4_recoil"][:, 1:]
    cosine = np.sum(recoil * nu[:, 1:], axis=1) / (np.linalg.norm(recoil, axis=1) * nu[:, 0])
    np.testing.assert_allclose(cosine, found["cos_theta"], rtol=0.0, atol=1e-12)
