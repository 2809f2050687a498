"""Measure the time to generate files of 10^4 to 10^8 weighted events on each engine.

numu Ar40 -> numu mu- mu+ at 5 GeV, coherent, all columns to HDF5 on a local disk; including training. The largest size
is an argument: ``python -m benchmarks.cost_of_events 1e7``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tridentgen
from benchmarks.machine import describe
from tridentgen.runs.bench import engines

CARD = "quickstart"


def main() -> None:
    largest = float(sys.argv[1]) if len(sys.argv) > 1 else 1e6
    print(describe())
    print(f"{'engine':<8} {'threads':>7} {'events':>12} {'seconds':>9} {'ns per event':>12} {'MB':>9}")
    for engine, threads in engines():
        events = 10_000
        while events <= largest:
            with tempfile.TemporaryDirectory() as folder:
                settings = [f"sampling.events={events}", f"sampling.engine={engine.name}"]
                if threads:
                    settings.append(f"sampling.threads={threads}")
                done = tridentgen.run(CARD, Path(folder) / "events.h5", overrides=settings)
                size = done.path.stat().st_size / 1e6
            cost = 1e9 * done.seconds / events
            row = f"{engine.name:<8} {threads:>7} {events:>12} {done.seconds:>9.2f} {cost:>12.0f} {size:>9.1f}"
            print(row, flush=True)
            events *= 10


if __name__ == "__main__":
    main()
