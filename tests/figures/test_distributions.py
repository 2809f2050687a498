"""Distributions in a flux: areas, and what the approximation does to them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import tridentgen as tg
from tests.figures.cards import request, silent
from tridentgen.figures.distributions import Distribution, Distributions, compute, draw, text
from tridentgen.flux import TabulatedFlux


@cache
def numbers() -> Distributions:
    return compute(request(), silent)


def one(leptons: tuple[str, str], regime: str, model: str, observable: str) -> Distribution:
    (found,) = (
        d for d in numbers().distributions
        if (d.leptons, d.regime, d.model, d.observable) == (leptons, regime, model, observable)
    )  # fmt: skip
    return found


def widths(d: Distribution) -> np.ndarray:
    return np.diff(np.log(d.edges) if d.log else d.edges)


def distance(a: Distribution, b: Distribution) -> float:
    """Share of the cross section that would have to move for the shapes to be equal."""
    p, q = (d.dsigma_cm2 * widths(d) / np.sum(d.dsigma_cm2 * widths(d)) for d in (a, b))
    return 0.5 * float(np.sum(np.abs(p - q)))


def test_areas_are_cross_sections() -> None:
    """All but the tails left out, 2 % at most; the cross section itself against another way to it."""
    assert len(numbers().distributions) == 3 * 2 * 2 * 2
    for d in numbers().distributions:
        assert 0.96 * d.sigma_cm2 < np.sum(d.dsigma_cm2 * widths(d)) <= d.sigma_cm2 * (1.0 + 1e-12)
    flux = request().beam
    assert isinstance(flux, TabulatedFlux)
    sigma = tg.Trident("numu", "mu-", "e+", form_factor="woods-saxon").cross_section(
        flux=flux, rel_error=5e-3, seed=5, engine="numpy"
    )
    d = one(("mu-", "e+"), "coherent", "4ps", "m2_ll")
    error = np.sqrt(np.sum((d.error_cm2 * widths(d)) ** 2))
    assert abs(d.sigma_cm2 - sigma.value) < 4.0 * np.hypot(error, sigma.error)


def test_coherent_pairs_are_lighter_and_closer() -> None:
    for leptons in (("mu-", "mu+"), ("e-", "e+"), ("mu-", "e+")):
        for observable in ("m2_ll", "delta_theta"):
            coherent, diffractive = (one(leptons, r, "4ps", observable) for r in ("coherent", "diffractive"))
            assert coherent.mean < diffractive.mean


def test_approximation_fails_for_electrons() -> None:
    """Coherent muon pairs are right to the noise of 8000 events, 0.03; electrons and pairs on nucleons are not."""
    for observable in ("m2_ll", "delta_theta"):
        assert distance(*(one(("mu-", "mu+"), "coherent", model, observable) for model in ("4ps", "epa"))) < 0.05
    assert distance(*(one(("e-", "e+"), "coherent", model, "delta_theta") for model in ("4ps", "epa"))) > 0.09
    assert distance(*(one(("mu-", "mu+"), "diffractive", model, "delta_theta") for model in ("4ps", "epa"))) > 0.09
    full, epa = (one(("e-", "e+"), "coherent", model, "m2_ll") for model in ("4ps", "epa"))
    assert epa.mean < 0.9 * full.mean


def test_picture_and_table() -> None:
    pytest.importorskip("matplotlib")
    figure = draw(numbers())
    assert len(figure.axes) == 6
    assert {len(axes.patches) for axes in figure.axes} == {8}
    assert text(numbers()).count("\n") == 13
    from matplotlib.patches import StepPatch

    first = next(p for p in figure.axes[0].patches if isinstance(p, StepPatch) and not p.get_fill())
    d = one(("mu-", "mu+"), "coherent", "4ps", "m2_ll")
    np.testing.assert_allclose(np.asarray(first.get_data()[0]), d.dsigma_cm2 / d.sigma_cm2, rtol=1e-12)
