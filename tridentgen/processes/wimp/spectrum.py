"""Cross section of one nuclide as a function of the recoil, and its rate in a halo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tridentgen.constants import PROTON_MASS_GEV, SPEED_OF_LIGHT_KM_S
from tridentgen.flux import Halo
from tridentgen.matter.nuclei import Nuclide
from tridentgen.physics import wimp as physics
from tridentgen.physics.elementary import Value
from tridentgen.processes.nucleus import SPIN_CONTENT, NuclearShape, Shape, is_even_even
from tridentgen.processes.wimp.model import WimpModel
from tridentgen.typing import FloatArray

_CANCELS = 1e-9
"""A smaller coupling is one of rounding."""


class Speeds(NamedTuple):
    """Speeds of a halo in units of c: most probable, of the laboratory, escape, mean; and the norm in v0^3."""

    v0: float
    v_lab: float
    v_esc: float
    mean: float
    norm: float

    @classmethod
    def of(cls, halo: Halo) -> Speeds:
        """Return the speeds of a halo."""
        c = SPEED_OF_LIGHT_KM_S
        return cls(halo.v0_km_s / c, halo.v_lab_km_s / c, halo.v_esc_km_s / c, halo.mean_speed_km_s / c, halo.norm)


def spin_is_known(nuclide: Nuclide) -> bool:
    """Return whether the spin content of the nuclide is 0, or in the table."""
    return is_even_even(nuclide) or nuclide.name in SPIN_CONTENT


@dataclass(frozen=True, eq=False)
class WimpSpectrum:
    """Scattering of particles of the halo on one nuclide.

    Attributes
    ----------
    nuclide : Nuclide
    halo : Halo
    cross_section_cm2 : float
        Reference cross section on the nucleon.
    model : WimpModel
    shape : NuclearShape
    """

    nuclide: Nuclide
    halo: Halo
    cross_section_cm2: float
    model: WimpModel
    shape: NuclearShape

    @cached_property
    def shapes(self) -> tuple[Shape, Shape]:
        """Form factors of protons and neutrons."""
        return self.shape.of(self.nuclide)

    @cached_property
    def ratio(self) -> float:
        """mu_A/mu_p, of the reduced masses with the nucleus and the proton."""
        mass = self.halo.mass_GeV
        with_nucleus = physics.reduced_mass(mass, self.nuclide.mass_GeV)
        return with_nucleus / physics.reduced_mass(mass, PROTON_MASS_GEV)

    @property
    def couples(self) -> bool:
        """Whether the cross section is not 0, as on a nucleus without spin, or where protons and neutrons cancel."""
        if self.model.interaction == "SD":
            return abs(self._amplitude) > _CANCELS
        protons, neutrons = self.shapes
        coupling = self.nuclide.Z + self.model.f_ratio * self.nuclide.N
        return protons is not neutrons or abs(coupling) > _CANCELS * self.nuclide.Z

    @property
    def _amplitude(self) -> float:
        """Return a_p S_p + a_n S_n; 0 for a nuclide whose spin content is not known here."""
        if is_even_even(self.nuclide) or self.nuclide.name not in SPIN_CONTENT:
            return 0.0
        _, protons, neutrons = SPIN_CONTENT[self.nuclide.name]
        return (self.model.a_p or 0.0) * protons + (self.model.a_n or 0.0) * neutrons

    def sigma(self, recoil_GeV: Value) -> Value:
        """Return sigma_A F^2 of this recoil in cm^2, with the propagator of a mediator; traceable."""
        nuclide, model = self.nuclide, self.model
        q2 = 2.0 * nuclide.mass_GeV * recoil_GeV
        of_protons, of_neutrons = self.shapes
        f_p = of_protons(q2)
        f_n = f_p if of_neutrons is of_protons else of_neutrons(q2)
        protons, neutrons = nuclide.Z * f_p, nuclide.N * f_n
        if model.interaction == "SI":
            relative = physics.spin_independent(self.ratio, protons, neutrons, model.f_ratio)
        else:
            spin, mean = SPIN_CONTENT[nuclide.name].J, (protons + neutrons) / nuclide.A
            relative = physics.spin_dependent(self.ratio, spin, self._amplitude, mean)
        if model.mediator_mass_GeV is not None:
            relative = relative * physics.propagator(recoil_GeV, nuclide.mass_GeV, model.mediator_mass_GeV)
        return self.cross_section_cm2 * relative

    @property
    def scale_GeV(self) -> float | None:
        """Recoil m^2/2M above which a mediator of mass m suppresses the cross section; None for contact."""
        mediator = self.model.mediator_mass_GeV
        return None if mediator is None else mediator * mediator / (2.0 * self.nuclide.mass_GeV)

    @property
    def most_recoil_GeV(self) -> float:
        """Largest recoil, of the fastest particles."""
        fastest = self.halo.fastest_km_s / SPEED_OF_LIGHT_KM_S
        return float(physics.largest_recoil(fastest, self.halo.mass_GeV, self.nuclide.mass_GeV))

    def least_speed(self, recoil_GeV: float) -> float:
        """Return the smallest speed in units of c that gives this recoil and that the halo has."""
        least = float(physics.least_speed(recoil_GeV, self.halo.mass_GeV, self.nuclide.mass_GeV))
        return max(least, self.halo.slowest_km_s / SPEED_OF_LIGHT_KM_S)

    def dsigma_dT(self, recoil_GeV: FloatArray) -> FloatArray:
        """Return dsigma/dT averaged over the flux of the halo in cm^2/GeV at recoils of shape (N,); 0 beyond its limit.

        dsigma/dT = sigma_A F^2/T_max(v), so that the average of v dsigma/dT is the integral of 1/v (Lewin and Smith).
        """
        recoil = np.asarray(recoil_GeV, dtype=np.float64)
        if not self.couples:
            return np.zeros(recoil.shape)
        least = np.asarray(physics.least_speed(recoil, self.halo.mass_GeV, self.nuclide.mass_GeV))
        per_speed = self.halo.mean_inverse_speed(least * SPEED_OF_LIGHT_KM_S) / self.halo.mean_speed_km_s
        per_square = float(physics.largest_recoil(1.0, self.halo.mass_GeV, self.nuclide.mass_GeV))
        average = per_speed * (SPEED_OF_LIGHT_KM_S * SPEED_OF_LIGHT_KM_S / per_square)
        return np.asarray(self.sigma(recoil) * average)
