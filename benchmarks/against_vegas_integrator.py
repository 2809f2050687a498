"""Compare time and error of a cross section with a plain `vegas.Integrator` on the same integrand.

The goal of both is 0.1 % on numu Ar40 -> numu mu- mu+ at 5 GeV, coherent. The cost is time x error^2, independent of
the number of points.
"""

from __future__ import annotations

import time

import numpy as np
import vegas
from numpy.typing import NDArray

from benchmarks.machine import describe
from tridentgen import Monochromatic, Trident
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.sampling.integrate import trained_cross_section

SCALE = 1e42


def main() -> None:
    process = Trident("numu", "mu-", "mu+", target="Ar40", regime="coherent").sampled(Monochromatic(5.0))

    @vegas.rbatchintegrand  # type: ignore[untyped-decorator]
    def integrand(x: NDArray[np.float64]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = SCALE * (process.integrand(0, x) + process.integrand(1, x))
        return total

    print(describe())
    start = time.perf_counter()
    engine = NumpyEngine(1)
    found = trained_cross_section(process, engine, 1, rel_error=1e-3)
    report("tridentgen", found.value * SCALE, found.error * SCALE, time.perf_counter() - start)
    start = time.perf_counter()
    integrator = vegas.Integrator([[0.0, 1.0]] * process.dimensions)
    integrator(integrand, nitn=8, neval=60_000)
    result = integrator(integrand, nitn=10, neval=100_000)
    report("vegas.Integrator", result.mean, result.sdev, time.perf_counter() - start)


def report(name: str, value: float, error: float, seconds: float) -> None:
    cost = seconds * (error / value) ** 2 / 1e-6
    print(f"{name:<17} {value:.4f} +- {error:.4f} e-42 cm2 in {seconds:.2f} s; {cost:.2f} s for 0.1 %")


if __name__ == "__main__":
    main()
