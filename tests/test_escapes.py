"""Control characters in names, titles, attributes, columns and cards: never raw on a terminal or in a file of text."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import h5py
import pytest

from tests.command_line import Command, Outcome
from tests.production_runs import production_card
from tests.repeats import slow_if
from tridentgen.errors import printable
from tridentgen.events.events import read
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.runs.run import run

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b\u202e<&\"']]>"
NAME = "e\x1b[31m\x07\u202e"


def assert_harmless(found: Outcome) -> None:
    for text in (found.out, found.err):
        assert all(c.isprintable() or c in "\n\t" for c in text), found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return run(production_card(folder, "cevns", events=100), folder / "whole.h5").path


def test_lines_and_tabs_stay() -> None:
    assert printable("a\tb\nc\x1b\r") == "a\tb\nc\\x1b\\r"


@pytest.mark.parametrize("there", [True, False])
def test_names_of_files(
    cli: Command, whole: Path, tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, card = f"{NAME}.h5", f"{NAME}.toml"
    if there:
        shutil.copy(whole, name)
        shutil.copy(whole.parent / "card.toml", card)
    for ending in (".hepmc3", ".hepevt", ".dat", ".root"):
        Path(NAME + ending).write_text("what is this\n")
    cut = ["--cut", "recoil_energy_min_keV=4"]
    commands = [
        ["info", name], ["info", card], ["verify", name], ["cut", name, *cut], ["cut", name, *cut, "-o", f"o{name}"],
        *(["cut", NAME + ending, *cut] for ending in (".hepmc3", ".hepevt")), ["merge", name, "-o", f"m{name}"],
        ["merge", name, "-o", f"nowhere{NAME}/m.h5"], *(["convert", name, NAME + "o" + ending] for ending in FORMATS),
        ["convert", name, NAME], ["generate", card, "-o", f"g{name}", "--events", "50"], ["generate", card, "-o", name],
        ["generate", card, "-o", name, "--resume"], ["xsec", card, "--set", f"sampling.{NAME}=1"], ["rate", card],
        *(["flux", "show", NAME + ending, *nu] for ending in (".dat", ".root") for nu in ([], ["--neutrino", "numu"])),
        ["flux", "show", NAME], ["figure", NAME], ["plot", name, "--format", NAME], [NAME], ["info", f"--{NAME}"],
        ["cards", NAME], ["cut", name, "--cut", f"{NAME}=3"], ["cut", name, "--card", card],
        ["generate", card, "--map", name, "--engine", NAME], ["xsec", "--target", NAME], ["xsec", "--energy", NAME],
    ]  # fmt: skip
    for words in commands:
        assert_harmless(cli(*words))


@pytest.mark.parametrize("ending", slow_if(lambda ending: ending not in (".lhe", ".hepmc3"), [*FORMATS]))
def test_every_attribute(cli: Command, whole: Path, tmp_path: Path, ending: str) -> None:
    """What is written is XML still, and text."""
    path, target = tmp_path / "e.h5", tmp_path / f"o{ending}"
    if ending in (".rootracker.root", ".parquet"):
        pytest.importorskip({".parquet": "pyarrow"}.get(ending, "uproot"))
    with h5py.File(whole) as file:
        names = [
            name for name, value in file.attrs.items() if isinstance(value, str) and name not in ("columns", "format")
        ]
    written = 0
    for name in names:
        shutil.copy(whole, path)
        with h5py.File(path, "r+") as file:
            file.attrs[name] = f"{file.attrs[name]}{EVIL}" if name != "title" else EVIL
        for words in (["convert", path, target, "--force"], ["info", path]):
            found = cli(*words)
            assert_harmless(found)
            written += found.code == 0 and words[0] == "convert"
        if ending in (".lhe", ".hepmc3", ".hepevt") and target.exists():
            text = target.read_bytes()
            assert not set(text) & {*range(9), *range(11, 32), 127}, name
            if ending == ".lhe":
                ET.fromstring(text.decode())
    assert written > 10


def test_columns_and_their_attributes(cli: Command, whole: Path, tmp_path: Path) -> None:
    events = read(whole)
    path = tmp_path / "e.h5"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        for name in ("e_nu", "weight"):
            for key in ("units", "description", "role"):
                file["events"][name].attrs[key] = EVIL
        file["events"].move("time", NAME)
        file.attrs["columns"] = str(file.attrs["columns"]).replace(",time", f",{NAME}")
    assert len(events)
    for words in (["info", path], ["verify", path], ["cut", path, "--cut", "recoil_energy_min_keV=4"]):
        found = cli(*words)
        assert_harmless(found)
        assert words[0] == "cut" or found.out


def test_cards_and_flux_files(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    escaped = "\\u001b[31m\\u0007\\u009b"
    text = production_card(tmp_path, "trident", events=50).read_text()
    Path("flux.dat").write_text(f"# {EVIL} E [GeV] numu{EVIL} [{EVIL}]\n1 1e-9\n5 1e-9\n", encoding="utf-8")
    cards = {
        "title": f'title = "{escaped}"\n{text}',
        "key": text.replace("[flux]", f'[flux]\n"{escaped}" = 1'),
        "table": f'{text}\n["{escaped}"]\nx = 1\n',
        "target": text.replace('"Ar40"', f'"{escaped}"'),
        "path": text.replace('kind = "histogram"', f'kind = "file"\npath = "{escaped}.dat"'),
    }
    for name, card in cards.items():
        Path("c.toml").write_text(card, encoding="utf-8")
        for words in (
            ["info", "c.toml"],
            ["generate", "c.toml", "-o", f"{name}.h5"],
            ["rate", "c.toml"],
            ["xsec", "c.toml"],
        ):
            assert_harmless(cli(*words))
    for words in (["--neutrino", "numu"], [], ["--set", f"flux.column={NAME}"]):
        assert_harmless(cli("flux", "show", "flux.dat", *words))
