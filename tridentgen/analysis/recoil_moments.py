"""Integrals of a flux that every model of CEvNS shares: a new model costs a few evaluations at each recoil.

At a recoil T every kinematic factor of dsigma/dT is a polynomial of degree two in 1/E, whatever the couplings are:
these depend on T alone. With t = E_min(T)/E, the integral over the flux above E_min is therefore exactly

    S(T) = sum_j w_j(T) dsigma/dT(E_min(T)/t_j, T),   w_j(T) = int dE f(E) l_j(t),

for three positions t_j and their Lagrange polynomials l_j. The weights are made once for a source, a nuclide and the
nodes; a model, with its form factors and mediators, is then evaluated at 3 N points. Only the mass of a heavy neutral
lepton changes E_min, and needs weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import numpy as np

from tridentgen.analysis.flux_moments import moments_of
from tridentgen.analysis.flux_tails import Tail
from tridentgen.analysis.recoil_nodes import RecoilNodes, even_in_log, halves, recoils_of, rest
from tridentgen.constants import GEV_M2_TO_CM2
from tridentgen.errors import InputError, TridentgenError
from tridentgen.flux import Component, Source
from tridentgen.matter.nuclei import Nuclide
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.derivatives import derivative
from tridentgen.processes.cevns.spectrum import Elastic, RecoilSpectrum, recoil_spectra
from tridentgen.typing import FloatArray

_POSITIONS = np.array([1.0, 0.5, 0.0625])
"""t_j: the factors vanish at t = 1, where the flux that can make the recoil ends, so no digits are lost there."""

_TO_WEIGHTS = np.linalg.inv(np.vander(_POSITIONS, 3, increasing=True).T)

_TOLERANCE = 1e-7
"""Limit on the last terms of the series of the moments over their integral."""

_RATIO = 4.0
_LEAST_RATIO = 1e-10
_MOST_ROUNDS = 40


@dataclass(frozen=True, eq=False)
class RecoilMoments:
    """Moments of the flux of each component of a source at recoils of a nuclide.

    Parameters
    ----------
    source : Source
    nuclide : Nuclide
    recoil_GeV : array of shape (N,)
        Recoil energies above zero, such as `RecoilNodes.recoil_GeV`.
    final_mass_GeV : float
        Mass of the outgoing lepton: that of `model.dipole` for upscattering.
    tails : sequence or None
        Moments of each component as functions, from `tails_of`, for many masses; None for those of the flux itself.

    Raises
    ------
    InputError
        For recoils that are not above zero.
    """

    source: Source
    nuclide: Nuclide
    recoil_GeV: FloatArray
    final_mass_GeV: float = 0.0
    tails: Sequence[Tail] | None = None

    def __post_init__(self) -> None:
        recoil = np.array(self.recoil_GeV, dtype=np.float64)
        if recoil.ndim != 1 or not np.all((recoil > 0.0) & np.isfinite(recoil)):
            raise InputError("recoil_GeV of moments must be energies above 0")
        recoil.setflags(write=False)
        object.__setattr__(self, "recoil_GeV", recoil)

    @cached_property
    def energies_GeV(self) -> FloatArray:
        """Neutrino energies E_min/t_j at which models are evaluated, shape (3, N)."""
        least = kinematics.minimum_energy(self.recoil_GeV, self.nuclide.mass_GeV, self.final_mass_GeV)
        return np.asarray(least / _POSITIONS[:, None])

    @cached_property
    def weights(self) -> FloatArray:
        """Weights w_j of each component, normalised to its flux, shape (C, 3, N)."""
        least = self.energies_GeV[0]
        moments = np.array([tail(least) for tail in self.tails or _exact(self.source)])
        return np.asarray(np.einsum("jk,ckn->cjn", _TO_WEIGHTS, moments))

    def dsigma_dT(self, reaction: Cevns) -> FloatArray:
        """Return the spectra of all components in cm^2/GeV, averaged over their fluxes, shape (C, N).

        They are those of elastic scattering, or of upscattering if `final_mass_GeV` is that of the reaction's dipole
        portal; recoils below `recoil_min_keV` are included. Raise `InputError` for another mass.
        """
        densities = {name: self._spectrum(name, reaction).density for name in self.source.neutrinos}
        energy, recoil = self.energies_GeV, self.recoil_GeV
        values = {}
        nucleons: tuple[FloatArray, FloatArray] | None = None  # Z F_p and N F_n, the same for all neutrinos
        for name, density in densities.items():
            if isinstance(density, Elastic):
                nucleons = nucleons or density.nucleons(recoil)
                values[name] = density.with_couplings(energy, recoil, density.couplings(recoil, nucleons))
            else:
                values[name] = density(energy, recoil)
        spectra: FloatArray = np.maximum(self._averaged(values), 0.0)
        return spectra

    def derivative(self, reaction: Cevns, key: str) -> FloatArray:
        """Return the derivatives of `dsigma_dT` by a number of the model, per unit of its key, shape (C, N).

        In closed form; keys and errors are those of `tridentgen.processes.cevns.derivatives.derivative`.
        """
        values = {}
        for name in self.source.neutrinos:
            slope = derivative(reaction, key, self.nuclide, name, self._spectrum(name, reaction).name)
            values[name] = slope(self.energies_GeV, self.recoil_GeV)
        return self._averaged(values)

    def _averaged(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """Return averages over the flux in cm^2/GeV of values in GeV^-3 at `energies_GeV`, those of each neutrino."""
        pairs = zip(self.weights, self.source.components, strict=True)
        return np.array([np.sum(w * values[component.neutrino], axis=0) for w, component in pairs]) * GEV_M2_TO_CM2

    def _spectrum(self, neutrino: str, reaction: Cevns) -> RecoilSpectrum:
        spectra = recoil_spectra(self.nuclide, neutrino, reaction.model, reaction.shape)
        if any(spectrum.struck is not None for spectrum in spectra):
            raise InputError(
                "model.dipole.regimes: moments are those of the nucleus as a whole; take regimes = ['coherent']"
            )
        for spectrum in spectra:
            if spectrum.final_mass_GeV == self.final_mass_GeV:
                return spectrum
        raise InputError(
            f"moments for an outgoing lepton of {self.final_mass_GeV:g} GeV do not hold for this model: "
            "make them for the mass of its dipole portal"
        )


def _exact(source: Source) -> tuple[Tail, ...]:
    """Return the moments of each component, by quadrature wherever there is no closed form."""
    return tuple(partial(moments_of, component.flux) for component in source.components)


def recoil_nodes(
    source: Source, nuclide: Nuclide, least_GeV: float = 0.0, final_mass_GeV: float = 0.0,
    tails: Sequence[Tail] | None = None,
) -> RecoilNodes | None:  # fmt: skip
    """Return nodes for all recoils above the least one; None if the source cannot make any.

    The integral of any spectrum in any bin is then good to 1e-6 of its integral over all recoils, for mediators down to
    10 keV and form factors of every nucleus. `tails` are those of `RecoilMoments`.

    Raises
    ------
    TridentgenError
        Halving the panels 40 times does not make the moments smooth.
    """
    edges = _first_edges(source.components, nuclide.mass_GeV, final_mass_GeV, least_GeV)
    if edges is None:
        return None
    low, high = edges[:-1], edges[1:]
    tails = tails or _exact(source)
    values = _smooth(tails, nuclide.mass_GeV, final_mass_GeV, low, high)
    for _ in range(_MOST_ROUNDS):
        totals = np.sum(np.abs(values), axis=(2, 3), keepdims=True)[..., 0] / values.shape[-1]
        rough = np.any(rest(values) > _TOLERANCE * totals, axis=(0, 1))
        if not rough.any():
            return RecoilNodes(np.append(np.sort(low), np.max(high)))
        pieces = halves(low[rough], high[rough])
        more = _smooth(tails, nuclide.mass_GeV, final_mass_GeV, *pieces)
        values = np.concatenate([values[:, :, ~rough], more], axis=2)
        low, high = np.concatenate([low[~rough], pieces[0]]), np.concatenate([high[~rough], pieces[1]])
    raise TridentgenError(f"the flux of {source.description} is too rough to integrate; please report this card")


def _first_edges(components: tuple[Component, ...], mass: float, final_mass: float, least: float) -> FloatArray | None:
    """Return edges at which a component begins or ends, with even ones in log T between them."""
    ends = {least} if least > 0.0 else set()
    for component in components:
        for energy in {component.flux.energy_min_GeV, component.flux.energy_max_GeV}:
            if energy > kinematics.threshold(mass, final_mass):
                ends |= {float(limit) for limit in kinematics.recoil_limits(energy, mass, final_mass)}
    limits = sorted(end for end in ends if end >= least)
    if len(limits) < 2:
        return None
    if limits[0] == 0.0:
        limits[0] = min(_LEAST_RATIO * limits[-1], 0.5 * limits[1])
        pieces = [np.zeros(1)]
    else:
        pieces = []
    for low, high in pairwise(limits):
        pieces.append(even_in_log(low, high, _RATIO)[:-1])
    return np.append(np.concatenate(pieces), limits[-1])


def _smooth(tails: Sequence[Tail], mass: float, final_mass: float, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return moments times T and dT/dx at nodes of panels, and times 1 instead of T, shape (2C, 3, P, 8)."""
    recoil, slope = recoils_of(low, high)
    least = np.asarray(kinematics.minimum_energy(recoil.ravel(), mass, final_mass))
    found = np.array([tail(least) for tail in tails]).reshape(len(tails), 3, *recoil.shape)
    by_log = np.where(low > 0.0, 1.0, 0.0)[:, None] * slope / recoil
    return np.concatenate([found * slope, found * by_log])
