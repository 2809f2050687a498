"""Solar neutrinos after adiabatic conversion (LMA-MSW), by flavour: P_ee, P_emu and P_etau at each energy.

The mass eigenstates reach the Earth without phase relations, with the shares of the electron neutrino at its production

    P_1 = cos^2 th13 cos^2 th_m,    P_2 = cos^2 th13 sin^2 th_m,    P_3 = sin^2 th13,
    cos 2 th_m = (cos 2 th12 - b)/sqrt((cos 2 th12 - b)^2 + sin^2 2 th12),    b = 2 E V cos^2 th13/dm^2_21,

and arrive as flavour a with P_ea = sum_i |U_ai|^2 P_i, thus

    P_ee = cos^4 th13 [1 + cos 2 th12 cos 2 th_m]/2 + sin^4 th13,

with the potential V = sqrt(2) G_F n_e averaged over the production region of each component (P. C. de Holanda,
W. Liao and A. Yu. Smirnov, Nucl. Phys. B 702 (2004) 307, eqs. 9-12 and table 1). numu and nutau have the same
interactions in the Sun, so their shares follow from the mixing matrix alone: they depend on th23 and, through
|U_mu1|^2 - |U_mu2|^2, on the CP phase. The spread of V about its mean, the effect of matter on th13, and matter effects
in the Earth at night, all below some percent, are neglected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from tridentgen.flux.base import require
from tridentgen.physics.elementary import Value, sincos2pi

POTENTIAL_EV = {
    "pp": 4.68e-12,
    "pep": 5.13e-12,
    "7Be-384": 6.16e-12,
    "7Be-861": 6.16e-12,
    "8B": 6.81e-12,
    "hep": 3.96e-12,
    "13N": 6.22e-12,
    "15O": 6.69e-12,
    "17F": 6.74e-12,
}
"""Mean potential in eV in the production region of each component (table 1 of de Holanda et al.)."""

_EV_PER_GEV = 1e9
_HIGHEST_EV = 19e6
"""Energy at which solar neutrinos end."""

_FALL_EV = 1.973269804e-7 * 10.54 / 6.957e8
"""|d ln n_e/dr| of the Sun, 10.54 per solar radius, in eV (J. N. Bahcall, Neutrino Astrophysics (1989))."""

_ADIABATIC = 5.0
"""Above this adiabaticity the mass eigenstates cross with a probability below exp(-5 pi/2) = 4e-4."""


@dataclass(frozen=True)
class SolarMixing:
    """Mixing of the three neutrinos.

    Parameters
    ----------
    sin2_theta12, sin2_theta13, sin2_theta23
        sin^2 of the mixing angles.
    delta_m2_21_eV2
        Solar mass splitting in eV^2.
    delta_cp_deg
        CP phase in degrees. The defaults are those of the Particle Data Group 2024, for the normal ordering.

    Raises
    ------
    InputError
        For numbers out of range, and where conversion in the Sun would not be adiabatic.
    """

    sin2_theta12: float = 0.307
    sin2_theta13: float = 0.0219
    sin2_theta23: float = 0.558
    delta_m2_21_eV2: float = 7.53e-5
    delta_cp_deg: float = 214.2

    def __post_init__(self) -> None:
        for name, low, high in (
            ("sin2_theta12", 0.01, 0.99),
            ("sin2_theta13", 0.0, 0.5),
            ("sin2_theta23", 0.0, 1.0),
            ("delta_m2_21_eV2", 1e-7, 1e-2),
            ("delta_cp_deg", -360.0, 360.0),
        ):
            value = getattr(self, name)
            require(low <= value <= high, name, value, f"must lie between {low:g} and {high:g}")
        cos_12 = 1.0 - 2.0 * self.sin2_theta12
        turns = self.delta_m2_21_eV2 * (1.0 - cos_12 * cos_12) / (2.0 * _HIGHEST_EV * _FALL_EV)
        rule = (
            f"with sin2_theta12 = {self.sin2_theta12:g}: conversion in the Sun is not adiabatic, and another formula "
            "would be needed; give a larger value, or your own probabilities as oscillation_file"
        )
        adiabatic = turns > _ADIABATIC * max(cos_12, 0.0)
        require(adiabatic, "delta_m2_21_eV2", self.delta_m2_21_eV2, rule)

    def survival(self, component: str, energy_GeV: Value) -> Value:
        """Return P_ee of a component at energies in GeV."""
        cos2_13 = 1.0 - self.sin2_theta13
        cos_12 = 1.0 - 2.0 * self.sin2_theta12
        cos_matter = self._cos_in_matter(component, energy_GeV)
        return cos2_13 * cos2_13 * 0.5 * (1.0 + cos_12 * cos_matter) + self.sin2_theta13 * self.sin2_theta13

    def flavours(self, component: str, energy_GeV: Value) -> dict[str, Value]:
        """Return P_ee, P_emu and P_etau, which add up to 1, by neutrino, of a component at energies in GeV."""
        survives = self.survival(component, energy_GeV)
        to_muon = self._to_muon(component, energy_GeV)
        return {"nue": survives, "numu": to_muon, "nutau": np.maximum(1.0 - survives - to_muon, 0.0)}

    def _cos_in_matter(self, component: str, energy_GeV: Value) -> Value:
        """Return cos 2 th_m where the neutrino is made."""
        cos2_13 = 1.0 - self.sin2_theta13
        cos_12 = 1.0 - 2.0 * self.sin2_theta12
        ratio = (2.0 * _EV_PER_GEV * POTENTIAL_EV[component] * cos2_13 / self.delta_m2_21_eV2) * energy_GeV
        difference = cos_12 - ratio
        return difference / np.sqrt(difference * difference + (1.0 - cos_12 * cos_12))

    def _to_muon(self, component: str, energy_GeV: Value) -> Value:
        """Return P_emu = sum_i |U_mui|^2 P_i, of |U_mu1|^2 = s12^2 c23^2 + c12^2 s23^2 s13^2 + 2 Re(...) and so on."""
        s12, s13, s23 = self.sin2_theta12, self.sin2_theta13, self.sin2_theta23
        c12, c13, c23 = 1.0 - s12, 1.0 - s13, 1.0 - s23
        _, cos_delta = sincos2pi(np.float64((self.delta_cp_deg % 360.0) / 360.0))
        mixed = 2.0 * math.sqrt(s12 * c12 * s23 * c23 * s13) * float(cos_delta)
        first, second, third = s12 * c23 + c12 * s23 * s13 + mixed, c12 * c23 + s12 * s23 * s13 - mixed, c13 * s23
        cos_matter = self._cos_in_matter(component, energy_GeV)
        return 0.5 * c13 * (first * (1.0 + cos_matter) + second * (1.0 - cos_matter)) + s13 * third


MIXING_KEYS = tuple(each.name for each in fields(SolarMixing))
"""Keys of a card that set the mixing."""
