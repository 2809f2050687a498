"""Pictures of recoil spectra: curves hold the counts, axes suit them, groups beyond six are put together."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tridentgen.analysis.recoil_spectra import RecoilRate, Spectrum, recoil_rate
from tridentgen.errors import InputError

pytest.importorskip("mplhep")

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from tridentgen.plots import rates as rate_plots


@cache
def xenon() -> RecoilRate:
    return recoil_rate(tg.Cevns("Xe", recoil_min_keV=0.5), tg.solar(("8B",)), 1e27, 3e7)


@cache
def steep() -> RecoilRate:
    reaction = tg.Cevns("Ar40", model=tg.CevnsModel(vector=tg.LightVector(1e-3, strength=1e-9, charges="B-L")))
    return recoil_rate(reaction, tg.stopped_pions(20.0), 1e27, 1e20)


def drawn(rate: RecoilRate, spectrum: Spectrum, by: str) -> tuple[Axes, dict[str, np.ndarray]]:
    axes = Figure().add_subplot()
    rate_plots._draw(axes, rate, spectrum, by)
    curves = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    return axes, {str(curve.get_label()): np.asarray(curve.get_data()[0]) for curve in curves}


def test_curves_hold_the_counts() -> None:
    rate = xenon()
    spectrum = rate.recoil_spectrum()
    axes, curves = drawn(rate, spectrum, "nuclide")
    total = spectrum.counts.sum(axis=0) / np.diff(spectrum.edges_keV)
    np.testing.assert_allclose(curves["total"], total, rtol=1e-12)
    assert len(curves) == 8  # the total, six isotopes, and the others
    assert [label for label in curves if label.startswith("3 others")]
    np.testing.assert_allclose(sum(y for label, y in curves.items() if label != "total"), total, rtol=1e-12)
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")


def test_logarithmic_bins_show_equal_areas() -> None:
    rate = steep()
    spectrum = rate.recoil_spectrum()
    axes, curves = drawn(rate, spectrum, "component")
    assert (spectrum.log, axes.get_xscale()) == (True, "log")
    assert "ln" in axes.get_ylabel()
    width = np.log(spectrum.edges_keV[1] / spectrum.edges_keV[0])
    np.testing.assert_allclose(curves["total"] * width, spectrum.counts.sum(axis=0), rtol=1e-9)


def test_an_empty_spectrum_is_drawn() -> None:
    spectrum = Spectrum("observed", np.array([0.0, 1.0, 2.0]), np.zeros((len(xenon().parts), 2)), log=False)
    axes, curves = drawn(xenon(), spectrum, "component")
    assert axes.get_yscale() == "linear"
    assert all(np.all(y == 0.0) for y in curves.values())


def test_files(tmp_path: Path) -> None:
    rate = steep()
    spectra = [rate.recoil_spectrum()]
    found = rate_plots.plot_rate(rate, spectra, tmp_path / "new", ("A title with $ in it", ""))
    assert [path.name for path in found] == ["recoil_component.png", "recoil_nuclide.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found)
    (sheet,) = rate_plots.plot_rate(rate, spectra, tmp_path / "sheet.svg")
    assert "<svg" in sheet.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="unknown picture format; use a folder, or one of png, pdf, svg"):
        rate_plots.plot_rate(rate, spectra, tmp_path / "sheet.jpeg")
