"""One run, its shards put together, and a run that is killed again and again: the same events, bit by bit."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.production_runs import COUNT, attributes, command, content, need, production_card, shards, whole_run
from tests.run_cards import assert_same, columns_of
from tridentgen.analysis.verify import require_sound
from tridentgen.errors import FileError, InputError
from tridentgen.events.merge import merge
from tridentgen.runs.run import run

EDGES = [0, 1, 4096, 4100, 9000, 12_288, 19_999, COUNT]
RESULTS = ("sigma", "sigma_error", "sum_w", "sum_w2", "n_trials", "n_events", "map_hash", "run_id", "seed")


@pytest.mark.parametrize(
    ("kind", "cuts", "engine"),
    [
        ("trident", False, "native"),
        pytest.param("trident", True, "numpy", marks=pytest.mark.slow),
        ("cevns", True, "native"),
        pytest.param("cevns", False, "numpy", marks=pytest.mark.slow),
        pytest.param("trident", False, "numpy", marks=pytest.mark.slow),
        pytest.param("trident", True, "native", marks=pytest.mark.slow),
        pytest.param("cevns", False, "native", marks=pytest.mark.slow),
        pytest.param("cevns", True, "numpy", marks=pytest.mark.slow),
    ],
)
def test_seven_shards_are_the_unbroken_run(tmp_path: Path, kind: str, cuts: bool, engine: str) -> None:
    need(engine)
    whole = whole_run(tmp_path, kind, cuts=cuts, engine=engine)
    pieces = shards(tmp_path / "card.toml", tmp_path, EDGES, map_file=whole.path)
    merged = merge(reversed(pieces), tmp_path / "merged.h5")  # type: ignore[arg-type]
    virtual = merge(pieces, tmp_path / "virtual.h5", virtual=True)
    expected, wanted = columns_of(whole.path), attributes(whole.path)
    for path in (merged, virtual):
        assert_same(columns_of(path), expected)
        assert content(path) == content(whole.path)
        found = attributes(path)
        assert {name: found[name] for name in RESULTS} == {name: wanted[name] for name in RESULTS}
        require_sound(path)
    for path in (whole.path, *pieces):
        require_sound(path)
    if cuts:
        assert 0 < whole.events < whole.trials == COUNT


def test_a_shard_trains_what_the_whole_run_trains(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "cevns")
    (piece,) = shards(tmp_path / "card.toml", tmp_path, [5000, 9000])
    rows = slice(5000, 9000)
    assert_same(columns_of(piece), {name: values[rows] for name, values in columns_of(whole.path).items()})
    assert attributes(piece)["map_hash"] == attributes(whole.path)["map_hash"]


def test_each_shard_estimates_the_whole_cross_section(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "trident")
    for piece in shards(tmp_path / "card.toml", tmp_path, [0, 10_000, COUNT], map_file=whole.path):
        found = attributes(piece)
        assert found["sigma"] == pytest.approx(2.0 * np.sum(columns_of(piece)["weight"]), rel=1e-12, abs=0.0)
        assert found["sigma_error"] == pytest.approx(whole.error * np.sqrt(2.0), rel=0.05, abs=0.0)
        assert abs(found["sigma"] - whole.sigma) < 4.0 * whole.error


@pytest.mark.parametrize("kind", ["trident", "cevns"])
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_event_numbers_do_not_wrap(tmp_path: Path, kind: str, engine: str) -> None:
    """Around event 2^31 and 2^32 of a run of 2^33: the numbers go on, and each event is that of its number alone."""
    need(engine)
    card = production_card(tmp_path, kind, engine=engine, events=1 << 33)
    mapped = run(card, tmp_path / "map.h5", first=0, count=8).path
    begin = columns_of(mapped)
    for edge in (1 << 31, 1 << 32, (1 << 33) - 4):
        across = columns_of(run(card, tmp_path / "a.h5", first=edge - 4, count=8, map_file=mapped, force=True).path)
        assert across["event_id"].tolist() == list(range(edge - 4, edge + 4))
        alone = columns_of(run(card, tmp_path / "b.h5", first=edge, count=4, map_file=mapped, force=True).path)
        assert_same(alone, {name: values[4:] for name, values in across.items()})
        assert len({*across["recoil_energy"].tolist(), *begin["recoil_energy"].tolist()}) == 16
        assert np.sum(across["weight"]) < 1e-8 * attributes(tmp_path / "a.h5")["sigma"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_pulls_of_a_hundred_seeds(tmp_path: Path, kind: str) -> None:
    """(sigma - truth)/error of runs with 10^5 events: mean 0 to 4/10, width 1 to 4/sqrt(200)."""
    need("native")
    card = production_card(tmp_path, kind, engine="native", events=100_000)
    truth = run(card, tmp_path / "truth.h5", overrides=["sampling.events=20_000_000", "sampling.seed=1"])
    pulls = []
    for seed in range(100, 200):
        made = run(card, tmp_path / "a.h5", overrides=[f"sampling.seed={seed}"], map_file=truth.path, force=True)
        pulls.append((made.sigma - truth.sigma) / np.hypot(made.error, truth.error))
    assert abs(np.mean(pulls)) < 0.4
    assert abs(np.std(pulls, ddof=1) - 1.0) < 4.0 / np.sqrt(200)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs resource")
def test_ten_million_events_take_no_more_memory_than_one_million(tmp_path: Path) -> None:
    need("native")
    production_card(tmp_path, "cevns", engine="native")
    last = "import atexit, sys; from tests.fuzzing import peak_bytes; "
    last += "atexit.register(lambda: print(peak_bytes(), file=sys.stderr))"
    peaks = []
    for events in (1_000_000, 10_000_000):
        options = ("-o", f"{events}.h5", "--set", f"sampling.events={events}", "--set", "sampling.threads=2")
        process = command(tmp_path, "generate", "card.toml", *options, before=last)
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said
        peaks.append(int(said) / (1 << 20))
    print(f"peaks: {peaks} MiB")
    assert peaks[1] < peaks[0] + 64.0


@pytest.mark.parametrize(
    ("first", "count", "message"),
    [
        (
            COUNT,
            1,
            "^--first 20000: the run has events 0 to 19999, since sampling.events = 20000; begin at one of these",
        ),
        (COUNT, None, "^--first 20000: the run has events 0 to 19999"),
        (10**30, None, "^--first 1000000000000000000000000000000: the run has events 0 to 19999"),
        (5, COUNT - 4, "^--first 5 --events 19996: the run has events 0 to 19999, .*; give --events 19995 or less"),
        (-1, 5, "^--first -1: the run has events 0 to 19999"),
        (3, 0, "^--events 0: a shard has at least one event; give 1 to 19997$"),
    ],
)
def test_shards_outside_of_the_run(tmp_path: Path, first: int, count: int | None, message: str) -> None:
    card = production_card(tmp_path, "cevns")
    with pytest.raises(InputError, match=message):
        run(card, tmp_path / "a.h5", first=first, count=count)
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


@pytest.mark.parametrize("unweight", [False, True])
def test_resuming_a_run_that_ended_says_what_came_of_it(tmp_path: Path, unweight: bool) -> None:
    """As after a kill between the file's last byte and the end of the program."""
    card = production_card(tmp_path, "cevns", events=3000)
    first = run(card, tmp_path / "a.h5", unweight=unweight)
    before = (tmp_path / "a.h5").read_bytes()
    again = run(card, tmp_path / "a.h5", unweight=unweight, resume=True)
    assert (tmp_path / "a.h5").read_bytes() == before
    assert replace(again, seconds=first.seconds) == replace(first, effective_share=again.effective_share)
    assert again.effective_share == pytest.approx(first.effective_share, rel=1e-12)
    with pytest.raises(FileError, match="to a different run"):
        run(card, tmp_path / "a.h5", overrides=["sampling.seed=8"], unweight=unweight, resume=True)


def killed_and_resumed(folder: Path, kills: int, seed: int) -> int:
    """Run a card in ``folder`` to the end, killing it up to `kills` times; return how often it was killed."""
    rng, part = np.random.default_rng(seed), folder / "killed.h5.part"
    done = 0
    while True:
        process = command(folder, "generate", "card.toml", "-o", "killed.h5", "--resume")
        if done < kills:
            before = part.stat().st_size if part.exists() else 0
            while process.poll() is None and (not part.exists() or part.stat().st_size <= before):
                time.sleep(0.005)  # it has got a little further than the time before
            time.sleep(rng.exponential(0.1))
            process.send_signal(signal.SIGKILL)
        _, said = process.communicate(timeout=120)
        if process.returncode == 0:
            return done
        assert process.returncode == -signal.SIGKILL, said
        done += 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(
    ("kind", "cuts", "engine"),
    [("trident", True, "numpy"), pytest.param("cevns", False, "native", marks=pytest.mark.slow)],
)
def test_a_run_killed_three_times_is_the_unbroken_run(tmp_path: Path, kind: str, cuts: bool, engine: str) -> None:
    events = {"numpy": 200_000, "native": 1_200_000}[engine]  # so many that the run lasts a second
    check_kills(tmp_path, kind, cuts, engine, events=events, kills=3)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(("kind", "cuts", "engine"), [("trident", False, "native"), ("cevns", True, "numpy")])
def test_a_run_killed_twenty_times_is_the_unbroken_run(tmp_path: Path, kind: str, cuts: bool, engine: str) -> None:
    check_kills(tmp_path, kind, cuts, engine, events=1_000_000, kills=20)


def check_kills(folder: Path, kind: str, cuts: bool, engine: str, *, events: int, kills: int) -> None:
    need(engine)
    whole = whole_run(folder, kind, cuts=cuts, engine=engine, events=events)
    done = killed_and_resumed(folder, kills, seed=events)
    assert done >= min(kills, 2)  # where the machine is fast, the run may end before its last kill
    killed = folder / "killed.h5"
    print(f"killed {done} times: {content(killed)}")
    assert content(killed) == content(whole.path)
    found, wanted = attributes(killed), attributes(whole.path)
    assert {name: found[name] for name in RESULTS} == {name: wanted[name] for name in RESULTS}
    require_sound(killed)
    assert sorted(path.name for path in folder.iterdir()) == ["card.toml", "killed.h5", "whole.h5"]
