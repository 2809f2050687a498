"""A neutrino source: one or more neutrino species, each with its spectrum and arrival times."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tridentgen.errors import InputError
from tridentgen.flux.base import Flux
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.matter.particles import neutrino as find_neutrino


@dataclass(frozen=True)
class Component:
    """One neutrino species from one process in the source; `time` is None for a steady flux."""

    name: str
    neutrino: str
    flux: Flux
    time: TimeProfile | None = None


@dataclass(frozen=True)
class Source:
    """A source of one or more neutrino species.

    Parameters
    ----------
    components
        One or more, with different names and fluxes in the same units.
    description
        One line for summaries.

    Raises
    ------
    InputError
        For no component, an unknown neutrino, dark matter, a name used twice, or fluxes in different units.
    """

    components: tuple[Component, ...]
    description: str

    def __post_init__(self) -> None:
        if not self.components:
            raise InputError(f"the source '{self.description}' has no neutrinos; give at least one component")
        names = [component.name for component in self.components]
        for component in self.components:
            find_neutrino(component.neutrino)
            if isinstance(component.flux, Halo):
                raise InputError(f"{component.flux.description}: is no flux of neutrinos; use it by itself, with Wimp")
            if names.count(component.name) > 1:
                raise InputError(f"the source has two components named '{component.name}'; give them different names")
            if component.flux.total_units != self.total_units:
                raise InputError(
                    f"the fluxes of '{names[0]}' and '{component.name}' have different units, '{self.total_units}' "
                    f"and '{component.flux.total_units}'; give all of them in the same units"
                )

    @classmethod
    def of(cls, flux: Flux, neutrino: str, time: TimeProfile | None = None) -> Source:
        """Return the source of one neutrino species."""
        return cls((Component(neutrino, neutrino, flux, time),), flux.description)

    @property
    def total(self) -> float:
        """Total flux of all components, in `total_units`."""
        return math.fsum(component.flux.total for component in self.components)

    @property
    def total_units(self) -> str:
        """Units of every component's total."""
        return self.components[0].flux.total_units

    @property
    def neutrinos(self) -> tuple[str, ...]:
        """The neutrino species, each once, in the order of the components."""
        return tuple(dict.fromkeys(component.neutrino for component in self.components))

    def only(self, neutrino: str) -> Source:
        """Return the source with only the components of `neutrino`; raise `InputError` if there are none."""
        find_neutrino(neutrino)
        chosen = tuple(component for component in self.components if component.neutrino == neutrino)
        if not chosen:
            made = ", ".join(self.neutrinos)
            raise InputError(f"no {neutrino} from {self.description}: it makes {made}; name one of them")
        return self if len(chosen) == len(self.components) else Source(chosen, self.description)


Neutrinos = Flux | Source
"""The flux of one neutrino, or a source of several."""

Beam = Neutrinos | Halo
"""What meets the target: neutrinos, or the dark matter of the halo."""

NEUTRINOS, DARK_MATTER = "neutrinos", "dark matter"
"""The projectiles of processes and kinds of flux."""
