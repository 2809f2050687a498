"""The names that `import tridentgen as tg` promises, used as in the documentation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.run_cards import columns_of, write_card

ROOT = Path(__file__).parents[1]
FloatArray = NDArray[np.float64]
EVENTS = 20_000


@pytest.fixture(scope="module")
def process() -> tg.Trident:
    return tg.Trident(
        "numu", "mu-", "mu+", target="Ar40", regime="coherent", form_factor="woods-saxon", sin2_theta_w=0.23122
    )


@pytest.fixture(scope="module")
def events(process: tg.Trident) -> tg.Events:
    return process.generate(energy=5.0, events=EVENTS, seed=1)


def apart(first: tg.Events, second: tg.Events) -> float:
    """Difference of two cross sections in units of its error."""
    difference = float(first.attributes["sigma"] - second.attributes["sigma"])
    return abs(difference) / math.hypot(first.attributes["sigma_error"], second.attributes["sigma_error"])


def test_a_cross_section(process: tg.Trident) -> None:
    found = process.cross_section(energy=5.0, rel_error=1e-3, seed=1)
    assert 0.0 < found.error <= 1e-3 * found.value
    # Computed with another code and a mass of 40 u.
    assert abs(found.value - 1.2987e-42) < 3.0 * math.hypot(found.error, 8e-46) + 3e-3 * 1.2987e-42
    assert 0.0 < found.chi2_dof < 10.0
    assert found.points > 10_000
    assert found.warnings == ()


def test_events_in_memory(process: tg.Trident, events: tg.Events) -> None:
    assert len(events) == EVENTS
    assert events["p4_minus"].shape == (EVENTS, 4)
    assert events.sum_weights == pytest.approx(events.attributes["sigma"], rel=1e-13, abs=0.0)
    found = process.cross_section(energy=5.0, rel_error=1e-3, seed=2)
    assert abs(events.sum_weights - found.value) < 4.0 * math.hypot(events.attributes["sigma_error"], found.error)


def test_the_matrix_element_of_events_is_a_square(process: tg.Trident, events: tg.Events) -> None:
    nucleus = np.zeros((EVENTS, 4))
    nucleus[:, 0] = events.attributes["target_mass_GeV"]
    names = ("p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")
    momenta = [events["p4_nu_in"], nucleus, *(events[name] for name in names)]
    squared = process.matrix_element_squared(*momenta)
    assert squared.shape == (EVENTS,)
    assert np.all(squared > 0.0)
    # It does not depend on the frame: the same momenta seen from one that moves along the beam.
    boosted = [_boosted(p, 0.6) for p in momenta]
    np.testing.assert_allclose(process.matrix_element_squared(*boosted), squared, rtol=1e-8)


def _boosted(p: FloatArray, beta: float) -> FloatArray:
    gamma = 1.0 / math.sqrt(1.0 - beta**2)
    energy, along = gamma * (p[:, 0] - beta * p[:, 3]), gamma * (p[:, 3] - beta * p[:, 0])
    return np.column_stack([energy, p[:, 1], p[:, 2], along])


@pytest.mark.parametrize(
    "couplings",
    [{"sin2_theta_w": 0.35}, {"vector": 1.5, "axial": 0.1}, {"zprime": tg.ZPrime(0.05, strength=2e-7)}],
    ids=["angle", "couplings", "zprime"],
)
def test_reweighted_events_are_those_of_a_run_with_the_other_couplings(
    process: tg.Trident, events: tg.Events, couplings: dict[str, object]
) -> None:
    other = process.with_couplings(**couplings)  # type: ignore[arg-type]
    fresh = other.generate(energy=5.0, events=EVENTS, seed=2)
    moved = events.reweight(other) if other.zprime is None else events.reweight(*other.chiral_couplings(events))
    assert abs(moved.attributes["sigma"] / events.attributes["sigma"] - 1.0) > 0.05  # there is something to see
    assert apart(moved, fresh) < 4.0
    # Not only the total: two shapes, each as a mean over the events.
    for column in ("m2_ll", "delta_theta"):
        means, errors = zip(*(_weighted_mean(e[column], e["weight"]) for e in (moved, fresh)), strict=True)
        assert abs(means[0] - means[1]) < 4.0 * math.hypot(*errors)


@pytest.mark.parametrize("kind", [tg.Trident, tg.EpaTrident])
@pytest.mark.parametrize("mass_GeV", [0.05, 0.3])
def test_reweighting_to_a_zprime_and_back_gives_the_same_weights(kind: type[tg.Trident], mass_GeV: float) -> None:
    """Event by event: with a Z' the points differ, but not the weight of a point."""
    standard = kind("numu", "mu-", "mu+", target="Ar40", regime="total")
    light = standard.with_couplings(zprime=tg.ZPrime(mass_GeV, coupling=2e-3))
    made = light.generate(energy=3.0, events=2000, seed=4)
    again = made.reweight(standard).reweight(*light.chiral_couplings(made))
    np.testing.assert_allclose(again["weight"], made["weight"], rtol=1e-12)
    fresh = standard.generate(energy=3.0, events=EVENTS, seed=5)
    assert apart(fresh.reweight(*light.chiral_couplings(fresh)), light.generate(energy=3.0, events=EVENTS)) < 4.0


def test_events_without_q2_between_the_neutrinos(process: tg.Trident, events: tg.Events) -> None:
    """Files from before the column have the momenta, along any axes; those of the EPA do not determine it."""
    light = process.with_couplings(zprime=tg.ZPrime(0.05, strength=2e-7))
    expected = light.chiral_couplings(events)
    old = replace(events, columns={name: values for name, values in events.columns.items() if name != "q2_nu"})
    np.testing.assert_allclose(light.chiral_couplings(old), expected, rtol=1e-9)
    turn = np.linalg.qr(np.random.default_rng(8).normal(size=(3, 3)))[0]
    turned = {name: np.column_stack([old[name][:, 0], old[name][:, 1:] @ turn]) for name in ("p4_nu_in", "p4_nu_out")}
    moved = replace(old, columns={**old.columns, **turned})
    np.testing.assert_allclose(light.chiral_couplings(moved), expected, rtol=1e-9)
    no_beam = replace(old, columns={name: values for name, values in old.columns.items() if name != "p4_nu_in"})
    epa = replace(old, attributes={**old.attributes, "photon_flux": "exact"})
    for unknown in (no_beam, epa):
        with pytest.raises(tg.InputError, match=r"have no column 'q2_nu' .*, on which .* depend: read it .*generate"):
            light.chiral_couplings(unknown)


def _weighted_mean(values: FloatArray, weight: FloatArray) -> tuple[float, float]:
    mean = float(np.average(values, weights=weight))
    return mean, float(np.sqrt(np.sum((weight * (values - mean)) ** 2)) / np.sum(weight))


def test_reweighting_to_the_same_couplings_changes_nothing(process: tg.Trident, events: tg.Events) -> None:
    np.testing.assert_allclose(events.reweight(process)["weight"], events["weight"], rtol=1e-12)


def test_events_to_a_file_and_back(events: tg.Events, tmp_path: Path) -> None:
    events.to_hdf5(tmp_path / "a.h5")
    again = tg.read(tmp_path / "a.h5")
    assert set(again.columns) == set(events.columns)
    for name, values in events.columns.items():
        np.testing.assert_array_equal(again[name], values)
    assert again.attributes["sigma"] == events.attributes["sigma"]
    with pytest.raises(tg.FileError, match="already exists"):
        events.to_hdf5(tmp_path / "a.h5")
    events.to_hdf5(tmp_path / "a.h5", force=True)


def test_a_card_from_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ["sampling.events=1000", "sampling.training_points=5000"]
    monkeypatch.chdir(ROOT)
    run = tg.run("cards/quickstart.toml", output=tmp_path / "events.h5", overrides=settings)
    assert (run.path, run.events, run.complete) == (tmp_path / "events.h5", 1000, True)
    found = tg.read(run.path)
    assert found.sum_weights == pytest.approx(run.sigma, rel=1e-13, abs=0.0)
    with pytest.raises(tg.FileError, match="already exists"):
        tg.run("cards/quickstart.toml", output=tmp_path / "events.h5", overrides=settings)


def test_flux_averages(process: tg.Trident) -> None:
    flux = tg.PowerLaw(2.0, 1.0, 20.0)
    found = process.generate(flux=flux, events=5000, seed=3)
    assert found["e_nu"].min() >= 1.0
    assert found["e_nu"].max() <= 20.0
    averaged = process.cross_section(flux=flux, rel_error=3e-3, seed=4)
    assert abs(found.sum_weights - averaged.value) < 4.0 * math.hypot(found.attributes["sigma_error"], averaged.error)
    for arguments in ({}, {"energy": 5.0, "flux": flux}):
        with pytest.raises(tg.InputError, match="give either an energy in GeV or a flux"):
            process.generate(**arguments)  # type: ignore[arg-type]


def test_mistakes_are_errors_of_the_package() -> None:
    for make, message in (
        (lambda: tg.Trident("nue", "mu-", "e+"), "nu_e cannot produce mu with anti-e"),
        (lambda: tg.Trident("numu", "mu+", "mu-"), "give the negative lepton first"),
        (lambda: tg.Trident("numu", "mu-", "mu+", target="Ar99x"), "cannot read nuclide 'Ar99x'"),
        (lambda: tg.Trident("numu", "mu-", "mu+").cross_section(energy=0.2), "no flux above the threshold"),
        (lambda: tg.Trident("numu", "mu-", "mu+").cross_section(energy=-5.0), "must be a positive energy"),
        (lambda: tg.Trident("numu", "mu-", "mu+").generate(energy=5.0, events=0), "events = 0 must"),
        (lambda: tg.Trident("numu", "mu-", "mu+").generate(energy=5.0, engine="gpu"), "unknown engine 'gpu'"),
    ):
        with pytest.raises(tg.InputError, match=message):
            make()
    with pytest.raises(tg.FileError, match=r"there is no file 'nowhere\.h5'"):
        tg.read("nowhere.h5")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("file")
    return tg.run(write_card(folder), output=folder / "events.h5").path


def test_other_libraries_read_a_file_in_one_line(file: Path) -> None:
    columns = {name: data[()] for name, data in h5py.File(file)["events"].items()}
    assert len(columns["weight"]) == 4000
    ak = pytest.importorskip("awkward")
    array = ak.Array({name: data[()] for name, data in h5py.File(file)["events"].items()})
    assert len(array) == 4000
    assert ak.to_list(array["p4_minus"][0]) == list(columns["p4_minus"][0])


def test_pandas_reads_a_file_in_one_line(file: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({name: list(data[()]) for name, data in h5py.File(file)["events"].items()})
    assert len(frame) == 4000
    assert frame["weight"].sum() == pytest.approx(np.sum(columns_of(file)["weight"]), rel=1e-13, abs=0.0)


def test_every_column_says_its_units_and_meaning(file: Path) -> None:
    with h5py.File(file) as opened:
        for name, data in opened["events"].items():
            assert data.attrs["description"], name
            assert (data.fletcher32, data.compression) == (True, None)
            assert data.dtype == {"event_id": "u8"}.get(name, data.dtype if data.dtype.kind == "i" else "f8")
        units = {name: data.attrs["units"] for name, data in opened["events"].items()}
    assert [units[name] for name in ("weight", "e_nu", "p4_plus", "m2_ll", "delta_theta", "recoil_energy")] == [
        "cm2",
        "GeV",
        "GeV",
        "GeV2",
        "rad",
        "GeV",
    ]
