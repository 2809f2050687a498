"""Which files hold the rows of a virtual column: the same as HDF5 finds, and only the form that merge writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.production_runs import production_card, shards
from tridentgen.errors import FileError
from tridentgen.events.events import read
from tridentgen.events.headers import virtual_mappings
from tridentgen.events.merge import merge
from tridentgen.events.pieces import Pieces

LONG = 5_000_000_000


def written(path: Path, shape: tuple[int, ...], fill: Callable[[Any], None]) -> Path:
    """Write a virtual dataset, and files for it to refer to."""
    for name in ("a.h5", "b.h5"):
        path.with_name(name).touch()
    with h5py.File(path, "w", libver="earliest") as file:
        layout = h5py.VirtualLayout(shape, "f8")
        fill(layout)
        file.create_virtual_dataset("events/x", layout)
    return path


def pieces_of(path: Path) -> Pieces:
    with h5py.File(path) as file:
        return Pieces(path, virtual_mappings(file, path))


def source(file: str, rows: int, *more: int) -> Any:
    return h5py.VirtualSource(file, "events/x", (rows, *more))


@pytest.mark.parametrize("more", [(), (4,)])
@pytest.mark.parametrize("rows", [(3, 7), (LONG, 2), (1, LONG)])  # indices above 32 bits are written in another way
def test_the_pieces_are_those_that_hdf5_finds(tmp_path: Path, rows: tuple[int, int], more: tuple[int, ...]) -> None:
    def fill(layout: Any) -> None:
        layout[: rows[0]] = source("a.h5", rows[0], *more)
        layout[rows[0] :] = source("b.h5", rows[1], *more)

    path = written(tmp_path / "v.h5", (sum(rows), *more), fill)
    with h5py.File(path) as file:
        expected = [
            (tmp_path / kept.file_name, kept.dset_name, kept.vspace.get_select_bounds())
            for kept in file["events/x"].virtual_sources()
        ]
    found = [
        (piece.file, piece.dataset, ((piece.start, *(0 for _ in more)), (piece.stop - 1, *(n - 1 for n in more))))
        for piece in pieces_of(path)["events/x"]
    ]
    assert found == expected


def _a_part(layout: Any) -> None:
    layout[:5], layout[5:] = source("a.h5", 5), source("b.h5", 9)[:5]


def _a_gap(layout: Any) -> None:
    layout[:4], layout[5:] = source("a.h5", 4), source("b.h5", 5)


def _backwards(layout: Any) -> None:
    layout[5:], layout[:5] = source("a.h5", 5), source("b.h5", 5)


def _every_second(layout: Any) -> None:
    layout[::2], layout[1::2] = source("a.h5", 5), source("b.h5", 5)


@pytest.mark.parametrize("fill", [_a_part, _a_gap, _backwards, _every_second])
def test_other_forms_are_refused(tmp_path: Path, fill: Callable[[Any], None]) -> None:
    path = written(tmp_path / "v.h5", (10,), fill)
    with pytest.raises(FileError, match=r"v\.h5': '/events/x' is damaged, or was not written by 'tridentgen merge' \("):
        pieces_of(path)


@pytest.mark.parametrize("virtual", [True, False])
def test_data_in_other_files_are_not_read(tmp_path: Path, virtual: bool) -> None:
    """A column that HDF5 would read from any file of this machine, small enough to be in the event file itself."""
    secret = np.arange(20.0)
    (tmp_path / "secret").write_bytes(secret.tobytes())
    pieces = shards(production_card(tmp_path, "cevns", events=40), tmp_path, [0, 20, 40])
    merge(pieces, tmp_path / "v.h5", virtual=True)
    with h5py.File(pieces[0], "r+") as file:
        described = dict(file["events/e_nu"].attrs)
        del file["events/e_nu"]
        data = file["events"].create_dataset("e_nu", (20,), "f8", external=[(str(tmp_path / "secret"), 0, 160)])
        data.attrs.update(described)
        assert np.array_equal(data[:], secret)
    with pytest.raises(FileError, match=r"shard_0\.h5': '/events/e_nu' stores its data in '.*secret'"):
        read(tmp_path / "v.h5" if virtual else pieces[0], ["e_nu"])
