"""Shards that do not belong together, and what merged files are like (their content: tests/test_production.py)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.command_line import Command
from tests.production_runs import COUNT, attributes, content, production_card, shards, whole_run
from tests.run_cards import assert_same, columns_of
from tridentgen.errors import FileError
from tridentgen.events.events import read
from tridentgen.events.merge import merge
from tridentgen.events.verify import verify
from tridentgen.run import run

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
        ([first, second], "the run of 20000 events is not whole: events 12000 to 19999 are missing; make them with"),
    ]
    for paths, message in cases:
        with pytest.raises(FileError, match=message) as caught:
            merge(paths, tmp_path / "m.h5")
        one_line(str(caught.value))
    with pytest.raises(FileError, match="there is nothing to merge"):
        merge([], tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"n_requested": 1 << 40}, {"n_requested": 1 << 40, "n_run": 1 << 40}, {"first": -1}])
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
        (["sampling.seed=8"], "is not of the same run as .*: 'run_id' is"),
        (["process.target=Ar40", "detector.quenching=lar"], "'run_id' is"),
        (["cuts.recoil_energy_min_keV=6"], "'run_id' is"),
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
    for name, value in (("map_hash", "0" * 64), ("version", "0.0.0")):
        other = Path(shutil.copy(made[1][2], tmp_path / f"{name}.h5"))
        with h5py.File(other, "r+") as file:
            file.attrs[name] = value
        with pytest.raises(FileError, match=f"is not of the same run as .*: '{name}' is"):
            merge([*made[1][:2], other], tmp_path / "m.h5")


def test_files_that_are_no_shards(
    made: tuple[Path, list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tridentgen.production.BATCH", 4096)
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
        (unweighted, "holds unweighted events; merge weighted shards and unweight them then"),
        (broken, "is of an interrupted run, its weights were rescaled; make it again"),
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
    for look in (read, verify):  # HDF5 itself reads zeros where a shard is missing
        with pytest.raises(FileError, match=r"m\.h5' refers to .*shard_5000\.h5', which is not there; put it back"):
            look(there / "m.h5")


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
    assert refused.err.startswith("tridentgen: the run of 20000 events is not whole")
    assert refused.err.count("\n") == 1
