"""Files of other generators that somebody has damaged: errors that name the file, nothing else (tests/fuzzing.py)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.exchange.export.samples import Samples
from tests.fuzzing import damaged, in_a_process_of_its_own, only_clean_errors
from tridentgen.events.events import read
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.importing.hepevt import read_hepevt
from tridentgen.exchange.importing.nuhepmc import read_nuhepmc

KINDS = ("total", "cevns")
NUMBERS = ("-1", "0", "2147483648", "4294967295", "1e999", "nan", "9" * 400, "1000000000", "", "x", "2009900000")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Path:
    """Return a folder with a file of each kind and format, a few events each."""
    folder = tmp_path_factory.mktemp("foreign")
    for kind in KINDS:
        source, events = folder / f"{kind}.h5", read(samples.path(kind))
        replace(events, columns={name: values[:3] for name, values in events.columns.items()}).to_hdf5(source)
        export_events(source, folder / f"{kind}.hepevt", flavour="edep-sim")
        for ending in (".hepmc3", ".hepmc3.gz"):
            export_events(source, folder / f"{kind}{ending}")
    return folder


def changed(seeds: Sequence[bytes], few: int) -> Iterator[bytes]:
    """Yield damaged texts, and in turn such with other words, and with lines missing, doubled or elsewhere."""
    texts = [seed.decode() for seed in seeds]
    for number, content in enumerate(damaged(seeds, few)):
        yield content if number % 2 else _reworded(random.Random(number), texts)


def _reworded(rng: random.Random, seeds: list[str]) -> bytes:
    lines = rng.choice(seeds).splitlines()
    for _ in range(rng.randint(1, 6)):
        at, kind = rng.randrange(len(lines)), rng.choice(("word", "word", "word", "remove", "double", "move"))
        words = lines[at].split(" ")
        if kind == "word":
            words[rng.randrange(len(words))] = rng.choice(NUMBERS)
            lines[at] = " ".join(words)
        elif kind == "double":
            lines.insert(rng.randint(0, len(lines)), lines[at])
        elif kind == "move":
            lines.insert(rng.randrange(len(lines)), lines.pop(at))
        elif len(lines) > 1:
            del lines[at]
    return ("\n".join(lines) + "\n").encode()


def search_hepevt(folder: Path, scratch: Path) -> None:
    """Read damaged copies of HEPEVT files."""
    path = scratch / "events.hepevt"
    for content in changed([(folder / f"{kind}.hepevt").read_bytes() for kind in KINDS], 400):
        path.write_bytes(content)
        with only_clean_errors():
            read_hepevt(path)


def search_nuhepmc(folder: Path, scratch: Path) -> None:
    """Read damaged copies of NuHepMC files."""
    path = scratch / "events.hepmc3"
    for content in changed([(folder / f"{kind}.hepmc3").read_bytes() for kind in KINDS], 400):
        path.write_bytes(content)
        with only_clean_errors():
            read_nuhepmc(path)


def search_compressed_nuhepmc(folder: Path, scratch: Path) -> None:
    """Read damaged copies of compressed NuHepMC files."""
    path = scratch / "events.hepmc3.gz"
    for content in damaged([(folder / f"{kind}.hepmc3.gz").read_bytes() for kind in KINDS], 200):
        path.write_bytes(content)
        with only_clean_errors():
            read_nuhepmc(path)


@pytest.mark.parametrize("search", [search_hepevt, search_nuhepmc, search_compressed_nuhepmc])
def test_damaged_files(folder: Path, tmp_path: Path, search: object) -> None:
    name = getattr(search, "__name__", "")
    if "nuhepmc" in name:
        pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    in_a_process_of_its_own(__name__, name, folder, tmp_path)
