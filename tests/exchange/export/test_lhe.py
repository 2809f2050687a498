"""LHE and LHEH5, read through pylhe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.exchange.export.samples import KINDS, Samples, codes, outgoing
from tridentgen.exchange.export.convert import export_events

ENDINGS = (".lhe", ".lheh5")


def read(path: Path) -> tuple[Any, list[Any]]:
    pylhe = pytest.importorskip("pylhe", reason="reading LHE needs pylhe")
    file = pylhe.LHEFile.fromfile(str(path))
    return file.init, list(file.events)


def properties(table: Any) -> list[str]:
    """Return the names of the columns; older versions of h5py give bytes."""
    return [word.decode() if isinstance(word, bytes) else str(word) for word in table.attrs["properties"]]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_events_are_read_back(source: Path, events: tg.Events, tmp_path: Path, ending: str) -> None:
    export_events(source, tmp_path / f"o{ending}")
    init, found = read(tmp_path / f"o{ending}")
    assert len(found) == len(events)
    sigma = 1e36 * events.attributes["sigma"]
    assert np.mean([event.eventinfo.weight for event in found]) == pytest.approx(sigma, rel=1e-12, abs=0.0)
    assert sum(process.xSection for process in init.procInfo) == pytest.approx(sigma, rel=1e-12, abs=0.0)
    assert init.initInfo.weightingStrategy == 4
    assert init.initInfo.beamA in [int(code) for code in str(events.attributes["beam_pdg"]).split(",")]
    known = {process.procId for process in init.procInfo}
    wanted, names = outgoing(events), codes(events)
    for n, event in enumerate(found):
        assert event.eventinfo.pid in known
        assert event.eventinfo.nparticles == len(event.particles)
        assert event.eventinfo.weight == pytest.approx(len(events) * 1e36 * events["weight"][n], rel=1e-14, abs=0.0)
        made = [p for p in event.particles if p.status == 1][-len(names[n]) :]
        assert [p.id for p in made] == names[n]
        assert np.array_equal([[p.e, p.px, p.py, p.pz] for p in made], wanted[n])
        assert [p.status for p in event.particles[:2]] == [-1, -1]
        if "helicity_minus" in events.columns:
            assert [p.spin for p in made[1:3]] == [events["helicity_minus"][n], events["helicity_plus"][n]]
        assert event.particles[0].spin == (-1.0 if event.particles[0].id > 0 else 1.0)


@pytest.mark.parametrize("kind", ["total"])
def test_layout_of_lheh5(source: Path, events: tg.Events, tmp_path: Path) -> None:
    """arXiv:2309.13154, table I: tables of doubles whose columns are named by the attribute `properties`."""
    export_events(source, tmp_path / "o.lheh5", unweight=True)
    with h5py.File(tmp_path / "o.lheh5") as file:
        assert set(file) == {"version", "init", "procInfo", "events", "particles"}
        names = {name: properties(file[name]) for name in set(file) - {"version"}}
        for name, columns in names.items():
            assert file[name].shape[-1] == len(columns)
            assert file[name].dtype == np.dtype("f8")
        rows = file["events"][:]
        column = {name: rows[:, place] for place, name in enumerate(names["events"])}
        assert len(file["particles"]) == column["nparticles"].sum()
        assert np.array_equal(column["start"], np.concatenate([[0], np.cumsum(column["nparticles"])[:-1]]))
        sigma = column["NOMINAL"].sum() / column["trials"].sum()
        assert sigma == pytest.approx(1e36 * events.attributes["sigma"], rel=1e-12, abs=0.0)


@pytest.mark.parametrize("name", ["pylhe-testfile-pepper.hdf5", "pylhe-testfile-sherpa.hdf5"])
@pytest.mark.parametrize("kind", ["coherent"])
def test_layout_is_that_of_sherpa_and_pepper(source: Path, tmp_path: Path, name: str) -> None:
    skhep = pytest.importorskip("skhep_testdata", reason="samples of other generators come with scikit-hep-testdata")
    try:
        other = skhep.data_path(name)
    except (OSError, RuntimeError) as error:
        pytest.skip(f"the sample {name} cannot be had: {type(error).__name__}")
    export_events(source, tmp_path / "o.lheh5")
    with h5py.File(other) as theirs, h5py.File(tmp_path / "o.lheh5") as ours:
        for table in ("init", "procInfo", "events", "particles"):
            assert theirs[table].ndim == ours[table].ndim
            if "properties" in theirs[table].attrs:
                assert set(properties(ours[table])) - {"NOMINAL"} <= set(properties(theirs[table]))


def test_escape_sequences_stay_out_of_files_and_terminals(cli: Command, samples: Samples, tmp_path: Path) -> None:
    """A title may be anybody's: XML knows no control characters, and terminals obey them."""
    path = Path(shutil.copy(samples.path("coherent"), tmp_path / "e.h5"))
    with h5py.File(path, "r+") as file:
        file.attrs["title"] = "a\x1b[31m <b>&"
        file.attrs["reaction"] = "x\x1b]0;y\x07"
    for name in ("o.lhe", "o.hepmc3"):
        assert cli("convert", path, tmp_path / name).code == 0
        assert b"\x1b" not in (tmp_path / name).read_bytes()
    assert r"a\x1b[31m <b>&" in ElementTree.parse(tmp_path / "o.lhe").findtext("header/tridentgen", "")
    told = cli("info", path).out
    assert "\x1b" not in told
    assert told.startswith(r"a\x1b[31m <b>&")
