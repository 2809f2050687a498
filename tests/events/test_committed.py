"""The file of a writer that is killed: always that of the last commit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tridentgen.errors import FileError
from tridentgen.events import committed
from tridentgen.events.committed import CommittedFile, is_begun
from tridentgen.events.output import journal_path

# Killed at every call that changes a file: a child of fork dies there as by SIGKILL, the parent goes on from there.
KILLED_EVERYWHERE = """
import os, pathlib, sys
import h5py, numpy as np
from tridentgen.engines.process import Column, Role
from tridentgen.events.committed import is_begun
from tridentgen.events.hdf5 import EventWriter, RESCALED
from tridentgen.analysis.verify import verify

COLUMNS = (
    Column("event_id", "", "n", dtype="u8"),
    Column("weight", "cm2", "w", role=Role.WEIGHT),
    Column("p4", "GeV", "p", (4,)),
)
TOTAL, STEP = 1500, 190

def write(path):
    part = path.with_name(path.name + ".part")
    if is_begun(part):
        writer = EventWriter.resume(path, COLUMNS)
    else:
        writer = EventWriter(path, COLUMNS, {"created": "then"}, chunk_rows=64)
    with writer:
        if RESCALED in writer.attributes:
            writer.close(complete=True)
            return
        if not writer.groups():
            writer.write_group("sampling", {"map": np.ones(900)}, {"points": 1})
        while writer.done < TOTAL:
            stop = min(writer.done + STEP, TOTAL)
            number = np.arange(writer.done, stop)
            number, tried = number[number % 3 != 0], len(number)
            weight = 1.0 + number
            batch = {"event_id": number.astype("u8"), "weight": weight, "p4": np.outer(weight, np.arange(4.0))}
            writer.append(batch, tried=tried)
        writer.rescale(["weight"], 0.3, {"sigma": 1.0, RESCALED: 1})
        writer.close(complete=True)

def dying(at):
    calls = [0]
    def wrap(real):
        def call(*arguments, **named):
            calls[0] += 1
            if calls[0] == at:
                os._exit(9)
            return real(*arguments, **named)
        return call
    for name in ("pwrite", "ftruncate", "fsync", "posix_fallocate", "unlink", "rename", "replace"):
        setattr(os, name, wrap(getattr(os, name)))

os.fsync = lambda descriptor: None  # what a kill leaves is in the system's memory
folder = pathlib.Path(sys.argv[1])
write(folder / "whole.h5")
wanted = (folder / "whole.h5").read_bytes()
with h5py.File(folder / "whole.h5") as file:
    content = file.attrs["content_hash"]
at, resumed = 0, 0
while True:
    at += 1
    path = folder / "killed.h5"
    child = os.fork()
    if child == 0:
        dying(at)
        write(path)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
    if not path.exists():
        resumed += 1
        write(path)
    with h5py.File(path) as file:
        assert file.attrs["content_hash"] == content, at
        assert file.attrs["complete"] == 1, at
        assert file["events/weight"][-1] == 0.3 * TOTAL, at
    left = sorted(entry.name for entry in folder.iterdir())
    assert left == ["killed.h5", "whole.h5"], (at, left)
    path.unlink()
print(at - 1, resumed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_writer_killed_at_any_call_leaves_what_can_be_gone_on_with(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, str(tmp_path)],
        capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": root}, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    kills, resumed = map(int, done.stdout.split())
    assert kills > 100
    assert resumed > kills - 5


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    disk = CommittedFile(path, new=True)
    disk.write(memoryview(b"a" * 5000))
    assert not is_begun(path)
    disk.commit(durable=False)
    assert path.read_bytes() == b"a" * 5000
    disk.seek(4000)
    disk.write(memoryview(b"b" * 3000))
    assert path.read_bytes()[:5000] == b"a" * 5000
    disk.seek(3990)
    assert disk.read(20) == b"a" * 10 + b"b" * 10
    assert disk.seek(0, os.SEEK_END) == 7000
    disk.forget()
    disk.close()
    assert path.read_bytes() == b"a" * 5000


@pytest.mark.parametrize("whole", [True, False])
def test_a_journal_is_followed_wholly_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    path = tmp_path / "a.h5"
    disk = CommittedFile(path, new=True)
    disk.write(memoryview(b"a" * 9000))
    disk.commit(durable=False)
    disk.seek(100)
    disk.write(memoryview(b"b" * 8500))
    write = CommittedFile._write_journal

    def killed(file: CommittedFile, sync: Callable[[int], None]) -> None:
        write(file, sync)
        if not whole:
            journal = journal_path(file.path)
            journal.write_bytes(journal.read_bytes()[:-40])
        raise KeyboardInterrupt

    monkeypatch.setattr(CommittedFile, "_write_journal", killed)
    with pytest.raises(KeyboardInterrupt):
        disk.commit(durable=False)
    disk.close()
    assert path.read_bytes() == b"a" * 9000
    CommittedFile(path, new=False).close()
    expected = b"a" * 100 + b"b" * 8500 + b"a" * 400 if whole else b"a" * 9000
    assert path.read_bytes() == expected
    assert not journal_path(path).exists()


def test_writes_that_overlap_read_back_as_from_a_plain_file(tmp_path: Path) -> None:
    rng, plain = np.random.default_rng(1), bytearray()
    disk = CommittedFile(tmp_path / "a", new=True)
    for step in range(600):
        start, length = (int(n) for n in rng.integers(0, [max(len(plain), 1), 20_000]))
        data = rng.bytes(length)
        disk.seek(start)
        disk.write(memoryview(data))
        plain[start : start + length] = data
        if step % 17 == 0:
            disk.commit(durable=False)
            assert (tmp_path / "a").read_bytes() == plain
        if step % 41 == 0:
            del plain[len(plain) // 2 :]
            disk.truncate(len(plain))
        begin, size = (int(n) for n in rng.integers(0, max(len(plain), 1), 2))
        disk.seek(begin)
        assert disk.read(size) == plain[begin : begin + size]
    disk.commit(durable=False)
    disk.close()
    assert (tmp_path / "a").read_bytes() == plain


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    disk = CommittedFile(path, new=True)
    with h5py.File(disk, "w") as file:
        file.attrs["a"] = 1
        file.flush()
        disk.commit(durable=False)
        for new in (True, False):
            with pytest.raises(
                FileError, match=r"a\.h5' is being written by another run; wait for it or choose another"
            ):
                CommittedFile(path, new=new)
        with pytest.raises(BlockingIOError):
            h5py.File(path)
    disk.close()
    with h5py.File(path) as file:
        assert file.attrs["a"] == 1


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
@pytest.mark.parametrize("new", [True, False])
def test_a_file_that_got_its_name_before_it_was_locked_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    path, lock = tmp_path / "a.part", committed._lock
    path.write_bytes(b"finished")

    def late(descriptor: int) -> None:
        if path.exists() and path.stat().st_size:
            path.rename(tmp_path / "a")  # the run that wrote it has ended meanwhile
        lock(descriptor)

    monkeypatch.setattr(committed, "_lock", late)
    if new:
        disk = CommittedFile(path, new=True)
        disk.write(memoryview(b"another"))
        disk.commit(durable=False)
        disk.close()
        assert path.read_bytes() == b"another"
    else:
        with pytest.raises(FileNotFoundError):
            CommittedFile(path, new=False)
    assert (tmp_path / "a").read_bytes() == b"finished"


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
def test_a_file_is_locked_until_it_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.part"
    disk = CommittedFile(path, new=True)
    disk.write(memoryview(b"events"))
    disk.commit(durable=False)
    refused = []

    def rename() -> None:
        with pytest.raises(FileError, match="is being written by another run"):
            CommittedFile(path, new=False)
        refused.append(path.rename(tmp_path / "a"))

    disk.close(rename)
    assert refused == [tmp_path / "a"]
    assert (tmp_path / "a").read_bytes() == b"events"
