"""Sources from models of snewpy, and the files that it writes; with models made of a table, which need no download."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import trapezoid

import tridentgen as tg
from tridentgen.errors import InputError, TridentgenError
from tridentgen.flux import Source, TabulatedFlux, TabulatedProfile, build_source

units = pytest.importorskip("astropy.units", reason="needs snewpy: pip install tridentgen[snewpy]")
base = pytest.importorskip("snewpy.models.base", reason="needs snewpy: pip install tridentgen[snewpy]")
from astropy.table import Table  # noqa: E402
from snewpy.flavor_transformation import AdiabaticMSW  # noqa: E402
from snewpy.neutrino import MassHierarchy  # noqa: E402

ORDER = ("nue", "numu", "nutau", "nuebar", "numubar", "nutaubar")
FLAVOUR_OF = {"nue": 0, "numu": 1, "nutau": 1, "nuebar": 2, "numubar": 3, "nutaubar": 3}
"""Rows of a flux of snewpy 1: NU_E, NU_X, NU_E_BAR, NU_X_BAR."""

ENERGIES = np.linspace(0.0, 100.0, 501)


def rows() -> dict[str, NDArray[np.float64]]:
    """A burst of 20 s that cools: three species with luminosity in erg/s, mean energy in MeV and pinching."""
    time = np.array([-0.05, 0.0, 0.01, 0.02, 0.05, 0.1, 0.3, 0.6, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0])
    later = np.maximum(time, 0.0)
    columns = {"TIME": time}
    for name, luminosity, energy, pinching in (
        ("NU_E", 4e52, 11.0, 2.8),
        ("NU_E_BAR", 3e52, 13.0, 2.5),
        ("NU_X", 2.5e52, 15.0, 2.2),
    ):
        columns[f"L_{name}"] = np.where(time > -0.04, luminosity * np.exp(-later / 2.5), 0.0)
        columns[f"E_{name}"] = energy * np.exp(-later / 20.0)
        columns[f"ALPHA_{name}"] = np.full_like(time, pinching)
    return columns


def model() -> Any:
    return base.PinchedModel(Table(rows()), {})


def flux_of(source: Source, name: str) -> TabulatedFlux:
    flux = {component.name: component.flux for component in source.components}[name]
    assert isinstance(flux, TabulatedFlux)
    return flux


def profile_of(source: Source, name: str) -> TabulatedProfile:
    time = {component.name: component.time for component in source.components}[name]
    assert isinstance(time, TabulatedProfile)
    return time


@pytest.mark.parametrize("ordering", [None, "NORMAL", "INVERTED"])
def test_integrals_are_those_of_snewpy(ordering: str | None) -> None:
    transformation = None if ordering is None else AdiabaticMSW(mh=MassHierarchy[ordering])
    given = {} if transformation is None else {"flavor_xform": transformation}
    theirs = model().get_flux(model().get_time(), ENERGIES * units.MeV, 8.0 * units.kpc, **given).integrate("time")
    source = tg.Source.from_snewpy(model(), 8.0, transformation=transformation)
    assert (source.neutrinos, source.total_units) == (ORDER, "cm^-2")
    for name in ORDER:
        fluence = theirs.array[FLAVOUR_OF[name], 0].to_value("1/(cm2 GeV)")
        np.testing.assert_allclose(flux_of(source, name).values, fluence, rtol=1e-12)
        total = theirs.integrate("energy").array[FLAVOUR_OF[name], 0, 0].to_value("1/cm2")
        assert flux_of(source, name).total == pytest.approx(total, rel=1e-12)


def test_energy_of_the_burst_by_hand() -> None:
    """The fluence times the mean energy is the integral of the luminosity over 4 pi d^2, on a finer grid in energy."""
    columns = rows()
    source = tg.Source.from_snewpy(model(), 10.0, energies=np.linspace(0.0, 200.0, 4001))
    flux = flux_of(source, "nuebar")
    energy = np.linspace(0.0, 0.2, 4001)
    carried = flux.total * trapezoid(energy * flux.density(energy), energy)
    area = 4.0 * np.pi * (10.0 * 3.0856775814913673e21) ** 2
    emitted = trapezoid(columns["L_NU_E_BAR"], columns["TIME"]) * 624.15090744607632 / area
    # The luminosity is linear in time and the spectrum is not: snewpy's integrals differ from it by the steps in time.
    assert carried == pytest.approx(emitted, rel=1e-3)


def test_times_follow_the_numbers_of_snewpy() -> None:
    source = tg.Source.from_snewpy(model(), 10.0)
    theirs = model().get_flux(model().get_time(), ENERGIES * units.MeV, 10.0 * units.kpc).integrate("energy")
    edges = np.array([-0.05, 0.02, 0.3, 1.0, 5.0, 20.0])  # times of the model, between which it is linear here
    for name in ORDER:
        counted = np.ravel(theirs.integrate("time", limits=edges * units.s).array[FLAVOUR_OF[name]].value)
        times = profile_of(source, name).time_ns([(np.arange(400_000) + 0.5) / 4e5]) * 1e-9
        found = np.histogram(times, edges)[0] / 4e5
        np.testing.assert_allclose(found, counted / counted.sum(), atol=1e-5)


def test_windows_have_their_own_spectra() -> None:
    """Their sum is the burst; later ones are colder, as the model is."""
    whole, parts = (tg.Source.from_snewpy(model(), 10.0, windows=number) for number in (1, 4))
    assert parts.description.endswith("-0.05 to 20 s, in 4 windows")
    names = [f"nuebar-{number}" for number in range(1, 5)]
    total = sum(flux_of(parts, name).values for name in names)
    np.testing.assert_allclose(total, flux_of(whole, "nuebar").values, rtol=1e-12)
    energy = np.linspace(0.0, 0.1, 2001)
    means = [trapezoid(energy * flux_of(parts, name).density(energy), energy) for name in names]
    assert (np.diff(means) < 0.0).all()
    ends = [profile_of(parts, name).times_ns[[0, -1]] for name in names]
    np.testing.assert_array_equal([end[0] for end in ends[1:]], [end[1] for end in ends[:-1]])


def test_window_of_two_times_and_units() -> None:
    """Two times take the model's own between them; quantities have their own units."""
    source = tg.Source.from_snewpy(model(), 10.0, times=(0.0, 1.0))
    np.testing.assert_allclose(profile_of(source, "nue").times_ns[[0, 1, -1]], [0.0, 1e7, 1e9], atol=1e-3)
    same = tg.Source.from_snewpy(
        model(), 1e4 * units.pc, times=[0.0, 1000.0] * units.ms, energies=ENERGIES * 1e3 * units.keV
    )
    assert same.total == pytest.approx(source.total, rel=1e-12)
    listed = tg.Source.from_snewpy(model(), 10.0, times=[0.0, 0.5, 1.0])
    np.testing.assert_allclose(profile_of(listed, "nue").times_ns, [0.0, 5e8, 1e9])


def test_events_of_a_burst() -> None:
    """Supernova neutrinos on water: rate by quadrature, and arrival times of the window."""
    source = tg.Source.from_snewpy(model(), 10.0)
    reaction = tg.InverseBetaDecay("water")
    run = reaction.generate(flux=source.only("nuebar"), events=4000, engine="numpy")
    time = 1e-9 * np.asarray(run["time"])
    expected = 1e-9 * profile_of(source, "nuebar").time_ns(np.array([[0.1, 0.5, 0.9]]))
    weight = np.asarray(run["weight"])
    below = [float(weight[time < t].sum() / weight.sum()) for t in expected]
    np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=5.0 * 0.5 / np.sqrt(4000))


class Other(base.SupernovaModel):  # type: ignore[misc,name-defined]
    """A model of somebody else: one spectrum, with what a test wants to be wrong."""

    def __init__(self, values: Any = 1.0, times: Any = (0.0, 1.0, 2.0)) -> None:
        super().__init__(np.array(times) * units.s, {})
        self.values = values

    def get_initial_spectra(self, t: Any, E: Any, flavors: Any = None) -> Any:
        from snewpy.neutrino import Flavor

        shape = np.exp(-E.to_value("MeV") / 4.0) * np.ones((len(t), 1)) * self.values
        return dict.fromkeys(flavors or Flavor, shape / (units.MeV * units.s) * 1e55)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "Nakazato_2013"}, "model = 'Nakazato_2013' is no model of snewpy; make one, as snewpy.models.ccsn"),
        ({"model": Other}, "is no model of snewpy; make one"),
        ({"distance_kpc": 0.0}, "distance_kpc = 0.0 must be a positive number of kpc"),
        ({"distance_kpc": 3.0 * units.s}, "distance_kpc = <Quantity 3. s> must be in kpc"),
        ({"distance_kpc": None}, "distance_kpc = None must be in kpc"),
        ({"transformation": "AdiabaticMSW"}, "transformation = 'AdiabaticMSW' is no flavour transformation of snewpy"),
        ({"transformation": AdiabaticMSW}, "is no flavour transformation of snewpy; make one, as"),
        ({"transformation": 3}, "snewpy's Other gives no flux: AttributeError"),
        (
            {"times": (0.0, 9.0)},
            "times are from 0 to 9 s, and snewpy's Other is known from 0 to 2 s",
        ),
        ({"times": (1.0, 0.0)}, "times must be finite and increase"),
        ({"times": 1.0}, "times must be a list of two or more numbers in s"),
        ({"times": [0.0, 1.0] * units.m}, "must be in s"),
        ({"energies": [1.0, np.nan]}, "energies must be finite and increase"),
        ({"energies": [-1.0, 1.0]}, "energies begin at -1 MeV; let them begin at 0 or above"),
        ({"energies": np.linspace(0.0, 1e5, 501)}, "energies are too far apart for nue of snewpy's Other"),
        ({"windows": 0}, "windows = 0 must be a whole number from 1 to 100"),
        ({"model": Other(np.nan)}, "NU_E of snewpy's Other is not finite at some times and energies"),
        ({"model": Other(-1.0)}, "NU_E of snewpy's Other is negative at some times and energies"),
        ({"model": Other(0.0)}, "snewpy's Other, .*: has no neutrinos"),
        ({"model": Other(times=(1.0,))}, "snewpy's Other has 1 times; two or more are needed"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tg.Source.from_snewpy(**{"model": Other(), "distance_kpc": 10.0, **arguments})


def test_hot_spectra_need_more_energies() -> None:
    columns = rows()
    columns["E_NU_X"] = np.full_like(columns["TIME"], 40.0)
    hot = base.PinchedModel(Table(columns), {})
    with pytest.raises(InputError, match=r"about 1.9% of numu of .* are above 100 MeV; give energies that"):
        tg.Source.from_snewpy(hot, 10.0)
    assert tg.Source.from_snewpy(hot, 10.0, energies=np.linspace(0.0, 400.0, 2001)).total > 0.0


def test_without_snewpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snewpy.neutrino", None)
    with pytest.raises(TridentgenError, match=r'models of snewpy need .*: pip install "tridentgen\[snewpy\]"'):
        tg.Source.from_snewpy(model(), 10.0)


# ---- files of the package


@pytest.mark.parametrize("series", [False, True], ids=["fluence", "time series"])
def test_files_that_snewpy_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, series: bool) -> None:
    """The totals of the file are those of the container in it, and near those of the model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    snowglobes = pytest.importorskip("snewpy.snowglobes", reason="snewpy.snowglobes needs snowglobes_data")
    from snewpy.flux import Container

    Table(rows()).write("table.dat", format="ascii")
    make = snowglobes.generate_time_series if series else snowglobes.generate_fluence
    name = make("table.dat", "Analytic3Species", "AdiabaticMSW_NMO", 10.0, output_filename="out")
    assert os.path.exists(name)  # noqa: PTH110
    source = build_source("file", {"path": name}, None, tmp_path)
    theirs = Container.load(name)
    for flavour in ORDER:
        expected = theirs.array[FLAVOUR_OF[flavour]].to_value("1/cm2").sum()
        assert flux_of(source, flavour).total == pytest.approx(expected, rel=1e-12)
    if not series:  # the time series has few steps in time
        ours = tg.Source.from_snewpy(model(), 10.0, transformation=AdiabaticMSW())
        assert source.total == pytest.approx(ours.total, rel=1e-3)


def test_any_container_of_snewpy(tmp_path: Path) -> None:
    """A flux by time and energy, as its user saves it, is the source of the model."""
    flux = model().get_flux(model().get_time(), ENERGIES * units.MeV, 10.0 * units.kpc)
    for number, container in enumerate((flux, flux.integrate("time"), flux.integrate("energy", ENERGIES * units.MeV))):
        path = tmp_path / f"{number}.npz"
        container.save(str(path))
        source, ours = build_source("file", {"path": str(path)}, None, tmp_path), tg.Source.from_snewpy(model(), 10.0)
        assert source.total == pytest.approx(ours.total, rel=1e-10)
        timed = [component.time is not None for component in source.components]
        assert timed == [number != 1] * 6
