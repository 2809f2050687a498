from __future__ import annotations

import math

import numpy as np
import pytest

from tridentgen.analysis.cut_flow import cut_flow
from tridentgen.events.observables import cuts_on
from tridentgen.processes.cevns.observables import CEVNS_OBSERVABLES
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES

CUTS = cuts_on({"q2": (1.0, math.inf), "w2": (-math.inf, 2.0)}, TRIDENT_OBSERVABLES)
BATCH = {
    "weight": np.array([1.0, 2.0, 3.0, 4.0]),
    "q2": np.array([0.5, 1.5, 1.5, 1.5]),
    "w2": np.array([1.0, 1.0, 3.0, 1.0]),
    "regime": np.array([0, 0, 0, 2]),
}


def test_by_hand() -> None:
    flow = cut_flow([BATCH], CUTS, "regime")
    assert set(flow) == {0, 2}
    assert [share.value for share in flow[0]] == pytest.approx([5.0 / 6.0, 2.0 / 6.0])
    assert [(share.value, share.error) for share in flow[2]] == [(1.0, 0.5), (1.0, 0.5)]  # one event
    # sum w^2 (k - share)^2/(sum w)^2 with k = 0, 1, 1, and with 0, 1, 0
    assert flow[0][0].error == pytest.approx(math.sqrt(25 / 36 + 4 / 36 + 9 / 36) / 6.0)
    assert flow[0][1].error == pytest.approx(math.sqrt(1 / 9 + 4 * 4 / 9 + 9 / 9) / 6.0)


def test_all_events_together_and_in_batches() -> None:
    halves = [{name: values[part] for name, values in BATCH.items()} for part in (slice(0, 2), slice(2, 4))]
    assert cut_flow(halves, CUTS) == cut_flow([BATCH], CUTS)
    assert cut_flow([BATCH], CUTS)[0][1].value == pytest.approx(0.6)


def test_the_acceptance_is_the_last_step() -> None:
    batch = {**BATCH, "acceptance": np.array([1.0, 0.5, 0.5, 0.25])}
    values = [share.value for share in cut_flow([batch], CUTS)[0]]
    assert values == pytest.approx([0.9, 0.6, 0.2])


def test_the_error_is_that_of_many_runs() -> None:
    """Shares of 400 samples of 500 events scatter by the error given, within 4 standard deviations of a variance."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(400):
        x = rng.random(500)
        found.append(
            cut_flow([{"weight": 0.1 + x, "q2": x}], cuts_on({"q2": (0.3, math.inf)}, TRIDENT_OBSERVABLES))[0][0]
        )
    spread = np.std([share.value for share in found])
    assert spread == pytest.approx(np.mean([share.error for share in found]), rel=4.0 / math.sqrt(800))


def test_the_error_of_nothing_and_of_everything_is_that_of_wilson() -> None:
    """The share p at which 0 events of n are a fluctuation of one standard deviation, p = sqrt(p (1 - p)/n)."""
    weights = np.array([1.0, 3.0, 2.0, 2.0, 0.5])
    n = np.sum(weights) ** 2 / np.sum(weights**2)
    low, high = 1e-12, 1.0  # of the bisection
    for _ in range(100):
        p = 0.5 * (low + high)
        low, high = (p, high) if p < math.sqrt(p * (1.0 - p) / n) else (low, p)
    values = {"weight": weights, "q2": np.arange(5.0)}
    for least, value in ((9.0, 0.0), (0.0, 1.0)):
        (share,) = cut_flow([values], cuts_on({"q2": (least, math.inf)}, TRIDENT_OBSERVABLES))[0]
        assert share.value == value
        assert share.error == pytest.approx(high, rel=1e-12)


def test_nothing_at_all() -> None:
    flow = cut_flow([{**BATCH, "weight": np.zeros(4)}], CUTS)
    assert [(share.value, share.error) for share in flow[0]] == [(0.0, 0.0), (0.0, 0.0)]


def test_cuts_in_the_units_of_cards() -> None:
    limits = {"delta_theta": (-math.inf, math.radians(20.0)), "m2_ll": (0.1, 0.2), "energy_plus": (0.5, math.inf)}
    assert [cut.words for cut in cuts_on(limits, TRIDENT_OBSERVABLES)] == [
        "delta_theta <= 20 deg",
        "0.1 <= m2_ll <= 0.2 GeV2",
        "energy_plus >= 0.5 GeV",
    ]
    assert [cut.words for cut in cuts_on({"cos_theta": (0.1, math.inf)}, CEVNS_OBSERVABLES)] == ["cos_theta >= 0.1"]
