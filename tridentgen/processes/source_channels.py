"""What the processes share that sample the neutrinos of a source in channels of its components."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from tridentgen.errors import InputError
from tridentgen.events.labels import neutrino_name
from tridentgen.flux import Component, EnergyMap, Source
from tridentgen.flux.fingerprint import fingerprint, fingerprint_of_times
from tridentgen.matter.particles import Neutrino, neutrino
from tridentgen.physics.elementary import Value, Values
from tridentgen.processes.base import Sort


@dataclass(frozen=True, eq=False)
class SourceChannel:
    """A sampling channel: a component of the source, its energies, and its share of the source."""

    component: Component
    energies: EnergyMap
    share: float

    @property
    def name(self) -> str:
        """Name of the channel in files."""
        return self.component.name

    @property
    def neutrino(self) -> Neutrino:
        """The incoming neutrino."""
        return neutrino(self.component.neutrino)


class OfSource:
    """The part of `tridentgen.engines.process.Process` that follows from the channels, the field `parts`."""

    spares_before_time: ClassVar[int] = 1
    """Auxiliary random numbers of an event before those of its time."""

    if TYPE_CHECKING:
        # A field of the subclasses, which are frozen dataclasses.

        @property
        def parts(self) -> Sequence[SourceChannel]:
            """The channels."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the sampling channels."""
        return tuple(part.name for part in self.parts)

    @property
    def dimensions(self) -> int:
        """Number of integration variables: one, and the neutrino's energy if any channel has a spectrum."""
        return 1 + max(part.energies.dimensions for part in self.parts)

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers, those of the time last."""
        profiles = [part.component.time for part in self.parts]
        return self.spares_before_time + max((each.numbers for each in profiles if each is not None), default=0)

    def time_ns(self, channel: int, spare: Values) -> Value:
        """Return the arrival time of an event of a channel; 0 for a steady source."""
        profile, first = self.parts[channel].component.time, self.spares_before_time
        return 0.0 if profile is None else profile.time_ns(spare[first : first + profile.numbers])


def open_channels(source: Source, threshold_GeV: float) -> tuple[SourceChannel, ...]:
    """Return a channel for each component of a source that reaches beyond the threshold."""
    return tuple(
        SourceChannel(each, each.flux.energy_map(threshold_GeV), each.flux.total / source.total)
        for each in source.components
        if each.flux.energy_max_GeV > threshold_GeV
    )


def highest_energy_GeV(source: Source, most_GeV: float) -> float:
    """Return the highest energy of a source; raise `InputError` if it exceeds `most_GeV`."""
    highest = max(component.flux.energy_max_GeV for component in source.components)
    if highest > most_GeV:
        raise InputError(
            f"the flux reaches {highest:g} GeV ({source.description}); give energies up to {most_GeV:g} GeV"
        )
    return highest


def sampled_signature(reaction: str, parts: Sequence[SourceChannel]) -> str:
    """Return the signature of a sampled process from that of its reaction and its channels."""
    energies = [
        (part.name, part.share, fingerprint(part.energies), *fingerprint_of_times(part.component)) for part in parts
    ]
    return json.dumps({"process": json.loads(reaction), "source": energies})


def _components(attributes: Mapping[str, Any]) -> Mapping[int, str]:
    given = str(attributes.get("channel_names", ""))
    return MappingProxyType(dict(enumerate(given.split(",") if given else ())))


BY_COMPONENT = Sort("components", "source components", "channel", _components, typeset="component")
"""Events by component, of processes with one channel for each."""

BY_FLAVOUR = Sort("flavours", "flavours", "flavour", name_of=neutrino_name, typeset="neutrino")
"""Events by the incoming neutrino."""
