"""Files of other generators that somebody has damaged: errors that name the file, nothing else (tests/fuzzing.py)."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.exchange.export.samples import Samples
from tests.fuzzing import damaged, in_a_process_of_its_own, only_clean_errors
from tridentgen.analysis.cutting import CutRequest, apply_cuts
from tridentgen.events.events import read
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.importing.candidates import Candidates, Taken
from tridentgen.exchange.importing.formats import read_foreign

KINDS = ("total", "cevns")
CASES = Path(__file__).parent / "cases"
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
        _as_hepmc2(folder / f"{kind}.hepmc3", folder / f"{kind}.hepmc")
    return folder


def _as_hepmc2(source: Path, target: Path) -> None:
    """Write HepMC3 as HepMC2, where the library is there."""
    with suppress(ImportError):
        import pyhepmc

        with pyhepmc.open(str(source)) as old, pyhepmc.open(str(target), "w", format="hepmc2") as new:
            for event in old:
                new.write(event)


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
    _search([(folder / f"{kind}.hepevt").read_bytes() for kind in KINDS], scratch / "events.hepevt", 400)


def search_variants_of_hepevt(folder: Path, scratch: Path) -> None:
    """Read damaged copies of HEPEVT with other heads, other columns, other status codes, and as HepMC3 writes it."""
    texts = [(folder / f"{kind}.hepevt").read_text() for kind in KINDS]
    seeds = [path.read_text() for path in sorted(CASES.glob("*.hepevt"))]
    for columns, head in (
        (8, "{n}"),
        (11, "{e} 0 {n}"),
        (11, "{n} 1 2 3 4"),
        (15, "{e} 0 {n} 1 2 3 4"),
        (11, "E {e} {n}"),
    ):
        seeds += [_other_variant(text, columns, head) for text in texts]
    _search([seed.encode() for seed in seeds], scratch / "events.hepevt", 600)


def search_compressed_hepevt(folder: Path, scratch: Path) -> None:
    """Read damaged copies of compressed HEPEVT files."""
    seeds = [gzip.compress((folder / f"{kind}.hepevt").read_bytes(), mtime=0) for kind in KINDS]
    _search(seeds, scratch / "events.hepevt.gz", 200, words=False)


def search_hepmc2(folder: Path, scratch: Path) -> None:
    """Read damaged copies of HepMC2 files."""
    seeds = [(folder / f"{kind}.hepmc").read_bytes() for kind in KINDS]
    _search([*seeds, (CASES / "version2.hepmc").read_bytes()], scratch / "events.hepmc", 400)


def search_nuhepmc(folder: Path, scratch: Path) -> None:
    """Read damaged copies of NuHepMC files, also with several weights."""
    seeds = [(folder / f"{kind}.hepmc3").read_bytes() for kind in KINDS]
    several = [
        re.sub(rb"(?m)^W ([-+.e\d]+)$", rb"W \1 1.0", seed.replace(b"\nW CV\n", rb"\nW CV\|b\n")) for seed in seeds
    ]
    _search([*seeds, *several], scratch / "events.hepmc3", 400)


def search_compressed_nuhepmc(folder: Path, scratch: Path) -> None:
    """Read damaged copies of compressed NuHepMC files."""
    seeds = [(folder / f"{kind}.hepmc3.gz").read_bytes() for kind in KINDS]
    _search(seeds, scratch / "events.hepmc3.gz", 200, words=False)


def _search(seeds: Sequence[bytes], path: Path, few: int, *, words: bool = True) -> None:
    """Read damaged copies as events, and as candidates, of which more is forgiven."""
    muons = CutRequest(candidates=Candidates(Taken.named("minus", ["mu-"], -1), Taken.named("plus", ["mu+"], 1)))
    for content in changed(seeds, few) if words else damaged(seeds, few):
        path.write_bytes(content)
        with only_clean_errors():
            read_foreign(path)
        with only_clean_errors():
            apply_cuts(path, muons)


def _other_variant(text: str, columns: int, head: str) -> str:
    """Return LArSoft's text with other heads and so many columns."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2:
            lines.append(head.format(e=words[0], n=words[1]))
        elif len(words) == 15:
            lines.append(" ".join([*words[:2], *words[4:9], words[10]] if columns == 8 else words[:columns]))
            lines += ["1.0 2.0 3.0 4.0"] * head.startswith("E ")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


SEARCHES = [search_hepevt, search_variants_of_hepevt, search_compressed_hepevt, search_hepmc2, search_nuhepmc,
            search_compressed_nuhepmc]  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES)
def test_damaged_files(folder: Path, tmp_path: Path, search: object) -> None:
    name = getattr(search, "__name__", "")
    if "hepmc" in name:
        pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    in_a_process_of_its_own(__name__, name, folder, tmp_path)
