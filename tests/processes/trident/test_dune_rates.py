"""Tridents expected in the near detector of DUNE, against W. Altmannshofer et al., PRD 100 (2019) 115029, table II.

Per tonne of argon and 1.1e21 protons on target, neutrino and antineutrino mode of the 2017 optimised 120 GeV beam.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.exposure import expected_events
from tridentgen.flux import TabulatedFlux, read_flux
from tridentgen.physics import trident_hadron
from tridentgen.physics.elementary import Value
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_phase_space import Transfer
from tridentgen.processes.trident.sampled import Channel, SampledTrident
from tridentgen.processes.trident.trident import Trident
from tridentgen.sampling.integrate import trained_cross_section

FLUXES = Path(__file__).parents[4] / "shared" / "data" / "fluxes"
MASS_T, PROTONS = 1.0, 1.1e21
ENGINE = NumpyEngine()

CASES = {
    "numu mu- mu+": ("DUNE_ND_FHC.dat", ("numu", "mu-", "mu+"), (1.17, 0.07), (0.49, 0.15)),
    "numu e- e+": ("DUNE_ND_FHC.dat", ("numu", "e-", "e+"), (2.84, 0.17), (0.18, 0.06)),
    "numu mu- e+": ("DUNE_ND_FHC.dat", ("numu", "mu-", "e+"), (9.8, 0.6), (1.2, 0.4)),
    "numubar mu- mu+": ("DUNE_ND_RHC.dat", ("numubar", "mu-", "mu+"), (0.72, 0.04), (0.32, 0.10)),
    "numubar e- e+": ("DUNE_ND_RHC.dat", ("numubar", "e-", "e+"), (2.21, 0.13), (0.13, 0.04)),
    "numubar e- mu+": ("DUNE_ND_RHC.dat", ("numubar", "e-", "mu+"), (7.0, 0.4), (0.9, 0.3)),
}
"""File, channel, coherent and incoherent rate with their errors. In antineutrino mode the errors are those of the
neutrino mode in per cent: 6 and 30."""


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not (FLUXES / CASES[name][0]).is_file():
        pytest.skip(f"the flux table {CASES[name][0]} is not beside the project, in shared/data/fluxes")
    return name


def flux_of(case: str, points: str) -> TabulatedFlux:
    file, (neutrino, _, _), _, _ = CASES[case]
    return read_flux(FLUXES / file, neutrino=neutrino, points=points)


def rate(process: SampledTrident, flux: TabulatedFlux) -> float:
    found = trained_cross_section(process, ENGINE, 1, rel_error=2e-3)
    assert found.reached
    return expected_events(found.value, flux, target="Ar40", mass_t=MASS_T, pot=PROTONS)


def trident_rate(case: str, *, points: str = "centre", form_factor: str = "fermi", regime: str = "coherent") -> float:
    trident = Trident(*CASES[case][1], form_factor=form_factor, regime=regime)
    flux = flux_of(case, points)
    return rate(trident.sampled(flux), flux)


def test_coherent_rates(case: str) -> None:
    """Within 3 % with the form factors that have the measured charge radius of argon, 3.43 fm, or its density.

    They give 0.3-2.4 % more than published. With c = 1.126 A^(1/3) fm and a = 0.523 fm the radius is 3.56 fm, and the
    rates are 2-6 % below the published ones, most for muons, whose momentum transfers are the largest.
    """
    published, _ = CASES[case][2]
    for name in ("fermi", "helm", "fourier-bessel"):
        assert trident_rate(case, form_factor=name) == pytest.approx(published, rel=0.03)
    woods_saxon = trident_rate(case, form_factor="woods-saxon")
    assert 0.935 * published < woods_saxon < 0.99 * published


def test_incoherent_rates(case: str) -> None:
    """Protons and neutrons with Pauli blocking: 0-9 % above the published rates, whose errors are 30 %."""
    published, error = CASES[case][3]
    found = trident_rate(case, regime="diffractive")
    assert abs(found - published) < error
    assert found == pytest.approx(published, rel=0.12)


def charge_density(radius_fm: float, width_fm: float, dip: float) -> Callable[[Value], Value]:
    """Return the form factor of (1 + w r^2/c^2)/(1 + exp((r - c)/z)), by a numerical Fourier transform."""
    r = np.linspace(0.0, 20.0, 8001)[1:]
    density = (1.0 + dip * (r / radius_fm) ** 2) / (1.0 + np.exp((r - radius_fm) / width_fm))
    q = np.linspace(1e-4, 5.0, 2001)  # 1/fm
    step = r[1] - r[0]
    transformed = np.array([np.sum(density * r * np.sin(k * r) / k) for k in q]) * step
    table = transformed / (np.sum(density * r * r) * step)

    def form_factor(q2: Value) -> Value:
        return np.interp(np.sqrt(q2) / 0.1973269804, q, table, right=0.0)

    return form_factor


def with_form_factor(process: SampledTrident, form_factor: Callable[[Value], Value]) -> SampledTrident:
    """Return a process on the same nucleus with another form factor."""

    def changed(part: Channel) -> Channel:
        mass = part.target.mass_GeV

        def hadron(transfer: Transfer, energy: Value) -> Hadron:
            return trident_hadron.nucleus(transfer, energy, mass, 18.0, form_factor(transfer.q2))

        return replace(part, target=replace(part.target, hadron=hadron))

    return replace(process, parts=tuple(changed(part) for part in process.parts))


def test_coherent_rates_with_the_measured_density(case: str) -> None:
    """The three-parameter density of Ar40 from electron scattering gives all six published numbers to half a per cent.

    c = 3.73 fm, z = 0.62 fm, w = -0.19: H. De Vries et al., At. Data Nucl. Data Tables 36 (1987) 495, table I.
    """
    published, _ = CASES[case][2]
    flux = flux_of(case, "centre")
    process = with_form_factor(Trident(*CASES[case][1]).sampled(flux), charge_density(3.73, 0.62, -0.19))
    # the rates are printed with two or three digits
    digits = 0.05 if published > 3.0 else 0.005
    assert abs(rate(process, flux) - published) < 0.005 * published + digits


def test_bins_and_lines_read_the_table_alike(case: str) -> None:
    """Centres of equal bins or points of a curve: the rates differ by 0.2 %, the totals by half of the first bin."""
    bins, lines = (trident_rate(case, points=points) for points in ("centre", "points"))
    assert bins == pytest.approx(lines, rel=0.01)
    assert flux_of(case, "centre").total == pytest.approx(flux_of(case, "points").total, rel=0.01)
