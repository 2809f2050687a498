"""What `verify` finds: a byte flipped anywhere, a file cut short, numbers that contradict each other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.command_line import Command
from tests.production_runs import production_card, whole_run
from tridentgen.analysis.verify import require_sound, verify
from tridentgen.errors import FileError
from tridentgen.events.integrity import GROUP, BlockHashes, content_hash
from tridentgen.runs.run import run


@pytest.fixture(scope="module", params=["trident", "cevns"])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with nothing wrong."""
    return whole_run(tmp_path_factory.mktemp("sound"), request.param, events=6000).path


def failures(path: Path) -> dict[str, str]:
    return {check.name: check.found for check in verify(path) if not check.passed}


def datasets(path: Path) -> dict[str, list[int]]:
    """Name of every dataset, and where in the file some of its bytes are."""
    found: dict[str, list[int]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.size:
            if item.chunks:
                info = [item.id.get_chunk_info(i) for i in range(item.id.get_num_chunks())]
                rows = item.shape[0] - (len(info) - 1) * item.chunks[0]
                last = rows * item.dtype.itemsize * int(np.prod(item.shape[1:]))
                found[name] = [info[0].byte_offset + 5, info[-1].byte_offset + last - 1]
            else:
                found[name] = [item.id.get_offset() + 3, item.id.get_offset() + item.nbytes - 1]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def test_a_sound_file_passes_every_check(sound: Path) -> None:
    checks = verify(sound)
    assert [check.name for check in checks if not check.passed] == []
    assert {"structure", "content hashes", "trained map", "completeness", "momentum balance", "mass shells"} <= {
        check.name for check in checks
    }
    require_sound(sound)


@pytest.mark.parametrize("sound", ["trident", pytest.param("cevns", marks=pytest.mark.slow)], indirect=True)
def test_a_flipped_byte_is_found_in_every_dataset(sound: Path, tmp_path: Path) -> None:
    whole, damaged = sound.read_bytes(), tmp_path / "damaged.h5"
    places = datasets(sound)
    assert len(places) > 30
    for name, offsets in places.items():
        for offset in offsets:
            changed = bytearray(whole)
            changed[offset] ^= 0x10
            damaged.write_bytes(changed)
            try:
                found = failures(damaged)
            except FileError:
                continue  # not even to be opened
            assert found, (name, offset)
            if name.startswith("events/"):
                assert name.removeprefix("events/") in found["checksums"]
        with pytest.raises(FileError, match=r"damaged\.h5"):
            require_sound(damaged)


def test_a_byte_flipped_behind_the_checksum_is_found_by_the_hash(sound: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copy(sound, tmp_path / "a.h5"))
    with h5py.File(damaged, "r+") as file:
        energies = file["events/e_nu"]
        energies[4321] = np.nextafter(energies[4321], 1.0)
    assert failures(damaged) == {"content hashes": "the content of e_nu (block 0) differs from what was written"}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(sound: Path, tmp_path: Path, share: float) -> None:
    data = sound.read_bytes()
    (tmp_path / "cut.h5").write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError, match=r"cut\.h5"):
        verify(tmp_path / "cut.h5")


def rehashed(path: Path, change: Callable[[Any], None]) -> Path:
    """Change a file and its hashes, as somebody would who does not want it to be seen."""
    with h5py.File(path, "r+") as file:
        change(file)
        names = str(file.attrs["columns"]).split(",")
        rows = int(file.attrs["n_events"])
        arrays = BlockHashes.of(names, rows, lambda name, start, stop: file["events"][name][start:stop]).arrays()
        for name, values in arrays.items():
            file[GROUP][name][...] = values
        file.attrs["content_hash"] = content_hash(arrays)
    return path


def _set(name: str, row: int, factor: float) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file["events"][name][row] = file["events"][name][row] * factor

    return change


def _swap(file: Any) -> None:
    numbers = file["events/event_id"][:]
    numbers[[5, 6]] = numbers[[6, 5]]
    file["events/event_id"][...] = numbers


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (_set("weight", 3, 1.5), "sum of weights", "relative difference to sigma"),
        (_set("weight", 3, -1.0), "weights", "some negative"),
        (_set("e_nu", 3, np.nan), "finite numbers", "some numbers are not finite"),
        (_set("p4_recoil", 3, 1.001), "momentum balance", "of the largest energy"),
        (_swap, "order of events", "event numbers do not increase"),
    ],
)
def test_numbers_that_contradict_each_other(
    sound: Path, tmp_path: Path, change: Callable[[Any], None], name: str, message: str
) -> None:
    found = failures(rehashed(Path(shutil.copy(sound, tmp_path / "a.h5")), change))
    assert message in found[name]
    assert "content hashes" not in found


def test_a_wrong_cross_section_is_found(sound: Path, tmp_path: Path) -> None:
    wrong = Path(shutil.copy(sound, tmp_path / "a.h5"))
    with h5py.File(wrong, "r+") as file:
        file.attrs["sigma"] = file.attrs["sigma"] * (1.0 + 1e-6)
    assert failures(wrong).keys() == {"sum of weights"}


def test_an_interrupted_run_is_incomplete_but_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 4096)

    def interrupt(what: str, _share: float) -> None:
        if what == "generating":
            raise KeyboardInterrupt

    run(production_card(tmp_path, "cevns"), tmp_path / "a.h5", progress=interrupt)
    assert failures(tmp_path / "a.h5").keys() == {"completeness"}
    assert "interrupted" in failures(tmp_path / "a.h5")["completeness"]


def test_what_a_killed_run_left_is_incomplete(sound: Path, tmp_path: Path) -> None:
    part = Path(shutil.copy(sound, tmp_path / "a.h5.part"))
    with h5py.File(part, "r+") as file:
        file.attrs["complete"] = 0
        del file.attrs["content_hash"]
    assert {"completeness", "content hashes"} <= failures(part).keys()


def test_the_command_line_says_what_is_wrong(sound: Path, tmp_path: Path, cli: Command) -> None:
    good = cli("verify", sound)
    assert (good.code, good.err) == (0, "")
    assert good.out.count("ok  ") == len(verify(sound))
    wrong = Path(shutil.copy(sound, tmp_path / "a.h5"))
    with h5py.File(wrong, "r+") as file:
        file.attrs["sigma"] = 1.0
    bad = cli("verify", wrong, "--json")
    assert bad.code == 2
    assert bad.json["sound"] is False
    assert [check["name"] for check in bad.json["checks"] if not check["passed"]] == ["sum of weights"]
    assert cli("verify", tmp_path / "none.h5").code == 2
