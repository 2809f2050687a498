"""Scaling with the number of workers, and overhead of a shard: ``python -m benchmarks.scaling [events]``.

The events are those of the built-in card quickstart (numu Ar40 -> numu mu- mu+ at 5 GeV), all columns to HDF5 in the
folder for temporary files. Shards are separate processes that use the map of an earlier run. A worker is one core, to
which its process is bound, because a shard writes and hashes in parallel to computing and otherwise uses up to 1.6
cores. Dask workers send their events to one writer; they and the writer are not bound. Everything is timed three times
in turn, and the shortest time is given. The last lines of each engine are the constants of the model in
docs/production.md, and its prediction for 10^9 events.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tridentgen
from benchmarks.machine import describe
from tridentgen.analysis.verify import require_sound
from tridentgen.events.merge import merge
from tridentgen.runs.distribution.dask_workers import dask_executor

CARD = "quickstart"
WORKERS = [n for n in (1, 2, 4, 8, 16, 32) if n <= (os.cpu_count() or 1)]
ENGINES = ("numpy", "native")
TIMES = 3
_COMMAND = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[{}]])
from tridentgen.cli import main
sys.exit(main())
"""


def main() -> None:
    events = int(float(sys.argv[1])) if len(sys.argv) > 1 else 2_000_000
    print(describe())
    print(f"# {events} events; seconds")
    print(f"{'engine':<8} {'workers':>8} {'threads':>9} {'shards':>9} {'merge':>8} {'virtual':>8} {'dask':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for engine in ENGINES:
            trained = _run(folder / "map.h5", engine, 1, 1000)
            rounds = [[_row(folder, engine, workers, events, trained) for workers in WORKERS] for _ in range(TIMES)]
            rows = [tuple(map(min, zip(*found, strict=True))) for found in zip(*rounds, strict=True)]
            for workers, row in zip(WORKERS, rows, strict=True):
                print(f"{engine:<8} {workers:>8} " + " ".join(f"{s:>9.2f}" for s in row), flush=True)
            start = min(_shards(folder, engine, 1, 1, trained, total=events)[0] for _ in range(TIMES))
            _print_model(engine, events, start, rows[0])
        size = (folder / "a.h5").stat().st_size / events
        check = seconds(lambda: require_sound(folder / "a.h5"))
    print(f"# {size:.0f} bytes per event; verify reads {1e-6 * events / check:.2f} million events per second")


def _print_model(engine: str, events: int, start_s: float, one_worker: tuple[float, ...]) -> None:
    """Print the constants of T = t0 + N c / W + N m, and T for 10^9 events; see docs/production.md."""
    _, shard, copied, virtual, _ = one_worker
    per_event = (shard - start_s) / events
    print(
        f"# {engine}: t0 = {start_s:.2f} s, c = {1e6 * per_event:.2f} us per event; m = {1e6 * copied / events:.2f} us "
        f"for merge, {1e6 * virtual / events:.2f} us for merge --virtual"
    )
    for workers in (50, 1000):
        wait = 1e9 * per_event / workers
        print(
            f"# {engine}: 10^9 events on {workers} workers: {start_s:.2f} s + {wait:.1f} s, of which "
            f"{100 * start_s / (start_s + wait):.0f} % are t0; merge {1e9 * copied / events / 60:.0f} min, "
            f"--virtual {1e9 * virtual / events / 60:.0f} min",
            flush=True,
        )


def _row(folder: Path, engine: str, workers: int, events: int, trained: Path) -> tuple[float, ...]:
    """Return the times in seconds of a run with threads, of shards, of both kinds of merge, and of a run with Dask."""
    with _bound_to(workers):
        threads = seconds(lambda: _run(folder / "a.h5", engine, workers, events, trained))
    shards, pieces = _shards(folder, engine, workers, events, trained)
    copied = seconds(lambda: merge(pieces, folder / "m.h5", force=True))
    virtual = seconds(lambda: merge(pieces, folder / "v.h5", virtual=True, force=True))
    return threads, shards, copied, virtual, _dask(folder, engine, workers, events, trained)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _bound_to(cores: int) -> Iterator[None]:
    """Restrict this process to the first `cores` cores, if the system supports it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _settings(engine: str, threads: int, events: int) -> list[str]:
    return [f"sampling.engine={engine}", f"sampling.threads={threads}", f"sampling.events={events}"]


def _run(path: Path, engine: str, threads: int, events: int, trained: Path | None = None) -> Path:
    settings = _settings(engine, threads, events)
    return tridentgen.run(CARD, path, overrides=settings, map_file=trained, force=True).path


def _shards(
    folder: Path, engine: str, workers: int, events: int, trained: Path, total: int | None = None
) -> tuple[float, list[Path]]:
    """Generate shards in parallel, one process each; return the time in seconds and the files."""
    size = events // workers
    pieces = [folder / f"shard{number}.h5" for number in range(workers)]
    settings = _settings(engine, 1, total or size * workers)
    start = time.perf_counter()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _COMMAND.format(number), "generate", CARD, "-o", str(path),
             "--first", str(number * size), "--events", str(size), "--map", str(trained),
             "--force", *(word for setting in settings for word in ("--set", setting))],
            stdout=subprocess.DEVNULL,
        )
        for number, path in enumerate(pieces)
    ]  # fmt: skip
    if any(process.wait() for process in processes):
        raise RuntimeError("a shard failed")
    return time.perf_counter() - start, pieces


def _dask(folder: Path, engine: str, workers: int, events: int, trained: Path) -> float:
    if importlib.util.find_spec("distributed") is None:
        return float("nan")
    with dask_executor(workers) as executor:
        settings = _settings(engine, 1, events)
        return seconds(
            lambda: tridentgen.run(
                CARD, folder / "d.h5", overrides=settings, map_file=trained, executor=executor, force=True
            )
        )


if __name__ == "__main__":
    main()
