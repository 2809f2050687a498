from __future__ import annotations

import dataclasses
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.events.synthetic import trident_events
from tests.events.synthetic_cevns import cevns_events
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events
from tridentgen.plots import events as plots
from tridentgen.plots.axes import axes_of
from tridentgen.plots.events import plot_events
from tridentgen.plots.style import style
from tridentgen.processes.cevns.observables import CEVNS_AXES
from tridentgen.processes.trident.observables import TRIDENT_AXES

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
    known = CEVNS_AXES if "isotope" in events.columns else TRIDENT_AXES
    observable = next(o for o in known if o.name == name)
    with style():
        axes = plots._single(events, plots._Panel.of(events, observable)).axes[0]
        legend = axes.get_legend()
        assert legend is not None
        return {
            "x": axes.get_xlabel(),
            "y": axes.get_ylabel(),
            "scale": axes.get_xscale(),
            "y scale": axes.get_yscale(),
            "title": axes.get_title(loc="left"),
            "legend": "|".join(text.get_text() for text in legend.get_texts()),
        }


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


COHERENT_NAMES = [
    "recoil_energy",
    "recoil_energy_by_isotope",
    "recoil_energy_by_final_state",
    "e_nu",
    "cos_theta",
    "time",
    "quenched_energy",
    "observed_energy",
    "overview",
]


def test_coherent_scattering_has_its_own_pictures(tmp_path: Path) -> None:
    needs_pictures()
    cevns_events(600, finals=("", "upscattering")).to_hdf5(tmp_path / "e.h5")
    written = plot_events(tmp_path / "e.h5", tmp_path / "all")
    assert [path.stem for path in written] == COHERENT_NAMES
    # What would repeat another picture, or show nothing, is left out.
    steady = cevns_events(600, nuclides=("Ge74",), target="Ge74", quenching=1.0, pulsed=False)
    shown = ["recoil_energy", "e_nu", "cos_theta", "observed_energy", "overview"]
    assert [path.stem for path in plot_events(steady, tmp_path / "steady")] == shown
    bare = cevns_events(600, quenching=None)
    shown = ["recoil_energy", "recoil_energy_by_isotope", "e_nu", "cos_theta", "time", "overview"]
    assert [path.stem for path in plot_events(bare, tmp_path / "bare")] == shown
    seeing = cevns_events(600)
    blind = dataclasses.replace(seeing, columns={**seeing.columns, "acceptance": np.zeros(600)})
    assert "observed_energy" not in [path.stem for path in plot_events(blind, tmp_path / "blind")]


def test_recoils_are_drawn_by_component_on_a_logarithmic_axis() -> None:
    events = cevns_events(4000)
    drawn = texts(events, "recoil_energy")
    assert (drawn["x"], drawn["y"]) == ("$T$ [keV]", r"$d\sigma/dT$ [cm$^2$/keV]")
    assert (drawn["scale"], drawn["y scale"]) == ("linear", "log")
    told = drawn["legend"].split("|")
    assert [line.split(" (")[0] for line in told] == [
        "total",
        r"prompt $\nu_{\mu}$",
        r"delayed $\nu_{e}$",
        r"delayed $\overline{\nu}_{\mu}$",
        "accepted by the detector",
    ]
    kept = np.mean(events["acceptance"])
    assert told[-1] == f"accepted by the detector ({100 * kept:.0f} %)"
    assert drawn["title"].splitlines()[1].startswith(r"$\nu\,\mathrm{CsI} \rightarrow \nu\,\mathrm{CsI}$")


def test_neutrinos_beyond_a_GeV_are_drawn_in_GeV() -> None:
    events = cevns_events(300)
    assert texts(events, "e_nu")["x"] == r"$E_\nu$ [MeV]"
    high = dataclasses.replace(events, columns={**events.columns, "e_nu": 100.0 * events["e_nu"]})
    needs_pictures()
    (energy,) = [o for o in axes_of(high) if o.name == "e_nu"]
    assert energy.units == "GeV"
    np.testing.assert_array_equal(energy.value(high["e_nu"]), high["e_nu"])


def test_observed_energies_are_what_the_detector_keeps() -> None:
    needs_pictures()
    events = cevns_events(5000)
    (observed,) = [o for o in CEVNS_AXES if o.name == "observed_energy"]
    panel = plots._Panel.of(events, observed)
    kept = events["weight"] * events["acceptance"]
    assert float(np.sum(panel.curves[0].values * np.diff(panel.edges))) == pytest.approx(kept.sum(), rel=0.01, abs=0.0)
    for curve in panel.curves[1:]:
        assert curve.share == pytest.approx(kept[curve.part.mask].sum() / kept.sum(), rel=1e-12)


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
