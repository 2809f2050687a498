"""Everything a user can get wrong: one clear line, exit code 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import XSEC, Command
from tests.run_cards import write_card
from tridentgen.processes.kinds import KINDS

GENERATE = ["generate", "card.toml", "-o", "out.h5"]
BAD = {
    "unknown key": (
        ["generate", "bad.toml"],
        "bad.toml:12: unknown key 'flux.energy_Gev', did you mean 'energy_GeV'?",
    ),
    "unknown key of --set": (
        [*GENERATE, "--set", "flux.energy_Gev=3"],
        "--set flux.energy_Gev=3: unknown key 'flux.energy_Gev', did you mean 'energy_GeV'?",
    ),
    "wrong type": (
        [*GENERATE, "--set", "process.target=40"],
        "--set process.target=40: must be a string in quotes, not 40",
    ),
    "wrong type of an option": (
        [*GENERATE, "--events", "abc"],
        "--events abc: must be a whole number from 1 to 1000000000000, not 'abc'",
    ),
    "wrong seed": (
        [*GENERATE, "--seed", "1.5"],
        "--seed 1.5: must be a whole number from 0 to 9223372036854775807, not 1.5",
    ),
    "first event too far": (
        [*GENERATE, "--first", "4000"],
        "tridentgen: --first 4000: the run has events 0 to 3999, since sampling.events = 4000; begin at one of these",
    ),
    "first event not a number": (
        [*GENERATE, "--first", "1e3", "--events", "5"],
        "tridentgen: --first 1e3: must be a whole number from 0 to 999999999999, not 1000.0; write 1000",
    ),
    "events of a shard not a number": (
        [*GENERATE, "--first", "0", "--events", "1e3"],
        "tridentgen: --events 1e3: must be a whole number from 1 to 1000000000000, not 1000.0; write 1000",
    ),
    "shard without events": (
        [*GENERATE, "--first", "0", "--events", "0"],
        "tridentgen: --events 0: must be a whole number from 1 to 1000000000000, not 0",
    ),
    "shard before all events": (
        [*GENERATE, "--first", "-1"],
        "tridentgen: --first -1: must be a whole number from 0 to 999999999999, not -1",
    ),
    "output of another format": (
        ["generate", "card.toml", "-o", "x.root"],
        "tridentgen: 'x.root' is the name of a ROOT file, and this writes an event file in HDF5; give a name ending in "
        ".h5, and use 'tridentgen convert' afterwards",
    ),
    "output of another format in the card": (
        ["generate", "card.toml", "--set", "output.path='x.hepmc3.gz'"],
        "tridentgen: 'x.hepmc3.gz' is the name of a HepMC file, and this writes an event file",
    ),
    "merged file of another format": (
        ["merge", "EVENTS", "-o", "x.lhe"],
        "tridentgen: 'x.lhe' is the name of an LHE file, and this writes an event file",
    ),
    "cut events of another format": (
        ["cut", "EVENTS", "--cut", "q2_max_GeV2=1", "-o", "x.parquet"],
        "tridentgen: 'x.parquet' is the name of a Parquet file, and this writes an event file",
    ),
    "cut twice": (
        ["cut", "EVENTS", "--cut", "q2_max_GeV2=1", "q2_min_GeV2=0.1", "--cut", "q2_max_GeV2 = 0.5"],
        "tridentgen: --cut q2_max_GeV2=1 and --cut q2_max_GeV2 = 0.5: give q2_max_GeV2 once, with the "
        "tighter of the two",
    ),
    "no such engine": ([*GENERATE, "--engine", "gpu"], "--engine gpu: must be one of auto, numpy, native, cuda, not"),
    "no threads": ([*GENERATE, "--threads", "0"], "--threads 0: must be a whole number from 1 to 1024, not 0"),
    "not KEY=VALUE": ([*GENERATE, "--set", "events"], "--set events: must be KEY=VALUE, such as process.target=C12"),
    "forbidden flavours": (
        [*GENERATE, "--set", "process.leptons=['mu-', 'e+']", "--set", "process.neutrino=nue"],
        "--set process.leptons=['mu-', 'e+']: nu_e cannot produce mu with anti-e: lepton flavour is conserved, so the",
    ),
    "below threshold": (
        [*GENERATE, "--set", "flux.energy_GeV=0.2"],
        "--set flux.energy_GeV=0.2: no flux above the threshold: the process needs more than 0.211917 GeV, the flux "
        "ends at 0.2 GeV (single energy, 0.2 GeV); choose a flux of higher energy or lighter leptons",
    ),
    "negative energy": (
        [*GENERATE, "--set", "flux.energy_GeV=-5"],
        "--set flux.energy_GeV=-5: flux.energy_GeV = -5.0 must be a positive energy in GeV",
    ),
    "energy not a number": (
        [*GENERATE, "--set", "flux.energy_GeV=nan"],
        "--set flux.energy_GeV=nan: must be a finite number, not nan",
    ),
    "energy beyond reason": (
        [*GENERATE, "--set", "flux.energy_GeV=1e30"],
        "--set flux.energy_GeV=1e30: the flux reaches 1e+30 GeV (single energy, 1e+30 GeV); give energies up to 1e+12",
    ),
    "missing flux key": (
        [*GENERATE, "--set", "flux={kind='monochromatic'}"],
        "--set flux={kind='monochromatic'}: key 'flux.energy_GeV' is missing: flux.kind = 'monochromatic' needs it",
    ),
    "missing flux file": (
        ["generate", "flux.toml", "--set", "flux.path=nowhere.dat"],
        "tridentgen: --set flux.path=nowhere.dat: FOLDER/nowhere.dat: no such flux file; put one there or correct flux",
    ),
    "flux not a number": (["generate", "flux.toml"], "tridentgen: flux.toml:12: flux.path: nan.dat:2: numu: flux nan"),
    "flux negative": (
        ["generate", "flux.toml", "--set", "flux.path=negative.dat"],
        "tridentgen: --set flux.path=negative.dat: FOLDER/negative.dat:2: numu: flux -1 is negative; write 0 for no",
    ),
    "flux unsorted": (
        ["generate", "flux.toml", "--set", "flux.path=unsorted.dat"],
        "tridentgen: --set flux.path=unsorted.dat: FOLDER/unsorted.dat:2: energy 1 does not exceed the one before it,",
    ),
    "histogram unsorted": (
        [*GENERATE, "--set", "flux={kind='histogram', edges_GeV=[1, 3, 2], values=[1, 1]}"],
        "--set flux={kind='histogram', edges_GeV=[1, 3, 2], values=[1, 1]}: flux.edges_GeV[2]: energy 2 does not",
    ),
    "unknown nuclide": (
        [*GENERATE, "--set", "process.target=Ar99x"],
        "--set process.target=Ar99x: cannot read nuclide 'Ar99x'; write an element symbol and a mass number, such as",
    ),
    "nuclide without a mass": (
        [*GENERATE, "--set", "process.target=Ar99"],
        "--set process.target=Ar99: no mass is known for nuclide 'Ar99'; the table has Ar30 to Ar53",
    ),
    "A below Z": (
        [*GENERATE, "--set", "process.target=Ar10"],
        "--set process.target=Ar10: nuclide 'Ar10' is impossible: mass number 10 is below the 18 protons of Ar",
    ),
    "no events": ([*GENERATE, "--events", "0"], "--events 0: must be a whole number from 1 to 1000000000000, not 0"),
    "negative events": ([*GENERATE, "--events", "-1"], "--events -1: must be a whole number from 1 to 1000000000000"),
    "too many events": ([*GENERATE, "--events", "1e30"], "--events 1e30: must be a whole number from 1 to 100000000"),
    "output in no folder": (
        ["generate", "card.toml", "-o", "nowhere/out.h5"],
        "tridentgen: cannot write 'nowhere/out.h5': there is no directory 'nowhere'; create it first",
    ),
    "output in a file": (
        ["generate", "card.toml", "-o", "card.toml/out.h5"],
        "tridentgen: cannot write 'card.toml/out.h5': there is no directory 'card.toml'; create it first",
    ),
    "output is a folder": (
        ["generate", "card.toml", "-o", "."],
        "tridentgen: '.' is a directory; give the name of a file",
    ),
    "output exists": (
        ["generate", "card.toml", "-o", "old.h5"],
        "tridentgen: 'old.h5' already exists; choose another output or overwrite it with --force",
    ),
    "exposure of a shape": (
        [*GENERATE, "--set", "exposure.mass_t=1", "--set", "exposure.pot=1e20"],
        "--set exposure.pot=1e20: exposure needs an absolute flux, and this is only a shape (single energy, 5 GeV",
    ),
    "cut of the EPA without the EPA": (
        [*GENERATE, "--set", "process.q_max_GeV=1.0"],
        "--set process.q_max_GeV=1.0: unknown key 'process.q_max_GeV'",
    ),
    "map of no file": ([*GENERATE, "--map", "nowhere.h5"], "tridentgen: there is no file 'nowhere.h5'"),
    "map that is no map": ([*GENERATE, "--map", "card.toml"], "tridentgen: 'card.toml' is not an HDF5 file; give an"),
    "map of another process": (
        [*GENERATE, "--map", "EVENTS", "--set", "process.target=C12"],
        "tridentgen: EVENTS: its VEGAS map was trained for a different process or flux; leave --map out, or use the",
    ),
    "no such card": (
        ["generate", "quikstart"],
        "tridentgen: no built-in card or file is called 'quikstart', did you mean 'quickstart'?; built-in cards are",
    ),
    "card that is a folder": (["generate", "."], "tridentgen: cannot read the card '.': Is a directory"),
    "card that is an event file": (["generate", "EVENTS"], "tridentgen: 'EVENTS' is larger than 1 MiB: not a card"),
    "info of nothing": (["info", "nowhere.h5"], "tridentgen: there is no file 'nowhere.h5'"),
    "info of no card": (["info", "quikstart"], "tridentgen: no built-in card or file is called 'quikstart', did you"),
    "info of a flux file": (["info", "nan.dat"], "tridentgen: 'nan.dat' is not an HDF5 file; give an event file made"),
    "info of a truncated file": (["info", "cut.h5"], "tridentgen: 'cut.h5' is cut short or damaged (Unable to"),
    "info of a card below threshold": (
        ["info", "low.toml"],
        "low.toml:12: flux.energy_GeV: no flux above the threshold: the process needs more than 0.211917 GeV, the flux",
    ),
    "info of a wrong card": (["info", "bad.toml"], "bad.toml:12: unknown key 'flux.energy_Gev', did you mean"),
    "plot of a truncated file": (["plot", "cut.h5"], "tridentgen: 'cut.h5' is cut short or damaged (Unable to"),
    "plot of nothing": (["plot", "nowhere.h5"], "tridentgen: there is no file 'nowhere.h5'"),
    "cards of no card": (["cards", "nope"], "tridentgen: no built-in card or file is called 'nope'; built-in cards"),
    "xsec of nothing": (["xsec"], "tridentgen: xsec needs a card, or also --nu, --leptons, --target, --energy"),
    "xsec of half": (["xsec", "--nu", "numu", "--energy", "5"], "tridentgen: xsec needs a card, or also --leptons, --"),
    "xsec of both": (
        ["xsec", "card.toml", "--nu", "numu"],
        "tridentgen: --nu cannot go with a card; use --set process.KEY=VALUE",
    ),
    "xsec below threshold": (
        ["xsec", *XSEC, "--energy", "30MeV"],
        "tridentgen: 0.03 GeV is below the threshold of numu Ar40 -> numu mu- mu+ (coherent), 0.211917 GeV; choose a",
    ),
    "xsec with one of several below": (
        ["xsec", *XSEC, "--energy", "1", "0.1", "10"],
        "tridentgen: 0.1 GeV is below the threshold of numu Ar40 -> numu mu- mu+ (coherent), 0.211917 GeV; choose a",
    ),
    "xsec of no energy": (
        ["xsec", *XSEC, "--energy", "five"],
        "tridentgen: --energy five: not an energy; write a number in GeV, or one like 30MeV (MeV, GeV, TeV)",
    ),
    "xsec of no process": (
        ["xsec", "--process", "tridnt", *XSEC[2:], "--energy", "5"],
        f"--process tridnt: must be one of {', '.join(KINDS)}, not 'tridnt', did you mean 'trident'?",
    ),
    "xsec of no nuclide": (
        ["xsec", *XSEC[:7], "--target", "Arr40", "--energy", "5"],
        "--target Arr40: unknown element 'Arr' in nuclide 'Arr40', did you mean 'Ar40'?",
    ),
    "xsec of no regime": (
        ["xsec", *XSEC[:9], "--regime", "coherant", "--energy", "5"],
        "--regime coherant: process.regimes[0]: must be one of coherent, proton, neutron, diffractive, total, not",
    ),
    "xsec of forbidden flavours": (
        ["xsec", "--nu", "nue", "--leptons", "mu-", "e+", "--target", "Ar40", "--energy", "5"],
        "--leptons mu- e+: nu_e cannot produce mu with anti-e: lepton flavour is conserved, so the pair must be of one",
    ),
    "xsec to no precision": (
        ["xsec", *XSEC, "--energy", "5", "--rel-error", "0"],
        "--rel-error 0: must be a number between 0 and 1, not 0",
    ),
    "no command": ([], "tridentgen: the following arguments are required: COMMAND; see tridentgen --help"),
    "no such command": (["generat"], "tridentgen: argument COMMAND: invalid choice: 'generat' (choose from"),
    "no card": (["generate"], "tridentgen: the following arguments are required: CARD; see tridentgen generate --help"),
    "no such option": ([*GENERATE, "--evnts", "5"], "tridentgen: unrecognized arguments: --evnts 5; see tridentgen --"),
    "option without value": (
        [*GENERATE, "--seed"],
        "tridentgen: argument --seed: expected one argument; see tridentge",
    ),
}


@pytest.fixture
def bad_folder(folder: Path, event_file: Path) -> Path:
    """A working directory with everything that `BAD` names."""
    write_card(folder, ("energy_GeV", "energy_Gev"), name="bad.toml")
    write_card(folder, ("= 5.0", "= 0.2"), name="low.toml")
    flux = ('kind = "monochromatic"\nenergy_GeV = 5.0', 'kind = "file"\npath = "nan.dat"')
    write_card(folder, flux, name="flux.toml")
    (folder / "nan.dat").write_text("1 0 1\n2 0 nan\n")
    (folder / "negative.dat").write_text("1 0 1\n2 0 -1\n")
    (folder / "unsorted.dat").write_text("2 0 1\n1 0 1\n")
    (folder / "old.h5").write_text("precious")
    whole = event_file.read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_one_clear_line(cli: Command, bad_folder: Path, event_file: Path, name: str) -> None:
    def filled(text: str) -> str:
        return text.replace("EVENTS", str(event_file)).replace("FOLDER", str(bad_folder))

    arguments, message = BAD[name]
    before = {path.name: path.stat().st_size for path in bad_folder.iterdir()}
    found = cli(*map(filled, arguments))
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(filled(message))
    assert found.err.endswith("\n")
    assert found.err.count("\n") == 1
    assert {path.name: path.stat().st_size for path in bad_folder.iterdir()} == before


def test_several_mistakes_come_at_once(cli: Command, folder: Path) -> None:
    write_card(folder, ('"Ar40"', '"Ar10"'), ("energy_GeV", "energy_Gev"), ("events = 4000", "events = 0"))
    found = cli("generate", "card.toml", "--seed", "-3")
    assert (found.code, found.out) == (2, "")
    assert [line.split(" ", 2)[:2] for line in found.err.splitlines()] == [
        ["card.toml:7:", "process.target:"],
        ["card.toml:12:", "unknown"],
        ["card.toml:15:", "sampling.events:"],
        ["--seed", "-3:"],
    ]
