"""Predictions in bins, and the likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

import tridentgen as tg
from tridentgen.cards import read_card
from tridentgen.fits.dataset import Dataset
from tridentgen.fits.measurement import Measurement
from tridentgen.fits.measurements import MEASURED
from tridentgen.fits.signal import detector_for, source_of


@pytest.fixture(scope="module")
def sets() -> dict[str, Measurement]:
    return {name: tg.measurement(name) for name in MEASURED}


@pytest.mark.parametrize("name", list(MEASURED))
def test_expected_events_change_with_pulls_as_their_derivatives_say(sets: dict[str, Measurement], name: str) -> None:
    data = sets[name].data
    prediction = data.at(data.reaction)
    place = np.random.default_rng(3).normal(0.0, 0.5, len(data.nuisances))
    _, slopes = prediction.expected(place)
    for number, slope in enumerate(slopes):
        step = np.zeros(len(place))
        step[number] = 1e-4
        up, down = (prediction.expected(place + sign * step)[0] for sign in (1.0, -1.0))
        assert (up - down) / 2e-4 == pytest.approx(slope, rel=1e-5, abs=1e-6 * float(np.abs(slope).max()))


def test_counts_in_energy_are_those_of_a_rate(sets: dict[str, Measurement]) -> None:
    card = read_card("csi-2021")
    data = sets["csi-2021"].data
    detector = detector_for(card)
    assert detector is not None
    rate = tg.recoil_rate(
        data.reaction, source_of(card), tg.number_of_nuclei("CsI", 0.0146), 3.198e23, detector=detector
    )
    found = rate.observed_counts(data.axes[0].edges / 13.35)
    by_component = {name: found[members].sum(axis=0) for name, members in rate.groups("component").items()}
    counts = data.signal.counts(data.reaction)[0]
    for name, mine in zip(data.signal.components, counts, strict=True):
        kept = next(part.kept_in_time for part in rate.parts if part.channel.labels["component"] == name)
        assert mine * kept == pytest.approx(by_component[name], rel=2e-5)


def test_the_release_of_argon_is_reproduced(sets: dict[str, Measurement]) -> None:
    # 128 CEvNS, 497 and 33 neutrons: the release's normalisations; the shipped card's model gives its template
    parts = sets["lar-2020"].expected()
    assert {name: float(counts.sum()) for name, counts in parts.items()} == pytest.approx(
        {"CEvNS": 128.0, "brn": 497.0, "delayed_brn": 33.0, "steady_state": 3152.0}, rel=1e-3
    )


def test_the_other_model_of_argon_scales_the_release(sets: dict[str, Measurement]) -> None:
    # At tree level the rate of a nucleus without protons' form factor is (Z (1/2 - 2 s2) - N/2)^2, here nearly
    data = sets["lar-2020"]
    ratio = data.expected({"model.sin2_theta_w": 0.30})["CEvNS"].sum() / 128.0
    charges = [18.0 * (0.0325 - 2.0 * (s2 - 0.23863)) - 22.0 * 0.5117 for s2 in (0.30, 0.23863)]
    assert ratio == pytest.approx((charges[0] / charges[1]) ** 2, rel=0.01)


def test_chi2_is_minus_two_log_likelihood(sets: dict[str, Measurement]) -> None:
    data = sets["csi-2021"]
    values = []
    for pulls in ({}, {"flux": 1.0, "brn": -0.5, "time": 0.3}):
        total = sum(data.expected(nuisances=pulls).values())
        n = data.data.events
        best = poisson.logpmf(n, n)
        other = -2.0 * float(np.sum(poisson.logpmf(n, total) - best)) + sum(p * p for p in pulls.values())
        values.append((data.chi2(nuisances=pulls), other))
    for mine, other in values:
        assert mine == pytest.approx(other, rel=1e-10)


def test_chi2_of_the_first_light_is_that_of_gaussian_errors(sets: dict[str, Measurement]) -> None:
    data = sets["csi-2017"]
    parts = data.expected(nuisances={"rate": 0.5, "brn": -1.0})
    off = data.data.events - parts["CEvNS"] - parts["brn"]
    assert data.data.variance is not None
    expected = float(np.sum(off**2 / data.data.variance)) + 0.5**2 + 1.0
    assert data.chi2(nuisances={"rate": 0.5, "brn": -1.0}) == pytest.approx(expected, rel=1e-12)
    assert parts["CEvNS"] == pytest.approx(1.14 * data.expected()["CEvNS"], rel=1e-9)


def test_the_prediction_of_xenon_is_that_of_its_efficiency(sets: dict[str, Measurement]) -> None:
    card = read_card("xenonnt-8b")
    rate = tg.recoil_rate(sets["xenonnt-8b"].data.reaction, source_of(card), 1.0, 1.0)
    data: Dataset = sets["xenonnt-8b"].data
    table = np.loadtxt("tridentgen/data/measurements/xenonnt_8b.csv", delimiter=",", skiprows=5, comments="#")
    edges = np.linspace(0.5, 5.0, 451)
    middle = 0.5 * (edges[1:] + edges[:-1])
    recoils = rate.recoil_counts(edges).sum(axis=0) * data.signal.scale / rate.parts[0].scale
    recoils *= rate.parts[0].channel.share
    for run, share in ((0, 1.174398), (1, 2.342593)):
        expected = float(np.sum(recoils * np.interp(middle, table[:, 0], table[:, run + 1]))) * share / 3.516991
        assert sets["xenonnt-8b"].expected()["CEvNS"][run] == pytest.approx(expected, rel=2e-3)
