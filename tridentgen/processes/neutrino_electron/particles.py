"""Numbers of the processes of neutrino-electron scattering: NuHepMC 1.0.0, E.C.1, from 700 on for anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tridentgen.events.particles import Cite, needed
from tridentgen.processes.neutrino_electron.columns import UPSCATTERING
from tridentgen.typing import Columns, IntArray

ELASTIC_ID, UPSCATTERING_ID = 790, 791
_CITE: Cite = (("arXiv", "1803.03262"),)


class ElectronProcesses:
    """The processes of a file with upscattering: elastic scattering, and that to a heavy neutral lepton."""

    columns = ("channel",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        names = str(needed(attributes, "channel_names")).split(",")
        self._by_channel = np.array([UPSCATTERING_ID if name.endswith(UPSCATTERING) else ELASTIC_ID for name in names])
        self._name, self._target = str(needed(attributes, "process")), str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        numbers: IntArray = self._by_channel[columns["channel"]]
        return numbers

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        if number == UPSCATTERING_ID:
            return f"{self._name}, upscattering", f"nu e- -> N e- on electrons of {self._target}, dipole portal", _CITE
        return self._name, f"nu e- -> nu e- on electrons of {self._target}", ()


def processes(attributes: Mapping[str, Any]) -> ElectronProcesses | None:
    """Return the processes of a file with upscattering; None for elastic scattering alone."""
    return ElectronProcesses(attributes) if UPSCATTERING in str(attributes.get("channel_names", "")) else None
