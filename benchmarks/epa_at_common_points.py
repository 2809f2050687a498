"""Gain in precision of EPA/4PS ratios at common points over the ratio of two cross sections.

    python -m benchmarks.epa_at_common_points [ENGINE]

Both methods use equal numbers of evaluations. The gain is the ratio of standard deviations, with points from the
proposal of the full process and from that of the approximation; `tridentgen epa` uses the better one if it exceeds one.
"""

from __future__ import annotations

import sys

from benchmarks.machine import describe
from tridentgen.analysis.epa_comparison import EpaRatio
from tridentgen.engines import choose_engine
from tridentgen.flux import Monochromatic
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.trident import Trident
from tridentgen.sampling.common_points import ratio_at_common_points
from tridentgen.sampling.integrate import cross_section, short_training

SEED, REL_ERROR = 1, 5e-4
CASES = [
    (pair, regime, energy)
    for pair in (("mu-", "mu+"), ("e-", "e+"), ("mu-", "e+"))
    for regime in ("coherent", "proton")
    for energy in (1.0, 5.0, 50.0)
]


def main() -> None:
    engine = choose_engine(sys.argv[1] if len(sys.argv) > 1 else "auto")
    print(describe())
    print(f"# engine {engine.name}; points for a relative precision of {REL_ERROR:g} of the full cross section")
    print(f"{'leptons':9} {'regime':9} {'E/GeV':>5} {'photons':11} {'ratio':>8} {'of full':>8} {'of EPA':>8}")
    for pair, regime, energy in CASES:
        trident, beam = Trident("numu", *pair, regime=regime), Monochromatic(energy)
        full = trident.sampled(beam)
        density = short_training(full, engine, SEED)
        sigma = cross_section(full, density, engine, SEED, rel_error=REL_ERROR)
        for photons in ("exact", "lambda-qcd", "q-max"):
            epa = EpaTrident.of(trident, photons)
            if energy <= epa.threshold_GeV():
                continue
            approximate = epa.sampled(beam)
            own = short_training(approximate, engine, SEED)
            apart = EpaRatio(epa, beam, cross_section(approximate, own, engine, SEED, rel_error=REL_ERROR), sigma)
            gains = []
            for each in (density, own):
                common = ratio_at_common_points(approximate, full, each, engine, SEED, sigma.points)
                gains.append(apart.error / common.error * (sigma.points / common.points) ** 0.5)
            words = f"{pair[0]} {pair[1]}"
            print(f"{words:9} {regime:9} {energy:5g} {photons:11} {apart.value:8.4f} {gains[0]:8.2f} {gains[1]:8.2f}")


if __name__ == "__main__":
    main()
