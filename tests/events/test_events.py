from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events.synthetic import C_L, C_R, TARGET_MASSES_GEV, trident_events
from tridentgen.analysis.summary import summary
from tridentgen.errors import InputError
from tridentgen.events import reader
from tridentgen.events.events import Events
from tridentgen.events.weights import maximum_weight
from tridentgen.matter.particles import charged_lepton
from tridentgen.processes.trident.columns import REGIME_NAMES, TRIDENT_COLUMNS


def weighted(weights: list[float] | np.ndarray[tuple[int], np.dtype[np.float64]], **attributes: object) -> Events:
    return Events({"weight": np.asarray(weights, dtype=float)}, attributes)


def test_the_columns_are_those_promised() -> None:
    promised = (
        "event_id, weight, channel, regime, e_nu, p4_nu_in, p4_nu_out, p4_minus, p4_plus, p4_recoil, "
        "helicity_minus, helicity_plus, m2_ll, delta_theta, theta_minus, theta_plus, q2, w2, q2_nu, recoil_energy, "
        "weight_ll, weight_rr, weight_lr, weight_t, weight_l"
    )
    assert ", ".join(column.name for column in TRIDENT_COLUMNS) == promised
    integers = {
        "event_id": "u8",
        "channel": "i4",
        "regime": "i4",
        "helicity_minus": "i4",
        "helicity_plus": "i4",
    }
    for column in TRIDENT_COLUMNS:
        assert column.dtype == integers.get(column.name, "f8")
        assert column.shape == ((4,) if column.name.startswith("p4_") else ())
        assert column.description


@pytest.mark.parametrize("leptons", [("mu-", "mu+"), ("e-", "e+"), ("mu-", "e+")])
def test_the_synthetic_events_are_tridents(leptons: tuple[str, str]) -> None:
    events = trident_events(2000, energy_GeV=None, leptons=leptons)
    balance = sum(events[f"p4_{name}"] for name in ("nu_out", "minus", "plus", "recoil")) - events["p4_nu_in"]
    balance[:, 0] -= TARGET_MASSES_GEV[events["regime"]]
    np.testing.assert_allclose(balance, 0.0, atol=1e-12)
    for name, lepton in zip(("p4_minus", "p4_plus"), leptons, strict=True):
        p = events[name]
        mass2 = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
        np.testing.assert_allclose(mass2, charged_lepton(lepton).mass_GeV ** 2, atol=1e-11)


def test_equal_weights_have_the_share_and_efficiency_one() -> None:
    events = weighted(np.full(1000, 3e-42), n_trials=1000)
    assert events.effective_share == pytest.approx(1.0, rel=1e-12)
    assert events.unweighting_efficiency() == pytest.approx(1.0, rel=1e-12)
    assert weighted(np.full(1000, 3e-42), n_trials=4000).effective_share == pytest.approx(0.25, rel=1e-12)
    assert weighted(np.full(1000, 3e-42), n_trials=4000).unweighting_efficiency() == pytest.approx(0.25, rel=1e-12)


def test_share_and_efficiency_of_a_known_distribution() -> None:
    # Weights even in [0, 1]: share = (1/2)^2 / (1/3) = 3/4; events above w_max carry 1 - w_max^2 of the weight.
    weights = (np.arange(200_000) + 0.5) / 200_000
    np.random.default_rng(3).shuffle(weights)
    events = weighted(weights)
    assert events.effective_share == pytest.approx(0.75, rel=1e-6)
    for share in (1e-4, 0.1, 0.5):
        assert events.unweighting_efficiency(share) == pytest.approx(0.5 / np.sqrt(1.0 - share), rel=1e-4)


def test_the_overweight_events_carry_the_stated_share() -> None:
    weights = np.array([1.0] * 99_980 + [50.0] * 20)  # the 20 carry 1 % of the weight
    events = weighted(weights)
    assert events.unweighting_efficiency(0.02) == pytest.approx(events.sum_weights / 1e5, rel=1e-12)
    assert events.unweighting_efficiency(0.005) == pytest.approx(events.sum_weights / 1e5 / 50.0, rel=1e-12)
    with pytest.raises(InputError, match="overweight_share"):
        events.unweighting_efficiency(1.0)


@given(st.lists(st.floats(1e-50, 1e-30), min_size=1, max_size=200), st.floats(0.0, 0.9))
def test_share_and_efficiency_lie_between_nought_and_one(weights: list[float], overweight: float) -> None:
    events = weighted(weights)
    assert 0.0 < events.effective_share <= 1.0 + 1e-12
    assert events.unweighting_efficiency(0.0) <= 1.0 + 1e-12
    assert events.unweighting_efficiency(overweight) >= events.unweighting_efficiency(0.0) * (1.0 - 1e-12)


def test_no_events_have_no_share() -> None:
    events = weighted([])
    assert (len(events), events.effective_share, events.unweighting_efficiency()) == (0, 0.0, 0.0)


def test_reweighting_to_the_same_couplings_changes_nothing() -> None:
    events = trident_events(500)
    same = events.reweight(C_L, C_R)
    np.testing.assert_allclose(same["weight"], events["weight"], rtol=1e-13)
    assert same.attributes["sigma"] == pytest.approx(events.sum_weights, rel=1e-13, abs=0.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (math.nan, "must be finite, at most 1e.100; 1 of 1 are not"),
        (-math.inf, "must be finite"),
        (1e200, "must be finite"),
        (np.array([1.0] * 8 + [math.nan, math.inf]), "2 of 10 are not"),
        (1.0 + 0.0j, "must be a real number, or one per event; got complex complex128"),
        ("1.0", "must be a real number, or one per event; got str"),
        (True, "must be a real number, or one per event; got bool"),
        ([1.0, [2.0, 3.0]], "must be a real number, or one per event; got list object"),
        (np.ones(9), r"must be one number, or one for each of the 10 events; got shape \(9,\)"),
        (np.ones((10, 1)), r"must be one number, or one for each of the 10 events; got shape \(10, 1\)"),
        (np.ones(1), r"must be one number, or one for each of the 10 events; got shape \(1,\)"),
        (np.ones(0), "must be one number"),
    ],
    ids=str,
)
def test_couplings_that_are_none_are_refused_in_one_line(wrong: Any, message: str) -> None:
    for name, couplings in (("c_l", (wrong, 1.0)), ("c_r", (1.0, wrong))):
        with pytest.raises(InputError, match=f"^{name} {message}" if message.startswith("must") else message) as caught:
            trident_events(10).reweight(*couplings)
        assert "\n" not in str(caught.value)


def test_reweighting_follows_the_couplings() -> None:
    events = trident_events(500)
    left = events.reweight(2.0, 0.0)
    np.testing.assert_allclose(left["weight"], 4.0 * events["weight_ll"], rtol=1e-14)
    both = events.reweight(SimpleNamespace(c_l=1.0, c_r=-0.5))
    expected = events["weight_ll"] + 0.25 * events["weight_rr"] - 0.5 * events["weight_lr"]
    np.testing.assert_allclose(both["weight"], expected, rtol=1e-14)
    np.testing.assert_array_equal(both["weight_ll"], events["weight_ll"])  # can be reweighted again
    assert not {"weight_t", "weight_l"} & both.columns.keys()  # not known for other couplings
    assert both.attributes["vector_coupling"] == 0.25
    assert both.attributes["axial_coupling"] == 0.75
    assert both.attributes["sum_w"] == pytest.approx(float(expected.sum()), rel=1e-13, abs=0.0)
    assert events.attributes["sigma"] == pytest.approx(
        events.sum_weights, rel=1e-6, abs=0.0
    )  # the old events are as they were
    each = events.reweight(np.where(np.arange(500) < 250, 1.0, 2.0), np.zeros(500))
    assert "vector_coupling" not in each.reweight(1.0, np.ones(500)).attributes
    np.testing.assert_allclose(each["weight"][250:], 4.0 * events["weight_ll"][250:], rtol=1e-14)


def test_the_error_of_reweighted_events_is_that_of_their_mean() -> None:
    rng = np.random.default_rng(5)
    values = rng.gamma(2.0, size=4000)
    pieces = {"weight_ll": values / 4000, "weight_rr": np.zeros(4000), "weight_lr": np.zeros(4000)}
    events = Events({"weight": values / 4000, **pieces}, {}).reweight(1.0, 0.0)
    assert events.attributes["sigma_error"] == pytest.approx(np.std(values) / np.sqrt(4000), rel=1e-9, abs=0.0)


def test_reweighting_without_the_partial_weights_is_one_error() -> None:
    with pytest.raises(InputError, match="weight_ll"):
        weighted([1.0]).reweight(1.0, 1.0)
    with pytest.raises(InputError, match="c_l and c_r"):
        trident_events(3).reweight(1.0)  # type: ignore[call-overload]


def test_columns_must_fit_together() -> None:
    with pytest.raises(InputError, match="one length"):
        Events({"weight": np.ones(3), "q2": np.ones(4)}, {})
    with pytest.raises(InputError, match="did you mean 'weight'"):
        Events({"wieght": np.ones(3)}, {}, schema=TRIDENT_COLUMNS)
    with pytest.raises(InputError, match="did you mean 'q2'"):
        Events({"q2": np.ones(3)}, {})["q2_"]


def test_summary_says_what_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = trident_events(1500, seed=4)
    events.to_hdf5(tmp_path / "e.h5")
    in_one_go = summary(tmp_path / "e.h5")
    monkeypatch.setattr(reader, "BLOCK_ROWS", 100)
    told = summary(tmp_path / "e.h5")
    assert json.loads(json.dumps(told)).keys() == in_one_go.keys()
    assert told["events"] == 1500
    assert told["attributes"]["target"] == "Ar40"
    assert told["groups"] == ["integrity", "sampling/0", "sampling/1"]
    assert told["sum_weight"] == pytest.approx(events.sum_weights, rel=1e-13, abs=0.0)
    assert told["sum_weight_over_sigma"] == pytest.approx(1.0, rel=1e-13)
    assert told["effective_share"] == pytest.approx(events.effective_share, rel=1e-12)
    assert told["unweighting_efficiency"] == pytest.approx(events.unweighting_efficiency(), rel=1e-12)
    assert told["unweighting_efficiency"] == in_one_go["unweighting_efficiency"]
    assert [c["name"] for c in told["columns"]] == [c.name for c in TRIDENT_COLUMNS]
    assert told["columns"][1]["units"] == "cm2"
    for code, name in enumerate(REGIME_NAMES):
        mine = events["regime"] == code
        assert told["regimes"][name]["events"] == mine.sum()
        assert told["regimes"][name]["sum_weight"] == pytest.approx(events["weight"][mine].sum(), rel=1e-12, abs=0.0)
    assert sum(regime["share"] for regime in told["regimes"].values()) == pytest.approx(1.0, rel=1e-12)


def test_summary_of_an_empty_file(tmp_path: Path) -> None:
    trident_events(5).reweight(0.0, 0.0).to_hdf5(tmp_path / "zero.h5")
    told = summary(tmp_path / "zero.h5")
    assert told["unweighting_efficiency"] == told["effective_share"] == 0.0
    assert told["sum_weight_over_sigma"] is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.4, 0.6, 0.7, 0.9])
def test_the_maximum_weight_is_the_smallest_that_its_definition_allows(share: float) -> None:
    """Events above it carry at most the share, the limit included; by trying all weights, in exact binary numbers."""
    blocks = [np.array([256.0, 0.0, 64.0]), np.array([]), np.array([128.0, 64.0, 512.0])]
    weights = np.concatenate(blocks)
    share = round(1024.0 * share) / 1024.0
    for exact in (share, 0.5, 0.75):
        allowed = [w for w in weights if w > 0.0 and weights[weights > w].sum() <= exact * weights.sum()]
        assert maximum_weight(blocks, float(weights.sum()), exact) == min(allowed)
