"""Efficiencies of cuts: curves and table agree, errors are those of other samples."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

import tridentgen as tg
from tests.figures.cards import request, silent
from tridentgen.errors import InputError
from tridentgen.figures.efficiencies import Efficiencies, EfficiencyCurve, compute, draw, text


@cache
def numbers(seed: int = 1, *changes: str) -> Efficiencies:
    return compute(request(f"sampling.seed={seed}", *changes), silent)


def curves(found: Efficiencies, observable: str) -> list[EfficiencyCurve]:
    return [curve for curve in found.curves if curve.observable == observable]


def test_curves_pass_through_the_table() -> None:
    """Between neighbouring cut values of the curve lies the table's cut."""
    usual = {"m2_ll": (0, 0.2), "delta_theta": (1, 20.0)}
    for observable, (place, cut) in usual.items():
        for row, curve in zip(numbers().rows, curves(numbers(), observable), strict=True):
            assert (row.leptons, row.regime) == (curve.leptons, curve.regime)
            after = int(np.searchsorted(curve.cut, cut))
            assert curve.efficiency[after - 1] <= row.each[place].value <= curve.efficiency[after]
            assert row.each[place].error == pytest.approx(curve.error[after], rel=0.2)


def test_nothing_below_a_cut_is_known_to_one_event_in_all() -> None:
    """Pairs of muons weigh more than (2 m_mu)^2 = 0.0447 GeV^2; at least a tenth of the events is effective."""
    events = request().sampling.events
    for curve in curves(numbers(), "m2_ll"):
        if curve.leptons == ("mu-", "mu+"):
            below = curve.cut < 0.0446
            assert np.all(curve.efficiency[below] == 0.0)
            assert np.all((curve.error[below] >= 1.0 / (events + 1)) & (curve.error[below] < 10.0 / events))


def test_both_angles_are_harder_than_either() -> None:
    for row, curve in zip(numbers().rows, curves(numbers(), "theta"), strict=True):
        both = np.interp(15.0, curve.cut, curve.efficiency)
        assert both < min(row.each[2].value, row.each[3].value) + 4.0 * row.each[2].error
        assert row.together.value < both + 4.0 * row.each[2].error


def test_table_is_that_of_other_events_and_their_momenta() -> None:
    """Dimuons by another seed, with masses and angles from four-momenta alone."""
    events = tg.Trident("numu", "mu-", "mu+", form_factor="woods-saxon").generate(
        flux=request().beam, events=20_000, seed=77, engine="numpy"
    )
    minus, plus, weight = events["p4_minus"], events["p4_plus"], events["weight"]
    pair = minus + plus
    m2 = pair[:, 0] ** 2 - np.sum(pair[:, 1:] ** 2, axis=1)
    sizes = [np.linalg.norm(p[:, 1:], axis=1) for p in (minus, plus)]
    opening = np.degrees(np.arccos(np.sum(minus[:, 1:] * plus[:, 1:], axis=1) / (sizes[0] * sizes[1])))
    to_beam = [np.degrees(np.arccos(p[:, 3] / size)) for p, size in zip((minus, plus), sizes, strict=True)]
    kept = [m2 < 0.2, opening < 20.0, to_beam[0] < 15.0, to_beam[1] < 15.0]
    row = next(r for r in numbers().rows if r.leptons == ("mu-", "mu+") and r.regime == "coherent")
    for share, mask in zip((*row.each, row.together), (*kept, np.logical_and.reduce(kept)), strict=True):
        value = np.sum(weight[mask]) / np.sum(weight)
        error = math.sqrt(np.sum(weight**2 * (mask - value) ** 2)) / np.sum(weight)
        assert abs(share.value - value) < 4.0 * math.hypot(share.error, error)


def test_only_what_the_flux_and_the_target_have() -> None:
    """Between the thresholds of electron and muon pairs, and on hydrogen, which is a proton."""
    low = ("flux.edges_GeV=[0.15, 0.2]", "flux.values=[1.0]", "sampling.events=500", "sampling.training_points=5000")
    assert {row.leptons for row in numbers(1, *low).rows} == {("e-", "e+"), ("mu-", "e+")}
    hydrogen = ("process.target=H1", "process.regimes=['proton']", *low[2:])
    assert {row.regime for row in numbers(1, *hydrogen).rows} == {"diffractive"}
    with pytest.raises(InputError, match=r"flux: all of it is below 0.00102\d* GeV, the lowest threshold"):
        numbers(1, "flux.edges_GeV=[1e-4, 9e-4]", "flux.values=[1.0]")


@pytest.mark.parametrize(
    "model", ["model={vector_coupling=1.0, axial_coupling=1.0}",
              "model.zprime={mass_GeV=0.1, coupling=1e-3, neutrino_charge=1, lepton_charge=1}"],
)  # fmt: skip
def test_the_model_of_one_channel(model: str) -> None:
    with pytest.raises(InputError, match=r"model\.(vector_coupling|zprime) holds for one neutrino and one lepton pair"):
        numbers(1, model)


def test_curves_rise_to_one() -> None:
    for curve in numbers().curves:
        assert np.all(np.diff(curve.efficiency) >= 0.0)
        assert curve.efficiency[-1] > 0.8
        assert np.all(curve.efficiency <= 1.0 + 1e-12)


def test_errors_are_those_between_samples() -> None:
    """Six samples: the pulls have unit width, as far as 6 x 6 of them tell."""
    found = [numbers(seed, "sampling.events=3000", "sampling.training_points=5000").rows for seed in range(1, 7)]
    samples, errors = (
        np.array([[getattr(r.together, of) for r in rows] for rows in found]) for of in ("value", "error")
    )
    pulls = (samples - samples.mean(axis=0)) / errors * math.sqrt(6.0 / 5.0)
    width = float(np.sqrt(np.mean(pulls**2)))
    assert abs(width - 1.0) < 4.0 / math.sqrt(2.0 * 5.0 * 6.0)


def test_cuts_of_the_card() -> None:
    found = numbers(1, "cuts.energy_minus_min_GeV=1.0", "cuts.m2_ll_max_GeV2=0.1")
    assert found.cuts == ("energy_minus >= 1 GeV", "m2_ll <= 0.1 GeV2")
    assert all(len(row.each) == 2 for row in found.rows)
    assert numbers().cuts == (
        "m2_ll <= 0.2 GeV2",
        "delta_theta <= 20 deg",
        "theta_minus <= 15 deg",
        "theta_plus <= 15 deg",
    )


def test_picture_and_table() -> None:
    pytest.importorskip("matplotlib")
    figure = draw(numbers())
    assert len(figure.axes) == 6
    line = figure.axes[0].get_lines()[0]
    np.testing.assert_array_equal(line.get_ydata(), curves(numbers(), "m2_ll")[0].efficiency)
    assert text(numbers()).startswith("numu on Ar40, numu, histogram of 3 bins")
    assert text(numbers()).count("\n") == 7
