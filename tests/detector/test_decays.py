"""Decays in a detector: rays through shapes, and probabilities and places against direct integration."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

import tridentgen as tg
from tridentgen.detector.decays import decayed
from tridentgen.detector.geometry import Box, Cylinder, Point, Shape, Sphere
from tridentgen.detector.placement import Placement, Volume
from tridentgen.errors import InputError

Array = NDArray[np.float64]
LIGHT = 29.9792458
LEAST_P = 6e-5
"""Chance of 4 standard deviations."""
SHAPES: dict[str, Shape] = {
    "box": Box((300.0, 200.0, 500.0), (10.0, -20.0, 30.0)),
    "sphere": Sphere(150.0, (0.0, 50.0, 0.0)),
    "cylinder": Cylinder(80.0, 300.0, (1.0, 2.0, -0.5), (5.0, 0.0, -10.0)),
}


def directions(count: int, rng: np.random.Generator) -> Array:
    vectors = rng.normal(size=(3, count))
    return np.asarray(vectors / np.sqrt(np.sum(vectors**2, axis=0)))


@pytest.mark.parametrize("name", SHAPES)
def test_rays_cross_shapes_where_their_points_are_inside(name: str) -> None:
    """From inside and outside: every point of the stretch is in the shape, those before and after it are not."""
    shape, rng = SHAPES[name], np.random.default_rng(1)
    count = 300
    start = rng.uniform(-400.0, 400.0, (3, count))
    start[:, ::3] = np.stack(shape.positions(rng.random((3, count))))[:, ::3]
    ahead = directions(count, rng)
    enter, leave = shape.crossed((start[0], start[1], start[2]), (ahead[0], ahead[1], ahead[2]))
    assert np.all((enter >= 0.0) & (leave >= enter))
    met = leave > enter
    assert 0.35 < met.mean() < 0.95
    assert np.all(met[::3])
    for i in range(count):
        where = [enter[i] + share * (leave[i] - enter[i]) for share in (1e-9, 0.5, 1 - 1e-9)]
        inside = [shape.contains(tuple(start[:, i] + t * ahead[:, i])) for t in where]
        outside = [leave[i] * (1 + 1e-9) + 1e-6, *([enter[i] - 1e-6] if enter[i] > 1e-3 else [])]
        if met[i]:
            assert all(inside)
            assert not any(shape.contains(tuple(start[:, i] + t * ahead[:, i])) for t in outside)
        else:
            assert not any(shape.contains(tuple(start[:, i] + t * ahead[:, i])) for t in np.linspace(0, 2000, 401))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", SHAPES)
def test_rays_along_the_axes(name: str, axis: int) -> None:
    shape = SHAPES[name]
    ahead: Any = tuple(np.array([float(i == axis)]) for i in range(3))
    start: Any = tuple(np.array([float(c)]) for c in shape.centre_cm)  # type: ignore[attr-defined]
    enter, leave = shape.crossed(start, ahead)
    assert enter[0] == 0.0
    end = [s[0] + leave[0] * a[0] * (1 - 1e-12) for s, a in zip(start, ahead, strict=True)]
    assert shape.contains((end[0], end[1], end[2]))
    assert 0.0 < leave[0] < 400.0


def test_a_cylinder_along_its_axis_and_a_point() -> None:
    one = (np.zeros(1), np.zeros(1), np.array([-500.0]))
    enter, leave = Cylinder(10.0, 100.0).crossed(one, (np.zeros(1), np.zeros(1), np.ones(1)))
    assert (enter[0], leave[0]) == (450.0, 550.0)
    beside = (np.full(1, 11.0), np.zeros(1), np.zeros(1))
    enter, leave = Cylinder(10.0, 100.0).crossed(beside, (np.zeros(1), np.zeros(1), np.ones(1)))
    assert enter[0] == leave[0]
    enter, leave = Point().crossed(one, (np.zeros(1), np.zeros(1), np.ones(1)))
    assert enter[0] == leave[0] == 0.0


def sampled(count: int, length_m: float, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of decays of a particle of 0.3 GeV with 1 GeV/c, as sampled: relative to the interaction."""
    ahead = directions(count, rng)
    energy, gamma_beta = np.hypot(1.0, 0.3), 1.0 / 0.3
    path = -length_m * np.log(rng.random(count))
    proper = path / gamma_beta / (LIGHT * 1e-2)
    return {
        "event_id": np.arange(count, dtype=np.uint64),
        "p4_nu_out": np.concatenate([np.full((1, count), energy), ahead]).T,
        "decay_length": np.full(count, length_m),
        "proper_time": proper,
        **{f"decay_{axis}": 100.0 * path * n for axis, n in zip("xyz", ahead, strict=True)},
        "time": np.full(count, 7.0),
        "decay_time": 7.0 + proper * energy / 0.3,
    }


def stretches(shapes: list[Shape], start: Array, ahead: Array, step: float = 1.0) -> Array:
    """Return the path lengths in steps at which a ray is in one of the shapes."""
    t = np.arange(0.5 * step, 3000.0, step)
    inside = [any(shape.contains(tuple(start + x * ahead)) for shape in shapes) for x in t]
    found: Array = t[np.array(inside)]
    return found


@pytest.mark.parametrize("length_m", [0.5, 5.0, 1e6])
def test_acceptance_is_the_integral_over_the_path_inside(length_m: float) -> None:
    """In steps of a centimetre along a few rays, of which only the ends are in doubt: 2 %."""
    rng = np.random.default_rng(4)
    shapes: list[Shape] = [Box((200.0, 200.0, 200.0)), Sphere(100.0, (0.0, 0.0, 400.0))]
    events = sampled(12, length_m, rng)
    events["p4_nu_out"][:6, 1:] = [0.05, 0.02, np.sqrt(1 - 0.05**2 - 0.02**2)]
    vertex = shapes[0].positions(rng.random((3, 12)))
    found = decayed(events, vertex, np.zeros(12), shapes)
    both = 0
    for i in range(12):
        start, ahead = np.array([v[i] for v in vertex]), events["p4_nu_out"][i, 1:]
        t = stretches(shapes, start, ahead)
        both += bool(np.any(np.diff(t) > 1.0))
        expected = np.sum(np.exp(-t / (100 * length_m))) * 1.0 / (100 * length_m)
        assert found["acceptance"][i] == pytest.approx(expected, rel=0.02, abs=4e-3 / length_m)
        place = tuple(found[f"decay_{axis}"][i] for axis in "xyz")
        assert any(shape.contains(place) for shape in shapes)
    assert both >= 4


def test_places_follow_the_exponential_inside() -> None:
    """Along one ray through two volumes: distribution function within 4 standard deviations; times follow."""
    rng, count, length_m = np.random.default_rng(5), 20_000, 3.0
    shapes: list[Shape] = [Box((200.0, 200.0, 200.0)), Sphere(100.0, (0.0, 0.0, 400.0))]
    events = sampled(count, length_m, rng)
    events["p4_nu_out"][:, 1:] = [0.0, 0.0, 1.0]
    vertex = (np.zeros(count), np.zeros(count), np.full(count, -50.0))
    found = decayed(events, vertex, np.full(count, 100.0), shapes)
    path = found["decay_z"] + 50.0

    def density(t: float) -> float:
        return float(np.exp(-t / 300.0) / 300.0) if t < 150.0 or 350.0 < t < 550.0 else 0.0

    total = sum(integrate.quad(density, a, b)[0] for a, b in ((0, 150), (350, 550)))
    np.testing.assert_allclose(found["acceptance"], total, rtol=1e-12)

    def below(t: Array) -> Array:
        first, second = np.clip(t, 0, 150), np.clip(t, 350, 550)
        return np.asarray((1 - np.exp(-first / 300) + np.exp(-350 / 300) - np.exp(-second / 300)) / total)

    assert stats.kstest(path, below).pvalue > LEAST_P
    assert not np.any((path > 150) & (path < 350))
    energy = np.hypot(1.0, 0.3)
    np.testing.assert_allclose(found["decay_time"], 100.0 + path * energy / LIGHT, rtol=1e-12)
    np.testing.assert_allclose(found["proper_time"], path * 0.3 / LIGHT, rtol=1e-10)


def test_what_misses_the_volume_decays_where_it_would() -> None:
    rng = np.random.default_rng(6)
    events = sampled(50, 2.0, rng)
    vertex = (np.zeros(50), np.zeros(50), np.zeros(50))
    found = decayed(events, vertex, np.zeros(50), [Box((1.0, 1.0, 1.0), (0.0, 0.0, -1e5))])
    missed = found["acceptance"] == 0.0
    assert missed.sum() >= 45
    for axis in "xyz":
        np.testing.assert_allclose(found[f"decay_{axis}"][missed], events[f"decay_{axis}"][missed], rtol=1e-12)


@cache
def made() -> dict[str, Any]:
    """Events of argon at one energy, without vertices; c tau is 8 cm."""
    portal = tg.DipolePortal(0.1, 3e-8, decay="dirac")
    process = tg.Cevns("Ar40", "numu", model=tg.CevnsModel(dipole=portal))
    return dict(process.generate(0.6, events=4000, engine="numpy").columns)


def test_placement_rotates_decays_and_counts_those_inside() -> None:
    """Decay minus vertex is along N in detector coordinates; the numbers do not depend on how events are divided."""
    events = made()
    beam = tg.BeamLine(source_cm=(0.0, 3000.0, -20000.0))
    placement = Placement.of([Volume(Box((400.0, 400.0, 500.0)))], tg.material("Ar40"), beam)
    placed = placement.placed(events, seed=3)
    away = np.stack([placed[f"decay_{axis}"] - placed[f"vertex_{axis}"] for axis in "xyz"], axis=1)
    momentum = placed["p4_nu_out"][:, 1:]
    cross = np.cross(away, momentum) / (np.linalg.norm(away, axis=1) * np.linalg.norm(momentum, axis=1))[:, None]
    assert np.abs(cross).max() < 1e-10
    assert np.all((placed["acceptance"] > 0.0) & (placed["acceptance"] <= 1.0))
    for axis, reach in zip("xyz", (200.0, 200.0, 250.0), strict=True):
        assert np.all(np.abs(placed[f"decay_{axis}"]) <= reach * (1 + 1e-12))
    flight = placed["decay_time"] - placed["vertex_time"]
    speed = np.linalg.norm(momentum, axis=1) / placed["p4_nu_out"][:, 0]
    np.testing.assert_allclose(flight * speed * LIGHT, np.linalg.norm(away, axis=1), rtol=1e-9)
    half = placement.placed({name: values[1000:1500] for name, values in events.items()}, seed=3)
    for name, values in half.items():
        np.testing.assert_array_equal(values, placed[name][1000:1500])
    none = placement.placed({name: values[:0] for name, values in events.items()}, seed=3)
    assert "acceptance" in none


def test_expected_photons_are_the_average_over_the_volume() -> None:
    """Weights times acceptance against a Monte Carlo of its own: free decays counted inside, 4 standard deviations."""
    events = made()
    box = Box((400.0, 400.0, 500.0))
    placed = Placement.of([Volume(box)], tg.material("Ar40")).placed(events, seed=1)
    point = Placement.of([Volume(Point())], tg.material("Ar40")).placed(events, seed=1)
    assert "acceptance" not in point
    inside = np.ones(len(events["weight"]), dtype=bool)
    for axis, half in zip("xyz", (200.0, 200.0, 250.0), strict=True):
        inside &= np.abs(placed[f"vertex_{axis}"] + point[f"decay_{axis}"]) <= half
    difference = events["weight"] * (placed["acceptance"] - inside)
    assert abs(difference.sum()) < 4 * np.sqrt(np.sum(difference**2))
    share = np.sum(events["weight"] * placed["acceptance"]) / np.sum(events["weight"])
    assert 0.1 < share < 0.9


def test_rock_makes_decays_that_count_in_the_detector_alone() -> None:
    events = made()
    volumes = [
        Volume(Box((400.0, 400.0, 500.0), (0.0, 0.0, -600.0)), "Ar40", 1.0, decays=False),
        Volume(Box((400.0, 400.0, 500.0)), "He4", 1.0),
    ]
    placement = Placement.of(volumes, tg.material("Ar40"))
    placed = placement.placed(events, seed=1)
    assert np.all(placed["vertex_z"] < -300.0)
    hits = placed["acceptance"] > 0.0
    assert 0.2 < hits.mean() < 1.0
    assert np.all(np.abs(placed["decay_z"][hits]) <= 250.0 * (1 + 1e-12))
    assert '"decays": false' in str(placement.attributes["placement"])
    with pytest.raises(InputError, match="decays must count in one of them"):
        Placement.of([Volume(Box((1.0, 1.0, 1.0)), decays=False)], tg.material("Ar40"))
