"""Photon fluxes h_T and h_L, and cross sections of photons of virtuality Q^2: sigma_T(Q^2)/sigma_T(0) and sigma_L.

All as functions of Q^2 and shat = 2 p1.q, with the region that a neutrino of one energy reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.errors import InputError
from tridentgen.figures.base import FigureKind, Request
from tridentgen.plots.names import nuclide_name, pair_label
from tridentgen.processes.trident.pairs import Pair
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress
from tridentgen.reports.layout import aligned
from tridentgen.runs.job import require_single_energy
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ENERGY_GEV = 3.0
_LARGEST_SHAT_GEV2 = 2.0
_Q2_GEV2 = (1e-7, 1.0)
_POINTS = (30, 32)  # in shat and Q^2
_FINE = (100, 100)  # of the fluxes, which have sharp edges and are cheap
_NODES = (10, 16, 10, 6)
"""Nodes of the quadrature in `PhotonNeutrino`: accurate to 1e-2, below the resolution of the colours."""


@dataclass(frozen=True)
class PhotonFluxes:
    """h_T and h_L, arrays of shape (S, Q), at `shat_GeV2` (S,) and `q2_GeV2` (Q,); zero below `q2_min_GeV2` (S,)."""

    shat_GeV2: FloatArray
    q2_GeV2: FloatArray
    q2_min_GeV2: FloatArray
    h_transverse: FloatArray
    h_longitudinal: FloatArray


@dataclass(frozen=True)
class PhotonCrossSections:
    """Cross sections of a lepton pair: arrays of shape (S, Q), and (S,) for real photons and the minimum Q^2.

    W^2 = shat - Q^2 has to be above `threshold_GeV2`, the square of the sum of the lepton masses.
    """

    leptons: Pair
    threshold_GeV2: float
    shat_GeV2: FloatArray
    q2_GeV2: FloatArray
    q2_min_GeV2: FloatArray
    sigma_transverse_real_cm2: FloatArray
    sigma_transverse_over_real: FloatArray
    sigma_longitudinal_cm2: FloatArray


@dataclass(frozen=True)
class Photons:
    """Fluxes and cross sections for neutrinos of one energy on one kind of target."""

    nu: str
    target: str
    regime: str
    energy_GeV: float
    fluxes: PhotonFluxes
    channels: tuple[PhotonCrossSections, ...]


def compute(request: Request, progress: Progress) -> Photons:
    """Evaluate the four functions for muon and electron pairs, by default at 3 GeV.

    The target is the nucleus, or a proton or neutron if that is the first regime of the card.
    """
    beam = request.process.neutrino
    energy = request.energies_GeV[0] if request.energies_GeV else _ENERGY_GEV
    regime = request.process.regimes[0]
    if regime not in ("coherent", "proton", "neutron"):
        raise InputError(
            f"{request.card.where(('process', 'regimes'))}: process.regimes begins with '{regime}': a photon flux "
            "belongs to one kind of target; put coherent, proton or neutron first"
        )
    tridents = [request.trident(pair, regime) for pair in (("mu-", "mu+"), ("e-", "e+"))]
    for trident in tridents:
        require_single_energy(trident, energy)
    found = []
    for number, trident in enumerate(tridents):

        def show(share: float, number: int = number) -> None:
            progress("photons", (number + share) / len(tridents))

        found.append(_cross_sections(trident, energy, show))
    return Photons(beam, tridents[0].target, regime, energy, _fluxes(tridents[-1], energy), tuple(found))


def least_q2(energy_GeV: float, shat_GeV2: FloatArray, mass_GeV: float) -> FloatArray:
    """Return the minimum Q^2 in GeV^2 of photons with shat from a target of given mass, where e_T^2 = 0.

    C^2 Q^2 - C Q^2 = M^2 with C = 2 M E/shat (Ballett et al., JHEP 01 (2019) 119, section 2); infinite for C < 1.
    """
    c = 2.0 * mass_GeV * energy_GeV / shat_GeV2
    return np.where(c > 1.0, mass_GeV**2 / (c * np.maximum(c - 1.0, 1e-300)), np.inf)


def _axes(trident: Trident, points: tuple[int, int]) -> tuple[float, FloatArray, FloatArray]:
    """Return the threshold of W^2, a grid of shat from 1.5 times the threshold, and one of Q^2."""
    threshold = (trident.minus.mass_GeV + trident.plus.mass_GeV) ** 2
    shat = np.geomspace(1.5 * threshold, max(_LARGEST_SHAT_GEV2, 10.0 * threshold), points[0])
    return threshold, shat, np.geomspace(*_Q2_GEV2, points[1])


def _fluxes(trident: Trident, energy: float) -> PhotonFluxes:
    photon = PhotonNeutrino(trident)
    _, shat, q2 = _axes(trident, _FINE)
    h_t, h_l = (h(energy, q2[None, :], shat[:, None]) for h in (photon.h_transverse, photon.h_longitudinal))
    return PhotonFluxes(shat, q2, least_q2(energy, shat, trident.targets[0].mass_GeV), h_t, h_l)


def _cross_sections(trident: Trident, energy: float, show: Callable[[float], None]) -> PhotonCrossSections:
    photon = PhotonNeutrino(trident, _NODES)
    threshold, shat, q2 = _axes(trident, _POINTS)
    found = []
    for number, one in enumerate(shat):
        show(number / len(shat))
        found.append(photon.sigmas(np.array([0.0, *q2]), one))
    sigma_t, sigma_l = np.moveaxis(np.array(found), 1, 0)
    real = sigma_t[:, 0]
    return PhotonCrossSections(
        (trident.lepton_minus, trident.lepton_plus), threshold, shat, q2,
        least_q2(energy, shat, trident.targets[0].mass_GeV), real, sigma_t[:, 1:] / real[:, None], sigma_l[:, 1:],
    )  # fmt: skip


def draw(numbers: Photons) -> Figure:
    """Draw the fluxes in the first column, then sigma_T(Q^2)/sigma_T(0) and sigma_L in a row for each lepton pair."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(27.0, 17.0), layout="constrained")
    grid = figure.subplots(2, 3)
    fluxes = numbers.fluxes
    for axes, values, name in zip(grid[:, 0], (fluxes.h_transverse, fluxes.h_longitudinal), "TL", strict=True):
        _panel(figure, axes, fluxes, values, f"$h_{name}$", 8)
        for channel in numbers.channels:
            _outline(axes, fluxes, channel.threshold_GeV2)
        axes.fill_betweenx(fluxes.shat_GeV2, 1e-30, fluxes.q2_min_GeV2, color="white", zorder=2)
    for row, channel in zip(grid, numbers.channels, strict=True):
        pair = pair_label(channel.leptons)
        ratio = rf"$\sigma_T(Q^2)/\sigma_T(0)$, {pair}"
        _panel(figure, row[1], channel, channel.sigma_transverse_over_real, ratio, 0)
        _panel(figure, row[2], channel, channel.sigma_longitudinal_cm2, rf"$\sigma_L$ [cm$^2$], {pair}", 6)
        for axes in row[1:]:
            _outline(axes, channel, channel.threshold_GeV2)
    where = f"{nuclide_name(numbers.target)} {numbers.regime}"
    lines = r"solid: minimum $Q^2$, dashed: $W^2$ at threshold, $\mu\mu$ and $e e$"
    figure.suptitle(rf"$E_\nu$ = {numbers.energy_GeV:g} GeV, {where}; {lines}", fontsize=28)
    return figure


def _panel(
    figure: Figure, axes: Axes, plane: PhotonFluxes | PhotonCrossSections, values: FloatArray, title: str, decades: int
) -> None:
    """Draw values over the plane, on a logarithmic scale of `decades` or, if 0, a linear one from 0 to 1."""
    from matplotlib.colors import LogNorm, Normalize

    top = float(np.max(values))
    norm = LogNorm(top * 10.0**-decades, top) if decades else Normalize(0.0, 1.0)
    shown = np.maximum(values, 1e-3 * top * 10.0**-decades)
    colours = axes.pcolormesh(
        plane.q2_GeV2, plane.shat_GeV2, shown, norm=norm, cmap="viridis", shading="gouraud", rasterized=True
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(plane.q2_GeV2[0], plane.q2_GeV2[-1])
    axes.set_ylim(plane.shat_GeV2[0], plane.shat_GeV2[-1])
    axes.set_xlabel(r"$Q^2$ [GeV$^2$]")
    axes.set_ylabel(r"$\hat{s}$ [GeV$^2$]")
    axes.set_title(title, loc="left", fontsize=24)
    figure.colorbar(colours, ax=axes, extend="min" if decades else "neither")


def _outline(axes: Axes, plane: PhotonFluxes | PhotonCrossSections, threshold_GeV2: float) -> None:
    """Draw the boundary of the region that the neutrino reaches, and cover the region below threshold."""
    shat = plane.shat_GeV2
    largest = np.maximum(shat - threshold_GeV2, 1e-30)
    axes.plot(plane.q2_min_GeV2, shat, color="black", linewidth=3.0, zorder=3)
    axes.plot(largest, shat, color="black", linewidth=3.0, linestyle="--", zorder=3)
    if shat[0] > threshold_GeV2:
        axes.fill_betweenx(shat, largest, 1e3, color="white", zorder=2)


def text(numbers: Photons) -> str:
    """Return the four functions at selected points, and the minimum Q^2."""
    head = ("leptons", "shat/GeV2", "minimum Q2/GeV2", "h_T at 0.001", "h_L at 0.001", "sigma_T(0)/cm2",
            "sigma_T/sigma_T(0) at 0.0001", "at 0.01", "sigma_L/cm2 at 0.01")  # fmt: skip
    rows: list[tuple[str, ...]] = [head]
    fluxes = numbers.fluxes
    for channel in numbers.channels:
        small, large = (_nearest(channel.q2_GeV2, q2) for q2 in (1e-4, 1e-2))
        for i in range(0, len(channel.shat_GeV2), 6):
            at = _nearest(fluxes.shat_GeV2, float(channel.shat_GeV2[i])), _nearest(fluxes.q2_GeV2, 1e-3)
            values = (
                channel.shat_GeV2[i], channel.q2_min_GeV2[i], fluxes.h_transverse[at], fluxes.h_longitudinal[at],
                channel.sigma_transverse_real_cm2[i], channel.sigma_transverse_over_real[i, small],
                channel.sigma_transverse_over_real[i, large], channel.sigma_longitudinal_cm2[i, large],
            )  # fmt: skip
            rows.append((" ".join(channel.leptons), *(f"{value:.3g}" for value in values)))
    where = f"{numbers.nu} of {numbers.energy_GeV:g} GeV on {numbers.target}, {numbers.regime}; at Q2 in GeV2"
    return f"{where}\n{aligned(rows)}"


def _nearest(values: FloatArray, value: float) -> int:
    return int(np.argmin(np.abs(np.log(values / value))))


KIND = FigureKind(
    "photons", "h_T, h_L, sigma_T(Q2)/sigma_T(0) and sigma_L over Q2 and shat, with the region reached at 3 GeV",
    compute, draw, text, energies=1,
)  # fmt: skip
