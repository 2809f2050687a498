"""Event files with impossible attributes and numbers through every command that reads them: one line, or a result.

Fast tests take a part of all cases, every attribute, value and command among them; the slow ones take all.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from tests.command_line import Outcome, still
from tests.production_runs import production_card
from tridentgen.cli import main
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.interrupts import Stopped, Terminated
from tridentgen.runs.run import run

VALUES: dict[str, Any] = {
    "text": "abc", "empty text": "", "escape": "\x1b[31m<&\"'\n$x_{", "no UTF-8": np.bytes_(b"\xff\xfe"),
    "NaN": math.nan, "infinite": math.inf, "negative": -1, "zero": 0, "half": 0.5, "largest": 2**63 - 1,
    "huge": 1e300, "denormal": 1e-310, "array": np.arange(3), "no numbers": np.array([], float),
}  # fmt: skip
NUMBERS = {
    "NaN": math.nan, "infinite": math.inf, "1e200": 1e200, "-1e200": -1e200, "1.7e308": 1.7e308, "denormal": 5e-324,
    "negative": -1.0, "2^31 - 1": 2.0**31 - 1.0,
}  # fmt: skip
WHOLE_COLUMNS = {"all denormal": 1e-310, "all zero": 0.0}
CUTS = {"trident": "m2_ll_max_GeV2=0.2", "cevns": "recoil_energy_min_keV=4"}
KINDS = tuple(CUTS)
FEW = 293
"""One case in so many is taken by the fast tests; a prime, so that none of the lists is in step with it."""


class Seed(NamedTuple):
    """A folder with a card, the content of its event file, and of the file that an interrupted run left."""

    kind: str
    folder: Path
    file: bytes
    part: bytes


Case = tuple[str, Callable[[Any], None]]
"""A name, and a change of an open file."""


@pytest.fixture(scope="module", params=KINDS)
def seed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seed:
    folder = tmp_path_factory.mktemp(request.param)
    card = production_card(folder, request.param, cuts=request.param == "trident", events=60)
    if request.param == "cevns":
        card.write_text(card.read_text(encoding="utf-8") + "[exposure]\nmass_t = 0.01\npot = 1e19\n", encoding="utf-8")
    file = run(card, folder / "whole.h5").path.read_bytes()

    def stop(what: str, _share: float) -> None:
        if what == "generating":
            raise Terminated

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr("tridentgen.runs.production.BATCH", 16)
        run(card, folder / "e.h5", progress=stop)
    part = folder / "e.h5.part"
    content = part.read_bytes()
    part.unlink()
    return Seed(request.param, folder, file, content)


def commands(seed: Seed) -> dict[str, list[str]]:
    """Return the command lines that read an event file, but for those that draw."""
    path, folder = str(seed.folder / "e.h5"), seed.folder
    cut = ["cut", path, "--cut", CUTS[seed.kind]]
    return {
        "info": ["info", path],
        "info --json": ["info", path, "--json"],
        "verify": ["verify", path],
        "cut": cut,
        "cut -o": [*cut, "-o", f"{folder}/cut.h5", "--force"],
        "merge": ["merge", path, "-o", f"{folder}/merged.h5", "--force"],
        "merge --virtual": ["merge", path, "-o", f"{folder}/merged.h5", "--force", "--virtual"],
        **{f"convert {ending}": ["convert", path, f"{folder}/out{ending}", "--force"] for ending in FORMATS},
        "convert --unweight": ["convert", path, f"{folder}/out.hepevt", "--force", "--unweight"],
        "resume": ["generate", f"{folder}/card.toml", "-o", path, "--resume"],
        "resume .part": ["generate", f"{folder}/card.toml", "-o", path, "--resume"],
        "map": ["generate", f"{folder}/card.toml", "-o", f"{folder}/new.h5", "--force", "--map", path],
    }


def attribute_cases(seed: Seed) -> Iterator[Case]:
    with h5py.File(io.BytesIO(seed.file)) as file:
        places = [("/", name) for name in (*file.attrs, "poisson_mean")]
        for place in ("sampling", "events/weight", "events/channel"):
            places += [(place, name) for name in file[place].attrs]
    for (place, name), (word, value) in itertools.product(places, VALUES.items()):
        yield f"{place} {name}: {word}", partial(_set_attribute, place, name, value)


def _set_attribute(place: str, name: str, value: Any, file: Any) -> None:
    file[place].attrs[name] = value


def _set_rows(name: str, rows: Any, value: float, file: Any) -> None:
    file["events"][name][rows] = value


def column_cases(seed: Seed) -> Iterator[Case]:
    with h5py.File(io.BytesIO(seed.file)) as file:
        kinds = {name: data.dtype for name, data in file["events"].items()}
    for (name, dtype), (word, value) in itertools.product(kinds.items(), {**NUMBERS, **WHOLE_COLUMNS}.items()):
        whole = word in WHOLE_COLUMNS
        if dtype.kind == "f" or (value.is_integer() and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max):
            rows: Any = ... if whole else 3
            yield f"{name}: {word}", partial(_set_rows, name, rows, value)


def outcome(seed: Seed, case: Case, command: str, words: list[str]) -> Outcome:
    """Return what a command line says of a changed file; a warning is an error."""
    path, part = seed.folder / "e.h5", seed.folder / "e.h5.part"
    path.unlink(missing_ok=True)
    part.unlink(missing_ok=True)
    changed = part if command == "resume .part" else path
    changed.write_bytes(seed.part if command == "resume .part" else seed.file)
    with h5py.File(changed, "r+") as file:
        case[1](file)
    out, err = io.StringIO(), io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        warnings.simplefilter("error")
        code = main(words, still)
    return Outcome(code, out.getvalue(), err.getvalue())


def flaw(command: str, found: Outcome) -> str:
    """Return what is wrong with the answer to a case, or nothing."""
    said = found.out + found.err
    if found.code not in (0, 2):
        return f"exit code {found.code}"
    if found.code == 2 and command != "verify" and found.err.count("\n") != 1:
        return "not one line"
    if found.code == 0 and "nan" in said.split():
        return "NaN"
    return "" if all(c.isprintable() or c == "\n" for c in said) else "control characters"


def look(seed: Seed, cases: Iterator[tuple[Case, tuple[str, list[str]]]]) -> None:
    tried, flaws = 0, []
    for case, (command, words) in cases:
        tried += 1
        try:
            found = outcome(seed, case, command, words)
        except Exception as error:  # a traceback or a warning
            flaws.append(f"{case[0]}, {command}: {error!r} at {_last_line(error)}")
            continue
        if wrong := flaw(command, found):
            flaws.append(f"{case[0]}, {command}: {wrong}: {found}")
    assert tried > 20
    assert not flaws, "\n".join(flaws)


def _last_line(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{place.filename}:{place.lineno}"


@pytest.mark.parametrize("cases", [attribute_cases, column_cases])
def test_some_impossible_numbers(seed: Seed, cases: Callable[[Seed], Iterator[Case]]) -> None:
    every = itertools.product(cases(seed), commands(seed).items())
    look(seed, itertools.islice(every, 0, None, FEW if cases is attribute_cases else FEW // 3))


@pytest.mark.slow
@pytest.mark.parametrize("cases", [attribute_cases, column_cases])
def test_all_impossible_numbers(seed: Seed, cases: Callable[[Seed], Iterator[Case]]) -> None:
    look(seed, itertools.product(cases(seed), commands(seed).items()))


@pytest.mark.slow
@pytest.mark.parametrize("cases", [attribute_cases, column_cases])
def test_pictures_of_impossible_numbers(seed: Seed, cases: Callable[[Seed], Iterator[Case]]) -> None:
    pytest.importorskip("mplhep")
    drawing = [("plot", ["plot", str(seed.folder / "e.h5"), "-o", str(seed.folder / "pictures")])]
    look(seed, itertools.islice(itertools.product(cases(seed), drawing), 0, None, 5))
