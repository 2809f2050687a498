"""Shards that do not belong together, and what merged files are like (their content: tests/runs/test_production.py)."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.command_line import Command
from tests.production_runs import COUNT, ROOT, attributes, content, production_card, shards, whole_run
from tests.run_cards import assert_same, columns_of
from tridentgen.analysis.summary import summary
from tridentgen.analysis.verify import require_sound, verify
from tridentgen.engines.process import Column
from tridentgen.errors import FileError
from tridentgen.events.events import read
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.merge import merge
from tridentgen.events.weights import rows_of_batches
from tridentgen.runs.run import run

EDGES = [0, 5000, 12_000, COUNT]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The whole run and its shards."""
    folder = tmp_path_factory.mktemp("shards")
    whole = whole_run(folder, "cevns", cuts=True)
    return whole.path, shards(folder / "card.toml", folder, EDGES, map_file=whole.path)


def one_line(message: str) -> str:
    assert "\n" not in message
    return message


def test_missing_events_are_named(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    first, second, third = made[1]
    cases: list[tuple[list[Path], str]] = [
        ([first, third], "events 5000 to 11999 are missing"),
        ([second], "events 0 to 4999, 12000 to 19999 are missing"),
        ([third, second], "events 0 to 4999 are missing"),
        ([first, second], "the run of 20000 events is not complete: events 12000 to 19999 are missing; make them with"),
    ]
    for paths, message in cases:
        with pytest.raises(FileError, match=message) as caught:
            merge(paths, tmp_path / "m.h5")
        one_line(str(caught.value))
    with pytest.raises(FileError, match="there is nothing to merge"):
        merge([], tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


def test_software_is_named_where_the_maps_differ(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    (first, second, third), other = made[1], tmp_path / "other.h5"
    shutil.copy(second, other)
    with h5py.File(other, "r+") as file:
        here = file.attrs["numpy"]
        file.attrs.update({"map_hash": "0" * 64, "numpy": "1.26.4"})
    with pytest.raises(
        FileError,
        match=f"other.h5' does not .* are different; 'numpy' is 1.26.4 there and {re.escape(here)} here; make",
    ):
        merge([first, other, third], tmp_path / "m.h5")
    with h5py.File(other, "r+") as file:
        file.attrs["map_hash"] = attributes(second)["map_hash"]
    merge([first, other, third], tmp_path / "m.h5")  # the same bits, whatever made them
    assert attributes(tmp_path / "m.h5")["numpy"] == f"{here}, 1.26.4"
    assert attributes(tmp_path / "m.h5")["content_hash"] == attributes(made[0])["content_hash"]


@pytest.mark.parametrize("wrong", [{"n_requested": 1 << 40}, {"n_requested": 1 << 40, "n_run": 1 << 40}, {"first": 1}])
def test_numbers_of_events_that_cannot_be(made: tuple[Path, list[Path]], tmp_path: Path, wrong: dict[str, int]) -> None:
    damaged = Path(shutil.copy(made[0], tmp_path / "damaged.h5"))
    with h5py.File(damaged, "r+") as file:
        file.attrs.update(wrong)
    with pytest.raises(
        FileError, match=r"damaged\.h5' says that it holds \d+ events from number -?\d+ on, of a run of"
    ):
        merge([damaged], tmp_path / "m.h5")


def test_events_that_are_there_twice_are_named(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    whole, (first, second, third) = made
    with pytest.raises(FileError, match=r"events 0 to 4999 are in both .*shard_0\.h5' and .*shard_0\.h5'; leave one"):
        merge([first, first, second, third], tmp_path / "m.h5")
    with pytest.raises(FileError, match="events 5000 to 11999 are in both"):
        merge([whole, second], tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["sampling.seed=8"],
            "does not belong to the same run as .*: 'seed' is 8 there and 7 here; make it again like the",
        ),
        (["process.target=Ar40", "detector.quenching=lar"], "detector.quenching is 'lar' there and 'csi-2021' here"),
        (["cuts.recoil_energy_min_keV=6"], r"cuts.recoil_energy_min_keV is 6 there and 5\.0 here"),
        (["sampling.events=20001"], "'n_run' is 20001 there and 20000 here"),
    ],
)
def test_shards_of_other_runs(
    made: tuple[Path, list[Path]], tmp_path: Path, overrides: list[str], message: str
) -> None:
    card = production_card(tmp_path, "cevns", cuts=True)
    other = run(card, tmp_path / "other.h5", overrides=overrides, first=12_000, count=8000).path
    with pytest.raises(FileError, match=message) as caught:
        merge([*made[1][:2], other], tmp_path / "m.h5")
    one_line(str(caught.value))
    assert not (tmp_path / "m.h5").exists()


def test_shards_of_another_map_or_version(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    cases = [("map_hash", "0" * 64, "the VEGAS maps are different;"), ("version", "0.0.0", "'version' is 0.0.0 there")]
    for name, value, message in cases:
        other = Path(shutil.copy(made[1][2], tmp_path / f"{name}.h5"))
        with h5py.File(other, "r+") as file:
            file.attrs[name] = value
        with pytest.raises(FileError, match=f"does not belong to the same run as .*: {message}"):
            merge([*made[1][:2], other], tmp_path / "m.h5")


def test_files_that_are_no_shards(
    made: tuple[Path, list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 4096)
    card = production_card(tmp_path, "cevns", cuts=True)
    unweighted = run(card, tmp_path / "u.h5", unweight=True, overrides=["sampling.events=500"]).path

    def interrupt(what: str, _share: float) -> None:
        if what == "generating":
            raise KeyboardInterrupt

    broken = run(card, tmp_path / "b.h5", progress=interrupt).path
    read(made[0]).to_hdf5(tmp_path / "copy.h5")
    with h5py.File(tmp_path / "copy.h5", "r+") as file:
        del file.attrs["run_id"]
    cases: list[tuple[Path, str]] = [
        (unweighted, "holds unweighted events; merge weighted shards and unweight the result"),
        (broken, "belongs to an interrupted run, its weights were rescaled; make it again"),
        (tmp_path / "copy.h5", "lacks the attribute 'run_id': it was not made by 'tridentgen generate'"),
        (tmp_path / "none.h5", "there is no file"),
        (card, "is not an HDF5 file"),
    ]
    for path, message in cases:
        with pytest.raises(FileError, match=message) as caught:
            merge([path, *made[1][1:]], tmp_path / "m.h5")
        one_line(str(caught.value))
    assert not (tmp_path / "m.h5").exists()


def test_an_existing_file_is_kept_unless_forced(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    output = tmp_path / "m.h5"
    output.write_text("precious")
    for virtual in (False, True):
        with pytest.raises(FileError, match="already exists"):
            merge(made[1], output, virtual=virtual)
        assert output.read_text() == "precious"
    for virtual in (False, True):
        merge(made[1], output, virtual=virtual, force=True)
        assert content(output) == content(made[0])
    assert list(tmp_path.iterdir()) == [output]


def test_a_virtual_file_moves_with_its_shards(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    pieces = [Path(shutil.copy(path, here)) for path in made[1]]
    merged = merge(pieces, here / "m.h5", virtual=True)
    assert merged.stat().st_size < 0.5 * made[0].stat().st_size
    there = Path(shutil.move(here, tmp_path / "there"))
    assert_same(columns_of(there / "m.h5"), columns_of(made[0]))
    (there / pieces[1].name).unlink()
    for look in (read, verify):
        with pytest.raises(FileError, match=r"m\.h5' refers to .*shard_5000\.h5', which does not exist; put it back"):
            look(there / "m.h5")
    with h5py.File(there / "m.h5") as file:  # HDF5 itself says nothing, so it should not find zeros
        begin, missing = (attributes(path)["n_events"] for path in made[1][:2])
        lost = slice(begin, begin + missing)
        assert np.all(np.isnan(file["events/weight"][lost]))
        assert np.all(file["events/event_id"][lost] == np.iinfo(np.uint64).max)


def test_a_shard_that_cannot_be_read_is_named(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    """Whatever the reason; HDF5 would read zeros in place of the events that it cannot get."""
    pieces = [Path(shutil.copy(path, tmp_path)) for path in made[1]]
    merged = merge(pieces, tmp_path / "m.h5", virtual=True)
    whole = pieces[1].read_bytes()
    at = whole.find(np.ascontiguousarray(read(pieces[1])["weight"]).tobytes()[:200])
    flipped = bytearray(whole)
    flipped[at + 101] ^= 0x10
    for content_of_shard, message in (
        (b"", r"shard_5000\.h5', which cannot be read \("),
        (whole[: len(whole) // 2], r"shard_5000\.h5', which cannot be read \("),
        (bytes(flipped), r"shard_5000\.h5', which cannot be read \("),
        (pieces[0].read_bytes(), r"shard_5000\.h5', which holds other events now; merge again"),
    ):
        pieces[1].write_bytes(content_of_shard)
        for look in (read, summary, require_sound):
            with pytest.raises(FileError, match=message):
                look(merged)
        if content_of_shard:
            with pytest.raises(FileError, match=r"shard_5000\.h5'|shard_0\.h5'"):
                merge(pieces, tmp_path / "again.h5")
        assert not list(tmp_path.glob("again*"))


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_NOFILE"), reason="needs limits of open files")
def test_more_shards_than_files_that_may_be_open(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "cevns", events=400)
    pieces = shards(tmp_path / "card.toml", tmp_path, list(range(0, 401, 10)), map_file=whole.path)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 20, limits[1]))
    try:
        for virtual in (False, True):
            merged = merge(pieces, tmp_path / f"{virtual}.h5", virtual=virtual)
            assert content(merged) == content(whole.path)
            require_sound(merged)
            assert_same(dict(read(merged).columns), columns_of(whole.path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_shards_that_were_changed_are_refused(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    changed = Path(shutil.copy(made[1][1], tmp_path / "changed.h5"))
    with h5py.File(changed, "r+") as file:
        file["events/weight"][7] *= 3.0  # with a new checksum of HDF5
    for virtual in (False, True):
        with pytest.raises(FileError, match=r"changed\.h5' does not hold the events that were written to it"):
            merge([made[1][0], changed, made[1][2]], tmp_path / "m.h5", virtual=virtual)
    assert list(tmp_path.iterdir()) == [changed]


def test_a_virtual_file_is_none_of_its_shards(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    pieces = [Path(shutil.copy(path, tmp_path)) for path in made[1]]
    link = tmp_path / "link.h5"
    link.symlink_to(pieces[2])
    before = [path.read_bytes() for path in pieces]
    for output in (pieces[0], link):
        with pytest.raises(FileError, match=r"would refer to itself, as it is one of the shards; choose another"):
            merge(pieces, output, virtual=True, force=True)
    assert [path.read_bytes() for path in pieces] == before
    merged = merge(pieces, tmp_path / "v.h5", virtual=True)
    with pytest.raises(FileError, match="would refer to itself"):
        merge([merged], pieces[1], virtual=True, force=True)
    copied = merge(pieces, pieces[0], force=True)  # this one holds all events itself
    assert content(copied) == content(made[0])


def test_merged_files_are_merged_again(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    merged = merge(made[1], tmp_path / "a" / "v.h5", virtual=True)
    for virtual in (False, True):
        again = merge([merged], tmp_path / "b" / f"{virtual}.h5", virtual=virtual)
        merged.rename(tmp_path / "hidden.h5")  # the second one does not refer to the first one
        require_sound(again)
        assert_same(columns_of(again), columns_of(made[0]))
        (tmp_path / "hidden.h5").rename(merged)


def test_names_that_mean_something_to_hdf5(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    folder = tmp_path / "100%b %d"
    folder.mkdir()
    pieces = [Path(shutil.copy(path, folder / f"50%%{number}%b.h5")) for number, path in enumerate(made[1])]
    merged = merge(pieces, tmp_path / "m.h5", virtual=True)
    require_sound(merged)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "link.h5").symlink_to(merged)
    assert_same(columns_of(tmp_path / "else" / "link.h5"), columns_of(made[0]))
    with h5py.File(merged) as file:  # as others read it
        assert np.array_equal(file["events/weight"][()], read(made[0])["weight"])


def test_files_that_refer_to_each_other_are_refused(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    """HDF5 would follow them until the stack is full."""
    pieces = [Path(shutil.copy(path, tmp_path)) for path in made[1]]
    merged = merge(pieces, tmp_path / "v.h5", virtual=True)
    pieces[1].unlink()
    shutil.copy(merged, pieces[1])
    for look in (read, summary, require_sound):
        with pytest.raises(FileError, match=r"shard_5000\.h5', which refers to other files itself; merge again"):
            look(merged)


def test_an_interrupted_merge_leaves_nothing(
    made: tuple[Path, list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_sums: object, _tried: int, _columns: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tridentgen.events.merge._Sums.add", interrupt)
    for virtual in (False, True):
        with pytest.raises(KeyboardInterrupt):
            merge(made[1], tmp_path / "m.h5", virtual=virtual)
    assert not list(tmp_path.iterdir())


def test_a_virtual_file_is_not_put_in_the_place_of_one_that_is_being_written(
    made: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    """Also where HDF5 does not lock files."""
    output = tmp_path / "m.h5"
    with EventWriter(output, (Column("x", "", "", (), "f8"),), {}) as writer:
        writer.append({"x": np.zeros(3)})
        code = "import sys, tridentgen.events.merge as m; m.merge(sys.argv[1:], 'm.h5', virtual=True, force=True)"
        done = subprocess.run(
            [sys.executable, "-c", code, *made[1]], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "HDF5_USE_FILE_LOCKING": "FALSE", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert "is being written by another run" in done.stderr
        writer.append({"x": np.ones(2)})
        writer.close(complete=True)
    with h5py.File(output) as file:
        assert file["events/x"].shape == (5,)


def test_a_link_stays_a_link(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for virtual in (False, True):
        link, target = tmp_path / f"{virtual}.h5", tmp_path / "there" / f"{virtual}.h5"
        link.symlink_to(target)
        merge(made[1], link, virtual=virtual)
        assert link.is_symlink()
        assert content(target) == content(made[0])
        assert_same(columns_of(link), columns_of(made[0]))
        require_sound(link)


def test_progress_goes_up_to_one(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    seen: list[float] = []
    merge(made[1], tmp_path / "m.h5", progress=lambda _what, share: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_shard_without_events(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "cevns", cuts=True)
    numbers = columns_of(whole.path)["event_id"]
    gap = int(np.argmax(np.diff(numbers)))
    edges = [0, int(numbers[gap]) + 1, int(numbers[gap + 1]), COUNT]
    pieces = shards(tmp_path / "card.toml", tmp_path, edges, map_file=whole.path)
    assert attributes(pieces[1])["n_events"] == 0
    for virtual in (False, True):
        assert content(merge(pieces, tmp_path / f"{virtual}.h5", virtual=virtual)) == content(whole.path)


def test_the_command_line_merges(made: tuple[Path, list[Path]], tmp_path: Path, cli: Command) -> None:
    found = cli("merge", *made[1], "-o", tmp_path / "m.h5", "--json")
    expected: dict[str, Any] = {
        "shards": 3,
        "events": attributes(made[0])["n_events"],
        "content_hash": content(made[0]),
    }
    assert expected.items() <= found.json.items()
    again = cli("merge", *made[1], "-o", tmp_path / "v.h5", "--virtual")
    assert content(made[0])[:16] in again.out
    refused = cli("merge", made[1][0], "-o", tmp_path / "x.h5")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("tridentgen: the run of 20000 events is not complete")
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize("missing", [(), (99,), (100,), (0, 99, 100, 199), tuple(range(100, 200))])
def test_the_rows_of_batches_by_the_numbers_of_their_events(missing: tuple[int, ...]) -> None:
    """Batches end at multiples of their size, whichever events were cut: also the first and last ones of a batch."""
    numbers = np.array([n for n in range(30, 270) if n not in missing], dtype=np.uint64)
    found = rows_of_batches(lambda _, start, stop: numbers[start:stop], 30, 270, len(numbers), batch=100)
    expected, row = [], 0
    for start, stop in ((30, 100), (100, 200), (200, 270)):
        mine = [n for n in numbers.tolist() if start <= n < stop]
        expected.append((start, stop, row, row + len(mine), mine))
        row += len(mine)
    assert [(*each[:4], each.numbers.tolist()) for each in found] == expected
