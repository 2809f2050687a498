"""Ratios and distributions of the equivalent-photon approximation over the full process."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tridentgen.analysis.epa_comparison import EpaDistribution, Sampling, epa_distributions, epa_ratios
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.processes.trident.trident import Trident

SAMPLING = Sampling(NumpyEngine(threads=1), seed=1, rel_error=5e-3, events=60_000)
EXACT = (("exact", None),)


@cache
def shapes(minus: str, plus: str) -> dict[str, EpaDistribution]:
    found = epa_distributions(Trident("numu", minus, plus), Monochromatic(5.0), EXACT, SAMPLING)
    return {shape.observable.name: shape for shape in found}


def test_ratio_is_that_of_totals_or_of_common_points() -> None:
    """Whichever is better known; the two agree."""
    fluxes = (("exact", None), ("lambda-qcd", None), ("q-max", 0.5))
    ratios = epa_ratios(Trident("numu", "mu-", "mu+"), Monochromatic(5.0), fluxes, SAMPLING)
    exact, narrow, cut = ratios
    assert exact.sigma_full is cut.sigma_full
    assert (cut.epa.photon_flux, cut.epa.q_max_GeV) == ("q-max", 0.5)
    assert exact.common is not None
    for ratio in ratios:
        assert ratio.sigma_epa is not None
        value, error = ratio.of_totals
        assert value == ratio.sigma_epa.value / ratio.sigma_full.value
        parts = (ratio.sigma_epa.error / ratio.sigma_epa.value, ratio.sigma_full.error / ratio.sigma_full.value)
        assert error == pytest.approx(value * math.hypot(*parts), rel=1e-12)
        if ratio.common is None:
            assert (ratio.value, ratio.error) == (value, error)
        else:
            assert (ratio.value, ratio.error) == (ratio.common.value, ratio.common.error)
            assert ratio.error < error
            assert abs(ratio.value - value) < 4.0 * error
    assert narrow.value == pytest.approx(0.759, rel=0.02)


@pytest.mark.parametrize(
    ("leptons", "energy", "flux", "gain"),
    [
        (("mu-", "mu+"), 5.0, "exact", 2.6),
        (("mu-", "mu+"), 50.0, "exact", 5.0),
        (("mu-", "mu+"), 5.0, "q-max", 1.2),
        (("mu-", "e+"), 50.0, "q-max", 1.2),
    ],
)
def test_ratios_converge_faster_than_totals(leptons: tuple[str, str], energy: float, flux: str, gain: float) -> None:
    """Coherent; see benchmarks/results for more. The gain in the error is itself uncertain by 13 %."""
    (found,) = epa_ratios(Trident("numu", *leptons), Monochromatic(energy), ((flux, None),), SAMPLING)
    assert found.error < found.of_totals[1] / gain


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leptons", "regime", "energy"),
    [(("e-", "e+"), "proton", 1.0), (("mu-", "mu+"), "coherent", 5.0), (("mu-", "e+"), "coherent", 50.0)],
)
def test_errors_of_ratios_are_honest(leptons: tuple[str, str], regime: str, energy: float) -> None:
    """Pulls over 25 seeds, also where the two have nothing in common: electron pairs on a proton, 24 times as many."""
    trident, beam = Trident("numu", *leptons, regime=regime), Monochromatic(energy)
    (precise,) = epa_ratios(trident, beam, EXACT, replace(SAMPLING, seed=99, rel_error=5e-4))
    pulls, shares = [], []
    for seed in range(1, 26):
        (found,) = epa_ratios(trident, beam, EXACT, replace(SAMPLING, seed=seed, training_points=20_000))
        error = math.hypot(found.error, precise.error)
        pulls.append((found.value - precise.value) / error)
        shares.append(precise.error / error)  # all pulls have it in common
    assert abs(float(np.mean(pulls))) < 4.0 * math.hypot(1.0 / 5.0, max(shares))
    assert float(np.std(pulls)) < 1.0 + 4.0 / math.sqrt(50.0)
    assert float(np.std(pulls)) > 0.5


def test_a_cut_that_allows_nothing_gives_zero() -> None:
    (found,) = epa_ratios(Trident("numu", "mu-", "mu+"), Monochromatic(0.3), (("lambda-qcd", None),), SAMPLING)
    assert (found.value, found.error, found.sigma_epa) == (0.0, 0.0, None)
    with pytest.raises(InputError, match=r"single energy, 0.3 GeV is below the threshold of numu Ar40 .*, 0.35.* GeV"):
        epa_distributions(Trident("numu", "mu-", "mu+"), Monochromatic(0.3), (("lambda-qcd", None),), SAMPLING)


def test_ratio_in_a_flux_lies_between_those_at_its_ends() -> None:
    trident = Trident("numu", "mu-", "mu+")
    ends = [epa_ratios(trident, Monochromatic(energy), EXACT, SAMPLING)[0].value for energy in (1.0, 10.0)]
    (found,) = epa_ratios(trident, PowerLaw(index=1.0, energy_min_GeV=1.0, energy_max_GeV=10.0), EXACT, SAMPLING)
    assert ends[1] < found.value < ends[0]


def test_dimuons_look_alike_and_electron_pairs_do_not() -> None:
    muons, electrons = shapes("mu-", "mu+"), shapes("e-", "e+")
    assert muons["m2_ll"].shape_distance < 0.025
    assert electrons["m2_ll"].shape_distance > 0.035
    assert muons["delta_theta"].shape_distance < 0.025
    assert electrons["delta_theta"].shape_distance > 0.12
    value, error = electrons["m2_ll"].ratio
    middle, high = ((electrons["m2_ll"].edges[:-1] > low) & (electrons["m2_ll"].edges[1:] < top)
                    for low, top in ((1e-3, 1e-2), (0.1, 1.0)))  # fmt: skip
    assert np.mean(value[middle]) > 1.25 * np.mean(value[high])
    assert np.all(error[middle] < 0.1 * value[middle])


def test_distributions_integrate_to_the_cross_sections() -> None:
    """Up to the tails that the bins leave out."""
    for minus, plus in (("mu-", "mu+"), ("e-", "e+")):
        (ratio,) = epa_ratios(Trident("numu", minus, plus), Monochromatic(5.0), EXACT, SAMPLING)
        assert ratio.sigma_epa is not None
        shape = shapes(minus, plus)["m2_ll"]
        assert shape.log == (minus == "e-")
        widths = np.diff(np.log(shape.edges) if shape.log else shape.edges)
        assert float(np.sum(widths * shape.sigma_full)) == pytest.approx(ratio.sigma_full.value, rel=0.03, abs=0.0)
        assert float(np.sum(widths * shape.sigma_epa)) == pytest.approx(ratio.sigma_epa.value, rel=0.03, abs=0.0)
