"""The curves of cross sections against numbers of other codes and against symmetries."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.figures.cards import request, silent
from tridentgen.errors import InputError
from tridentgen.figures.cross_sections import CrossSections, Curve, compute, draw, text

PUBLISHED = {
    ("numu", ("mu-", "mu+"), "coherent"): 1.2987e-42,
    ("numu", ("e-", "e+"), "coherent"): 3.303e-42,
    ("numu", ("mu-", "e+"), "coherent"): 1.2209e-41,
}
"""At 5 GeV on Ar40 with r0 = 1.126 fm, a = 0.523 fm: numbers of other codes, as in tests/processes."""


@cache
def numbers(neutrino: str = "numu") -> CrossSections:
    changes = (f"process.neutrino={neutrino}",) + (() if neutrino == "numu" else ("process.leptons=['mu-', 'mu+']",))
    return compute(request(*changes, energies=(5.0,)), silent)


def curve(nu: str, leptons: tuple[str, str], regime: str, found: CrossSections | None = None) -> Curve:
    (one,) = (
        c for c in (found or numbers()).curves if (c.nu, c.leptons, c.regime) == (nu, leptons, regime)
    )  # fmt: skip
    return one


def test_every_channel_has_two_curves() -> None:
    assert len(numbers().curves) == 30
    assert (numbers().target, numbers().Z) == ("Ar40", 18)
    for one in numbers().curves:
        assert len(one.energies_GeV) == len(one.sigma_cm2) == (1 if one.threshold_GeV < 5.0 else 0)
        assert np.all(one.error_cm2 < 1.01e-2 * one.sigma_cm2)


@pytest.mark.parametrize(("nu", "leptons", "regime"), PUBLISHED)
def test_published_numbers(nu: str, leptons: tuple[str, str], regime: str) -> None:
    found, expected = curve(nu, leptons, regime), PUBLISHED[nu, leptons, regime]
    assert abs(found.sigma_cm2[0] - expected) < 4.0 * found.error_cm2[0] + 0.002 * expected


def test_muon_and_tau_neutrinos_make_electron_pairs_alike() -> None:
    """By the Z alone; electron neutrinos have the W as well, and the couplings (V, A) of it: 0.9624, 0.5."""
    mu, tau, e = (curve(nu, ("e-", "e+"), "coherent") for nu in ("numu", "nutau", "nue"))
    np.testing.assert_array_equal(mu.sigma_cm2, tau.sigma_cm2)
    # Far above threshold the mixed term is small: sigma goes with V^2 + A^2.
    z, both = (-0.5 + 2.0 * 0.23122) ** 2 + 0.25, (0.5 + 2.0 * 0.23122) ** 2 + 0.25
    assert e.sigma_cm2[0] / mu.sigma_cm2[0] == pytest.approx(both / z, rel=0.05)


def test_antineutrinos_by_cp() -> None:
    """On nuclei without spin the mirror process of antiparticles has the same cross section."""
    anti = numbers("numubar")
    for leptons in (("mu-", "mu+"), ("mu-", "e+")):
        one = curve("numu", leptons, "coherent")
        mirrored = (leptons[1].replace("+", "-"), leptons[0].replace("-", "+"))
        other = curve("numubar", mirrored, "coherent", anti)
        error = np.hypot(one.error_cm2, other.error_cm2)
        assert np.all(np.abs(one.sigma_cm2 - other.sigma_cm2) < 4.0 * error)


def test_picture_shows_the_numbers_over_z_squared() -> None:
    pytest.importorskip("matplotlib")
    figure = draw(numbers())
    assert len(figure.axes) == 6
    for axes, nu in zip(figure.axes[:3], ("mu", "e", "tau"), strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert len(lines) == 5
        height = float(np.asarray(lines["$e^-e^+$"].get_ydata())[0])
        assert height == pytest.approx(curve(f"nu{nu}", ("e-", "e+"), "coherent").sigma_cm2[0] / 18**2, rel=1e-12)
    assert text(numbers()).startswith("on Ar40, form factor woods-saxon\n")
    assert "below threshold" in text(numbers())


def test_all_energies_below_threshold() -> None:
    with pytest.raises(InputError, match=r"--energy: all energies are below the thresholds"):
        compute(request(energies=(1e-3,)), silent)
