"""Make tridentgen/data/efficiency_coherent_lar.csv from the data release of COHERENT's liquid argon.

python -m benchmarks.efficiency_table CENNS10AnlAEfficiency.txt > tridentgen/data/efficiency_coherent_lar.csv
"""

from __future__ import annotations

import sys

import numpy as np

_HEAD = """\
# Version 1. Acceptance of CENNS-10 in analysis A by observed energy, interpolated linearly and constant beyond:
# CENNS10AnlAEfficiency.txt (Zenodo 3903810, arXiv:2006.12659), thinned to 0.003 by benchmarks/efficiency_table.py.
# Cite D. Akimov et al. (COHERENT), Phys. Rev. Lett. 126 (2021) 012002 and the release.
energy_keVee,efficiency"""
_TOLERANCE = 0.003


def main(path: str) -> None:
    """Print the table, with the fewest points that follow the release's within the tolerance."""
    energy, _, efficiency = np.loadtxt(path).T
    kept = {0, len(energy) - 1}
    while True:
        places = sorted(kept)
        off = np.abs(np.interp(energy, energy[places], efficiency[places]) - efficiency)
        if np.max(off) < _TOLERANCE:
            break
        kept.add(int(np.argmax(off)))
    print(_HEAD)
    for place in places:
        print(f"{energy[place]:g},{efficiency[place]:.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
