"""Pions and muons at rest: the line, the Michel spectra, yields and times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.flux.integrals import smooth, through_density, through_map
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, MuonAtRest, MuonDecay, TimeProfile, stopped_pions
from tridentgen.flux.stopped_pion import pion_line_GeV
from tridentgen.matter.particles import lepton_mass_GeV

MASS = lepton_mass_GeV("mu")


def test_energy_of_the_line() -> None:
    assert pion_line_GeV() == pytest.approx(29.792e-3, abs=1e-6)


def test_michel_spectra_as_printed() -> None:
    energy = np.linspace(0.0, 0.5 * MASS, 101)
    electron = 192.0 * energy**2 / MASS**3 * (0.5 - energy / MASS)
    muon = 64.0 * energy**2 / MASS**3 * (0.75 - energy / MASS)
    np.testing.assert_allclose(MuonAtRest("nue").density(energy), electron, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(MuonAtRest("numubar").density(energy), muon, rtol=1e-12)
    assert MuonAtRest("nue").density(np.array([-1e-3, 0.51 * MASS])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("neutrino", "share"), [("nue", 0.6), ("numubar", 0.7)])
def test_normalisation_and_mean_energy(neutrino: str, share: float) -> None:
    energy_map = MuonAtRest(neutrino).energy_map(0.0)
    assert through_map(energy_map, np.ones_like) == pytest.approx(1.0, rel=1e-14)
    assert through_map(energy_map, lambda energy: energy) == pytest.approx(share * 0.5 * MASS, rel=1e-14)


@pytest.mark.parametrize("neutrino", ["nue", "numubar"])
@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.05])
def test_map_integrates_what_the_density_does(neutrino: str, threshold: float) -> None:
    flux = MuonAtRest(neutrino)
    expected = through_density(flux, smooth, threshold, [0.0, flux.energy_max_GeV])
    assert through_map(flux.energy_map(threshold), smooth) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("neutrino", ["nue", "numubar"])
def test_a_slow_muon_in_flight_is_a_muon_at_rest(neutrino: str) -> None:
    slow = MuonDecay(MASS * (1.0 + 1e-12), 1, neutrino, 20.0)
    energy = np.linspace(1e-3, 0.052, 30)
    np.testing.assert_allclose(slow.density(energy), MuonAtRest(neutrino).density(energy), rtol=1e-4)
    assert slow.total == pytest.approx(1.0 / (4.0 * math.pi * 2000.0**2), rel=1e-5, abs=0.0)


def test_flux_of_the_spallation_neutron_source() -> None:
    # 1.4 MW of protons of 1 GeV make 4.3e7 neutrinos per cm^2 and s at 20 m (COHERENT, Science 357 (2017) 1123, with
    # 0.08 of each kind per proton).
    protons_per_second = 1.4e6 / (1e9 * 1.602176634e-19)
    source = stopped_pions(20.0, 0.08)
    assert source.total * protons_per_second == pytest.approx(4.3e7, rel=0.05)
    assert source.total_units == "cm^-2 POT^-1"


def test_three_kinds_in_equal_numbers() -> None:
    source = stopped_pions(19.3)
    assert [c.name for c in source.components] == ["prompt-numu", "delayed-nue", "delayed-numubar"]
    assert [c.neutrino for c in source.components] == ["numu", "nue", "numubar"]
    for component in source.components:
        assert component.flux.total == pytest.approx(0.0848 / (4.0 * math.pi * 1930.0**2), rel=1e-14, abs=0.0)
    assert isinstance(source.components[0].flux, Monochromatic)
    assert source.description == "pi+ and mu+ decays at rest, 19.3 m away, 0.0848 of each kind per proton"


def test_times_of_prompt_and_delayed_neutrinos() -> None:
    source = stopped_pions(20.0, pulse="gaussian", pulse_ns=380.0, offset_ns=66.7)
    for component, mean in zip(source.components, (26.033, 2223.01, 2223.01), strict=True):
        time = component.time
        assert isinstance(time, TimeProfile)
        assert sum(time.decays_ns) == pytest.approx(mean, rel=1e-5)
        assert (time.pulse, time.pulse_ns, time.offset_ns) == ("gaussian", 380.0, 66.7)
    # 4 % of the delayed ones come within the first 100 ns, 98 % of the prompt ones.
    u = np.linspace(0.0005, 0.9995, 1000)
    prompt = stopped_pions(20.0).components[0].time
    assert prompt is not None
    assert np.mean(prompt.time_ns(u[None]) < 100.0) == pytest.approx(1.0 - math.exp(-100.0 / 26.033), abs=2e-3)


def test_some_of_the_neutrinos() -> None:
    source = stopped_pions(20.0, neutrinos=["numubar", "nue"])
    assert source.neutrinos == ("nue", "numubar")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distance_m": 0.0}, "distance_m = 0.0 must be a positive length"),
        ({"distance_m": 20.0, "per_proton": -1.0}, "per_proton = -1.0 must be a positive number"),
        (
            {"distance_m": 20.0, "neutrinos": ["nuebar"]},
            r"'nuebar' is not made by stopped pi\+, did you mean 'numubar'\?; choose from numu, nue, numubar",
        ),
        ({"distance_m": 20.0, "neutrinos": []}, "has no neutrinos"),
    ],
)
def test_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stopped_pions(**arguments)  # type: ignore[arg-type]


def test_muons_at_rest_make_two_kinds() -> None:
    with pytest.raises(InputError, match="neutrino = 'numu' does not come from mu"):
        MuonAtRest("numu")
    with pytest.raises(InputError, match=r"more than 0\.06 GeV, the flux ends at 0\.0528292 GeV"):
        MuonAtRest("nue").energy_map(0.06)
