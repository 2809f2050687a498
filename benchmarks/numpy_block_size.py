"""Measure the time of the NumPy engine per point of the coherent integrand, for several block sizes.

It includes all of an integration point: random numbers, VEGAS map and hypercubes, phase space, amplitudes, form factor,
sums. The first lines of the table, with one thread, give the time on one core.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.machine import describe
from tridentgen import Monochromatic, Trident
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.work import available_cores
from tridentgen.sampling.train import train

POINTS = 1 << 20
REPEATS = 5


def main() -> None:
    process = Trident("numu", "mu-", "mu+", target="Ar40", regime="coherent").sampled(Monochromatic(5.0))
    density = train(process, NumpyEngine(1), 1, points=200_000).channels[0]
    print(describe())
    print(f"# {'threads':>7} {'points per block':>17} {'ns per point: min':>18} {'median':>7}")
    for threads in range(1, available_cores() + 1):
        for tiles in (1, 2, 4, 8, 16, 32):
            engine = NumpyEngine(threads, tiles)
            times = []
            for repeat in range(REPEATS):
                start = time.perf_counter()
                sums = engine.integrate(process, 0, density, 1, repeat, POINTS)
                times.append((time.perf_counter() - start) / sums.points * 1e9)
            print(f"  {threads:>7} {tiles * 4096:>17} {min(times):>18.0f} {statistics.median(times):>7.0f}", flush=True)


if __name__ == "__main__":
    main()
