"""Couplings of dark matter to nucleons."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tridentgen.errors import InputError
from tridentgen.processes.terms import check_name, check_number

INTERACTIONS = ("SI", "SD")

_LARGEST_COUPLING = 1e6


@dataclass(frozen=True)
class WimpModel:
    """Couplings of the particle to nucleons, relative to the reference cross section, and the range of the force.

    Parameters
    ----------
    interaction : str
        ``SI``, spin-independent, or ``SD``, spin-dependent.
    fn_over_fp : float
        Coupling of a neutron over that of a proton, for ``SI``: 1 unless given.
    a_p, a_n : float
        Couplings to the spins of protons and neutrons, for ``SD``: the reference cross section belongs to a coupling of
        1. One of them is given; the other is 0 unless given.
    mediator_mass_GeV : float
        Mass m of the mediator: cross sections are multiplied by (m^2/(m^2 + q^2))^2, and the reference is that at zero
        momentum transfer. Without it, a contact interaction.

    Raises
    ------
    InputError
        For an unknown interaction, couplings of the other one, or numbers out of range.
    """

    interaction: str = "SI"
    fn_over_fp: float | None = None
    a_p: float | None = None
    a_n: float | None = None
    mediator_mass_GeV: float | None = None

    def __post_init__(self) -> None:
        check_name("interaction", self.interaction, INTERACTIONS)
        others = ("a_p", "a_n") if self.interaction == "SI" else ("fn_over_fp",)
        for name in ("fn_over_fp", "a_p", "a_n"):
            value = getattr(self, name)
            if value is None:
                continue
            if name in others:
                other = "SD" if self.interaction == "SI" else "SI"
                raise InputError(f"{name} = {value} belongs to interaction = '{other}', not '{self.interaction}'")
            check_number(name, value)
            if abs(value) > _LARGEST_COUPLING:
                raise InputError(f"{name} = {value} must be from {-_LARGEST_COUPLING:g} to {_LARGEST_COUPLING:g}")
        if self.interaction == "SD" and not (self.a_p or self.a_n):
            raise InputError("interaction = 'SD' needs a_p or a_n, not 0: the couplings to protons and neutrons")
        mass = self.mediator_mass_GeV
        if mass is not None and not (math.isfinite(mass) and 1e-12 <= mass <= 1e9):
            raise InputError(f"mediator_mass_GeV = {mass} must be from 1e-12 to 1e9 GeV; leave it out for contact")

    @property
    def f_ratio(self) -> float:
        """f_n/f_p."""
        return 1.0 if self.fn_over_fp is None else self.fn_over_fp
