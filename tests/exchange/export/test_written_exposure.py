"""The exposure in files of other formats is that of the events in them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import h5py
import pyarrow.parquet
import pytest
import uproot

from tests.exchange.export.hepmc_text import read_text
from tests.production_runs import attributes, production_card, shards
from tridentgen.exchange.convert import convert
from tridentgen.runs.run import run

POT, COUNT = 3e23, 2000


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = production_card(tmp_path_factory.mktemp("card"), "cevns", events=COUNT)
    path.write_text(path.read_text() + f"[exposure]\nmass_t = 0.0146\npot = {POT!r}\n")
    return path


@pytest.fixture(scope="module")
def weighted(card: Path) -> Path:
    return run(card, card.with_name("w.h5")).path


def protons(path: Path) -> float:
    """Return the exposure of a NuHepMC file."""
    file = read_text(path)
    assert "G.C.1" in file.list_of("NuHepMC.Conventions")
    return float(file.attributes["NuHepMC.Exposure.POT"])


def expected(known: dict[str, float]) -> float:
    """Return the interactions expected for the exposure of the card."""
    return float(known["events_per_cm2"] * known["sigma"])


def test_weighted_events_have_the_exposure_of_the_card(card: Path, weighted: Path, tmp_path: Path) -> None:
    convert(weighted, tmp_path / "w.hepmc3")
    assert protons(tmp_path / "w.hepmc3") == POT
    (part,) = shards(card, tmp_path, [500, 1500], map_file=weighted)
    convert(part, tmp_path / "s.hepmc3")  # its weights are made those of the whole run
    assert protons(tmp_path / "s.hepmc3") == POT


def test_unweighted_events_have_that_of_their_number(card: Path, weighted: Path, tmp_path: Path) -> None:
    path = run(card, tmp_path / "u.h5", unweight=True, map_file=weighted).path
    convert(path, tmp_path / "u.hepmc3")
    assert protons(tmp_path / "u.hepmc3") == attributes(path)["pot_equivalent"]
    assert protons(tmp_path / "u.hepmc3") == pytest.approx(POT * COUNT / expected(attributes(path)), rel=1e-3)
    done = convert(weighted, tmp_path / "c.hepmc3", unweight=True)
    assert done is not None
    # overweight events count with their weights, which the file has
    weights = math.fsum(event.weights[0] for event in read_text(tmp_path / "c.hepmc3").events)
    assert weights == pytest.approx(done.events, rel=1e-3)
    written = POT * weights / expected(attributes(weighted))
    assert protons(tmp_path / "c.hepmc3") == pytest.approx(written, rel=1e-12)


def test_a_poisson_number_of_events_has_the_exposure_of_the_card(card: Path, weighted: Path, tmp_path: Path) -> None:
    path = run(card, tmp_path / "p.h5", exposure=True, map_file=weighted).path
    convert(path, tmp_path / "p.hepmc3", unweight=True)
    assert protons(tmp_path / "p.hepmc3") == POT


def test_every_format_tells_it(weighted: Path, tmp_path: Path) -> None:
    said = "these events stand for 3e+23 protons on target, the card's exposure"
    for ending in (".lhe", ".lheh5", ".rootracker.root", ".parquet", ".hepmc3"):
        convert(weighted, tmp_path / f"o{ending}")
    convert(weighted, tmp_path / "o.hepevt", flavour="edep-sim")
    assert said in (tmp_path / "o.lhe").read_text()[:2000].replace("&#x27;", "'")
    assert said in (tmp_path / "o.hepevt").read_text()[:2000]
    assert said in (tmp_path / "o.hepmc3").read_text()
    with h5py.File(tmp_path / "o.lheh5") as file:
        assert said in file["init"].attrs["exposure"]
    with uproot.open(tmp_path / "o.rootracker.root") as tree:
        assert said in json.loads(str(tree["tridentgen"]))["exposure"]
    metadata = pyarrow.parquet.read_schema(tmp_path / "o.parquet").metadata
    assert json.loads(metadata[b"tridentgen"])["pot_equivalent"] == POT
