"""Ratios of the approximation to the full process, against published ones."""

from __future__ import annotations

import pytest

from tests.figures.cards import request, silent
from tridentgen.errors import InputError
from tridentgen.figures import epa

EXPECTED = {
    (("mu-", "mu+"), "coherent"): {"lambda-qcd": 0.79, "q-max": 2.25, "exact": 1.09},
    (("e-", "e+"), "coherent"): {"lambda-qcd": 2.7, "q-max": 4.2, "exact": 2.8},
    (("mu-", "e+"), "coherent"): {"lambda-qcd": 2.6, "q-max": 4.8, "exact": 2.8},
    (("mu-", "mu+"), "proton"): {"exact": 2.5},
    (("mu-", "e+"), "proton"): {"exact": 8.5},
}
"""On Ar40 at 5 GeV, r0 = 1.126 fm; nucleons with Pauli blocking. Ballett et al., JHEP 01 (2019) 119, figure 2, and
another code."""


def test_ratios_at_5_GeV() -> None:
    numbers = epa.compute(request(energies=(0.2, 5.0)), silent)
    assert len(numbers.ratios) == (3 + 2) * 2 * 3  # muon pairs are closed at 0.2 GeV
    rows = epa.as_json(numbers)["ratios"]
    for (leptons, regime), by_flux in EXPECTED.items():
        for flux, expected in by_flux.items():
            (row,) = (
                r for r in rows
                if (tuple(r["leptons"]), r["regime"], r["photon_flux"], r["energy_GeV"]) == (leptons, regime, flux, 5.0)
            )  # fmt: skip
            systematic = 0.05 if regime == "proton" else 0.03
            assert abs(row["ratio"] - expected) < 4.0 * row["ratio_error"] + systematic * expected


def test_energies_below_threshold() -> None:
    with pytest.raises(InputError, match=r"0.001 GeV is below the threshold of numu Ar40 -> numu e- e\+"):
        epa.compute(request(energies=(1e-3, 1e-4)), silent)


def test_one_energy_makes_no_line() -> None:
    with pytest.raises(InputError, match=r"--energy 5: this figure needs two energies; give more"):
        epa.compute(request(energies=(5.0,)), silent)
