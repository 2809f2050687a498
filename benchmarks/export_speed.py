"""Measure the speed of the writers of event formats: events per second of processor time on one core.

The events are those of the built-in card quickstart, coherent and diffractive; the null writer measures the cost of
reading the file and building the particles. The number of events is an argument:
``python -m benchmarks.export_speed 1e6``.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import tridentgen
from benchmarks.machine import describe
from tridentgen.errors import InputError
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.exchange.export.source import EventSource
from tridentgen.exchange.export.writer import NullWriter


def main() -> None:
    events = int(float(sys.argv[1])) if len(sys.argv) > 1 else 200_000

    print(describe())
    print(f"# {events} events of the card quickstart")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tridentgen.run(
            "quickstart", folder / "e.h5",
            overrides=[f"sampling.events={events}", "process.regimes=['coherent', 'diffractive']"],
        )  # fmt: skip
        _report("(null)", _null(folder / "e.h5", folder / "null"), events, 0)
        for ending in FORMATS:
            target = folder / f"o{ending}"
            try:
                start = time.process_time()
                export_events(folder / "e.h5", target)
                _report(ending, time.process_time() - start, events, target.stat().st_size)
            except InputError as error:
                print(f"{ending:<18} {error}")
                continue
            target.unlink()
    print(f"# peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _null(source: Path, target: Path) -> float:
    start = time.process_time()
    with open_events(source) as file:
        found = EventSource(file, source, recoil="final", unweight=False, seed=1)
        with NullWriter(target, found.facts()) as writer:
            for block in found.blocks():
                writer.append(block)
    return time.process_time() - start


def _report(what: str, seconds: float, events: int, size: int) -> None:
    print(f"{what:<18} {events / seconds:>10.0f} events/s {size / events:>8.0f} bytes per event", flush=True)


if __name__ == "__main__":
    main()
