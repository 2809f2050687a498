"""Reading NuHepMC of any generator through pyhepmc."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError, InputError
from tridentgen.events.events import Events
from tridentgen.events.output import reason
from tridentgen.events.particles import PSEUDO_NUCLEUS
from tridentgen.exchange.export.facts import PB_PER_CM2
from tridentgen.exchange.importing.entries import FINAL, Entry, Event, found_of
from tridentgen.exchange.importing.found import Found
from tridentgen.exchange.importing.hepmc_lines import count_events
from tridentgen.exchange.importing.notes import Notes
from tridentgen.exchange.importing.tables import events_of
from tridentgen.exchange.importing.weights import CENTRAL, Weights

_UNITS_IN_CM2 = {"pb": 1.0 / PB_PER_CM2, "10-38 cm2": 1e-38, "cm2": 1.0}
_NS_PER_S, _GEV_PER_MEV = 1e9, 1e-3


def read_nuhepmc(path: str | os.PathLike[str], weight: str | None = None) -> Events:
    """Read tridents or CEvNS from a NuHepMC file, ``.hepmc3`` or ``.hepmc3.gz``.

    The weights are scaled so that they sum to the flux-averaged cross section of the file (G.C.2, or E.C.4 of its last
    event); they stay as they are where the file has none that is per atom. Of several weights that named CV is taken
    (G.R.7), or `weight`; then the cross section is scaled by the ratio of their sums.

    Raises
    ------
    FileError
        The file does not exist, is truncated, is not HepMC3 text, or holds numbers that are not finite.
    InputError
        pyhepmc is not installed, an event is neither a trident nor a CEvNS event, or it has several weights of
        which none is named CV.
    """
    return events_of(NuHepmcReader(Path(path), weight))


class NuHepmcReader:
    """A NuHepMC file, read event by event; raise as `read_nuhepmc` does."""

    def __init__(self, path: Path, weight: str | None = None) -> None:
        try:
            import pyhepmc
        except ImportError as error:
            raise InputError('reading HepMC needs pyhepmc: pip install "tridentgen[hepmc]"') from error
        self.path, self._weights, self.notes = path, Weights(path, weight), Notes()
        self._pyhepmc: Any = pyhepmc
        self._last: Any = None
        self._count = count_events(path)

    def events(self) -> Iterator[Found]:
        """Read the events."""
        read = 0
        try:
            with _silenced(self._pyhepmc), self._pyhepmc.open(str(self.path)) as file:
                for event in file:
                    self._last = event
                    yield self._found(event)
                    read += 1
        except (FileError, InputError):
            raise
        except Exception as error:  # pyhepmc raises what its C++ library throws
            raise FileError(f"'{self.path}' cannot be read as HepMC3 ({reason(error)}); make it again") from error
        if read != self._count:  # the library stops at an unreadable event as at the end of the file
            raise FileError(f"'{self.path}' is damaged: only {read} of {self._count} events can be read; make it again")

    def _found(self, event: Any) -> Found:
        """Return an event in GeV."""
        names = [str(name) for name in event.run_info.weight_names] if event.run_info is not None else []
        unit_GeV = _GEV_PER_MEV if event.momentum_unit == self._pyhepmc.Units.MEV else 1.0
        entries = tuple(_entry(particle) for particle in event.particles)
        weight = self._weights.of(names, [float(value) for value in event.weights])
        read = Event(int(event.event_number), weight, entries, _time_ns(event), unit_GeV)
        return found_of(read, self.path, self.notes)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the run, available after its last event."""
        tools = [] if self._last is None else [f"{tool.name} {tool.version}" for tool in self._last.run_info.tools]
        return {"generator": "NuHepMC", "source": self.path.name, "tools": ", ".join(tools)}

    @property
    def sigma_cm2(self) -> float | None:
        """Cross section per atom, available after the last event."""
        try:
            sigma, factor = None if self._last is None else _sigma_cm2(self._last), self._weights.factor
            if sigma is not None and not sigma > 0.0:
                self.notes.add("the cross section in the file is not used", f"it is {sigma:g} cm2")
                return None
            return None if sigma is None or factor is None else sigma * factor
        except ValueError as error:
            raise FileError(
                f"'{self.path}': the cross section is not a number ({reason(error)}); make it again"
            ) from error


@contextmanager
def _silenced(pyhepmc: Any) -> Iterator[None]:
    """Suppress the messages that the library prints about errors in a file."""
    setup, names = pyhepmc.Setup, ("print_errors", "print_warnings", "debug_level")
    before = {name: getattr(setup, name) for name in names}
    try:
        for name in names:
            setattr(setup, name, 0)
        yield
    finally:
        for name, value in before.items():
            setattr(setup, name, value)


def _entry(particle: Any) -> Entry:
    """Return a particle as the file has it."""
    p, status = particle.momentum, int(particle.status)
    made = None if status == FINAL else particle.production_vertex
    mass = float(particle.generated_mass)
    return Entry(status, _nuclear_code(particle), (p.e, p.px, p.py, p.pz), mass, made is None or made.id == 0)


def _nuclear_code(particle: Any) -> int:
    """Return the code of a particle, or of the nucleus that a pseudoparticle represents."""
    if particle.pid == PSEUDO_NUCLEUS and "remnant_particle_number" in particle.attributes:
        return int(particle.attributes["remnant_particle_number"].astype(int))
    return int(particle.pid)


def _time_ns(event: Any) -> float:
    """Return the time of an event: the fourth entry of lab_pos, in seconds (E.C.5)."""
    position = str(event.attributes["lab_pos"]).split() if "lab_pos" in event.attributes else []
    return float(position[3]) * _NS_PER_S if len(position) == 4 else 0.0


def _sigma_cm2(event: Any) -> float | None:
    """Return the cross section per atom in cm^2, None if the file does not have it."""
    run = event.run_info.attributes
    unit = _UNITS_IN_CM2.get(_text(run, "NuHepMC.Units.CrossSection.Unit"))
    if unit is None or _text(run, "NuHepMC.Units.CrossSection.TargetScale") != "PerAtom":
        return None
    if "NuHepMC.FluxAveragedTotalCrossSection" in run:
        sigma = float(_text(run, "NuHepMC.FluxAveragedTotalCrossSection"))
    elif event.cross_section is not None:
        names = [str(name) for name in event.run_info.weight_names]
        sigma = float(event.cross_section.xsec(CENTRAL) if CENTRAL in names else event.cross_section.xsec())
    else:
        return None
    return sigma * unit if math.isfinite(sigma) else None


def _text(attributes: Any, name: str) -> str:
    return str(attributes[name]) if name in attributes else ""
