"""Files that are not ours where unfinished files and pictures go: never overwritten, followed or waited for."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import h5py
import pytest

from tests.command_line import Command
from tests.production_runs import production_card, shards
from tridentgen.events.committed import CommittedFile
from tridentgen.events.output import JOURNAL
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.exchange.export.writer import Writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
VICTIM = b"the only copy\n"


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Let a command that waits at a pipe fail."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("the command waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def a_text(place: Path, _victim: Path) -> None:
    place.write_bytes(VICTIM)


def zeros_first(place: Path, _victim: Path) -> None:
    place.write_bytes(bytes(4096) + VICTIM)


def other_hdf5(place: Path, _victim: Path) -> None:
    with h5py.File(place, "w") as file:
        file["mine"] = [1, 2, 3]
        file.attrs["n_events"] = 0


def a_link(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def a_link_to_nothing(place: Path, victim: Path) -> None:
    place.symlink_to(victim.with_name("nowhere"))


def another_name(place: Path, victim: Path) -> None:
    place.hardlink_to(victim)


def a_pipe(place: Path, _victim: Path) -> None:
    os.mkfifo(place)


def a_folder(place: Path, _victim: Path) -> None:
    place.mkdir()
    (place / "file").write_bytes(VICTIM)


FILES = (a_text, zeros_first, other_hdf5)
NEVER = (a_link, a_link_to_nothing, another_name, a_pipe, a_folder)
Trap = Callable[[Path, Path], None]


def everything(folder: Path) -> dict[str, object]:
    """Return what lies in a folder, with the contents of files."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a card and the two shards of its run."""
    folder = tmp_path_factory.mktemp("inputs")
    shards(production_card(folder, "trident", events=200), folder, [0, 100, 200])
    return folder


def writers(inputs: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the output and the command line of all that writes files with an unfinished file beside them."""
    shard, other = str(inputs / "shard_0.h5"), str(inputs / "shard_100.h5")
    return {
        "generate": ("o.h5", ["generate", str(inputs / "card.toml"), "-o", "o.h5"]),
        "cut": ("o.h5", ["cut", shard, "--cut", "m2_ll_max_GeV2=0.2", "-o", "o.h5"]),
        "merge": ("o.h5", ["merge", shard, other, "-o", "o.h5"]),
        "merge --virtual": ("o.h5", ["merge", shard, other, "-o", "o.h5", "--virtual"]),
        **{ending: (f"o{ending}", ["convert", shard, f"o{ending}"]) for ending in FORMATS},
    }


WRITERS = tuple(writers(Path()))
EVENT_FILES = WRITERS[:4]
NEEDS = {".rootracker.root": "uproot", ".parquet": "pyarrow"}


@pytest.fixture(autouse=True)
def needed(request: pytest.FixtureRequest) -> None:
    """Skip the formats whose libraries are missing."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if module := NEEDS.get(params.get("writer", "")):
        pytest.importorskip(module)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    (tmp_path / "victim").write_bytes(VICTIM)
    return tmp_path


@pytest.mark.parametrize("trap", [*FILES, *NEVER])
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_not_ours_stays(cli: Command, inputs: Path, here: Path, writer: str, trap: Trap) -> None:
    output, words = writers(inputs)[writer]
    for place in (f"{output}.part", *([f"{output}.part.journal"] if writer in EVENT_FILES else [])):
        trap(here / "out" / place, here / "victim")
        before = everything(here)
        for force in ([], ["--force"]) if trap in NEVER else ([],):
            found = cli(*words, *force)
            assert (found.code, found.out, found.err.count("\n")) == (2, "", 1), found
            assert f"'{place}'" in found.err
            assert everything(here) == before
        clear(here / "out")


def clear(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    os.chdir(folder)


@pytest.mark.parametrize("trap", FILES)
@pytest.mark.parametrize("writer", WRITERS)
def test_force_overwrites_files_that_are_not_ours(
    cli: Command, inputs: Path, here: Path, writer: str, trap: Trap
) -> None:
    output, words = writers(inputs)[writer]
    trap(Path(f"{output}.part"), here / "victim")
    if writer in EVENT_FILES:
        trap(Path(f"{output}.part.journal"), here / "victim")
    found = cli(*words, "--force")
    assert found.code == 0, found
    assert [path.name for path in Path().iterdir()] == [output]


@pytest.mark.parametrize("writer", EVENT_FILES)
def test_what_was_killed_before_its_first_event_is_in_nobodys_way(
    cli: Command, inputs: Path, here: Path, writer: str
) -> None:
    output, words = writers(inputs)[writer]
    Path(f"{output}.part").write_bytes(bytes(100_000))  # reserved space
    Path(f"{output}.part.journal").write_bytes(JOURNAL + b"cut off")
    assert cli(*words).code == 0
    assert [path.name for path in Path().iterdir()] == [output]
    assert (here / "victim").read_bytes() == VICTIM


@pytest.mark.parametrize("trap", [*FILES, *NEVER])
def test_a_journal_that_is_not_ours_is_not_played_back(cli: Command, inputs: Path, here: Path, trap: Trap) -> None:
    words = ["generate", str(inputs / "card.toml"), "-o", "o.h5", "--resume"]
    with h5py.File(inputs / "shard_0.h5") as file, h5py.File("o.h5.part", "w") as part:
        part.attrs.update(file.attrs)
    trap(Path("o.h5.part.journal"), here / "victim")
    before = everything(here)
    found = cli(*words)
    assert (found.code, found.err.count("\n")) == (2, 1)
    assert "'o.h5.part.journal'" in found.err
    assert everything(here) == before


def test_a_link_that_comes_at_the_last_moment(here: Path) -> None:
    """Between the checks and the opening: the name of an event file is opened without links, that of others anew."""
    for trap in (a_link, another_name):
        trap(Path("o.h5.part"), here / "victim")
        with pytest.raises(OSError, match=r"Too many levels|is a file with another name"):
            CommittedFile(Path("o.h5.part"), new=True)
        Path("o.h5.part").unlink()
    assert (here / "victim").read_bytes() == VICTIM


class _Late(Writer):
    """A writer beside whose file somebody puts a link when the old one is removed."""

    def open(self) -> None:
        raise AssertionError("the file of somebody else is opened")

    def write(self, block: Block) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def abandon(self) -> None:
        """Do nothing."""


def test_a_link_that_comes_when_the_old_file_is_removed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = _Late(Path("o.txt"), None)  # type: ignore[arg-type]
    unlink = Path.unlink

    def planting(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        path.symlink_to(here / "victim")

    monkeypatch.setattr(Path, "unlink", planting)
    with pytest.raises(OSError, match="File exists"), writer:
        pass
    assert Path("o.txt.part").is_symlink()
    assert (here / "victim").read_bytes() == VICTIM


# Pictures

FLUX = ["flux", "show", "quickstart", "-o"]


@pytest.mark.parametrize("trap", [a_text, *NEVER])
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures_replace_pictures_alone(cli: Command, here: Path, trap: Trap, suffix: str) -> None:
    pytest.importorskip("mplhep")
    trap(Path(f"p.{suffix}"), here / "victim")
    before = everything(here)
    found = cli(*FLUX, f"p.{suffix}")
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1), found
    assert everything(here) == before


def test_a_picture_is_replaced(cli: Command, here: Path) -> None:
    pytest.importorskip("mplhep")
    assert cli(*FLUX, "p.svg").code == 0
    first = Path("p.svg").read_text()
    assert cli(*FLUX, "p.svg").code == 0
    assert Path("p.svg").read_text()[:100] == first[:100]
    assert (here / "victim").read_bytes() == VICTIM


@pytest.mark.slow
@pytest.mark.parametrize("trap", [a_text, *NEVER])
def test_plot_and_figure_replace_pictures_alone(cli: Command, inputs: Path, here: Path, trap: Trap) -> None:
    pytest.importorskip("mplhep")
    trap(Path("overview.png"), here / "victim")
    for words in (["plot", str(inputs / "shard_0.h5"), "-o", "."], ["figure", "efficiencies", "-o", "overview.png"]):
        before = everything(here)["victim"]
        found = cli(*words)
        assert (found.code, found.out, found.err.count("\n")) == (2, "", 1), found
        assert "'overview.png'" in found.err
        assert everything(here)["victim"] == before
