"""Numbers, names and sources of processes.

NuHepMC 1.0.0, E.C.1: 100-199 is scattering at low energy, from 700 on is anything else; xx00-xx49 is for processes
with a charged current, xx50-xx99 for those without. A trident has 700 where its leptons differ in flavour (W boson
alone), 750 where they do not, plus 10 for each regime and 3 for each flavour of l- and 1 of l+.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.exchange.export.facts import needed
from tridentgen.matter.particles import FLAVOURS, charged_lepton
from tridentgen.processes.trident.columns import REGIME_NAMES

IntArray = NDArray[np.int64]
Columns = Mapping[str, NDArray[Any]]

CEVNS, UPSCATTERING = 150, 151
Cite = tuple[tuple[str, str], ...]
"""Sources: ``("arXiv", number)`` or ``("DOI", identifier)``."""

_TRIDENT_CITE: Cite = (("arXiv", "1807.10973"), ("arXiv", "1902.06765"))
_CEVNS_CITE: Cite = (("DOI", "10.1103/PhysRevD.9.1389"), ("arXiv", "1708.01294"))
_DIPOLE_CITE: Cite = (("arXiv", "1803.03262"),)


class TridentProcesses:
    """The processes of a file of tridents: one for each regime."""

    columns = ("regime",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._reaction = "{neutrino} -> {neutrino_out} {lepton_minus} {lepton_plus}".format(
            **{name: needed(attributes, name) for name in ("neutrino", "neutrino_out", "lepton_minus", "lepton_plus")}
        )
        minus, plus = (charged_lepton(str(attributes[name])).flavour for name in ("lepton_minus", "lepton_plus"))
        self.charged_current = minus != plus
        self._base = (700 if self.charged_current else 750) + 3 * FLAVOURS.index(minus) + FLAVOURS.index(plus)
        self._target = str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        return self._base + 10 * columns["regime"].astype(np.int64)

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        regime = REGIME_NAMES[(number - self._base) // 10]
        on = f"the nucleus {self._target} as a whole" if regime == "coherent" else f"a {regime} of {self._target}"
        name = f"trident, {regime}, {self._reaction}"
        return name, f"neutrino trident production {self._reaction} on {on}", _TRIDENT_CITE


class CevnsProcesses:
    """The processes of a file of coherent scattering: elastic, and upscattering to a heavy lepton."""

    columns = ("channel",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        names = str(needed(attributes, "channel_names")).split(",")
        self._by_channel = np.array([UPSCATTERING if name.endswith("/upscattering") else CEVNS for name in names])
        self._target = str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        numbers: IntArray = self._by_channel[columns["channel"]]
        return numbers

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        if number == UPSCATTERING:
            return "CEvNS upscattering", f"nu A -> N A on nuclei of {self._target}, dipole portal", _DIPOLE_CITE
        return "CEvNS", f"coherent elastic neutrino-nucleus scattering on nuclei of {self._target}", _CEVNS_CITE


Processes = TridentProcesses | CevnsProcesses
