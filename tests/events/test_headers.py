"""Headers of event files, which are checked before the HDF5 library acts on what they say."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import pytest

from tests.production_runs import ROOT, production_card, shards, whole_run
from tridentgen.analysis.verify import require_sound
from tridentgen.errors import FileError
from tridentgen.events.events import read
from tridentgen.events.headers import Texts, virtual_mappings
from tridentgen.events.merge import merge
from tridentgen.events.reader import open_events

READ = """
import sys
from tests.fuzzing import peak_bytes
from tridentgen.errors import FileError
from tridentgen.events.events import read
try:
    read(sys.argv[1])
except FileError as error:
    print(error)
print(peak_bytes())
"""


@pytest.fixture(scope="module", params=["trident", "cevns"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("whole"), request.param, events=50).path


def of_item(file: Any, where: str, name: str) -> str:
    return str(file[where].attrs[name])


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource")
@pytest.mark.parametrize(
    ("where", "name"), [("/", "card"), ("events/p4_recoil", "description"), ("sampling", "signature")]
)
def test_a_text_that_claims_4_GiB_costs_nothing(whole: Path, tmp_path: Path, where: str, name: str) -> None:
    content = bytearray(whole.read_bytes())
    with h5py.File(whole) as file:
        length = len(of_item(file, where, name).encode())
    claims = [
        at for at in range(0, len(content) - 16, 8)
        if struct.unpack_from("<I", content, at) == (length,) and _is_heap(content, at + 4)
    ]  # fmt: skip
    assert claims
    for at in claims:
        struct.pack_into("<I", content, at, 0xFFFFFFF0)
    path = tmp_path / "damaged.h5"
    path.write_bytes(content)
    found = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    said, peak = found.stdout.splitlines()
    assert said == (
        f"'{path}' is damaged: the text '{name}' claims 4294967280 bytes; make it again or take a fresh copy"
    )
    assert int(peak) < 1 << 28


def _is_heap(content: bytearray, at: int) -> bool:
    (place,) = struct.unpack_from("<Q", content, at)
    return 0 < place < len(content) and content[place : place + 4] == b"GCOL"


def test_lengths_are_those_of_the_texts(whole: Path, tmp_path: Path) -> None:
    """Also of names that are no ASCII, of a header in many pieces, and of texts that were replaced."""
    path = tmp_path / "changed.h5"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        for number in range(200):
            file["sampling"].attrs[f"gr\xf6\xdfe {number}"] = "\xe4" * number
        file.attrs["card"], file.attrs["empty"] = "x" * 5000, ""
    seen = 0
    with h5py.File(path) as file:
        items = [file["/"]]
        file.visititems(lambda _name, item: items.append(item))
        for item in items:
            texts = Texts(item, path)
            for name, value in item.attrs.items():
                if isinstance(value, str):
                    assert texts.length(name) == len(value.encode()), (item.name, name)
                    seen += 1
    assert seen > 250
    require_sound(path)


def test_texts_of_a_fixed_length_are_read(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixed.h5"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        card = of_item(file, "/", "card")
        file.attrs.create("card", card, dtype=h5py.string_dtype(length=len(card.encode())))
    with open_events(path) as events:
        assert events.attributes["card"] == card


def test_files_whose_headers_are_of_another_kind_are_refused(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.h5"
    with h5py.File(whole) as old, h5py.File(path, "w", libver="latest") as new:
        for name in old:
            old.copy(name, new)
        new.attrs.update(old.attrs)
    with pytest.raises(FileError, match=r"is stored in a newer format of HDF5, .* 'h5repack --low=0'$"):
        read(path)
    behind = tmp_path / "behind.h5"
    behind.write_bytes(bytes(512) + whole.read_bytes())  # HDF5 finds a file there too
    with pytest.raises(FileError, match=r"cannot be checked"):
        read(behind)


def _heaps(content: bytes) -> list[int]:
    """Return where the heaps of a file begin."""
    found, at = [], content.find(b"GCOL")
    while at >= 0:
        found.append(at)
        at = content.find(b"GCOL", at + 1)
    return found


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual file of so many shards that some of its heaps hold nothing but their names."""
    folder = tmp_path_factory.mktemp("virtual")
    pieces = shards(production_card(folder, "cevns", events=60), folder, list(range(0, 61, 4)))
    return merge(pieces, folder / "virtual.h5", virtual=True)


@pytest.mark.parametrize("size", [0, 8, 1 << 40, (1 << 64) - 8])
@pytest.mark.parametrize("number", [0, 5])
def test_a_heap_whose_objects_lead_nowhere_is_refused(
    whole: Path, virtual: Path, tmp_path: Path, number: int, size: int
) -> None:
    """HDF5 2.0 would stay for ever at a free object (number 0) of no size."""
    for path in (whole, virtual):
        for at in _heaps(path.read_bytes()):
            content = bytearray(path.read_bytes())
            struct.pack_into("<HHxxxxQ", content, at + 16, number, 1, size)
            damaged = tmp_path / "damaged.h5"
            damaged.write_bytes(content)
            if number == 5 and size == 8:  # a sound heap with something else in it
                continue
            with pytest.raises(
                FileError, match=r"damaged\.h5' is damaged: .* points to an invalid HDF5 global heap; make it again"
            ):
                read(damaged)


def test_heaps_of_virtual_datasets_are_looked_at_before_these_are_opened(virtual: Path, tmp_path: Path) -> None:
    blamed = []
    for at in _heaps(virtual.read_bytes()):
        content = bytearray(virtual.read_bytes())
        struct.pack_into("<HHxxxxQ", content, at + 16, 0, 0, 0)
        path = tmp_path / "damaged.h5"
        path.write_bytes(content)
        with h5py.File(path) as file:
            try:
                virtual_mappings(file, path)
            except FileError as error:  # none where the heap holds texts only
                blamed.append(str(error).split("'")[3])
    assert len(blamed) > 3
    assert all(name.startswith("/events/") for name in blamed)


def test_datasets_whose_headers_are_of_another_kind_are_refused(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.h5"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        file["sampling"].create_group("other", track_order=True)
    with pytest.raises(
        FileError, match=r"'/sampling/other' is stored in a newer format of HDF5, .* 'h5repack --low=0'$"
    ):
        read(path)
