from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen
from tests.events.synthetic import trident_events
from tridentgen.engines.process import Column, Role
from tridentgen.errors import FileError, InputError
from tridentgen.events.committed import CommittedFile
from tridentgen.events.events import read
from tridentgen.events.hdf5 import EventWriter
from tridentgen.processes.trident.columns import TRIDENT_COLUMNS

COLUMNS = (
    Column("event_id", "", "number", dtype="u8"),
    Column("weight", "cm2", "weight", role=Role.WEIGHT),
    Column("p4", "GeV", "p", (4,)),
)


def batch(start: int, stop: int) -> dict[str, NDArray[Any]]:
    number = np.arange(start, stop)
    return {
        "event_id": number.astype("u8"),
        "weight": 1e-42 * (1.0 + number),
        "p4": np.outer(number, np.arange(4.0)),
    }


def test_what_is_written_is_read_back_bit_by_bit(tmp_path: Path) -> None:
    events = trident_events(1000)
    with EventWriter(tmp_path / "e.h5", TRIDENT_COLUMNS, events.attributes, chunk_rows=64) as writer:
        for start, stop in itertools.pairwise((0, 1, 63, 64, 500, 999, 1000)):
            writer.append({c.name: events[c.name][start:stop] for c in TRIDENT_COLUMNS})
        for name, group in events.groups.items():
            writer.write_group(name, group.arrays, group.attributes)
        writer.close(complete=True)
    back = read(tmp_path / "e.h5")
    for column in TRIDENT_COLUMNS:
        np.testing.assert_array_equal(back[column.name], events[column.name])
        assert back[column.name].dtype == np.dtype(column.dtype)
    assert back.schema == TRIDENT_COLUMNS
    np.testing.assert_array_equal(back.groups["sampling/0"]["map"], events.groups["sampling/0"]["map"])
    assert back.groups["sampling/0"].attributes == {"points": 1000}
    assert events.attributes.items() <= back.attributes.items()


def test_root_attributes_and_layout_are_as_promised(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {"seed": 2**64 - 1, "sigma": 1.5e-42, "title": "Müonen"}) as writer:
        writer.append(batch(0, 10))
        writer.close(complete=True)
    with h5py.File(tmp_path / "e.h5") as file:
        attributes = dict(file.attrs)
        weight = file["events/weight"]
        assert weight.attrs["units"] == "cm2"
        assert weight.attrs["description"] == "weight"
        assert weight.chunks is not None
        assert weight.fletcher32
        assert weight.compression is None
        assert weight.dtype == np.float64
        assert file["events/p4"].shape == (10, 4)
    assert attributes["format"] == "tridentgen-events"
    assert attributes["format_version"] == 1
    assert attributes["generator"] == "tridentgen"
    assert attributes["version"] == tridentgen.__version__
    assert attributes["created"].endswith("+00:00")
    assert attributes["complete"] == 1
    assert attributes["n_events"] == 10
    assert int(attributes["seed"]) == 2**64 - 1
    assert attributes["title"] == "Müonen"


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        with EventWriter(tmp_path / name, COLUMNS, {"created": "2024-01-01T00:00:00+00:00"}) as writer:
            writer.append(batch(0, 5000))
            writer.close(complete=True)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_long_text_fits_into_an_attribute(tmp_path: Path) -> None:
    card = "# a long card\n" * 20_000
    with EventWriter(tmp_path / "e.h5", COLUMNS, {"card": card}) as writer:
        writer.close(complete=True)
    assert read(tmp_path / "e.h5").attributes["card"] == card


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "e.h5"
    path.write_text("precious")
    with pytest.raises(FileError, match=r"already exists.*--force"):
        EventWriter(path, COLUMNS, {})
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]
    with EventWriter(path, COLUMNS, {}, force=True) as writer:
        assert path.read_text() == "precious"  # until the new file is complete
        writer.close(complete=True)
    assert len(read(path)) == 0


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no directory"):
        EventWriter(tmp_path / "missing" / "e.h5", COLUMNS, {})
    with pytest.raises(FileError, match="is a directory"):
        EventWriter(tmp_path, COLUMNS, {}, force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="no directory"):
        EventWriter(tmp_path / "file" / "e.h5", COLUMNS, {})
    with pytest.raises(FileError, match="cannot write"):
        EventWriter(tmp_path / ("n" * 300), COLUMNS, {})
    with pytest.raises(FileError, match="cannot write"):
        EventWriter("nul\0.h5", COLUMNS, {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_device_or_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not an ordinary file"):
        EventWriter(tmp_path / "pipe", COLUMNS, {}, force=True)


def test_a_folder_without_permission_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asked of os.access, since the permission bits do not bind the superuser.
    monkeypatch.setattr(os, "access", lambda *_args, **_kwargs: False)
    with pytest.raises(FileError, match=r"no permission to write.*choose another output"):
        EventWriter(tmp_path / "e.h5", COLUMNS, {})


def test_a_file_in_use_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "e.h5"
    with EventWriter(path, COLUMNS, {}) as writer:
        with pytest.raises(FileError, match="being written"):
            EventWriter(path, COLUMNS, {}, force=True)
        other = run_python(
            "from tests.events.test_hdf5 import *",
            f"try: EventWriter({str(path)!r}, COLUMNS, {{}}, force=True)",
            "except FileError as error: print(error)",
        )
        assert "being written by another run" in other.stdout
        writer.append(batch(0, 100))
        writer.close(complete=True)
    assert len(read(path)) == 100


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"title": "a\0b"}, "NUL"),
        ({"seed": 2**70}, "64 bits"),
        ({"list": [1, 2]}, "number or a text"),
    ],
)
def test_attributes_that_hdf5_cannot_store_are_refused(
    tmp_path: Path, attributes: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        EventWriter(tmp_path / "e.h5", COLUMNS, attributes)
    assert not list(tmp_path.iterdir())


def test_a_batch_must_hold_exactly_the_columns_with_one_length(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}) as writer:
        writer.append(batch(0, 3))
        lacking = batch(3, 6)
        del lacking["weight"]
        with pytest.raises(InputError, match="weight"):
            writer.append(lacking)
        with pytest.raises(InputError, match="typo"):
            writer.append({**batch(3, 6), "typo": np.zeros(3)})
        with pytest.raises(InputError, match="shape"):
            writer.append({**batch(3, 6), "weight": np.zeros(2)})
        with pytest.raises(InputError, match="shape"):
            writer.append({**batch(3, 6), "p4": np.zeros((3, 3))})
        writer.close(complete=True)
    assert len(read(tmp_path / "e.h5")) == 3


def test_every_append_can_be_read_at_once(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "e.h5", COLUMNS, {}, chunk_rows=16)
    for start, stop in itertools.pairwise((0, 10, 20, 35)):
        writer.append(batch(start, stop))
        snapshot = tmp_path / f"{stop}.h5"
        snapshot.write_bytes((tmp_path / "e.h5.part").read_bytes())
        assert len(read(snapshot)) == stop
        np.testing.assert_array_equal(read(snapshot)["p4"], batch(0, stop)["p4"])
    writer.discard()
    assert not (tmp_path / "e.h5.part").exists()


def test_without_close_the_file_is_valid_and_incomplete(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}) as writer:
        writer.append(batch(0, 7))
    events = read(tmp_path / "e.h5")
    assert len(events) == 7
    assert events.attributes["complete"] == 0
    assert not (tmp_path / "e.h5.part").exists()
    writer.close(complete=True)  # a second close changes nothing
    assert read(tmp_path / "e.h5").attributes["complete"] == 0


def test_ctrl_c_inside_a_batch_leaves_the_whole_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: EventWriter, stop: int) -> int:
        self._data["event_id"].resize(stop, axis=0)
        raise KeyboardInterrupt

    def run() -> None:
        with EventWriter(tmp_path / "e.h5", COLUMNS, {}) as writer:
            writer.append(batch(0, 5))
            monkeypatch.setattr(EventWriter, "_bytes_for", interrupted)
            writer.append(batch(5, 9))

    with pytest.raises(KeyboardInterrupt):
        run()
    events = read(tmp_path / "e.h5")
    np.testing.assert_array_equal(events["event_id"], np.arange(5))
    assert events.attributes["complete"] == 0


def test_after_an_error_the_events_stay_in_the_part_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after(tmp_path / "e.h5", 8)
    assert not (tmp_path / "e.h5").exists()
    assert len(read(tmp_path / "e.h5.part")) == 8
    with pytest.raises(FileError, match="holds 8 events of an unfinished run"):
        EventWriter(tmp_path / "e.h5", COLUMNS, {})
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}, force=True) as writer:
        writer.close(complete=True)
    assert len(read(tmp_path / "e.h5")) == 0


def test_a_part_file_without_events_is_no_obstacle(tmp_path: Path) -> None:
    EventWriter(tmp_path / "e.h5", COLUMNS, {}).abandon()
    assert (tmp_path / "e.h5.part").exists()
    EventWriter(tmp_path / "e.h5", COLUMNS, {}).close(complete=True)
    assert [p.name for p in tmp_path.iterdir()] == ["e.h5"]


def test_a_killed_run_leaves_its_batches(tmp_path: Path) -> None:
    done = run_python(
        "import os, signal",
        "from tests.events.test_hdf5 import *",
        f"writer = EventWriter({str(tmp_path / 'e.h5')!r}, COLUMNS, {{}}, chunk_rows=32)",
        "for start in range(0, 1000, 100): writer.append(batch(start, start + 100))",
        "os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, 'SIGKILL') else signal.SIGTERM)",
    )
    assert done.returncode != 0
    np.testing.assert_array_equal(read(tmp_path / "e.h5.part")["weight"], batch(0, 1000)["weight"])


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="needs a system that reserves room for a file")
@pytest.mark.parametrize("limit", [1_000, 400_000, 700_000, 1_000_000, 2_000_003])
def test_a_full_disk_is_one_error_and_keeps_the_batches_before(tmp_path: Path, limit: int) -> None:
    # A limit on the size of files is the full disk that needs no privilege. Any trace of HDF5 failing on its
    # own would show on stderr or in the exit code.
    done = run_python(
        "import resource",
        "from tests.events.test_hdf5 import *",
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))",
        "try:",
        f"    with EventWriter({str(tmp_path / 'e.h5')!r}, COLUMNS, {{}}, chunk_rows=256) as writer:",
        "        for start in range(0, 200_000, 1000): writer.append(batch(start, start + 1000))",
        "except FileError as error: print(error, end='')",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot write" in done.stdout
    assert "File too large; free some space" in done.stdout
    assert "\n" not in done.stdout
    assert not (tmp_path / "e.h5").exists()
    part = tmp_path / "e.h5.part"
    if limit == 1_000:
        assert not part.exists()
        return
    events = read(part)
    assert len(events) >= 1000 * (limit > 500_000)
    np.testing.assert_array_equal(events["weight"], batch(0, len(events))["weight"])


def test_the_end_of_the_file_holds_no_unused_room(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}) as writer:
        writer.append(batch(0, 5000))
        writer.close(complete=True)
    path = tmp_path / "e.h5"
    assert path.stat().st_size < 5000 * 48 * 2
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(FileError):
        read(path)


def test_rescale_multiplies_in_place(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}, chunk_rows=8) as writer:
        writer.append(batch(0, 300))
        writer.rescale(["weight"], 2.5)
        writer.append(batch(300, 301))
        with pytest.raises(InputError, match="did you mean 'weight'"):
            writer.rescale(["wieght"], 1.0)
        writer.close(complete=False)
    events = read(tmp_path / "e.h5")
    np.testing.assert_array_equal(events["weight"][:300], 2.5 * batch(0, 300)["weight"])
    assert events["weight"][300] == batch(300, 301)["weight"][0]
    np.testing.assert_array_equal(events["p4"], batch(0, 301)["p4"])


def test_groups_and_attributes_can_be_replaced(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {"sigma": 1.0}) as writer:
        writer.write_group("sampling/0", {"map": np.ones(3)}, {"points": 1})
        writer.write_group("sampling/0", {"map": np.arange(4.0)}, {"points": 2, "complete": 5})
        writer.set_attributes({"sigma": 2.0, "n_events": 99, "format": "other"})
        with pytest.raises(InputError, match="name of a group"):
            writer.write_group("events/weight", {}, {})
        writer.close(complete=True)
    events = read(tmp_path / "e.h5")
    np.testing.assert_array_equal(events.groups["sampling/0"]["map"], np.arange(4.0))
    assert events.groups["sampling/0"].attributes["points"] == 2
    assert events.attributes["sigma"] == 2.0
    assert len(events) == 0


def test_a_copy_keeps_what_is_known_of_the_run(tmp_path: Path) -> None:
    events = trident_events(20)
    known = {**events.attributes, "created": "then", "version": "0.0.1", "complete": 0}
    first = dataclasses.replace(events, attributes=known)
    first.to_hdf5(tmp_path / "a.h5")
    copied = read(tmp_path / "a.h5")
    copied.to_hdf5(tmp_path / "b.h5")
    again = read(tmp_path / "b.h5")
    assert again.attributes == copied.attributes
    assert again.attributes["created"] == "then"
    assert again.attributes["version"] == "0.0.1"
    assert again.attributes["complete"] == 0
    assert again.schema == copied.schema
    assert again.groups.keys() == {"integrity", "sampling/0", "sampling/1"}
    for name, values in events.columns.items():
        np.testing.assert_array_equal(again[name], values)


def test_a_group_may_hold_groups(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "e.h5", COLUMNS, {}) as writer:
        writer.write_group("sampling/0", {"map": np.ones(3)}, {})
        writer.write_group("sampling", {"shares": np.ones(2)}, {"signature": "a"})
        writer.write_group("sampling/1", {}, {"points": 3})
        writer.close(complete=True)
    groups = read(tmp_path / "e.h5").groups
    assert groups.keys() == {"integrity", "sampling", "sampling/0", "sampling/1"}
    assert groups["sampling"].arrays.keys() == {"shares"}
    assert groups["sampling/1"].attributes == {"points": 3}
    np.testing.assert_array_equal(groups["sampling/0"]["map"], np.ones(3))


def fail_after(path: Path, events: int) -> None:
    with EventWriter(path, COLUMNS, {}) as writer:
        writer.append(batch(0, events))
        raise ZeroDivisionError


def run_python(*lines: str) -> subprocess.CompletedProcess[str]:
    """Run lines of Python in a process of their own."""
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        timeout=120,
    )


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
def test_the_file_is_locked_until_it_is_renamed_or_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def attempted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, *arguments: Any, **named: Any) -> Any:
            if path.suffix == ".part":
                with pytest.raises(FileError, match="is being written by another run"):
                    CommittedFile(path, new=False)
                tried.append(path.name)
            return real(path, *arguments, **named)

        return call

    monkeypatch.setattr(Path, "replace", attempted(Path.replace))
    monkeypatch.setattr(Path, "unlink", attempted(Path.unlink))
    EventWriter(tmp_path / "a.h5", COLUMNS, {}).close(complete=True)
    EventWriter(tmp_path / "b.h5", COLUMNS, {}).discard()
    assert tried == ["a.h5.part", "b.h5.part"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_a_file_that_appears_after_it_was_looked_for_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(path: Path, _force: bool) -> None:
        path.write_text("precious")

    monkeypatch.setattr("tridentgen.events.hdf5.check_output", looked)
    with pytest.raises(FileError, match="already exists"):
        EventWriter(tmp_path / "a.h5", COLUMNS, {})
    assert (tmp_path / "a.h5").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]
