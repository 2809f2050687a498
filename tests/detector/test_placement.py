from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.events.synthetic import trident_events
from tridentgen.detector.beam_line import BeamLine
from tridentgen.detector.geometry import Box, Point, Sphere
from tridentgen.detector.placement import Placement, Volume
from tridentgen.detector.spill import BunchedSpill, UniformSpill
from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.processes.cevns.columns import CEVNS_COLUMNS
from tridentgen.processes.trident.columns import TRIDENT_COLUMNS

LEAST_P = 1e-4
COUNT = 20_000
LIGHT_M_PER_NS = 0.299792458

BOX = Volume(Box((100.0, 200.0, 300.0)))
MOMENTA = ("p4_nu_in", "p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")

Columns = dict[str, NDArray[Any]]


def bare(count: int = COUNT, first: int = 0) -> Columns:
    return {"event_id": np.arange(first, first + count, dtype="u8")}


def placed(events: Columns, *volumes: Volume, target: str = "Ar40", seed: int = 3, **options: Any) -> Columns:
    return Placement.of(volumes or (BOX,), material(target), **options).placed(events, seed)


def vertices(found: Columns) -> NDArray[np.float64]:
    return np.array([found[f"vertex_{axis}"] for axis in "xyz"])


def test_the_columns_of_a_batch_are_those_announced() -> None:
    placement = Placement.of([BOX], material("Ar40"))
    columns = placement.columns(TRIDENT_COLUMNS)
    found = placement.placed(dict(trident_events(50).columns), 1)
    assert set(found) == {column.name for column in columns}
    assert [(c.name, c.units) for c in columns[-4:]] == [
        ("vertex_x", "cm"), ("vertex_y", "cm"), ("vertex_z", "cm"), ("vertex_time", "ns"),
    ]  # fmt: skip
    for column, old in zip(columns, TRIDENT_COLUMNS, strict=False):
        momentum = column.name.startswith("p4_")
        assert (column.description == old.description) is not momentum
        assert momentum == column.description.endswith("laboratory frame, detector coordinates")


def test_without_events_the_columns_are_empty() -> None:
    found = placed(bare(0))
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(found, (0,))
    assert set(found) == {"event_id", "vertex_x", "vertex_y", "vertex_z", "vertex_time"}


def test_vertices_fill_the_volume() -> None:
    x = vertices(placed(bare()))
    for values, size in zip(x, (100.0, 200.0, 300.0), strict=True):
        assert stats.kstest(values, stats.uniform(-0.5 * size, size).cdf).pvalue > LEAST_P


def test_the_numbers_of_one_event_are_independent() -> None:
    """Position, direction and time of an event, and the same of its neighbours."""
    found = placed(
        {**bare(), "p4_nu_in": np.tile([1.0, 0.0, 0.0, 1.0], (COUNT, 1))},
        beam=BeamLine(divergence_rad=1e-3), spill=UniformSpill(1e9),
    )  # fmt: skip
    rows = np.vstack([vertices(found), found["p4_nu_in"][:, 1:3].T, found["vertex_time"]])
    both = np.vstack([rows[:, :-1], rows[:, 1:]])
    correlations = np.corrcoef(both)[np.triu_indices(12, 1)]
    assert np.max(np.abs(correlations)) < 4.5 / math.sqrt(COUNT)  # of 66: 4.5 sigma is p = 4.5e-4


# Volumes -----------------------------------------------------------------------------------------------------------

GAS, SOLID = Sphere(30.0, (0.0, 0.0, -500.0)), Box((10.0, 20.0, 50.0), (0.0, 0.0, 500.0))
CARBON_SHARES = [
    # (material, density in g/cm3) of GAS and SOLID; C12 nuclei per gram of each from standard atomic weights
    (("CH4", 0.01), ("CH", 1.05), 1.0 / 16.043, 1.0 / 13.019),
    (("CH", 1.0), ("C", 2.26), 1.0 / 13.019, 1.0 / 12.011),
    (("H2O", 1.0), ("CH", 1.05), 0.0, 1.0 / 13.019),
]


@pytest.mark.parametrize(("gas", "solid", "per_gram", "per_gram_solid"), CARBON_SHARES)
def test_volumes_share_the_events_by_the_target_nuclei_in_them(
    gas: tuple[str, float], solid: tuple[str, float], per_gram: float, per_gram_solid: float
) -> None:
    numbers = np.array([
        4.0 / 3.0 * math.pi * 30.0**3 * gas[1] * per_gram,
        10.0 * 20.0 * 50.0 * solid[1] * per_gram_solid,
    ])  # fmt: skip
    volumes = [Volume(GAS, *gas), Volume(SOLID, *solid)]
    placement = Placement.of(volumes, material("C12"))
    assert placement.shares[0] == pytest.approx(numbers / numbers.sum(), rel=2e-4)
    z = placement.placed(bare(), 3)["vertex_z"]
    expected = COUNT * numbers[1] / numbers.sum()
    assert abs(np.sum(z > 0.0) - expected) <= 4.0 * math.sqrt(expected * (1.0 - expected / COUNT))


def test_every_isotope_goes_where_it_is() -> None:
    """Iodine is in both crystals, caesium in one only."""
    crystals = [Volume(GAS, "CsI", 4.51), Volume(SOLID, "NaI", 3.67)]
    placement = Placement.of(crystals, material("CsI"))
    iodine, caesium = material("CsI").components[0][0].pdgid, material("CsI").components[1][0].pdgid
    assert placement.pdgids == (iodine, caesium)
    isotope = np.where(np.arange(COUNT) % 3 == 0, caesium, iodine)
    z = placement.placed({**bare(), "isotope": isotope}, 3)["vertex_z"]
    assert np.all(z[isotope == caesium] < 0.0)
    in_csi = 4.0 / 3.0 * math.pi * 30.0**3 * 4.51 / 259.81
    in_nai = 10.0 * 20.0 * 50.0 * 3.67 / 149.89
    share, seen = in_nai / (in_csi + in_nai), z[isotope == iodine] > 0.0
    assert abs(np.mean(seen) - share) < 4.0 * math.sqrt(share * (1.0 - share) / len(seen))


def test_equal_matter_needs_no_density() -> None:
    volumes = [Volume(Sphere(1.0)), Volume(Sphere(2.0)), Volume(Sphere(3.0))]
    assert Placement.of(volumes, material("Ar40")).shares[0] == pytest.approx((1 / 36, 8 / 36, 27 / 36), rel=1e-14)


def test_points_are_uniform_in_each_of_many_volumes() -> None:
    volumes = [Volume(Box((2.0, 2.0, 2.0), (0.0, 0.0, 10.0 * i))) for i in range(50)]
    x = vertices(placed(bare(), *volumes))
    which = np.rint(x[2] / 10.0)
    assert stats.chisquare(np.bincount(which.astype(int), minlength=50)).pvalue > LEAST_P
    for values in (x[0], x[1], x[2] - 10.0 * which):
        assert stats.kstest(values, stats.uniform(-1.0, 2.0).cdf).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("volumes", "target", "message"),
    [
        (
            [Volume(SOLID, "CH")], "Ar40",
            "volume: the target Ar40 is not in 'CH'; name a material that contains it",
        ),
        (
            [Volume(GAS, "CH", 1.0), Volume(SOLID, "H2O", 1.0)], "Ar40",
            "volumes: the target Ar40 is not in 'CH', 'H2O'; name a material that contains it",
        ),
        ([Volume(SOLID, "Xe136")], "Xe", "volume: the target Xe124 is not in 'Xe136'; name a"),
        ([Volume(GAS, "CH"), Volume(SOLID, "C")], "C12", "volumes[0]: density_g_cm3 is missing, and the materials"),
        (
            [Volume(GAS, "C", 1.0), Volume(SOLID, "C")], "C12",
            "volumes[1]: density_g_cm3 is missing, and others have one; give it",
        ),
        ([Volume(GAS), Volume(Point())], "C12", "volumes[1]: a point has no volume and must be alone; give a"),
    ],
)  # fmt: skip
def test_volumes_that_do_not_go_with_the_target(volumes: list[Volume], target: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        Placement.of(volumes, material(target))
    assert str(error.value).startswith(message)


def test_a_source_in_the_detector_is_refused() -> None:
    with pytest.raises(InputError, match=r"^volumes\[1\]: the source of the neutrinos is inside; move one of them$"):
        Placement.of([Volume(GAS), Volume(SOLID)], material("Ar40"), BeamLine(source_cm=(0.0, 0.0, 510.0)))
    with pytest.raises(InputError, match=r"^volume: the source of the neutrinos is inside"):
        Placement.of([Volume(Point())], material("Ar40"), BeamLine(source_cm=(0.0, 0.0, 0.0)))


# Momenta -----------------------------------------------------------------------------------------------------------

BEAMS = [
    BeamLine((0.0, -0.1, 1.0)),
    BeamLine((0.0, 0.0, -1.0)),
    BeamLine((1.0, 0.0, 0.0), divergence_rad=0.02),
    BeamLine(source_cm=(50.0, 2000.0, -57400.0), divergence_rad=1e-3),
    BeamLine(source_cm=(0.0, 300.0, 0.0)),
]


def invariant(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sum(a[:, 1:] * b[:, 1:], axis=1))


@pytest.mark.parametrize("beam", BEAMS)
def test_momenta_are_turned_as_a_whole(beam: BeamLine) -> None:
    """All products of three-momenta are kept: lengths, hence masses, and angles, those to the neutrino included."""
    events = dict(trident_events(2000).columns)
    found = placed(events, beam=beam)
    for name in set(events).difference(MOMENTA):
        np.testing.assert_array_equal(found[name], events[name])
    lengths = {name: np.sqrt(invariant(events[name], events[name])) for name in MOMENTA}
    for a in MOMENTA:
        np.testing.assert_array_equal(found[a][:, 0], events[a][:, 0])
        for b in MOMENTA:
            off = invariant(found[a], found[b]) - invariant(events[a], events[b])
            assert np.max(np.abs(off) / (lengths[a] * lengths[b])) < 2e-15

    # Not mirrored: triple products keep their sign.
    def triple(e: Columns) -> NDArray[np.float64]:
        return np.asarray(np.sum(np.cross(e["p4_minus"][:, 1:], e["p4_plus"][:, 1:]) * e["p4_nu_in"][:, 1:], axis=1))

    size = lengths["p4_minus"] * lengths["p4_plus"] * lengths["p4_nu_in"]
    assert np.max(np.abs(triple(found) - triple(events)) / size) < 5e-15


@pytest.mark.parametrize("beam", BEAMS)
def test_momentum_balances_as_before(beam: BeamLine) -> None:
    events = dict(trident_events(2000).columns)
    found = placed(events, beam=beam)

    def imbalance(e: Columns) -> float:
        total = e["p4_nu_in"] - e["p4_nu_out"] - e["p4_minus"] - e["p4_plus"] - e["p4_recoil"]
        return float(np.max(np.abs(total[:, 1:]) / e["e_nu"][:, None]))

    assert imbalance(found) < imbalance(events) + 1e-15


def test_neutrinos_come_from_the_source() -> None:
    events, source = dict(trident_events(2000).columns), np.array([50.0, 2000.0, -57400.0])
    found = placed(events, beam=BeamLine(source_cm=(50.0, 2000.0, -57400.0)))
    away = vertices(found).T - source
    away = away / np.linalg.norm(away, axis=1)[:, None]
    np.testing.assert_allclose(found["p4_nu_in"][:, 1:] / found["e_nu"][:, None], away, rtol=0.0, atol=1e-15)
    # and those to the side of the axis come in at an angle: 50 cm in 574 m is 0.9 mrad
    assert np.std(found["p4_nu_in"][:, 1] / 5.0) == pytest.approx(100.0 / math.sqrt(12.0) / 57435.0, rel=0.05)


def test_a_beam_along_z_leaves_momenta_as_they_are() -> None:
    events = dict(trident_events(2000).columns)
    found = placed(events)
    for name in events:
        np.testing.assert_array_equal(found[name], events[name])


# Times -------------------------------------------------------------------------------------------------------------


def test_light_takes_its_time_from_the_source() -> None:
    found = placed(bare(), Volume(Point((0.0, 300.0, 400.0))), beam=BeamLine(source_cm=(0.0, 0.0, 0.0)))
    np.testing.assert_allclose(found["vertex_time"], 5.0 / LIGHT_M_PER_NS, rtol=1e-15)


def test_without_a_source_times_count_from_the_plane_through_the_origin() -> None:
    found = placed(bare(), beam=BeamLine((0.0, 0.6, 0.8)))
    along_m = (0.6 * found["vertex_y"] + 0.8 * found["vertex_z"]) / 100.0
    np.testing.assert_allclose(found["vertex_time"], along_m / LIGHT_M_PER_NS, rtol=0.0, atol=1e-13)


def test_times_are_those_of_spill_flight_and_decay_together() -> None:
    decay = np.random.default_rng(2).exponential(2197.0, COUNT)
    beam = BeamLine(source_cm=(0.0, 0.0, -1930.0))
    still = placed(bare(), beam=beam)["vertex_time"]
    spill = BunchedSpill(3, 1e6)
    both = placed({**bare(), "time": decay}, beam=beam, spill=spill)
    np.testing.assert_array_equal(both["time"], decay)
    rest = (both["vertex_time"] - still - decay) / 1e6
    np.testing.assert_allclose(rest, np.rint(rest), atol=1e-14)
    assert stats.chisquare(np.bincount(np.rint(rest).astype(int))).pvalue > LEAST_P
    # A box of 1 x 2 x 3 m seen from 19.3 m: its middle is 64.4 ns away, its depth spreads times by 3 m/sqrt(12).
    assert np.mean(still) == pytest.approx(19.30 / LIGHT_M_PER_NS, abs=0.2)
    assert np.std(still) == pytest.approx(3.0 / math.sqrt(12.0) / LIGHT_M_PER_NS, rel=0.03)


# Determinism -------------------------------------------------------------------------------------------------------

FULL = Placement.of(
    [Volume(GAS, "CsI", 4.51), Volume(SOLID, "NaI", 3.67)], material("CsI"),
    BeamLine(source_cm=(0.0, 0.0, -5000.0), divergence_rad=0.01), BunchedSpill(84, 18.8, 1.3),
)  # fmt: skip


def coherent(first: int, count: int) -> Columns:
    number = np.arange(first, first + count, dtype="u8")
    pdgids = np.array(FULL.pdgids)[(number % np.uint64(2)).astype(int)]
    energy = 0.01 + 0.001 * (number % np.uint64(40)).astype(float)
    zero = 0.0 * energy
    return {
        "event_id": number,
        "isotope": pdgids,
        "time": energy,
        "p4_nu_in": np.column_stack([energy, zero, zero, energy]),
    }


def assert_equal(found: Columns, expected: Columns) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_an_event_does_not_depend_on_its_company() -> None:
    whole = FULL.placed(coherent(0, 3000), 3)
    for first, stop in ((0, 1), (0, 999), (999, 1000), (1000, 3000)):
        assert_equal(FULL.placed(coherent(first, stop - first), 3), {n: v[first:stop] for n, v in whole.items()})


def test_any_choice_of_events_in_any_order_has_the_same_places() -> None:
    whole, chosen = FULL.placed(coherent(0, 3000), 3), np.random.default_rng(1).permutation(3000)[:700]
    some = {name: values[chosen] for name, values in coherent(0, 3000).items()}
    assert_equal(FULL.placed(some, 3), {name: values[chosen] for name, values in whole.items()})


def test_high_event_numbers_have_places_too() -> None:
    far = FULL.placed(coherent(2**40, 10), 3)
    assert_equal(FULL.placed(coherent(2**40 + 4, 2), 3), {n: v[4:6] for n, v in far.items()})


def test_another_seed_makes_other_places() -> None:
    assert not np.any(FULL.placed(coherent(0, 100), 3)["vertex_x"] == FULL.placed(coherent(0, 100), 4)["vertex_x"])


def test_the_events_that_are_given_stay_as_they_are() -> None:
    events = coherent(0, 10)
    before = {name: values.copy() for name, values in events.items()}
    FULL.placed(events, 3)
    assert_equal(events, before)


def test_the_file_says_where_and_when() -> None:
    found = json.loads(str(FULL.attributes["placement"]))
    assert found["volumes"][0] == {"shape": "sphere", "radius_cm": 30.0, "centre_cm": [0.0, 0.0, -500.0]}
    assert found["beam"] == {
        "direction": [0.0, 0.0, 1.0], "source_cm": [0.0, 0.0, -5000.0], "divergence_rad": 0.01,
    }  # fmt: skip
    assert found["spill"] == {"kind": "bunched", "bunches": 84, "spacing_ns": 18.8, "sigma_ns": 1.3, "start_ns": 0.0}
    assert list(found["shares"]) == [str(code) for code in FULL.pdgids]
    assert [sum(row) for row in found["shares"].values()] == pytest.approx([1.0, 1.0], rel=1e-15)


def test_coherent_columns_are_turned_too() -> None:
    described = {c.name: c.description for c in FULL.columns(CEVNS_COLUMNS)}
    assert {n for n, text in described.items() if text.endswith("detector coordinates")} == {
        "p4_nu_in", "p4_nu_out", "p4_recoil", "vertex_x", "vertex_y", "vertex_z",
    }  # fmt: skip
