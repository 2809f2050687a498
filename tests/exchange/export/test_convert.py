"""The command, and everything that can go wrong on the way."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.events.synthetic import trident_events
from tests.exchange.export.hepmc_text import read_text
from tests.exchange.export.samples import Samples
from tridentgen.errors import TridentgenError
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.beams import beams_of
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.exchange.export.source import EventSource
from tridentgen.exchange.export.writer import NullWriter
from tridentgen.processes.trident.particles import remnant_code

ENDINGS = sorted(FORMATS)


@pytest.fixture
def coherent(samples: Samples) -> Path:
    return samples.path("coherent")


def one_line(source: Path, target: Path, **options: Any) -> str:
    with pytest.raises(TridentgenError) as caught:
        export_events(source, target, **options)
    assert "\n" not in str(caught.value)
    assert not target.exists()
    assert not target.with_name(target.name + ".part").exists()
    return str(caught.value)


def test_the_command(cli: Command, coherent: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.hepmc3"
    found = cli("convert", coherent, target)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("  events            300 of 300, weighted\n  cross section ")
    assert cli("convert", coherent, target).err == (
        f"tridentgen: '{target}' already exists; choose another output or overwrite it with --force\n"
    )
    found = cli("convert", coherent, target, "--force", "--unweight", "--seed", "5", "--json")
    data = found.json
    assert (data["events_read"], data["format"], data["path"]) == (300, "NuHepMC", str(target))
    assert data["events"] == len(read_text(target).events)
    assert cli("convert", coherent, tmp_path / "p.hepmc3", "--unweight", "--seed", "5").code == 0
    assert (tmp_path / "p.hepmc3").read_bytes() == target.read_bytes()


def test_lost_weights_and_broken_balance_are_said(cli: Command, coherent: Path, tmp_path: Path) -> None:
    found = cli("convert", coherent, tmp_path / "o.hepevt")
    assert found.code == 0
    assert found.err.endswith("have different weights: add --unweight\n")
    found = cli("convert", coherent, tmp_path / "o.hepmc3", "--recoil", "omit")
    assert found.err == "tridentgen: warning: outgoing nuclei are left out, so momentum does not balance\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["o.xyz"], "'o.xyz' has no known ending; use one of .hepmc3, .hepmc3.gz, .hepevt, "),
        ([".lhe"], "'.lhe' has no known ending"),
        (["o.lhe", "--flavour", "sbn"], "flavour = sbn goes with .hepevt only, not with LHE; leave it out"),
        (["o.lhe", "--recoil", "finl"], "unknown recoil 'finl', did you mean 'final'?"),
        (["o.lhe", "--seed", "1.5"], "--seed 1.5: must be a whole number"),
        (["o.lhe", "--unweight", "--seed", str(2**64)], f"seed = {2**64} must lie between 0 and 2^64 - 1"),
        (["no/o.lhe"], "cannot write 'no/o.lhe': there is no directory 'no'; create it first"),
    ],
)
def test_mistakes_of_the_command(cli: Command, coherent: Path, folder: Path, options: list[str], message: str) -> None:
    found = cli("convert", coherent, *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"tridentgen: {message}")
    assert found.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["card.toml"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_interrupted_it_leaves_nothing(
    cli: Command, coherent: Path, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uproot", reason="one of the formats needs uproot")
    pytest.importorskip("pyarrow", reason="one of the formats needs pyarrow")
    monkeypatch.setattr("tridentgen.exchange.export.source.BLOCK_ROWS", 100)
    whole = EventSource.blocks

    def cut(self: EventSource, columns: Any = ()) -> Iterator[Any]:
        yield next(whole(self, columns))
        raise KeyboardInterrupt

    monkeypatch.setattr(EventSource, "blocks", cut)
    found = cli("convert", coherent, tmp_path / f"o{ending}")
    assert (found.code, found.err) == (130, "tridentgen: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line(coherent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tridentgen.exchange.export.lhe.LheWriter.write", full)
    message = one_line(coherent, tmp_path / "o.lhe")
    assert message.endswith("No space left on device; free some space or write elsewhere")


def test_an_old_file_survives_a_failure(coherent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise AssertionError

    target = tmp_path / "o.lhe"
    target.write_text("precious")
    monkeypatch.setattr("tridentgen.exchange.export.lhe.LheWriter.text", broken)
    with pytest.raises(AssertionError):
        export_events(coherent, target, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["o.lhe"]
    assert target.read_text() == "precious"


def test_bad_input_is_one_line_each(coherent: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "o.hepmc3"
    target.parent.mkdir()
    bad = tmp_path / "bad.h5"
    assert one_line(bad, target) == f"there is no file '{bad}'"
    bad.write_bytes(b"")
    assert one_line(bad, target) == f"'{bad}' is empty; make it again"
    bad.write_text("HepMC::Version 3\n")
    assert "is not an HDF5 file" in one_line(bad, target)
    with h5py.File(bad, "w") as file:
        file["x"] = 1
    assert "not a tridentgen event file" in one_line(bad, target)
    content = coherent.read_bytes()
    for cut in np.linspace(100, len(content) - 1, 15, dtype=int):
        bad.write_bytes(content[:cut])
        one_line(bad, target)


def altered(events: tg.Events, path: Path, **columns: Any) -> Path:
    new = {**events.columns, **{name: np.asarray(values) for name, values in columns.items()}}
    replace(events, columns=new).to_hdf5(path, force=True)
    return path


def test_bad_events_are_one_line_each(coherent: Path, tmp_path: Path) -> None:
    events, bad, target = tg.read(coherent), tmp_path / "bad.h5", tmp_path / "o.hepmc3"
    numbers = events["event_id"].copy()
    numbers[[3, 4]] = numbers[[4, 3]]
    message = one_line(altered(events, bad, event_id=numbers), target)
    assert message == f"'{bad}' is not sorted by event_id: see its event 4; sort it first"
    numbers[[3, 4]] = 3
    assert "is not sorted by event_id" in one_line(altered(events, bad, event_id=numbers), target)
    for name, value in (("weight", np.nan), ("p4_minus", np.inf), ("p4_recoil", np.nan)):
        values = events[name].copy()
        values[11] = value
        message = one_line(altered(events, bad, **{name: values}), target)
        assert message == f"'{bad}': column '{name}' of event 11 is not finite; make the file again"
    weight = events["weight"].copy()
    weight[7] *= -1.0
    assert "the weight of event 7 is negative" in one_line(altered(events, bad, weight=weight), target)
    assert "only events of weight 0" in one_line(altered(events, bad, weight=0.0 * weight), target)
    replace(events, columns={name: values[:0] for name, values in events.columns.items()}).to_hdf5(bad, force=True)
    assert "holds no events" in one_line(bad, target)
    few = {name: values for name, values in events.columns.items() if name != "p4_plus"}
    replace(events, columns=few).to_hdf5(bad, force=True)
    assert "lacks the column 'p4_plus'" in one_line(bad, target)
    lost = {name: value for name, value in events.attributes.items() if name != "target_mass_GeV"}
    replace(events, attributes=lost).to_hdf5(bad, force=True)
    assert "lack the attribute 'target_mass_GeV'" in one_line(bad, target)
    for name, lepton in (("lepton_plus", "x"), ("lepton_plus", "mu-"), ("lepton_minus", ""), ("lepton_minus", "e+")):
        replace(events, attributes={**events.attributes, name: lepton}).to_hdf5(bad, force=True)
        assert one_line(bad, target).startswith(f"'{bad}': the attribute {name} = '{lepton}' is none of e")


def test_coherent_scattering_needs_its_nucleus(samples: Samples, tmp_path: Path) -> None:
    assert "leaves no visible particle in CEvNS" in one_line(samples.path("cevns"), tmp_path / "o.lhe", recoil="omit")


def test_compressed_text_is_always_the_same(coherent: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        export_events(coherent, tmp_path / f"{name}.hepmc3.gz")
    export_events(coherent, tmp_path / "c.hepmc3")
    packed = (tmp_path / "a.hepmc3.gz").read_bytes()
    assert packed == (tmp_path / "b.hepmc3.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "c.hepmc3").read_bytes()


@pytest.mark.parametrize("kind", ["total", "cevns"])
@pytest.mark.parametrize("ending", [".hepmc3", ".hepevt", ".lhe"])
def test_blocks_do_not_show(source: Path, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    export_events(source, tmp_path / f"a{ending}", unweight=True)
    monkeypatch.setattr("tridentgen.exchange.export.source.BLOCK_ROWS", 7)
    monkeypatch.setattr("tridentgen.exchange.export.source.READ_ROWS", 50)
    export_events(source, tmp_path / f"b{ending}", unweight=True)
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.exchange.export.source.READ_ROWS", 1 << 13)
    monkeypatch.setattr("tridentgen.exchange.export.source.BLOCK_ROWS", 1 << 12)
    about = {"target_pdg": 1000180400, "target_mass_GeV": 37.2156, "beam_pdg": 14, "neutrino_out_pdg": 14,
             "neutrino_out": "numu"}  # fmt: skip
    peaks = []
    for number in (20_000, 80_000):
        events = trident_events(number)
        replace(events, attributes={**events.attributes, **about}).to_hdf5(tmp_path / "e.h5", force=True)
        del events
        tracemalloc.start()
        export_events(tmp_path / "e.h5", tmp_path / "o.hepmc3", force=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_large_event_numbers_are_counted_anew(coherent: Path, tmp_path: Path) -> None:
    """Readers keep the number in 31 bits: LArSoft would lose the number of particles behind a larger one."""
    events = tg.read(coherent)
    big = altered(events, tmp_path / "big.h5", event_id=events["event_id"] + np.uint64(2**31))
    export_events(big, tmp_path / "o.hepmc3")
    assert [event.number for event in read_text(tmp_path / "o.hepmc3").events] == list(range(len(events)))


def test_the_null_writer_counts(coherent: Path, tmp_path: Path) -> None:
    with open_events(coherent) as file:
        source = EventSource(file, coherent, recoil="final", unweight=False, seed=1)
        facts: RunFacts = source.facts()
        with NullWriter(tmp_path / "nothing", facts) as writer:
            for block in source.blocks():
                writer.append(block)
    assert writer.events == facts.events == 300
    assert (tmp_path / "nothing").stat().st_size == 0


@pytest.mark.parametrize(
    ("nucleus", "nucleon", "left"),
    [
        (1000180400, 2212, 1000170390),
        (1000180400, 2112, 1000180390),
        (1000010020, 2212, 2112),
        (1000010020, 2112, 2212),
        (1000020040, 2212, 1000010030),
    ],
)
def test_what_is_left_of_a_nucleus(nucleus: int, nucleon: int, left: int) -> None:
    assert remnant_code(nucleus, nucleon) == left


def test_missing_libraries_say_what_to_install(coherent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "uproot", None)
    assert one_line(coherent, tmp_path / "o.parquet") == (
        'writing Parquet needs pyarrow: pip install "tridentgen[parquet]"'
    )
    assert one_line(coherent, tmp_path / "o.rootracker.root") == (
        'writing a ROOT file needs uproot and awkward: pip install "tridentgen[root]"'
    )


CARD = """
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent"]
[flux]
kind = "histogram"
edges_GeV = [1.0, 2.0, 4.0, 8.0]
values = [1.0, 3.0, 0.5]
[sampling]
events = 50
engine = "numpy"
training_points = 20_000
"""


def test_beams_come_from_the_card(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(CARD)
    assert cli("generate", tmp_path / "card.toml", "-o", tmp_path / "e.h5").code == 0
    found = cli("convert", tmp_path / "e.h5", tmp_path / "o.hepmc3")
    assert (found.code, found.err) == (0, "")
    file = read_text(tmp_path / "o.hepmc3")
    run = file.attributes
    assert "G.C.4" in file.list_of("NuHepMC.Conventions")
    assert run["NuHepMC.Beam[14].Type"] == run["NuHepMC.Beam.Type"] == "Histogram"
    assert run["NuHepMC.Beam[14].EnergyUnit"] == "MEV"
    edges = np.array(file.list_of("NuHepMC.Beam[14].Histogram.BinEdges"), dtype=float)
    contents = np.array(file.list_of("NuHepMC.Beam[14].Histogram.BinContent"), dtype=float)
    assert len(edges) == len(contents) + 1
    assert np.all(np.diff(edges) > 0.0)
    assert (edges[0], edges[-1]) == pytest.approx((1e3, 8e3), rel=1e-14)
    shares = [contents[(edges[:-1] >= low) & (edges[1:] <= high)].sum() / contents.sum()
              for low, high in ((1e3, 2e3), (2e3, 4e3), (4e3, 8e3))]  # fmt: skip
    assert shares == pytest.approx([1.0 / 9.0, 6.0 / 9.0, 2.0 / 9.0], abs=0.01)
    assert max(map(len, (tmp_path / "o.hepmc3").read_text().splitlines())) < 2**18  # HepMC3's buffer for a line


def test_a_beam_that_is_no_more(samples: Samples, tmp_path: Path) -> None:
    assert beams_of({"card": CARD, "flux": "another one", "neutrino": "numu"}) == ()
    assert beams_of({"card": "not a card"}) == ()
    assert beams_of({}) == ()
    export_events(samples.path("coherent"), tmp_path / "o.hepmc3")
    file = read_text(tmp_path / "o.hepmc3")
    assert "G.C.1" not in file.list_of("NuHepMC.Conventions")
    assert file.attributes["NuHepMC.Beam[14].Type"] == "MonoEnergetic"  # all events have one energy
    assert float(file.attributes["NuHepMC.Beam[14].MonoEnergetic.Energy"]) == 5000.0
