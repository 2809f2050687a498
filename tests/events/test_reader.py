from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.events.synthetic import trident_events
from tridentgen.analysis.summary import summary
from tridentgen.errors import FileError, InputError
from tridentgen.events import reader
from tridentgen.events.events import read
from tridentgen.events.reader import open_events


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.h5"
    trident_events(50).to_hdf5(path)
    return path


def one_line_error(path: Path) -> str:
    """Read in both ways; each must say the same on one line."""
    with pytest.raises(FileError) as of_read:
        read(path)
    with pytest.raises(FileError) as of_summary:
        summary(path)
    text = str(of_read.value)
    assert text == str(of_summary.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_a_file_cut_at_any_byte_is_one_error(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    path = tmp_path / "cut.h5"
    size = len(content)
    for cut in {*range(0, 700, 23), *np.linspace(0, size - 1, 60, dtype=int).tolist(), size - 8, size - 1}:
        path.write_bytes(content[:cut])
        one_line_error(path)


def test_random_bytes_are_one_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "noise.h5"
    for length in (1, 7, 8, 100, 4096, 100_000):
        path.write_bytes(rng.bytes(length))
        assert "not an HDF5 file" in one_line_error(path)
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + rng.bytes(length))
        one_line_error(path)


def test_flipped_bits_in_the_data_do_not_pass(whole: Path, tmp_path: Path) -> None:
    events = read(whole)
    content = bytearray(whole.read_bytes())
    path = tmp_path / "flipped.h5"
    for name in ("weight", "p4_minus", "event_id"):
        where = content.find(np.ascontiguousarray(events[name]).tobytes()[:200])
        assert where > 0
        content[where + 101] ^= 0x10
        path.write_bytes(content)
        with pytest.raises(FileError, match=rf"flipped\.h5': column '{name}' cannot be read \(.*\); make it again or"):
            read(path)
        content[where + 101] ^= 0x10


def test_a_damaged_text_does_not_crash_the_library(whole: Path, tmp_path: Path) -> None:
    # The class of the type of a text, 'variable length' of kind 'string' (1), becomes that of a list (0).
    content = whole.read_bytes()
    name = content.find(b"description\0")
    text_type = content.find(bytes([0x19, 0x01, 0x01, 0x00]), name)
    assert 0 < text_type - name < 64
    path = tmp_path / "damaged.h5"
    path.write_bytes(content[: text_type + 1] + b"\0" + content[text_type + 2 :])
    assert "neither a number nor a text" in one_line_error(path)


def drop(column: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["events"][column]

    return change


def shorten(file: Any) -> None:
    file["events/weight"].resize(49, axis=0)


def lengthen(file: Any) -> None:
    file["events/weight"].resize(51, axis=0)


def other_shape(file: Any) -> None:
    del file["events/p4_minus"]
    file["events"].create_dataset("p4_minus", data=np.zeros((50, 3)))


def texts(file: Any) -> None:
    del file["events/m2_ll"]
    file["events"].create_dataset("m2_ll", data=np.full(50, b"text"))


def huge(file: Any) -> None:
    file.attrs["n_events"] = 10**15
    for column in file["events"].values():
        column.resize(10**15, axis=0)


def attribute(name: str, value: object) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        if value is None:
            del file.attrs[name]
        else:
            file.attrs[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("q2"), r"lacks the column q2"),
        (drop("weight"), r"lacks the column weight"),
        (shorten, r"column 'weight' has 49 events, the file says 50"),
        (lengthen, r"column 'weight' has 51 events, the file says 50"),
        (other_shape, r"column 'p4_minus' holds float64 of shape \(3,\)"),
        (texts, r"column 'm2_ll' holds"),
        (huge, r"larger than the file"),
        (attribute("format", "nuclear-events"), r"not a tridentgen event file"),
        (attribute("format", None), r"not a tridentgen event file"),
        (attribute("format_version", 2), r"has format version 2, this tridentgen reads 1"),
        (attribute("n_events", None), r"lacks the attribute 'n_events'"),
        (attribute("n_events", -1), r"attribute 'n_events' = -1 is not a whole number from 0 on; make it again"),
        (attribute("complete", None), r"lacks the attribute 'complete'"),
        (attribute("sigma", np.ones(3)), r"attribute 'sigma' is neither a number nor a text"),
    ],
)
def test_what_is_no_whole_event_file_is_refused(
    whole: Path, tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    path = tmp_path / "changed.h5"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        change(file)
    assert re.search(message, one_line_error(path))


def test_a_file_that_is_not_there_is_one_error(whole: Path, tmp_path: Path) -> None:
    assert "there is no file" in one_line_error(tmp_path / "e.h5")
    shutil.copy(whole, tmp_path / "e.h5.part")
    assert "unfinished run left" in one_line_error(tmp_path / "e.h5")
    assert "not an ordinary file" in one_line_error(tmp_path)
    (tmp_path / "empty.h5").write_bytes(b"")
    assert "is empty" in one_line_error(tmp_path / "empty.h5")
    (tmp_path / "text.h5").write_text("E,px,py,pz\n1,0,0,1\n")
    assert "not an HDF5 file" in one_line_error(tmp_path / "text.h5")


def test_uncounted_rows_of_a_killed_run_are_left_out(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.h5"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        file.attrs["complete"] = 0
        lengthen(file)
    np.testing.assert_array_equal(read(path)["weight"], read(whole)["weight"])


def test_a_repacked_file_is_still_read(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "packed.h5"
    with h5py.File(whole) as old, h5py.File(path, "w") as new:
        new.attrs.update(old.attrs)
        for name, data in old["events"].items():
            copy = new.create_dataset(f"events/{name}", data=data[()], compression="gzip" if name == "q2" else None)
            copy.attrs.update(data.attrs)
    np.testing.assert_array_equal(read(path)["q2"], read(whole)["q2"])


def test_only_the_wanted_columns_are_read(whole: Path) -> None:
    events = read(whole, ["q2", "weight"])
    assert list(events.columns) == ["q2", "weight"]
    with pytest.raises(InputError, match="did you mean 'weight'"):
        read(whole, ["wieght"])


def test_blocks_give_the_columns_in_order(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_ROWS", 7)
    with open_events(whole) as file:
        blocks = list(file.blocks(["q2"]))
    assert [len(block["q2"]) for block in blocks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.concatenate([b["q2"] for b in blocks]), read(whole)["q2"])


def test_the_superblock_knows_the_size_of_the_file(whole: Path) -> None:
    # HDF5 File Format Specification 3.0, superblock version 0: end-of-file address at byte 40.
    assert struct.unpack("<Q", whole.read_bytes()[40:48])[0] == whole.stat().st_size
