"""The tree gRooTracker, opened with uproot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.exchange.export.samples import KINDS, codes, outgoing, placed
from tridentgen.exchange.export.convert import export_events

uproot = pytest.importorskip("uproot", reason="ROOT files need uproot")
pytest.importorskip("awkward", reason="ROOT files need awkward")


@pytest.mark.parametrize("kind", KINDS)
def test_branches_that_edep_sim_reads(source: Path, events: tg.Events, tmp_path: Path) -> None:
    export_events(source, tmp_path / "o.rootracker.root")
    with uproot.open(tmp_path / "o.rootracker.root") as file:
        tree = file["gRooTracker"]
        assert file.classnames()["gRooTracker;1"] == "TTree"
        data = tree.arrays(library="np")
        facts = json.loads(str(file["tridentgen"]))
    assert {data[f"StdHep{name}"][0].dtype for name in ("Pdg", "Status", "Fm")} == {np.dtype("i4")}
    assert np.array_equal(data["EvtNum"], events["event_id"])
    assert data["EvtNum"].dtype == np.dtype("i4")
    assert np.allclose(data["EvtWght"], 1e36 * events["weight"], rtol=1e-15, atol=0.0)
    assert np.allclose(data["EvtXSec"], 1e38 * events.attributes["sigma"], rtol=1e-14, atol=0.0)
    assert facts["sigma_pb"] == pytest.approx(1e36 * events.attributes["sigma"], rel=1e-15, abs=0.0)
    count = data["StdHepN"]
    assert data["StdHepP4"].shape == data["StdHepX4"].shape == (len(events), 8, 4)
    assert data["StdHepPolz"].shape == (len(events), 8, 3)
    assert data["EvtVtx"].shape == (len(events), 4)
    wanted, names = outgoing(events), codes(events)
    for n in range(len(events)):
        for name in ("Pdg", "Status", "Rescat", "Fd", "Ld", "Fm", "Lm"):
            assert len(data[f"StdHep{name}"][n]) == count[n]
        status, pdg = data["StdHepStatus"][n].tolist(), data["StdHepPdg"][n].tolist()
        assert status[:2] == [0, 0]
        assert abs(pdg[0]) in (12, 14, 16)
        made = range(4 if 11 in status else 2, count[n])
        assert [pdg[i] for i in made] == names[n]
        p4 = data["StdHepP4"][n]
        assert np.array_equal(p4[list(made)][:, [3, 0, 1, 2]], wanted[n])
        assert not p4[count[n] :].any()
        out = p4[[i for i in range(count[n]) if status[i] == 1]].sum(axis=0)
        assert np.allclose(out, p4[0] + p4[1], rtol=0.0, atol=1e-12 * p4[:2, 3].max())
        mothers = data["StdHepFm"][n].tolist()
        assert mothers[:2] == [-1, -1]
        assert all(0 <= mother < count[n] for mother in mothers[2:])


@pytest.mark.parametrize("kind", ["total"])
def test_vertex_is_in_m_and_s(events: tg.Events, tmp_path: Path) -> None:
    moved = placed(events)
    moved.to_hdf5(tmp_path / "m.h5")
    export_events(tmp_path / "m.h5", tmp_path / "o.rootracker.root")
    with uproot.open(tmp_path / "o.rootracker.root") as file:
        vertex = file["gRooTracker"]["EvtVtx"].array(library="np")
    assert np.allclose(vertex[:, 0], 1e-2 * moved["vertex_x"], rtol=1e-15, atol=0.0)
    assert np.allclose(vertex[:, 3], 1e-9 * moved["time"], rtol=1e-15, atol=0.0)


@pytest.mark.parametrize("kind", ["total"])
def test_many_blocks(source: Path, events: tg.Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.exchange.export.source.BLOCK_ROWS", 64)
    monkeypatch.setattr("tridentgen.exchange.export.source.READ_ROWS", 100)
    export_events(source, tmp_path / "o.rootracker.root")
    with uproot.open(tmp_path / "o.rootracker.root") as file:
        tree = file["gRooTracker"].arrays(["EvtNum", "StdHepN"], library="np")
    assert np.array_equal(tree["EvtNum"], events["event_id"])
    assert np.array_equal(tree["StdHepN"], np.where(events["regime"] == 0, 6, 8))
