"""Ratios and distributions of the equivalent-photon approximation over the full process."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tridentgen.analysis.epa_comparison import EpaDistribution, Sampling, epa_distributions, epa_ratios
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.processes.trident import Trident

SAMPLING = Sampling(NumpyEngine(threads=1), seed=1, rel_error=5e-3, events=60_000)
EXACT = (("exact", None),)


@cache
def shapes(minus: str, plus: str) -> dict[str, EpaDistribution]:
    found = epa_distributions(Trident("numu", minus, plus), Monochromatic(5.0), EXACT, SAMPLING)
    return {shape.observable.name: shape for shape in found}


def test_ratio_and_its_error_are_those_of_the_cross_sections() -> None:
    fluxes = (("exact", None), ("q-max", 0.5))
    exact, cut = epa_ratios(Trident("numu", "mu-", "mu+"), Monochromatic(5.0), fluxes, SAMPLING)
    assert exact.sigma_full is cut.sigma_full
    assert exact.sigma_epa is not None
    assert exact.value == exact.sigma_epa.value / exact.sigma_full.value == pytest.approx(1.095, rel=0.02)
    expected = np.hypot(exact.sigma_epa.error / exact.sigma_epa.value, exact.sigma_full.error / exact.sigma_full.value)
    assert exact.error == pytest.approx(float(expected) * exact.value, rel=1e-12)
    assert (cut.epa.photon_flux, cut.epa.q_max_GeV) == ("q-max", 0.5)


def test_a_cut_that_allows_nothing_gives_zero() -> None:
    (found,) = epa_ratios(Trident("numu", "mu-", "mu+"), Monochromatic(0.3), (("lambda-qcd", None),), SAMPLING)
    assert (found.value, found.error, found.sigma_epa) == (0.0, 0.0, None)
    with pytest.raises(InputError, match=r"single energy, 0.3 GeV.* is below 0.35.* GeV, where numu Ar40 .* begins"):
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
