"""What a file of events says about all of them: cross section, processes, beam, exposure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column
from tridentgen.events.part_of_run import PartOfRun
from tridentgen.events.particles import codes

PB_PER_CM2 = 1e36

RECOILS = ("final", "omit", "pseudo")
"""What becomes of outgoing nuclei: particles like others, left out, or the pseudoparticle `PSEUDO_NUCLEUS`."""


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
        Of a beam of a single energy.
    edges_MeV, contents : arrays of shape (K + 1,) and (K,)
        Neutrinos in bins of energy, in `unit`, for any other beam.
    unit : str
        ``Arbitrary`` for a mere shape.
    """

    pdgid: int
    energy_MeV: float | None
    edges_MeV: NDArray[np.float64]
    contents: NDArray[np.float64]
    unit: str


@dataclass(frozen=True)
class Exposure:
    """What the events of a run stand for, as far as the card says it."""

    pot: float | None = None
    livetime_s: float | None = None


@dataclass(frozen=True)
class RunFacts:
    """What writers say about a run.

    Attributes
    ----------
    attributes, columns
        Of the event file.
    events : int
        How many will be written.
    sigma_pb, error_pb : float
        Flux-averaged cross section per atom, within the cuts of the run.
    unit_pb : float or None
        Part of the cross section that a plain unweighted event stands for; None for weighted events.
    overweight : int
        Unweighted events of weight above 1.
    numbered : bool
        Whether the numbers of the events fit into 31 bits; else writers count from 0.
    energy_max_GeV : float
        Highest energy of a neutrino.
    part : PartOfRun or None
        Which part of its run the event file is; None for a whole one.
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
    exposure: Exposure = field(default_factory=Exposure)
    part: PartOfRun | None = None

    @property
    def title(self) -> str:
        """Title of the run, or its reaction."""
        return str(self.attributes.get("title") or self.attributes.get("reaction", ""))

    @property
    def version(self) -> str:
        """Version of tridentgen that made the events."""
        return str(self.attributes.get("version", "unknown"))

    @property
    def beam_codes(self) -> tuple[int, ...]:
        """PDG codes of the neutrinos in the beam."""
        return codes(self.attributes, "beam_pdg")

    @property
    def target_codes(self) -> tuple[int, ...]:
        """PDG codes of the target nuclides."""
        return codes(self.attributes, "target_pdg")

    @property
    def part_in_words(self) -> str:
        """Return which part of its run the file is, empty for a whole one."""
        return (
            "" if self.part is None else f"{self.part}; the weights here stand for the cross section of the whole run"
        )

    @property
    def weight_rule(self) -> str:
        """What the weights mean, in one sentence."""
        if self.unit_pb is None:
            return "weighted: the sum of the weights is the flux-averaged cross section in pb per atom"
        return (
            f"unweighted: a weight of 1 stands for {self.unit_pb:.16e} pb per atom; {self.overweight} of "
            f"{self.events} events weigh more"
        )
