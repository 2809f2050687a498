"""Rates of WIMPs and of the neutrinos behind them, in the same bins of a detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from tridentgen.analysis.expected_counts import expected_counts
from tridentgen.analysis.fog.profile import Backgrounds
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.analysis.recoil_nodes import RecoilNodes
from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Constant, Detector
from tridentgen.detector.folding import response_at_nodes
from tridentgen.errors import InputError
from tridentgen.exposure import SECONDS_PER_YEAR, number_of_nuclei
from tridentgen.floor_card import FLUXES, FloorCard
from tridentgen.flux import Component, Halo, Source, TabulatedFlux, atmospheric, diffuse_supernovae, solar
from tridentgen.flux.diffuse_supernova import TEMPERATURES_MEV
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.typing import FloatArray

_DEFAULT_BINS, _PUBLISHED_BINS = 200, 50
_RECOIL_RATIO = 1.3
"""Of the edges of panels in which a spectrum of WIMPs is a polynomial."""

_ROUNDING = 1e-8
_MOST_WIDTH = 0.5

FREE_KEYS = ("model.sin2_theta_w", "process.neutron_radius_fm")
"""Numbers of the model that `--free` takes."""

_SPECIES = ("nue", "nuebar", "numu")


def background_source(floor: FloorCard) -> tuple[Source, tuple[str, ...]]:
    """Return all neutrinos behind dark matter, and for each component the name of its flux in `FLUXES`."""
    fluxes = {name: floor.fluxes.get(name, total) for name, (total, _) in FLUXES.items()}
    names = tuple(name for name in fluxes if name not in ("supernovae", "atmosphere"))
    oscillation = "none" if floor.model == CevnsModel(sin2_theta_w=floor.model.sin2_theta_w) else "lma"
    sun = solar(names, [fluxes[name] for name in names], oscillation)
    parts = [(component.name.removesuffix(f"-{component.neutrino}"), component) for component in sun.components]
    parts += [("supernovae", component) for component in _supernovae(fluxes["supernovae"], floor.supernovae)]
    parts += [("atmosphere", component) for component in atmospheric(fluxes["atmosphere"]).components]
    made = tuple(Component(f"{name}: {part.neutrino}", part.neutrino, part.flux) for name, part in parts)
    return Source(made, "the Sun, all supernovae and the atmosphere"), tuple(name for name, _ in parts)


def _supernovae(total: float, which: str) -> tuple[Component, ...]:
    """Return the diffuse supernova neutrinos; of ``three-species`` one of each temperature, with equal energies."""
    whole = diffuse_supernovae(total)
    if which == "six-species":
        return whole.components
    chosen = [component for component in whole.components if component.neutrino in _SPECIES]
    weights = 1.0 / np.array(TEMPERATURES_MEV)
    made = []
    for component, weight in zip(sorted(chosen, key=lambda c: _SPECIES.index(c.neutrino)), weights, strict=True):
        flux = component.flux
        assert isinstance(flux, TabulatedFlux)
        scale = float(total * weight / (weights.sum() * flux.total))
        scaled = TabulatedFlux(flux.energies_GeV, scale * flux.values, "linear", flux.total_units, flux.description)
        made.append(Component(component.name, component.neutrino, scaled))
    return tuple(made)


class Spectra:
    """Rates per tonne and year in bins of a target with a detector, of neutrinos and of WIMPs.

    Parameters
    ----------
    wimp : Wimp
        Target, form factor and couplings; its cross section is the reference of `signal`.
    detector : Detector or None
        None: bins are those of the recoil energy.
    floor : FloorCard
    free : mapping of str to float
        Keys of `FREE_KEYS` and their relative widths.

    Raises
    ------
    InputError
        For a key that cannot be free, or a convention that does not go with a detector.
    """

    def __init__(
        self, wimp: Wimp, detector: Detector | None, floor: FloorCard, free: Mapping[str, float] | None = None
    ) -> None:
        self.wimp, self.detector, self.floor, self.free = wimp, detector, floor, dict(free or {})
        for key, width in self.free.items():
            if key not in FREE_KEYS:
                raise InputError(f"--free {key}: cannot be free in the fog; known are {', '.join(FREE_KEYS)}")
            if not 0.0 < width <= _MOST_WIDTH:
                raise InputError(f"--free {key}={width:g}: the relative error must be above 0, at most {_MOST_WIDTH:g}")
        if self.published and detector is not None:
            raise InputError("floor.convention = 'ohare-2021' is that of a perfect detector; leave [detector] out")
        bins = floor.bins or (_PUBLISHED_BINS if self.published else _DEFAULT_BINS)
        least = floor.energy_min_keV if detector is not None else max(floor.energy_min_keV, wimp.recoil_min_keV)
        if not least < floor.energy_max_keV:
            raise InputError(f"process.recoil_min_keV = {least:g}: is not below floor.energy_max_keV")
        self.edges_keV = np.geomspace(least, floor.energy_max_keV, bins + 1)
        self._least_keV = least if detector is None else wimp.recoil_min_keV

    @property
    def published(self) -> bool:
        """Whether rates are those of trapezoids, as published."""
        return self.floor.convention == "ohare-2021"

    @cached_property
    def background(self) -> Backgrounds:
        """The neutrinos."""
        source, labels = background_source(self.floor)
        counts = self._counter(source)
        middle = counts(self._reaction(self.floor.model))
        slopes, bends = [], []
        for key, width in self.free.items():
            # A parabola: exact for sin^2 theta_W, of which couplings squared are polynomials of degree two.
            up, down = (counts(self._shifted(key, side * width)) for side in (1.0, -1.0))
            slopes.append(0.5 * (up - down))
            bends.append(up - 2.0 * middle + down)
        names = tuple(name for name in FLUXES if middle[[label == name for label in labels]].sum() > 0.0)
        if not names:
            raise InputError("no neutrino makes a recoil between floor.energy_min_keV and floor.energy_max_keV")
        member = np.array([[float(label == name) for label in labels] for name in names])
        errors = np.array([self.floor.errors.get(name, FLUXES[name][1]) for name in names])
        none = np.zeros((0, len(names), middle.shape[1]))
        return Backgrounds(
            names, errors, member @ middle, tuple(self.free),
            np.array([member @ slope for slope in slopes]) if slopes else none,
            np.array([member @ bend for bend in bends]) if bends else none,
        )  # fmt: skip

    def _shifted(self, key: str, shift: float) -> Cevns:
        """Return the reaction with a free number changed by this fraction of it."""
        middle = self._reaction(self.floor.model)
        try:
            if key == "model.sin2_theta_w":
                value = middle.model.sin2_theta_w * (1.0 + shift)
                return replace(middle, model=replace(middle.model, sin2_theta_w=value))
            radii = {each.name: middle.shape.rms_radii_fm(each)[1] * (1.0 + shift) for each in middle.nuclides}
            return replace(middle, neutron_radius_fm=radii)
        except (InputError, KeyError) as error:
            reason = "'unit' has no radius" if isinstance(error, KeyError) else str(error)
            raise InputError(f"--free {key}: cannot be changed by {abs(shift):.0%}: {reason}") from error

    def _reaction(self, model: CevnsModel) -> Cevns:
        wimp = self.wimp
        return Cevns(
            wimp.target, form_factor=wimp.form_factor, model=model, recoil_min_keV=self._least_keV,
            proton_radius_fm=wimp.proton_radius_fm, neutron_radius_fm=wimp.neutron_radius_fm,
        )  # fmt: skip

    def _counter(self, source: Source) -> Callable[[Cevns], FloatArray]:
        """Return the function that gives the counts of each component for a reaction, shape (C, B)."""
        reaction = self._reaction(self.floor.model)
        nuclei = number_of_nuclei(self.wimp.target, 1.0)
        if self.detector is not None or reaction.model.dipole is not None:
            detector = self.detector or Detector((Constant(1.0),))
            return expected_counts(reaction, source, nuclei, SECONDS_PER_YEAR, detector, self.edges_keV).counts
        return _Recoils(reaction, source, nuclei * SECONDS_PER_YEAR, self.edges_keV, self.published).counts

    def signal(self, halo: Halo) -> FloatArray:
        """Return the rates of WIMPs of this halo, shape (B,).

        Raises
        ------
        InputError
            For particles without a recoil in the bins.
        """
        most = self._most_keV(halo)
        edges = self.edges_keV
        if not most * (1.0 - _ROUNDING) > self._least_keV:
            raise InputError(
                f"mass = {halo.mass_GeV:g}: recoils of {self.wimp.target} end at {most:.3g} keV, and the smallest "
                f"one here is {self._least_keV:g} keV; give a heavier particle, or a lower floor.energy_min_keV and "
                "process.recoil_min_keV"
            )
        if self.detector is None:
            inside = edges[(edges > edges[0]) & (edges < min(most, edges[-1]))]
            panels = np.concatenate([[edges[0]], inside, [min(most, edges[-1])]])
            nodes = RecoilNodes(np.unique(np.concatenate([panels, self._kinks(halo, panels)])) / KEV_PER_GEV)
            rates = nodes.integrals(edges / KEV_PER_GEV) @ self._rate(halo, nodes.recoil_GeV)
        else:
            rates = self._folded(halo, self.detector, most)
        rates = np.asarray(rates, dtype=np.float64)
        if not rates.sum() > 0.0:
            raise InputError(f"mass = {halo.mass_GeV:g}: the detector sees none of its recoils; lower the threshold")
        if self.published:
            rates = _trapezoids(self.wimp.dR_dT(edges, halo)[None], edges, np.array([rates.sum()]))[0]
        return rates

    def _rate(self, halo: Halo, recoil_GeV: FloatArray) -> FloatArray:
        """Return rates per GeV, tonne and year."""
        return self.wimp.dR_dT(recoil_GeV * KEV_PER_GEV, halo) * KEV_PER_GEV

    def _most_keV(self, halo: Halo) -> float:
        return max(part.most_recoil_GeV for part in self.wimp.spectra(halo)) * KEV_PER_GEV

    def _kinks(self, halo: Halo, panels: FloatArray) -> FloatArray:
        """Return recoils at which a spectrum is not smooth: of the escape speed, with and against the wind."""
        ends = np.array([part.most_recoil_GeV for part in self.wimp.spectra(halo)]) * KEV_PER_GEV
        against = abs(halo.v_esc_km_s - halo.v_lab_km_s) / (halo.v_esc_km_s + halo.v_lab_km_s)
        kinks = np.concatenate([ends, ends * against**2])
        return np.asarray(kinks[(kinks > panels[0]) & (kinks < panels[-1])])

    def _folded(self, halo: Halo, detector: Detector, most: float) -> FloatArray:
        """Return the rates that the detector sees; a spectrum for each nuclide, with its own quenching."""
        total = np.zeros(len(self.edges_keV) - 1)
        in_time = 1.0 if detector.time_efficiency is None else detector.time_efficiency.averaged(None)
        scale = number_of_nuclei(self.wimp.target, 1.0) * SECONDS_PER_YEAR * halo.total * in_time
        least = max(most * 1e-7, self.wimp.recoil_min_keV)
        ratio = int(np.ceil(np.log(most / least) / np.log(_RECOIL_RATIO)))
        panels = np.geomspace(least, most, ratio + 1)
        panels = np.unique(np.concatenate([panels, self._kinks(halo, panels)])) / KEV_PER_GEV
        for number, part in enumerate(self.wimp.spectra(halo)):
            at, matrix = response_at_nodes(detector, panels, self.edges_keV, number)
            total += scale * self.wimp.fractions[number] * (matrix @ part.dsigma_dT(at))
        return total


class _Recoils:
    """Recoils of neutrinos in bins of the recoil energy."""

    def __init__(self, reaction: Cevns, source: Source, scale: float, edges_keV: FloatArray, published: bool) -> None:
        self._totals = np.array([component.flux.total for component in source.components])[:, None] * scale
        self._edges, self._published = edges_keV, published
        self._parts = []
        edges = edges_keV / KEV_PER_GEV
        for nuclide, share in zip(reaction.nuclides, reaction.fractions, strict=True):
            nodes = recoil_nodes(source, nuclide, float(edges[0]))
            if nodes is not None:
                matrix = share * nodes.integrals(edges)
                at_edges = RecoilMoments(source, nuclide, edges) if published else None
                self._parts.append((share, RecoilMoments(source, nuclide, nodes.recoil_GeV), matrix, at_edges))

    def counts(self, reaction: Cevns) -> FloatArray:
        """Return the counts of each component, shape (C, B)."""
        shape = (len(self._totals), len(self._edges) - 1)
        counts, heights = np.zeros(shape), np.zeros((shape[0], shape[1] + 1))
        for share, moments, matrix, at_edges in self._parts:
            counts += moments.dsigma_dT(reaction) @ matrix.T
            if at_edges is not None:
                heights += share * at_edges.dsigma_dT(reaction)
        counts = np.maximum(counts, 0.0) * self._totals
        return _trapezoids(heights * self._totals, self._edges, counts.sum(axis=1)) if self._published else counts


def _trapezoids(heights: FloatArray, edges: FloatArray, totals: FloatArray) -> FloatArray:
    """Return trapezoids of shape (C, B), scaled to the totals of shape (C,)."""
    areas = 0.5 * np.diff(edges) * (heights[:, 1:] + heights[:, :-1])
    whole = areas.sum(axis=1)
    return np.asarray(areas * np.where(whole > 0.0, totals / np.where(whole > 0.0, whole, 1.0), 0.0)[:, None])
