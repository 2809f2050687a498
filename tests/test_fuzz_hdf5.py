"""Event files and maps that somebody has damaged: clean errors, nothing else (tests/fuzzing.py).

They are read by a process of their own, so that a crash of the HDF5 library would be a failure and not the end of the
tests.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.fuzzing import damaged, in_a_process_of_its_own, only_clean_errors
from tests.production_runs import production_card, shards, whole_run
from tridentgen.analysis.summary import summary
from tridentgen.analysis.verify import verify
from tridentgen.errors import FileError
from tridentgen.events.events import read
from tridentgen.events.maps import read_proposal
from tridentgen.events.merge import merge


def _read_map(path: Path) -> None:
    read_proposal(path, "x")


def _merge(path: Path) -> None:
    merge([path], path.with_suffix(".merged"), virtual=True, force=True)


READERS: tuple[Callable[[Path], object], ...] = (read, verify, summary, _read_map, _merge)


def look_at(path: Path) -> None:
    """Read a file in every way there is."""
    for reader in READERS:
        with only_clean_errors():
            reader(path)


def search(seed: Path, folder: Path) -> None:
    """Look at damaged copies of a file: of its tables mostly, which are what can confuse a reader."""
    path, events = folder / "events.h5", read(seed)
    few = ("event_id", "weight", "e_nu", "p4_nu_in", "p4_recoil")
    replace(events, columns={name: events[name] for name in few}).to_hdf5(path)
    _look_at_damaged(path)


def search_virtual(seed: Path, folder: Path) -> None:
    """Look at damaged copies of a file that refers to the shards beside it."""
    path = folder / "events.h5"
    path.write_bytes(seed.read_bytes())
    for piece in seed.parent.glob("shard_*.h5"):
        (folder / piece.name).symlink_to(piece)
    assert all(check.passed for check in verify(path))
    _look_at_damaged(path)


def _look_at_damaged(path: Path) -> None:
    for content, reader in zip(damaged([path.read_bytes()], 400), cycle(READERS), strict=False):
        path.write_bytes(content)
        with only_clean_errors():
            reader(path)


@pytest.fixture(scope="module", params=["trident", "cevns"])
def seed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("seed"), request.param, events=50).path


def test_damaged_event_files(seed: Path, tmp_path: Path) -> None:
    in_a_process_of_its_own("tests.test_fuzz_hdf5", "search", seed, tmp_path)


def test_damaged_virtual_files(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("seed")
    pieces = shards(production_card(folder, "cevns", events=60), folder, [0, 20, 40, 60])
    merge(pieces, folder / "virtual.h5", virtual=True)
    in_a_process_of_its_own("tests.test_fuzz_hdf5", "search_virtual", folder / "virtual.h5", tmp_path)


def changed(seed: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    path = folder / "events.h5"
    path.write_bytes(seed.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def _huge(file: Any) -> None:
    rows = 1 << 50
    for name in str(file.attrs["columns"]).split(","):
        old = file["events"][name]
        described = dict(old.attrs)
        del file["events"][name]
        data = file.create_dataset(
            f"events/{name}", (rows, *old.shape[1:]) if old.ndim == 1 else (rows, 4), old.dtype, chunks=True
        )
        data.attrs.update(described)
    file.attrs["n_events"] = rows


def _huge_and_compressed(file: Any) -> None:
    rows = 1 << 40
    for name in str(file.attrs["columns"]).split(","):
        old = file["events"][name]
        described, shape, dtype = dict(old.attrs), (rows, *old.shape[1:]), old.dtype
        del file["events"][name]
        data = file.create_dataset(f"events/{name}", shape, dtype, chunks=True, compression="gzip")
        data.attrs.update(described)
    file.attrs["n_events"] = rows


def _huge_map(file: Any) -> None:
    found: list[Any] = []
    file.visititems(lambda _name, item: found.append(item) if "cell_share" in getattr(item, "keys", dict)() else None)
    group = found[0]
    del group["cell_share"]
    group.create_dataset("cell_share", (1 << 45,), "f8", chunks=(1 << 16,))


def _chunks_that_swell(file: Any) -> None:
    described = dict(file["events/e_nu"].attrs)
    del file["events/e_nu"]
    data = file.create_dataset("events/e_nu", (50,), "f8", maxshape=(None,), chunks=(50,), compression="gzip")
    data.attrs.update(described)
    packer = zlib.compressobj(9)
    head, block = (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    data.id.write_direct_chunk((0,), head + 2000 * block)  # 2 GB of zeros


def _other_filter(file: Any) -> None:
    described, values = dict(file["events/e_nu"].attrs), file["events/e_nu"][()]
    del file["events/e_nu"]
    file["events"].create_dataset("e_nu", data=values, scaleoffset=0).attrs.update(described)


def _words(file: Any) -> None:
    file["sampling"].create_dataset("words", data=np.array(["a", "b"], dtype=h5py.string_dtype()))


def _foreign(file: Any) -> None:
    del file["events/e_nu"]
    file["events"].create_dataset("e_nu", (50,), "f8", external=[("/etc/passwd", 0, 400)])


def _elsewhere(file: Any) -> None:
    described = dict(file["events/e_nu"].attrs)
    del file["events/e_nu"]
    layout = h5py.VirtualLayout((50,), "f8")
    layout[:] = h5py.VirtualSource("nowhere.h5", "x", (50,))
    file["events"].create_virtual_dataset("e_nu", layout).attrs.update(described)


def _loop(file: Any) -> None:
    file["sampling/again"] = file["/"]
    file["sampling/gone"] = h5py.ExternalLink("nowhere.h5", "/x")
    file["sampling/soft"] = h5py.SoftLink("/sampling/soft")


def _many_objects(file: Any) -> None:
    group = file.create_group("many")
    for number in range(500):
        group.create_dataset(f"a{number}", data=np.zeros(2))


def _objects(file: Any) -> None:
    file["sampling"].attrs.create("list", np.arange(5))
    file["other"] = np.array(["a", "b"], dtype=h5py.string_dtype())


REFUSED = (
    _huge, _huge_and_compressed, _huge_map, _chunks_that_swell, _other_filter, _words, _foreign,
    _elsewhere,
)  # fmt: skip


@pytest.mark.parametrize("change", [*REFUSED, _loop, _many_objects, _objects])
def test_files_made_to_take_memory_or_read_other_files(
    seed: Path, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    path = changed(seed, tmp_path, change)
    look_at(path)
    if change in REFUSED:
        with pytest.raises(FileError, match=r"events\.h5'"):
            read(path)
