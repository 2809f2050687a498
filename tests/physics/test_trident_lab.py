"""Events in the laboratory: helicities, momenta and observables, against Dirac spin projectors and plain algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.frames import Long, azimuth_between, long
from tests.physics.sampled_events import CASES, Array, Case, Event
from tests.reference.dirac import LongReal, dot
from tridentgen.constants import G_FERMI
from tridentgen.events.events import Events
from tridentgen.events.kinematics import neutrino_q2
from tridentgen.flux import Monochromatic
from tridentgen.physics.trident_couplings import ZPrime

N = 40
BISECTIONS = 34
HELICITIES = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Of l- and l+; an event's outcome is the place in this list."""

BOTH_PARTS = pytest.mark.parametrize("part", [0, 1], ids=["plus leads", "minus leads"])
ALL_CASES = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def drawn(count: int = N, seed: int = 51) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.random((6, count)), rng.random((3, count))


def outcome(case: Case, part: int, x: Array, spare: Array, u: Array) -> NDArray[np.intp]:
    event = case.event(part, x, np.stack([spare[0], u, spare[2]]))
    place = np.where(event["helicity_minus"] > 0, 0, 2) + np.where(event["helicity_plus"] > 0, 0, 1)
    np.testing.assert_array_equal(np.abs(event["helicity_minus"]), 1)
    np.testing.assert_array_equal(np.abs(event["helicity_plus"]), 1)
    return np.asarray(place, dtype=np.intp)


def order_of_outcomes(case: Case, part: int) -> list[int]:
    """Outcomes as u rises: both, lepton b alone, lepton a alone, none; "positive" for neutrinos, else negative."""
    order = [0, 1, 2, 3] if case.sampled.parts[part].plus_leads else [0, 2, 1, 3]
    return [3 - place for place in order] if case.process.incoming.antiparticle else order


def thresholds(case: Case, part: int, x: Array, spare: Array) -> tuple[Array, NDArray[np.intp]]:
    """Borders in u between the outcomes (5, N), by bisection, and each outcome's place along u."""
    rank = np.argsort(order_of_outcomes(case, part))
    low, high = np.zeros((3, x.shape[1])), np.ones((3, x.shape[1]))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        for k in range(3):
            below = rank[outcome(case, part, x, spare, middle[k])] <= k
            low[k], high[k] = np.where(below, middle[k], low[k]), np.where(below, high[k], middle[k])
    ends = np.zeros((1, x.shape[1]))
    return np.concatenate([ends, 0.5 * (low + high), ends + 1.0]), rank


@ALL_CASES
@BOTH_PARTS
def test_helicities_in_the_laboratory(case: Case, part: int) -> None:
    """The four probabilities, read off the draws by bisection, are those of (1 + g5 sslash)/2 on both leptons.

    s is the spin vector of definite helicity in the target's rest frame. Where W << E, as for e- e+, momenta in the
    laboratory hold fewer digits than the draws.
    """
    x, spare = drawn()
    borders, rank = thresholds(case, part, x, spare)
    probability = np.diff(borders, axis=0)[rank]
    momenta = case.momenta(case.event(part, x, spare))
    whole = case.msq(momenta)
    off = np.abs(probability - np.array([case.msq(momenta, helicities=h) for h in HELICITIES]) / whole)
    assert np.median(off) < 1e-10
    assert off.max() < (1e-5 if case.channel == "numu e- e+" else 2e-10)
    # nothing else happens between the borders
    for u in np.random.default_rng(52).random((10, N)):
        np.testing.assert_array_equal(rank[outcome(case, part, x, spare, u)], (u >= borders[1:4]).sum(axis=0))


@pytest.mark.parametrize("channel", ["numu mu- e+", "numubar e- mu+"])
@BOTH_PARTS
def test_charged_currents_make_left_handed_leptons(channel: str, part: int) -> None:
    """W exchange alone: fast l- are left-handed and l+ right-handed, for neutrinos and antineutrinos alike.

    One electron in a thousand flips in a collinear splitting of the photon; a tenth of the muons are slow.
    """
    case = Case(channel, "coherent", 1e4)
    event = case.event(part, *drawn(20_000))
    weight = event["weight"] / np.sum(event["weight"])
    minus, plus = event["helicity_minus"] < 0, event["helicity_plus"] > 0
    assert np.sum(weight * (minus & plus)) > 0.9
    assert np.sum(weight * (minus if "e-" in channel else plus)) > 0.995


@ALL_CASES
@BOTH_PARTS
def test_mirror_images_have_the_same_helicities(case: Case, part: int) -> None:
    """The upper half of the third number mirrors the momenta; probabilities do not change without a T-odd term."""
    x, spare = drawn()
    spare[2] *= 0.5
    twin = spare + np.array([[0.0], [0.0], [0.5]])
    first, second = case.event(part, x, spare), case.event(part, x, twin)
    for name in ("weight", "helicity_minus", "helicity_plus", "m2_ll"):
        np.testing.assert_array_equal(first[name], second[name])
    for name in ("delta_theta", "theta_minus", "theta_plus"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-11)
    for name in ("p4_minus", "p4_plus", "p4_nu_out", "p4_recoil"):
        recoil = np.arctan2(first["p4_recoil"][:, 2], first["p4_recoil"][:, 1])
        axis = np.stack([0 * recoil, -np.sin(recoil), np.cos(recoil), 0 * recoil], axis=1)
        mirrored = first[name] - 2 * np.sum(first[name] * axis, axis=1)[:, None] * axis
        np.testing.assert_allclose(second[name], mirrored, rtol=0.0, atol=1e-14 * case.energy)


HIGH = tuple(replace(case, energy=energy) for case in CASES[:4] for energy in (100.0, 1e5))


@pytest.mark.parametrize("case", CASES + HIGH, ids=lambda case: case.name)
@BOTH_PARTS
def test_momenta_are_on_shell_and_conserved(case: Case, part: int) -> None:
    event = case.event(part, *drawn(500))
    minus, plus = case.masses
    masses = {"p4_nu_in": 0.0, "p4_nu_out": 0.0, "p4_minus": minus, "p4_plus": plus, "p4_recoil": case.mass}
    largest = max(case.energy, case.mass)
    for name, mass in masses.items():
        off_shell = dot(event[name], event[name]) - Long(mass) ** 2
        assert np.max(np.abs(off_shell)) < 1e-12 * largest**2
        assert np.all(event[name][:, 0] >= mass)
    missing = event["p4_nu_in"] - sum(event[name] for name in ("p4_nu_out", "p4_minus", "p4_plus", "p4_recoil"))
    missing[:, 0] += case.mass
    assert np.max(np.abs(missing)) < 1e-12 * largest
    np.testing.assert_array_equal(event["p4_nu_in"][:, 1:3], 0.0)
    np.testing.assert_array_equal(event["p4_nu_in"][:, 0], event["p4_nu_in"][:, 3])
    # the recoil's own kinematics, to relative precision: p^2 = T^2 + 2 M T
    momentum2 = (long(event["p4_recoil"][:, 1:]) ** 2).sum(axis=1)
    kinetic = long(event["recoil_energy"])
    np.testing.assert_allclose((momentum2 / (kinetic * (kinetic + 2 * Long(case.mass)))).astype(float), 1.0, rtol=1e-11)
    np.testing.assert_allclose(2 * case.mass * event["recoil_energy"], event["q2"], rtol=1e-14)


def angle(u: Array, v: Array) -> LongReal:
    """Angle of the 3-momenta of (N, 4) arrays, by |u x v| and u.v in extended precision."""
    a, b = long(u[:, 1:]), long(v[:, 1:])
    cross = np.cross(a, b)
    return np.asarray(np.arctan2(np.sqrt((cross**2).sum(axis=1)), (a * b).sum(axis=1)), dtype=Long)


def observables(case: Case, event: Event) -> dict[str, LongReal]:
    m = case.momenta(event)
    pair, three = m.p_minus + m.p_plus, m.p_minus + m.p_plus + m.p2
    return {
        "m2_ll": dot(pair, pair),
        "q2": -dot(m.q, m.q),
        "w2": dot(three, three),
        "q2_nu": 2 * dot(m.p1, m.p2),
        "delta_theta": angle(event["p4_minus"], event["p4_plus"]),
        "theta_minus": angle(event["p4_minus"], event["p4_nu_in"]),
        "theta_plus": angle(event["p4_plus"], event["p4_nu_in"]),
        "recoil_energy": long(event["p4_recoil"][:, 0]) - Long(case.mass),
    }


@ALL_CASES
@BOTH_PARTS
def test_observables_are_those_of_the_momenta(case: Case, part: int) -> None:
    """Invariants recomputed from laboratory momenta lose the digits between them and the squared energies."""
    event = case.event(part, *drawn(500))
    largest = {
        "recoil_energy": case.mass,
        "m2_ll": case.energy**2,
        "q2": case.energy**2,
        "w2": case.energy**2,
        "q2_nu": case.energy**2,
    }
    for name, expected in observables(case, event).items():
        off = np.abs(event[name] - expected)
        if name in largest:
            assert np.max(off) < 4e-15 * largest[name]
        else:
            assert np.max(off / expected) < 1e-12
    assert np.all(event["e_nu"] == case.energy)
    assert np.all(event["regime"] == ("coherent", "proton", "neutron").index(case.regime))
    assert np.all(event["channel"] == part)


@pytest.mark.parametrize("case", HIGH, ids=lambda case: case.name)
def test_small_angles_and_masses_keep_their_digits(case: Case) -> None:
    """m2_ll of nearly collinear leptons against m^2 + m'^2 + 2 (E E' - p p') + 4 p p' sin^2 of half the angle."""
    event = case.event(0, *drawn(500))
    minus, plus = (Long(m) for m in case.masses)
    p, k = (np.sqrt((long(event[name][:, 1:]) ** 2).sum(axis=1)) for name in ("p4_minus", "p4_plus"))
    e, f = np.sqrt(p**2 + minus**2), np.sqrt(k**2 + plus**2)
    # E E' - p p' without cancellation, and the angle apart
    energies = (minus**2 * f**2 + plus**2 * p**2) / (e * f + p * k)
    opening = angle(event["p4_minus"], event["p4_plus"])
    expected = minus**2 + plus**2 + 2 * energies + 4 * p * k * np.sin(opening / 2) ** 2
    # the angle itself is known to 1e-16 rad, which is all that double-precision momenta hold
    blur = 8 * p * k * opening * 1e-15 + 1e-12 * expected
    assert np.all(np.abs(event["m2_ll"] - expected) < blur)
    assert np.min(opening) < 1e-2


@ALL_CASES
@BOTH_PARTS
def test_weight_is_the_sum_of_its_chiral_parts(case: Case, part: int) -> None:
    event = case.event(part, *drawn(500))
    c_l, c_r = case.process.c_l, case.process.c_r
    parts = c_l**2 * event["weight_ll"] + c_r**2 * event["weight_rr"] + c_l * c_r * event["weight_lr"]
    np.testing.assert_allclose(parts, event["weight"], rtol=1e-13)
    np.testing.assert_allclose(case.sampled.integrand(part, list(drawn(500)[0])), event["weight"], rtol=1e-13)
    assert np.min(event["weight_ll"]) >= 0.0
    assert np.min(event["weight_rr"]) >= 0.0
    # a sum of squares whatever the couplings: |LR| <= 2 sqrt(LL RR)
    assert np.all(event["weight_lr"] ** 2 <= 4.0 * event["weight_ll"] * event["weight_rr"] * (1.0 + 1e-9))


@ALL_CASES
@BOTH_PARTS
def test_chiral_parts_at_the_momenta(case: Case, part: int) -> None:
    """weight_ll/weight is |M|^2 at (c_L, c_R) = (1, 0) over |M|^2, at the event's momenta; so the others."""
    x, spare = drawn()
    event = case.event(part, x, spare)
    momenta = case.momenta(event)
    whole = case.msq(momenta)
    ll, rr, both = (case.msq(momenta, couplings=c) for c in ((0.5, 0.5), (0.5, -0.5), (1.0, 0.0)))
    for name, expected in (("weight_ll", ll), ("weight_rr", rr), ("weight_lr", both - ll - rr)):
        off = np.abs(event[name] / event["weight"] - expected / whole)
        size = (ll + rr) / whole
        assert np.median(off / size) < 1e-11
        assert np.quantile(off / size, 0.9) < 1e-8


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[6]], ids=lambda case: case.name)
def test_couplings_of_events_with_a_zprime(case: Case) -> None:
    """The shift depends on 2 p1.p2 of the event; neutrinos that leave backwards are no exception."""
    mass_GeV, strength = 0.05, 1e-6
    process = case.process.with_couplings(zprime=ZPrime(mass_GeV, strength=strength))
    x, spare = drawn(2000)
    event = case.event(0, x, spare)
    events = Events({"q2_nu": event["q2_nu"]}, attributes={})
    momenta = case.momenta(event)
    shift = strength / (np.sqrt(2.0) * G_FERMI) / (mass_GeV**2 + 2 * dot(momenta.p1, momenta.p2)).astype(float)
    c_l, c_r = process.chiral_couplings(events)
    np.testing.assert_allclose(c_l, case.process.c_l + shift, rtol=1e-10)
    np.testing.assert_allclose(c_r, case.process.c_r + shift, rtol=1e-10)
    assert np.any(event["p4_nu_out"][:, 3] < 0.0)
    # the weight of an event made with the Z' is its parts times just these couplings
    made = process.sampled(Monochromatic(case.energy)).event(0, list(x), list(spare))
    again = Events({"q2_nu": made["q2_nu"]}, attributes={})
    c_l, c_r = process.chiral_couplings(again)
    parts = c_l**2 * made["weight_ll"] + c_r**2 * made["weight_rr"] + c_l * c_r * made["weight_lr"]
    np.testing.assert_allclose(parts, made["weight"], rtol=1e-12)


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[6], *HIGH], ids=lambda case: case.name)
@BOTH_PARTS
def test_q2_between_the_neutrinos_from_the_momenta_in_any_axes(case: Case, part: int) -> None:
    """The column against the momenta along z, and turned: these hold the angle to 1e-16 rad."""
    event = case.event(part, *drawn(500))
    p1, p2 = event["p4_nu_in"], event["p4_nu_out"]
    np.testing.assert_allclose(neutrino_q2(p1, p2), event["q2_nu"], rtol=1e-10)
    turns = np.linalg.qr(np.random.default_rng(4).normal(size=(500, 3, 3)))[0]
    turned = [np.column_stack([p[:, 0], np.einsum("nij,nj->ni", turns, p[:, 1:])]) for p in (p1, p2)]
    theta = np.asarray(angle(p2, p1), dtype=np.float64)
    blur = 4e-16 * (1.0 + 4.0 / np.maximum(theta, 1e-12))
    off = np.abs(neutrino_q2(*turned) / event["q2_nu"] - 1.0)
    assert np.all(off < 4.0 * blur + 1e-10)


@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: case.name)
def test_events_are_turned_about_the_beam(case: Case) -> None:
    """Twice the third number is the turn: the recoil's azimuth follows it and the event is otherwise the same."""
    x, spare = drawn()
    spare[2] = 0.4 * spare[2]
    event, turned = case.event(0, x, spare), case.event(0, x, spare + np.array([[0.0], [0.0], [0.05]]))
    turn = [np.arctan2(e["p4_recoil"][:, 2], e["p4_recoil"][:, 1]) for e in (event, turned)]
    np.testing.assert_allclose(np.mod(turn[1] - turn[0], 2 * np.pi), 0.2 * np.pi, rtol=1e-12)
    one, two = case.momenta(event), case.momenta(turned)
    for first, second in zip(
        azimuth_between(one.p_plus, one.P, one.p1, one.q),
        azimuth_between(two.p_plus, two.P, two.p1, two.q),
        strict=True,
    ):
        assert np.median(np.abs(first - second)) < 1e-10
