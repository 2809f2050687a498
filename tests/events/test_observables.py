from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.events.synthetic import trident_events
from tridentgen.errors import InputError
from tridentgen.events.observables import Cut, Observable, cuts_on, passing
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES

FloatArray = NDArray[np.float64]
EVENTS = trident_events(500, seed=7)
BY_NAME = {observable.name: observable for observable in TRIDENT_OBSERVABLES}


def momentum(name: str) -> tuple[FloatArray, ...]:
    energy, x, y, z = np.sum([EVENTS[part] for part in name.split("+")], axis=0).T
    return energy, x, y, z


# From the momenta, as the names say it; the recoil is that of a nucleus or nucleon at rest before.
BY_HAND: dict[str, Callable[[], FloatArray]] = {
    "m2_ll": lambda: _square("p4_minus", "p4_plus"),
    "q2": lambda: -_square("p4_recoil", at_rest=True),
    "w2": lambda: _square("p4_minus", "p4_plus", "p4_nu_out"),
    "q2_nu": lambda: 2.0 * momentum("p4_nu_in")[0] * (momentum("p4_nu_out")[0] - momentum("p4_nu_out")[3]),
    "delta_theta": lambda: _angle("p4_minus", "p4_plus"),
    "theta_minus": lambda: _angle("p4_minus", "p4_nu_in"),
    "theta_plus": lambda: _angle("p4_plus", "p4_nu_in"),
    "energy_minus": lambda: momentum("p4_minus")[0],
    "energy_plus": lambda: momentum("p4_plus")[0],
    "pt_minus": lambda: _transverse("p4_minus"),
    "pt_plus": lambda: _transverse("p4_plus"),
    "pt_pair": lambda: _transverse("p4_minus", "p4_plus"),
    "theta_pair": lambda: _angle("p4_minus+p4_plus", "p4_nu_in"),
    "recoil_energy": lambda: momentum("p4_recoil")[0] - _mass("p4_recoil"),
}


def _mass(name: str) -> FloatArray:
    energy, x, y, z = momentum(name)
    return np.sqrt(energy**2 - x**2 - y**2 - z**2)


def _square(*names: str, at_rest: bool = False) -> FloatArray:
    total = np.sum([np.array(momentum(name)) for name in names], axis=0)
    if at_rest:
        total[0] -= _mass(names[0])
    return np.asarray(total[0] ** 2 - np.sum(total[1:] ** 2, axis=0))


def _angle(first: str, second: str) -> FloatArray:
    p, k = np.array(momentum(first)[1:]), np.array(momentum(second)[1:])
    cosine = np.sum(p * k, axis=0) / np.sqrt(np.sum(p * p, axis=0) * np.sum(k * k, axis=0))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _transverse(*names: str) -> FloatArray:
    """Return the transverse momentum in a beam along z, as that of the synthetic events is."""
    x, y = (np.sum([momentum(name)[axis] for name in names], axis=0) for axis in (1, 2))
    return np.asarray(np.hypot(x, y))


@pytest.mark.parametrize("observable", TRIDENT_OBSERVABLES, ids=lambda observable: observable.name)
def test_an_observable_is_what_its_name_says(observable: Observable) -> None:
    expected = BY_HAND[observable.name]()
    np.testing.assert_allclose(observable.of(EVENTS.columns), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", sorted(set(BY_HAND) - {"q2", "w2", "recoil_energy"}))
def test_momenta_are_enough_in_any_axes(name: str) -> None:
    """With nothing but momenta, turned by random rotations, observables are those of the columns."""
    turns = np.linalg.qr(np.random.default_rng(3).normal(size=(len(EVENTS), 3, 3)))[0]  # some of them reflections
    columns = {}
    for momenta in ("p4_minus", "p4_plus", "p4_nu_in", "p4_nu_out"):
        p = EVENTS[momenta]
        columns[momenta] = np.column_stack([p[:, 0], np.einsum("nij,nj->ni", turns, p[:, 1:])])
    np.testing.assert_allclose(BY_NAME[name].of(columns), BY_NAME[name].of(EVENTS.columns), rtol=1e-9, atol=1e-9)


def test_what_events_do_not_have() -> None:
    with pytest.raises(InputError, match=r"no 'q2' to cut on; leave cuts\.q2_min and cuts\.q2_max out"):
        BY_NAME["q2"].of({"p4_minus": EVENTS["p4_minus"]})
    with pytest.raises(InputError, match="these events have no 'pt_minus'"):
        BY_NAME["pt_minus"].of({"p4_minus": EVENTS["p4_minus"]})


@pytest.mark.parametrize("observable", TRIDENT_OBSERVABLES, ids=lambda observable: observable.name)
def test_both_ends_of_a_cut_pass(observable: Observable) -> None:
    found = observable.of(EVENTS.columns)
    low, high = np.sort(found)[[100, 399]]
    kept = passing(EVENTS.columns, [Cut(observable, float(low), float(high))])
    np.testing.assert_array_equal(kept, (found >= low) & (found <= high))
    assert kept.sum() == 300
    assert passing(EVENTS.columns, [Cut(observable, low=float(low))]).sum() == 400
    assert passing(EVENTS.columns, [Cut(observable, high=float(high))]).sum() == 400


def test_cuts_are_combined() -> None:
    limits = {"q2": (0.0, 0.01), "energy_minus": (1.0, math.inf)}
    expected = (EVENTS["q2"] <= 0.01) & (EVENTS["p4_minus"][:, 0] >= 1.0)
    assert 0 < expected.sum() < 500
    np.testing.assert_array_equal(passing(EVENTS.columns, cuts_on(limits, TRIDENT_OBSERVABLES)), expected)
    assert passing(EVENTS.columns, ()).all()


def test_a_speed_is_in_km_per_s() -> None:
    cut = Cut(Observable("speed", "km_s"), 300.0, math.inf)
    assert cut.words == "speed >= 300 km/s"
