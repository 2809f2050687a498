"""A run whose work is done by an executor: the same bits, whatever becomes of the workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.production_runs import attributes, content, production_card, whole_run
from tridentgen.cards import read_card
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import ChannelProposal
from tridentgen.engines.work import TILE
from tridentgen.errors import InputError
from tridentgen.runs.distribution import DistributedEngine, DistributionError, Recipe, tasks
from tridentgen.runs.job import job_of
from tridentgen.runs.run import run
from tridentgen.sampling.train import train


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


class Failing(ThreadPoolExecutor):
    """Workers that fail now and then: ``fails(number of the task)``."""

    def __init__(self, fails: Callable[[int], bool]) -> None:
        super().__init__(2)
        self.fails, self.tasks, self.lock = fails, 0, threading.Lock()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        with self.lock:
            number, self.tasks = self.tasks, self.tasks + 1
        if self.fails(number):
            return super().submit(_fail)
        return super().submit(function, *arguments, **named)


def _fail() -> None:
    raise OSError("the node has lost its disk")


@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_every_method_has_the_bits_of_one_engine(tmp_path: Path, pool: Executor, kind: str) -> None:
    card = read_card(production_card(tmp_path, kind))
    process, one = job_of(card).process, NumpyEngine(1)
    engine = DistributedEngine.start(pool, Recipe.of(card, process), 60.0)
    assert engine.name == "numpy"
    proposal = train(process, one, 3, points=20_000)
    for number, density in enumerate(proposal.channels[:2]):
        arguments = (process, number, density, 3, 4, 37 * TILE - 5)
        assert engine.integrate(*arguments) == one.integrate(*arguments)
        for found, expected in zip(
            engine.histograms(*arguments, 1e-40), one.histograms(*arguments, 1e-40), strict=True
        ):
            np.testing.assert_array_equal(found, expected)
    for count, first in ((1, 0), (50_001, 7)):
        for got, wanted in zip(
            engine.weights(process, proposal, 3, 4, count, first),
            one.weights(process, proposal, 3, 4, count, first),
            strict=True,
        ):
            np.testing.assert_array_equal(got, wanted)
    for most in (None, proposal.max_weight):
        found, expected = (e.events(process, proposal, 3, 4, 11, 40_000, most) for e in (engine, one))
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_ranges_of_one_engine_are_parts_of_the_whole(tmp_path: Path) -> None:
    process, one = job_of(read_card(production_card(tmp_path, "trident"))).process, NumpyEngine(2)
    density = train(process, one, 3, points=20_000).channels[0]
    whole = one.tile_sums(process, 0, density, 3, 4, 0, 9, 9)
    parts = [one.tile_sums(process, 0, density, 3, 4, first, tiles, 9) for first, tiles in ((0, 2), (2, 6), (8, 1))]
    for name in ("weight", "pair_difference2"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in parts]), getattr(whole, name))


def test_processes_make_the_same_file(tmp_path: Path) -> None:
    whole = whole_run(tmp_path, "trident", cuts=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        made = run(tmp_path / "card.toml", tmp_path / "pool.h5", executor=executor)
    assert made.engine == "numpy"
    assert content(made.path) == content(whole.path)
    assert attributes(made.path)["map_hash"] == attributes(whole.path)["map_hash"]


@pytest.mark.parametrize("unweight", [False, True])
def test_work_that_fails_is_done_again(tmp_path: Path, unweight: bool) -> None:
    whole = run(production_card(tmp_path, "cevns"), tmp_path / "whole.h5", unweight=unweight)
    with Failing(lambda number: number % 5 == 3) as executor:
        made = run(tmp_path / "card.toml", tmp_path / "a.h5", executor=executor, unweight=unweight)
    assert content(made.path) == content(whole.path)


def test_where_nothing_works_the_run_ends_and_can_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 4096)
    whole = whole_run(tmp_path, "cevns", events=60_000)
    broken: list[float] = []

    def progress(what: str, share: float) -> None:
        if what == "generating" and share > 0.3:
            broken.append(share)

    with (
        Failing(lambda _number: bool(broken)) as executor,
        pytest.raises(DistributionError, match="a worker failed 3 times: the node has lost its disk"),
    ):
        run(tmp_path / "card.toml", tmp_path / "a.h5", executor=executor, progress=progress)
    assert (tmp_path / "a.h5.part").exists()
    assert content(run(tmp_path / "card.toml", tmp_path / "a.h5", resume=True).path) == content(whole.path)


def test_a_pool_that_broke_ends_the_run(tmp_path: Path) -> None:
    class Broken(ThreadPoolExecutor):
        def submit(self, *_arguments: Any, **_named: Any) -> Future[Any]:
            raise BrokenProcessPool("a child process terminated abruptly")

    with Broken(1) as executor, pytest.raises(DistributionError, match=r"lost the workers .*abruptly.* --resume"):
        run(production_card(tmp_path, "cevns"), tmp_path / "a.h5", executor=executor)
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


def test_without_workers_patience_ends(tmp_path: Path) -> None:
    class Nobody(ThreadPoolExecutor):
        def submit(self, *_arguments: Any, **_named: Any) -> Future[Any]:
            return Future()

    with Nobody(1) as executor, pytest.raises(DistributionError, match=r"no worker has finished anything for 0\.2 s"):
        run(production_card(tmp_path, "cevns"), tmp_path / "a.h5", executor=executor, patience_s=0.2)


def test_who_waits_for_a_worker_can_be_stopped(tmp_path: Path, pool: Executor) -> None:
    card = read_card(production_card(tmp_path, "cevns"))
    engine = DistributedEngine.start(pool, Recipe.of(card, job_of(card).process), 60.0)
    process, hold = job_of(card).process, threading.Event()
    for _ in range(3):
        pool.submit(hold.wait)  # all workers are busy for good
    threading.Timer(0.3, engine.stop).start()
    with pytest.raises(DistributionError, match="the run was stopped"):
        engine.integrate(
            process, 0, ChannelProposal.uniform(process.dimensions, 16, (1,) * process.dimensions), 1, 1, 1
        )
    hold.set()


def test_a_worker_with_another_flux_refuses(tmp_path: Path, pool: Executor) -> None:
    card = production_card(tmp_path, "trident")
    text = card.read_text(encoding="utf-8")
    head, tail = text.index("[flux]"), text.index("[sampling]")
    card.write_text(
        text[:head] + '[flux]\nkind = "file"\npath = "flux.dat"\ncolumn = 1\n' + text[tail:], encoding="utf-8"
    )
    (tmp_path / "flux.dat").write_text("1 0.5e-9\n3 1e-9\n6 0.2e-9\n", encoding="utf-8")
    read = read_card(card)
    process = job_of(read).process
    (tmp_path / "flux.dat").write_text("1 0.5e-9\n3 2e-9\n6 0.2e-9\n", encoding="utf-8")
    with pytest.raises(DistributionError, match=r"flux or other data in .* differ .*; give all machines the same"):
        DistributedEngine.start(pool, Recipe.of(read, process), 60.0)


def test_a_worker_of_another_version_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = read_card(production_card(tmp_path, "cevns"))
    recipe = Recipe.of(card, job_of(card).process)
    monkeypatch.setattr(tasks, "__version__", "9.9.9")
    with pytest.raises(
        InputError, match=r"a worker has tridentgen 9\.9\.9 and the run .*; install the same version everywhere"
    ):
        tasks.engine_name(recipe)


def test_the_engine_is_for_one_process(tmp_path: Path, pool: Executor) -> None:
    card = read_card(production_card(tmp_path, "cevns"))
    engine = DistributedEngine.start(pool, Recipe.of(card, job_of(card).process), 60.0)
    other = job_of(read_card(tmp_path / "card.toml", ["process.target=Ar40", "detector.quenching=lar"])).process
    with pytest.raises(ValueError, match="only the process it was started for"):
        engine.integrate(other, 0, train(other, NumpyEngine(1), 1, points=5000).channels[0], 1, 1, TILE)
