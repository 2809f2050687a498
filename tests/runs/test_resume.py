"""Going on with what a run left that was killed, that had no room, or that was another one's."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.command_line import Command
from tests.production_runs import attributes, command, content, need, production_card, whole_run
from tests.run_cards import columns_of
from tridentgen.analysis.verify import require_sound
from tridentgen.errors import FileError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.runs.run import run

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


class Killed(BaseException):
    """Stands for SIGKILL: nothing is tidied up but what the operating system does."""


def broken_off(card: Path, output: Path, monkeypatch: pytest.MonkeyPatch, batches: int, **options: Any) -> Path:
    """Begin a run and break it off after some batches; return its ``.part`` file."""
    append, seen = EventWriter.append, list[int]()

    def stop(writer: EventWriter, *arguments: Any, **named: Any) -> None:
        if len(seen) == batches:
            raise Killed
        seen.append(1)
        append(writer, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(EventWriter, "append", stop)
        with pytest.raises(Killed):
            run(card, output, **options)
    return output.with_name(output.name + ".part")


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_a_run_goes_on_where_it_was_broken_off(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = whole_run(tmp_path, kind, cuts=True)
    card, output = tmp_path / "card.toml", tmp_path / "a.h5"
    for batches in (0, 1, 2):
        part = broken_off(card, output, monkeypatch, batches, resume=True)
        assert part.exists()
    with h5py.File(part) as file:
        assert file.attrs["n_done"] == 3 * 4096
    seen: list[str] = []
    made = run(card, output, resume=True, progress=lambda what, _share: seen.append(what))
    assert set(seen) == {"generating"}  # the map was kept
    assert len(seen) == 2
    assert content(output) == content(whole.path)
    assert (made.sigma, made.error, made.events) == (whole.sigma, whole.error, whole.events)
    require_sound(output)


@pytest.mark.usefixtures("small_batches")
def test_a_shard_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = production_card(tmp_path, "cevns")
    shard: dict[str, Any] = {"first": 3000, "count": 9000}
    expected = run(card, tmp_path / "expected.h5", **shard)
    broken_off(card, tmp_path / "a.h5", monkeypatch, 1, **shard)
    with pytest.raises(
        FileError, match=r"a\.h5\.part' belongs to a different run \('first' is 3000 there and 0 here\); move it"
    ):
        run(card, tmp_path / "a.h5", resume=True, first=0, count=9000)
    again = run(card, tmp_path / "a.h5", resume=True, **shard)
    assert content(again.path) == content(expected.path)
    assert again.sigma == expected.sigma


def test_where_there_is_nothing_to_resume_the_run_starts(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "cevns")
    (tmp_path / "a.h5.part").write_bytes(b"\0" * 70_000)  # a run killed before its first commit
    assert content(run(tmp_path / "card.toml", tmp_path / "a.h5", resume=True).path) == content(whole.path)
    again = run(tmp_path / "card.toml", tmp_path / "a.h5", resume=True)  # it has ended: nothing is left to do
    assert (again.events, again.sigma) == (whole.events, whole.sigma)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    ("overrides", "options", "other"),
    [
        (["sampling.seed=8"], {}, "'seed' is 7 there and 8 here"),
        (["process.target=I127"], {}, "process.target is 'CsI' there and 'I127' here"),
        (["detector.light_yield=12"], {}, "detector.light_yield is 13.35 there and 12 here"),
        (["sampling.events=20001"], {}, "'n_requested' is 20000 there and 20001 here"),
        ([], {"unweight": True}, "'unweighted' is 0 there and 1 here"),
        (["sampling.engine=native", "sampling.fast=true"], {}, "sampling.fast is not given there and true here"),
    ],
)
def test_another_run_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: list[str], options: dict[str, Any], other: str
) -> None:
    if "sampling.engine=native" in overrides:
        need("native")
    card = production_card(tmp_path, "cevns")
    part = broken_off(card, tmp_path / "a.h5", monkeypatch, 1)
    before = part.read_bytes()
    with pytest.raises(FileError, match=rf"to a different run \({other}\); move it away, or overwrite it") as caught:
        run(card, tmp_path / "a.h5", resume=True, overrides=overrides, **options)
    assert "\n" not in str(caught.value)
    assert part.read_bytes() == before
    run(card, tmp_path / "a.h5", resume=True)


@pytest.mark.usefixtures("small_batches")
def test_without_resume_what_is_left_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = production_card(tmp_path, "cevns")
    broken_off(card, tmp_path / "a.h5", monkeypatch, 2)
    with pytest.raises(FileError, match=r"holds 8192 events of an unfinished run; move it away or overwrite it with"):
        run(card, tmp_path / "a.h5")


@pytest.mark.usefixtures("small_batches")
def test_a_damaged_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = production_card(tmp_path, "cevns")
    part = broken_off(card, tmp_path / "a.h5", monkeypatch, 2)
    whole = part.read_bytes()
    flipped = bytearray(whole)
    with h5py.File(part) as file:
        flipped[file["events/weight"].id.get_chunk_info(0).byte_offset + 9] ^= 1
    for damaged in (whole[: len(whole) // 2], whole[:1000], b"garbage" * 1000, bytes(flipped)):
        part.write_bytes(damaged)
        with pytest.raises(FileError, match=r"a\.h5\.part' is damaged \(.*\); remove it and start again") as caught:
            run(card, tmp_path / "a.h5", resume=True)
        assert "\n" not in str(caught.value)
        assert part.read_bytes() == damaged


@posix
@pytest.mark.parametrize("kind", [pytest.param("trident", marks=pytest.mark.slow), "cevns"])
def test_a_run_goes_on_after_a_full_disk(tmp_path: Path, kind: str) -> None:
    whole = whole_run(tmp_path, kind, events=60_000)
    size = whole.path.stat().st_size
    for share in (0.25, 0.6):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({int(share * size)},) * 2)"
        process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", "--resume", before=limit)
        out, error = process.communicate(timeout=120)
        assert (process.returncode, out) == (2, "")
        assert error == "tridentgen: cannot write 'a.h5.part': File too large; free some space or write elsewhere\n"
        with h5py.File(tmp_path / "a.h5.part") as file:
            assert 0 < file.attrs["n_done"] < 60_000 * share
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", "--resume")
    assert process.communicate(timeout=120)[1] == ""
    assert content(tmp_path / "a.h5") == content(whole.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "card.toml", "whole.h5"]


@posix
def test_a_folder_that_is_read_only(tmp_path: Path, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    card, folder = production_card(tmp_path, "cevns"), tmp_path / "folder"
    folder.mkdir(mode=0o555)
    if os.geteuid() == 0:  # whom no permission stops
        monkeypatch.setattr(os, "access", lambda *_arguments, **_named: False)
    for options in ([], ["--resume"], ["--force"]):
        found = cli("generate", card, "-o", folder / "a.h5", *options)
        assert found.code == 2
        assert found.err == (
            f"tridentgen: cannot write '{folder / 'a.h5'}': no permission to write in '{folder}'; choose another "
            "output\n"
        )
    assert not list(folder.iterdir())


@posix
def test_of_two_runs_on_one_output_the_second_is_refused(tmp_path: Path, cli: Command) -> None:
    card = production_card(tmp_path, "cevns", events=600_000)
    part = tmp_path / "a.h5.part"
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5")
    try:
        deadline = time.monotonic() + 60.0
        while not (part.exists() and part.stat().st_size > 3_000_000):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)  # so that it does not end before the others have looked
        for options in ([], ["--force"], ["--resume"]):
            found = cli("generate", card, "-o", tmp_path / "a.h5", *options)
            assert found.code == 2
            assert "is being written by another run; wait for it" in found.err
            assert found.err.count("\n") == 1
        process.send_signal(signal.SIGCONT)
        _, error = process.communicate(timeout=120)
        assert (process.returncode, error) == (0, "")
    finally:
        process.kill()
        process.communicate()
    require_sound(tmp_path / "a.h5")
    assert attributes(tmp_path / "a.h5")["n_events"] == 600_000


@pytest.mark.usefixtures("small_batches")
def test_another_engine_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = whole_run(tmp_path, "trident")
    broken_off(tmp_path / "card.toml", tmp_path / "a.h5", monkeypatch, 2)
    made = run(
        tmp_path / "card.toml", tmp_path / "a.h5", resume=True, overrides=["sampling.engine=auto", "sampling.threads=1"]
    )
    assert content(made.path) == content(whole.path)


@pytest.mark.usefixtures("small_batches")
def test_events_are_neither_lost_nor_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = production_card(tmp_path, "trident")
    part = broken_off(card, tmp_path / "a.h5", monkeypatch, 3)
    kept = columns_of(Path(shutil.copy(part, tmp_path / "copy.h5")))
    run(card, tmp_path / "a.h5", resume=True)
    found = columns_of(tmp_path / "a.h5")
    np.testing.assert_array_equal(found["event_id"], np.arange(20_000))
    for name, values in kept.items():
        np.testing.assert_array_equal(found[name][: 3 * 4096], values)


def run_ids(card: Path, folder: Path, *settings: list[str], **options: Any) -> list[str]:
    """Return the identity of the run under each of some settings."""
    made = (run(card, folder / "id.h5", overrides=words, force=True, **options) for words in settings)
    return [str(attributes(one.path)["run_id"]) for one in made]


def test_engines_share_an_identity_unless_they_fuse_operations(tmp_path: Path) -> None:
    need("native")
    card = production_card(tmp_path, "cevns", events=100)
    engines = (["sampling.engine=numpy"], ["sampling.engine=native"])
    numpy, native, numpy_fast, native_fast = run_ids(
        card, tmp_path, *engines, *([*words, "sampling.fast=true"] for words in engines)
    )
    assert numpy == native == numpy_fast  # numpy has nothing to fuse
    assert native_fast != native


def test_the_precision_of_the_integral_is_part_of_unweighted_runs_alone(tmp_path: Path) -> None:
    card = production_card(tmp_path, "cevns", events=100)
    settings = (["sampling.rel_error=1e-3"], ["sampling.rel_error=2e-3"])
    first, second = run_ids(card, tmp_path, *settings)
    assert first == second
    first, second = run_ids(card, tmp_path, *settings, unweight=True)
    assert first != second


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("done", [False, True])
def test_a_map_has_to_be_the_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: bool) -> None:
    card, output = production_card(tmp_path, "cevns"), tmp_path / "a.h5"
    mine, other = (
        run(card, tmp_path / f"map{seed}.h5", overrides=[f"sampling.seed={seed}", "sampling.events=10"]).path
        for seed in (5, 6)
    )
    expected = run(card, tmp_path / "expected.h5", map_file=mine)
    if done:
        shutil.copy(expected.path, output)
        left = output
    else:
        left = broken_off(card, output, monkeypatch, 1, map_file=mine)
    before = left.read_bytes()
    for force in (False, True):
        with pytest.raises(FileError, match=r"there is no file '.*none\.h5'"):
            run(card, output, map_file=tmp_path / "none.h5", resume=True, force=force)
    with pytest.raises(
        FileError, match=rf"'{left}' was generated with a different map than --map; leave --map"
    ) as caught:
        run(card, output, map_file=other, resume=True)
    assert "\n" not in str(caught.value)
    assert left.read_bytes() == before
    assert content(run(card, output, map_file=mine, resume=True).path) == content(expected.path)
    remade = run(card, output, map_file=other, resume=True, force=True)
    assert content(remade.path) == content(run(card, tmp_path / "other.h5", map_file=other).path)
    assert content(remade.path) != content(expected.path)


@pytest.mark.usefixtures("small_batches")
def test_with_force_what_fits_is_gone_on_with_and_the_rest_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, output = whole_run(tmp_path, "cevns"), tmp_path / "a.h5"
    both: dict[str, Any] = {"resume": True, "force": True}
    card, another = tmp_path / "card.toml", ["sampling.seed=8"]
    seen: list[str] = []
    part = broken_off(card, output, monkeypatch, 2)
    run(card, output, progress=lambda what, _share: seen.append(what), **both)
    assert len(seen) == 3  # of five batches, and the map was kept
    before = output.read_bytes()
    assert run(card, output, **both).events == 20_000
    assert output.read_bytes() == before  # it had ended

    run(card, output, overrides=another, **both)
    assert content(output) != content(whole.path)
    run(card, output, **both)
    assert content(output) == content(whole.path)
    for damaged in (b"garbage" * 1000, before[:5000]):
        part.write_bytes(damaged)
        output.write_bytes(damaged)
        run(card, output, **both)
        assert content(output) == content(whole.path)
    broken_off(card, tmp_path / "b.h5", monkeypatch, 2, overrides=another)
    run(card, tmp_path / "b.h5", **both)
    assert content(tmp_path / "b.h5") == content(whole.path)


@posix
@pytest.mark.usefixtures("small_batches")
def test_a_link_stays_a_link_and_the_unfinished_file_lies_beside_what_it_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, scratch, link = whole_run(tmp_path, "cevns"), tmp_path / "scratch", tmp_path / "a.h5"
    scratch.mkdir()
    link.symlink_to(scratch / "t.h5")
    card = tmp_path / "card.toml"
    broken_off(card, link, monkeypatch, 2)
    assert [path.name for path in scratch.iterdir()] == ["t.h5.part"]
    run(card, link, resume=True)
    assert [path.name for path in scratch.iterdir()] == ["t.h5"]
    assert link.readlink() == scratch / "t.h5"
    assert content(link) == content(whole.path)
    with pytest.raises(FileError, match="already exists"):
        run(card, link)
