from __future__ import annotations

import dataclasses
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.events.synthetic import trident_events
from tridentgen.analysis import plots
from tridentgen.analysis.plots import OBSERVABLES, dsigma_histogram, plot_events
from tridentgen.engines.process import Column
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events

NAMES = [
    "m2_ll",
    "delta_theta",
    "q2",
    "theta_minus",
    "theta_plus",
    "recoil_energy",
    "energy_minus",
    "energy_plus",
    "e_nu",
    "overview",
]


def needs_pictures() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("mplhep")


def texts(events: Events, name: str) -> dict[str, str]:
    """Draw one observable and return what is written on it."""
    needs_pictures()
    observable = next(o for o in OBSERVABLES if o.name == name)
    with plots._style():
        axes = plots._single(events, plots._Panel.of(events, observable)).axes[0]
        legend = axes.get_legend()
        assert legend is not None
        return {
            "x": axes.get_xlabel(),
            "y": axes.get_ylabel(),
            "scale": axes.get_xscale(),
            "title": axes.get_title(loc="left"),
            "legend": "|".join(text.get_text() for text in legend.get_texts()),
        }


def test_the_histogram_is_numpys_over_the_widths() -> None:
    events = trident_events(3000)
    edges = np.array([0.0, 0.01, 0.05, 0.06, 0.5, 1.0])
    mask = events["regime"] == 1
    values, errors = dsigma_histogram(events, "delta_theta", edges, mask)
    angle, weight = events["delta_theta"][mask], events["weight"][mask]
    np.testing.assert_allclose(values, np.histogram(angle, edges, weights=weight)[0] / np.diff(edges), rtol=1e-9)
    for low, high, error in zip(edges[:-1], edges[1:], errors, strict=True):
        inside = weight[(angle >= low) & (angle < high)]
        assert error == pytest.approx(np.sqrt(sum(w * w for w in inside)) / (high - low), rel=1e-12)


def test_bins_are_closed_below_and_the_last_one_above_too() -> None:
    events = Events({"weight": np.array([1.0, 2.0, 4.0, 8.0, 16.0]), "q2": np.array([0.0, 1.0, 2.0, 2.1, np.nan])}, {})
    values, errors = dsigma_histogram(events, "q2", np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(values, [1.0, 6.0])
    np.testing.assert_allclose(errors, [1.0, np.sqrt(20.0)], rtol=1e-15)


def test_the_area_is_the_cross_section() -> None:
    events = trident_events(3000)
    edges = np.linspace(0.0, np.pi, 20)
    values, _ = dsigma_histogram(events, "delta_theta", edges)
    assert np.sum(values * np.diff(edges)) == pytest.approx(events.attributes["sigma"], rel=1e-12)
    by_regime = [dsigma_histogram(events, "delta_theta", edges, events["regime"] == code)[0] for code in range(3)]
    np.testing.assert_allclose(sum(by_regime), values, rtol=1e-12, atol=1e-60)


def test_the_error_is_that_of_repeated_samples() -> None:
    # The scatter of a bin over independent samples is what the error of one sample claims.
    edges = np.array([0.02, 0.1])
    samples = [dsigma_histogram(trident_events(400, seed), "delta_theta", edges) for seed in range(200)]
    values, errors = (np.array([pair[i][0] for pair in samples]) for i in (0, 1))
    # Each synthetic sample has its total fixed, which takes a little off the scatter of a bin.
    assert 0.7 < np.std(values) / np.mean(errors) < 1.15


def test_values_may_be_given_instead_of_a_column() -> None:
    events = trident_events(300)
    edges = np.linspace(0.0, 60.0, 7)
    in_degrees, _ = dsigma_histogram(events, np.degrees(events["delta_theta"]), edges)
    in_radians, _ = dsigma_histogram(events, "delta_theta", np.radians(edges))
    np.testing.assert_allclose(in_degrees, in_radians * np.pi / 180.0, rtol=1e-12)


@pytest.mark.parametrize("edges", [[1.0], [1.0, 1.0], [2.0, 1.0], [[0.0, 1.0]]])
def test_edges_must_rise(edges: Any) -> None:
    with pytest.raises(InputError, match="edges must rise"):
        dsigma_histogram(trident_events(3), "q2", np.array(edges))
    with pytest.raises(InputError, match="one value per event"):
        dsigma_histogram(trident_events(3), "p4_minus", np.array([0.0, 1.0]))


def test_axes_hold_the_cross_section_but_for_the_tails() -> None:
    events = trident_events(5000)
    for observable in OBSERVABLES:
        if observable.column_units == "keV":
            continue
        values = observable.value(events[observable.column])
        edges, log = plots._edges(values, events["weight"], observable.log)
        assert np.all(np.diff(edges) > 0.0)
        inside = (values >= edges[0]) & (values <= edges[-1])
        assert events["weight"][inside].sum() > 0.985 * events.sum_weights
        assert log == (observable.name in ("q2", "recoil_energy"))
    # Electron pairs: their mass spans decades.
    electrons = trident_events(5000, leptons=("e-", "e+"))
    assert plots._edges(electrons["m2_ll"], electrons["weight"], False)[1]


def test_weighted_quantiles_of_equal_weights_are_the_plain_ones() -> None:
    values = np.random.default_rng(2).permutation(10_001).astype(float)
    shares = (0.001, 0.25, 0.999)
    found = plots._weighted_quantiles(values, np.full(10_001, 7e-43), shares)
    np.testing.assert_allclose(found, np.quantile(values, shares), atol=1.0)


def test_one_picture_per_observable_and_an_overview(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    needs_pictures()
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    trident_events(400).to_hdf5(tmp_path / "e.h5")
    written = plot_events(tmp_path / "e.h5", tmp_path / "new" / "pictures")
    assert [path.name for path in written] == [f"{name}.png" for name in NAMES]
    for path in written:
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert width >= 1000
        assert height >= 900
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    assert capfd.readouterr() == ("", "")


def test_other_formats_and_an_unknown_one(tmp_path: Path) -> None:
    needs_pictures()
    events = trident_events(200)
    events = dataclasses.replace(events, columns={name: events[name] for name in ("weight", "regime", "q2")})
    written = plot_events(events, tmp_path, formats=("pdf", "svg"))
    assert [path.name for path in written] == ["q2.pdf", "q2.svg", "overview.pdf", "overview.svg"]
    assert written[0].read_bytes().startswith(b"%PDF")
    assert b"<svg" in written[1].read_bytes()[:1000]
    with pytest.raises(InputError, match=r"unknown picture format 'gif'.*png, pdf, svg"):
        plot_events(events, tmp_path, formats=("gif",))


def test_labels_name_the_particles_and_units() -> None:
    events = trident_events(500, leptons=("mu-", "e+"))
    angle = texts(events, "theta_plus")
    assert angle["x"] == r"$\theta_{e^{+}}$ [deg]"
    assert angle["y"].startswith(r"$d\sigma/d\theta_{e^{+}}$ [$10^{-4")
    assert angle["y"].endswith("cm$^2$/deg]")
    assert angle["scale"] == "linear"
    q2 = texts(events, "q2")
    assert q2["scale"] == "log"
    assert q2["x"] == "$Q^2$ [GeV$^2$]"
    assert q2["y"].startswith(r"$d\sigma/d\ln\,Q^2$")
    assert [line.split(" ")[0] for line in q2["legend"].split("|")] == ["total", "coherent", "proton", "neutron"]
    assert "coherent (69 %)" in q2["legend"]


@pytest.mark.parametrize(
    ("neutrino", "leptons", "outgoing"),
    [
        ("numu", ("mu-", "mu+"), r"\nu_{\mu}"),
        ("numu", ("e-", "e+"), r"\nu_{\mu}"),
        ("numu", ("mu-", "e+"), r"\nu_{e}"),  # W only: the muon number goes into the muon
        ("numubar", ("e-", "mu+"), r"\overline{\nu}_{e}"),
        ("nutau", ("tau-", "tau+"), r"\nu_{\tau}"),
        ("nuebar", ("tau-", "e+"), r"\overline{\nu}_{\tau}"),
    ],
)
def test_the_reaction_balances_lepton_numbers(neutrino: str, leptons: tuple[str, str], outgoing: str) -> None:
    events = trident_events(10, neutrino=neutrino)
    named = {**events.attributes, "lepton_minus": leptons[0], "lepton_plus": leptons[1]}
    reaction = plots._reaction(dataclasses.replace(events, attributes=named))
    out = reaction.split(r"\rightarrow ")[1]
    assert r"{}^{40}\mathrm{Ar}" in reaction
    assert out.endswith(r"\,X$")
    assert out.startswith(outgoing + "\\,")


def test_a_title_is_never_read_as_tex(tmp_path: Path) -> None:
    needs_pictures()
    events = trident_events(300)
    wild = {
        **events.attributes,
        "title": "100 $ and \\alpha_ ^{ 雪 " + "a very long title that goes on " * 6,
        "flux": "flux_$x",
        "target": "C$F_3",
    }
    written = plot_events(dataclasses.replace(events, attributes=wild), tmp_path)
    assert all(path.stat().st_size > 10_000 for path in written)


def test_few_events_and_bare_attributes_are_drawn(tmp_path: Path) -> None:
    needs_pictures()
    events = trident_events(1)
    assert len(plot_events(events, tmp_path)) == len(NAMES)
    bare = Events({"weight": np.array([1.0, 2.0]), "q2": np.array([0.0, 0.0])}, {})
    assert len(plot_events(bare, tmp_path / "bare")) == 2
    scattered = Events({"weight": np.ones(3), "e_nu": np.array([0.0, 1.0, 1.0])}, {})
    assert len(plot_events(scattered, tmp_path / "scattered")) == 2


def test_a_recoil_in_keV_is_drawn_in_keV(tmp_path: Path) -> None:
    needs_pictures()
    schema = (Column("weight", "cm2", ""), Column("recoil_energy", "keV", ""))
    energies = np.random.default_rng(1).uniform(0.0, 50.0, 100)
    events = Events({"weight": np.ones(100), "recoil_energy": energies}, {}, schema=schema)
    written = plot_events(events, tmp_path, formats=("svg",))
    assert [path.name for path in written] == ["recoil_energy.svg", "overview.svg"]
    in_keV = next(o for o in OBSERVABLES if o.column_units == "keV")
    assert in_keV.units == "keV"
    np.testing.assert_array_equal(in_keV.value(energies), energies)


@pytest.mark.parametrize("weights", [np.zeros(0), np.zeros(4)])
def test_nothing_to_draw_is_one_error(tmp_path: Path, weights: NDArray[np.float64]) -> None:
    needs_pictures()
    with pytest.raises(InputError, match="nothing to draw"):
        plot_events(Events({"weight": weights, "q2": weights}, {}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    needs_pictures()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"cannot write.*choose another folder"):
        plot_events(trident_events(5), tmp_path / "file")


@pytest.mark.parametrize("library", ["matplotlib", "mplhep"])
def test_a_missing_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    needs_pictures()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(TridentgenError, match=rf'plots need {library}.*pip install "tridentgen\[plot\]"'):
        plot_events(trident_events(5), tmp_path)
