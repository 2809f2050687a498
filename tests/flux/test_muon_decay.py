"""Muon decay in flight against a boost done by hand, in many digits and by numerical quadrature."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from tests.flux.integrals import smooth, through_density, through_map
from tridentgen.errors import InputError
from tridentgen.flux import MuonDecay
from tridentgen.matter.particles import lepton_mass_GeV

MASS = lepton_mass_GeV("mu")
KINDS = [(-1, "numu"), (-1, "nuebar"), (1, "numubar"), (1, "nue")]
NUSTORM_GEV = 3.8


def _rest_frame(neutrino: str, charge: int, x: mpmath.mpf, cos: mpmath.mpf, polarisation: float) -> mpmath.mpf:
    """d2N/(dx dcos theta') as printed by Geer, PRD 57 (1998) 6989."""
    spin = -charge * polarisation * cos
    if neutrino in ("nue", "nuebar"):
        return 6 * x * x * (1 - x) * (1 + spin)
    return x * x * ((3 - 2 * x) + (1 - 2 * x) * spin)


def _spectrum_per_area(flux: MuonDecay, energy: float) -> float:
    """dN/(dE dA) in GeV^-1 cm^-2: the rest frame boosted point by point in 50 digits, mean over the disk."""
    with mpmath.workdps(50):
        gamma = mpmath.mpf(flux.muon_energy_GeV) / MASS
        beta = mpmath.sqrt(1 - 1 / gamma**2)

        def per_solid_angle(cos: mpmath.mpf) -> mpmath.mpf:
            rest_energy = energy * gamma * (1 - beta * cos)
            x = 2 * rest_energy / MASS
            if x > 1:
                return mpmath.mpf(0)
            rest_cos = (cos - beta) / (1 - beta * cos)
            jacobian = 2 / MASS / (gamma * (1 - beta * cos)) / (2 * mpmath.pi)
            return jacobian * _rest_frame(flux.neutrino, flux.muon_charge, x, rest_cos, flux.polarisation)

        length, radius = mpmath.mpf(flux.distance_m) * 100, mpmath.mpf(flux.detector_radius_m) * 100
        if radius == 0:
            return float(per_solid_angle(mpmath.cos(flux.off_axis_angle_rad)) / length**2)
        rim = length / mpmath.sqrt(length**2 + radius**2)
        # x reaches 1 at this angle: split there, the integrand has a step.
        end = min(max((1 - MASS / (2 * energy * gamma)) / beta, rim), mpmath.mpf(1))
        through_disk = 2 * mpmath.pi * mpmath.quad(per_solid_angle, [end, 1])
        return float(through_disk / (mpmath.pi * radius**2))


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
@pytest.mark.parametrize(
    ("energy", "distance", "radius", "polarisation"),
    [
        (NUSTORM_GEV, 50.0, 2.5, 0.0),
        (NUSTORM_GEV, 50.0, 2.5, 1.0),
        (NUSTORM_GEV, 2000.0, 0.0, -0.4),
        (0.15, 10.0, 5.0, -1.0),
        (1500.0, 200.0, 1.0, 0.3),
        (1500.0, 200.0, 0.0, 0.0),
        (1e4, 1e5, 1e-2, 1.0),
    ],
)
def test_spectrum_against_a_boost_by_hand(
    charge: int, neutrino: str, energy: float, distance: float, radius: float, polarisation: float
) -> None:
    flux = MuonDecay(energy, charge, neutrino, distance, radius, polarisation)
    points = flux.energy_max_GeV * np.array([0.01, 0.4, 0.8, 0.97, 0.9999])
    expected = [_spectrum_per_area(flux, point) for point in points]
    np.testing.assert_allclose(flux.total * flux.density(points), expected, rtol=2e-11)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
@pytest.mark.parametrize("angle", [0.01, 0.5, math.pi])
def test_off_axis_spectrum_against_a_boost_by_hand(charge: int, neutrino: str, angle: float) -> None:
    flux = MuonDecay(NUSTORM_GEV, charge, neutrino, 300.0, polarisation=0.6, off_axis_angle_rad=angle)
    points = flux.energy_max_GeV * np.array([0.1, 0.5, 0.95])
    expected = [_spectrum_per_area(flux, point) for point in points]
    np.testing.assert_allclose(flux.total * flux.density(points), expected, rtol=1e-12)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
def test_total_counts_the_rest_frame_neutrinos_that_hit_the_disk(charge: int, neutrino: str) -> None:
    flux = MuonDecay(NUSTORM_GEV, charge, neutrino, 50.0, 2.5, polarisation=-0.7)
    gamma = NUSTORM_GEV / MASS
    beta = math.sqrt(1.0 - 1.0 / gamma**2)
    rim = 50.0 / math.hypot(50.0, 2.5)
    rim_in_rest_frame = (rim - beta) / (1.0 - beta * rim)
    hits = mpmath.quad(lambda x, cos: _rest_frame(neutrino, charge, x, cos, -0.7), [0, 1], [rim_in_rest_frame, 1])
    assert flux.total * math.pi * 250.0**2 == pytest.approx(float(hits), rel=1e-10)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
@pytest.mark.parametrize("energy", [0.11, NUSTORM_GEV, 5000.0])
def test_total_on_the_axis(charge: int, neutrino: str, energy: float) -> None:
    flux = MuonDecay(energy, charge, neutrino, 2000.0)
    gamma = mpmath.mpf(energy) / MASS
    beta = mpmath.sqrt(1 - 1 / gamma**2)
    assert flux.total == pytest.approx(float((gamma * (1 + beta) / 2e5) ** 2 / (4 * mpmath.pi)), rel=1e-13, abs=0.0)
    assert flux.total_units == "cm^-2 per muon decay"


def test_total_far_away_is_the_published_limit() -> None:
    # Barger, Geer and Whisnant, PRD 61 (2000) 053004: n0 gamma^2/(pi L^2) for gamma >> 1.
    flux = MuonDecay(1000.0, -1, "numu", 7.3e6)
    assert flux.total == pytest.approx((1000.0 / MASS) ** 2 / (math.pi * 7.3e8**2), rel=1e-7, abs=0.0)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
def test_polarisation_on_the_axis(charge: int, neutrino: str) -> None:
    # The integral of the spectra above over x at cos theta' = 1: 1 -+ P/3 and 1 +- P.
    plain, polarised = (MuonDecay(NUSTORM_GEV, charge, neutrino, 100.0, polarisation=p) for p in (0.0, 0.5))
    share = 0.5 if neutrino in ("nue", "nuebar") else -0.5 / 3.0
    assert polarised.total / plain.total == pytest.approx(1.0 - charge * share, rel=1e-13)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
def test_a_huge_disk_catches_the_forward_hemisphere(charge: int, neutrino: str) -> None:
    gamma = NUSTORM_GEV / MASS
    beta = math.sqrt(1.0 - 1.0 / gamma**2)
    flux = MuonDecay(NUSTORM_GEV, charge, neutrino, 1e-3, 1e6)
    caught = flux.total * math.pi * 1e8**2
    assert caught == pytest.approx(0.5 * (1.0 + beta), rel=1e-8)  # cos theta' > -beta; backwards: 1/(4 gamma^2)


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
def test_mean_energies(charge: int, neutrino: str) -> None:
    # <x> = 3/5 (electron) and 7/10 (muon neutrinos).
    # On the axis <E> = <x> E_max; over all angles <E> = <x> E_mu/2.
    mean_x = 0.6 if neutrino in ("nue", "nuebar") else 0.7
    axis = MuonDecay(NUSTORM_GEV, charge, neutrino, 100.0)
    everywhere = MuonDecay(5000.0, charge, neutrino, 1e-3, 1e3)
    assert through_map(axis.energy_map(0.0), lambda energy: energy) == pytest.approx(mean_x * axis.energy_max_GeV)
    pieces = np.geomspace(1e-12, 0.5, 40).tolist()
    mean = through_map(everywhere.energy_map(0.0), lambda energy: energy, pieces)
    assert mean == pytest.approx(0.5 * mean_x * 5000.0, rel=1e-6)


def test_end_of_the_spectrum() -> None:
    flux = MuonDecay(NUSTORM_GEV, -1, "numu", 50.0, 2.5)
    assert flux.energy_max_GeV == pytest.approx(0.5 * (NUSTORM_GEV + math.sqrt(NUSTORM_GEV**2 - MASS**2)), rel=1e-14)
    assert flux.density(np.array([-0.1, 0.0, flux.energy_max_GeV, 3.9])).tolist()[:2] == [0.0, 0.0]
    assert flux.density(np.array([3.9])).tolist() == [0.0]


@pytest.mark.parametrize(("charge", "neutrino"), KINDS)
@pytest.mark.parametrize("radius", [0.0, 2.5])
@pytest.mark.parametrize("threshold", [0.0, 1.0, 3.5])
def test_map_integrates_what_the_density_does(charge: int, neutrino: str, radius: float, threshold: float) -> None:
    flux = MuonDecay(NUSTORM_GEV, charge, neutrino, 50.0, radius, polarisation=-0.2)
    gamma, beta = NUSTORM_GEV / MASS, math.sqrt(1.0 - (MASS / NUSTORM_GEV) ** 2)
    # Above this energy the rim of the disk gets nothing: the density has a kink.
    kink = MASS / (2.0 * gamma * (1.0 - beta * 50.0 / math.hypot(50.0, radius)))
    end = flux.energy_max_GeV
    energy_map = flux.energy_map(threshold)
    breaks = [(kink - threshold) / (end - threshold)] if threshold < kink < end * (1.0 - 1e-9) else []
    got = through_map(energy_map, smooth, breaks)
    assert got == pytest.approx(through_density(flux, smooth, threshold, [0.0, kink, end]), rel=1e-11)


@pytest.mark.parametrize("radius", [0.0, 1e-3, 5.0, 500.0])
@pytest.mark.parametrize("polarisation", [-1.0, 0.99, 1.0])
def test_map_stays_in_its_range_and_weights_are_not_negative(radius: float, polarisation: float) -> None:
    for charge, neutrino in KINDS:
        if radius == 0.0 and neutrino in ("nue", "nuebar") and charge * polarisation == 1.0:
            continue
        energy_map = MuonDecay(NUSTORM_GEV, charge, neutrino, 50.0, radius, polarisation).energy_map(0.3)
        energy, weight = energy_map(np.linspace(0.0, 1.0, 5001))
        assert np.all(np.diff(energy) > 0.0)
        assert energy.min() >= 0.3
        assert energy.max() <= energy_map.energy_max_GeV
        assert weight.min() >= 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neutrino": "nutau"}, "mu- decays make numu and nuebar, not nutau"),
        ({"neutrino": "nue"}, "mu- decays make numu and nuebar, not nue: .* the muon of opposite charge"),
        ({"neutrino": "nuemu"}, "unknown neutrino 'nuemu'"),
        ({"muon_charge": 0}, "muon_charge = 0 must be -1 or"),
        (
            {"muon_energy_GeV": 0.1},
            "muon_energy_GeV = 0.1 must be a finite total energy above .* 0.105658 GeV",
        ),
        ({"muon_energy_GeV": math.nan}, "muon_energy_GeV = nan"),
        ({"distance_m": 0.0}, "distance_m = 0.0 must be a positive length"),
        ({"detector_radius_m": -1.0}, "detector_radius_m = -1.0 must be zero or"),
        ({"polarisation": 1.5}, "polarisation = 1.5 must lie between -1 and 1"),
        ({"off_axis_angle_rad": -0.1}, "off_axis_angle_rad = -0.1 must lie between 0 and pi"),
        (
            {"off_axis_angle_rad": 0.1, "detector_radius_m": 1.0},
            "detector_radius_m = 1.0 must be 0 .* off the axis",
        ),
        (
            {"neutrino": "nuebar", "polarisation": -1.0},
            "no nuebar from mu- reaches the detector at polarisation -1",
        ),
    ],
)
def test_refuses(options: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {
        "muon_energy_GeV": 3.8,
        "muon_charge": -1,
        "neutrino": "numu",
        "distance_m": 50.0,
    }
    with pytest.raises(InputError, match=message):
        MuonDecay(**{**arguments, **options})  # type: ignore[arg-type]


def test_threshold_above_the_muon_energy() -> None:
    with pytest.raises(InputError, match=r"more than 5 GeV, the flux ends at 3.79927 GeV \(numu from decays of mu-"):
        MuonDecay(NUSTORM_GEV, -1, "numu", 50.0).energy_map(5.0)


def test_description() -> None:
    text = MuonDecay(3.8, 1, "nue", 50.0, 2.5, 0.1).description
    assert text == "nue from decays of mu+ of 3.8 GeV, 50 m away, disk of 2.5 m radius, polarisation 0.1"
    off_axis = MuonDecay(3.8, 1, "nue", 50.0, off_axis_angle_rad=math.radians(2.0)).description
    assert off_axis.endswith("50 m away, 2 degrees off axis")
