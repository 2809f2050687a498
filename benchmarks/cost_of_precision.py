"""Measure the time to reach a given relative precision of cross sections on each engine.

numu Ar40 at 5 GeV, coherent, mu mu and e e; including training, kernels compiled before. The smallest error is an
argument: ``python -m benchmarks.cost_of_precision 1e-5``. An engine stops after a cross section that took more than
10 s.
"""

from __future__ import annotations

import sys
import time

from benchmarks.machine import describe
from tridentgen import Monochromatic, Trident
from tridentgen.engines.work import TILE
from tridentgen.runs.bench import engines
from tridentgen.sampling.integrate import trained_cross_section
from tridentgen.sampling.train import train

ENOUGH_S = 10.0
ERRORS = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


def main() -> None:
    smallest = float(sys.argv[1]) if len(sys.argv) > 1 else 1e-4
    print(describe())
    print(f"{'engine':<8} {'threads':>7} {'pair':<7} {'goal':>7} {'reached':>8} {'points':>12} {'seconds':>8}")
    for engine, threads in engines():
        for pair in (("mu-", "mu+"), ("e-", "e+")):
            process = Trident("numu", *pair, target="Ar40", regime="coherent").sampled(Monochromatic(5.0))
            train(process, engine, 1, points=TILE)
            for asked in (error for error in ERRORS if error >= smallest):
                start = time.perf_counter()
                found = trained_cross_section(process, engine, 1, rel_error=asked)
                seconds, reached = time.perf_counter() - start, found.error / found.value
                print(
                    f"{engine.name:<8} {threads:>7} {' '.join(pair):<7} {asked:>7.0e} {reached:>8.1e} "
                    f"{found.points:>12} {seconds:>8.2f}",
                    flush=True,
                )
                if seconds > ENOUGH_S:
                    break


if __name__ == "__main__":
    main()
