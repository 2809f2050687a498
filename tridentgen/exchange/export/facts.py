"""Facts about all events of a file: cross section, processes, beam, exposure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role
from tridentgen.errors import one_line
from tridentgen.events.part_of_run import PartOfRun
from tridentgen.events.particles import codes
from tridentgen.events.stated_exposure import StatedExposure

PB_PER_CM2 = 1e36

RECOILS = ("final", "omit", "pseudo")
"""Treatment of outgoing nuclei: ordinary particles, omitted, or replaced by the pseudoparticle `PSEUDO_NUCLEUS`."""


@dataclass(frozen=True)
class ProcessFacts:
    """A process that occurs in the file; `cite` are pairs such as ("arXiv", number), `sigma_pb` is per atom."""

    number: int
    name: str
    description: str
    cite: tuple[tuple[str, str], ...]
    sigma_pb: float
    error_pb: float


@dataclass(frozen=True)
class Beam:
    """The spectrum of one kind of neutrino.

    Attributes
    ----------
    pdgid : int
    energy_MeV : float or None
        Energy of a monochromatic beam.
    edges_MeV, contents : arrays of shape (K + 1,) and (K,)
        Neutrinos in bins of energy, in `unit`, for any other beam.
    unit : str
        ``Arbitrary`` if only the shape is known.
    """

    pdgid: int
    energy_MeV: float | None
    edges_MeV: NDArray[np.float64]
    contents: NDArray[np.float64]
    unit: str


@dataclass(frozen=True)
class RunFacts:
    """Facts about a run that writers record.

    Attributes
    ----------
    attributes, columns
        Attributes and columns of the event file.
    events : int
        Number of events to write.
    sigma_pb, error_pb : float
        Flux-averaged cross section per atom, within the cuts of the run.
    unit_pb : float or None
        Cross section per unweighted event of weight 1; None for weighted events.
    overweight : int
        Overweight events: unweighted events of weight above 1.
    numbered : bool
        Whether the numbers of the events fit into 31 bits; otherwise writers count from 0.
    energy_max_GeV : float
        Highest energy of a neutrino.
    part : PartOfRun or None
        Range of events of a shard; None for a whole run.
    exposure : StatedExposure or None
        Exposure of the card, and what the written events stand for.
    """

    attributes: Mapping[str, Any]
    columns: tuple[Column, ...]
    events: int
    sigma_pb: float
    error_pb: float
    unit_pb: float | None
    overweight: int
    processes: tuple[ProcessFacts, ...]
    numbered: bool
    energy_max_GeV: float
    recoil: str = "final"
    beams: tuple[Beam, ...] = ()
    part: PartOfRun | None = None
    exposure: StatedExposure | None = None

    @property
    def title(self) -> str:
        """Title of the run, or its reaction."""
        return one_line(str(self.attributes.get("title") or self.reaction))

    @property
    def reaction(self) -> str:
        """The reaction in words."""
        return one_line(str(self.attributes.get("reaction", "")))

    @property
    def version(self) -> str:
        """Version of tridentgen that made the events."""
        return one_line(str(self.attributes.get("version", "unknown")))

    @property
    def beam_codes(self) -> tuple[int, ...]:
        """PDG codes of the neutrinos in the beam."""
        return self._codes("beam_pdg", Role.INCOMING)

    @property
    def target_codes(self) -> tuple[int, ...]:
        """PDG codes of the target nuclides."""
        return self._codes("target_pdg", Role.TARGET)

    def _codes(self, attribute: str, role: Role) -> tuple[int, ...]:
        """Return the codes in an attribute, or else those of the columns with a role."""
        species = [c.species for c in self.columns if c.role is role and c.species is not None]
        if attribute not in self.attributes and species:
            return tuple(dict.fromkeys(code for each in species for code in each.pdgid))
        return codes(self.attributes, attribute)

    @property
    def part_in_words(self) -> str:
        """Range of events of a shard as text, empty for a whole run."""
        return (
            "" if self.part is None else f"{self.part}; the weights here stand for the cross section of the whole run"
        )

    @property
    def exposure_in_words(self) -> str:
        """The exposure for which the written events stand as text, empty if it is not known."""
        if self.exposure is None or self.exposure.share is None:
            return ""
        return f"these events stand for {self.exposure.shared(self.exposure.share)} ({self.exposure.words})"

    @property
    def weight_rule(self) -> str:
        """Normalisation of the weights, in one sentence."""
        if self.unit_pb is None:
            return "weighted: the sum of the weights is the flux-averaged cross section in pb per atom"
        return (
            f"unweighted: a weight of 1 stands for {self.unit_pb:.16e} pb per atom; {self.overweight} of "
            f"{self.events} events weigh more"
        )
