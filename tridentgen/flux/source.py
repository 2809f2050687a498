"""A neutrino source: one or more neutrino species, each with its spectrum and arrival times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tridentgen.errors import InputError
from tridentgen.flux.base import Flux
from tridentgen.flux.burst import Burst
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.snewpy_model import model_burst
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.matter.particles import neutrino as find_neutrino


@dataclass(frozen=True)
class Component:
    """One neutrino species from one process in the source; `time` is None for a steady flux."""

    name: str
    neutrino: str
    flux: Flux
    time: TimeProfile | TabulatedProfile | None = None


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
    def of(cls, flux: Flux, neutrino: str, time: TimeProfile | TabulatedProfile | None = None) -> Source:
        """Return the source of one neutrino species."""
        return cls((Component(neutrino, neutrino, flux, time),), flux.description)

    @classmethod
    def from_snewpy(
        cls,
        model: Any,
        distance_kpc: Any,
        *,
        transformation: Any = None,
        times: Any = None,
        energies: Any = None,
        windows: int = 1,
    ) -> Source:
        """Return the burst of a supernova model of snewpy: fluence and arrival times of the six neutrinos, per burst.

        The flux is that of snewpy at all combinations of times and energies, and linear between them, as in the
        integrals of snewpy. Needs ``pip install "tridentgen[snewpy]"``.

        Parameters
        ----------
        model : snewpy.models.base.SupernovaModel
        distance_kpc
            A number of kpc, or a length of astropy.
        transformation : snewpy.flavor_transformation.FlavorTransformation
            What happens to the flavours on the way; nothing by default.
        times
            Two times, for all of the model's own times between them; or three and more, which are used as they are. In
            s, or a quantity of astropy; the model's own by default.
        energies
            In MeV, or a quantity of astropy; 0 to 100 MeV in steps of 0.2 MeV by default.
        windows
            Number of windows in time, each with its own spectra. Within a window energies and times are independent;
            with one, the mean energy is the same early and late.

        Raises
        ------
        TridentgenError
            Without snewpy.
        InputError
            For arguments that are no model or transformation, times at which the model is unknown, energies that do not
            increase, and a flux that is negative or not finite; with the default energies, where they lose more than
            0.1 % of a neutrino.
        """
        burst = model_burst(model, distance_kpc, transformation, times, energies)
        return cls.of_burst(burst, windows)

    @classmethod
    def of_burst(cls, burst: Burst, windows: int = 1) -> Source:
        """Return the source of a burst on a grid, in windows of time."""
        parts = burst.parts(windows)
        span = f"{burst.times_s[0]:.4g} to {burst.times_s[-1]:.4g} s"
        in_windows = "" if windows == 1 else f", in {len(burst.borders(windows)) - 1} windows"
        return cls(tuple(Component(*part) for part in parts), f"{burst.label}, {span}{in_windows}")

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
