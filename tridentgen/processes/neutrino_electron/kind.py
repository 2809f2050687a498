"""Neutrino-electron scattering as a kind of reaction."""

from __future__ import annotations

from types import MappingProxyType

from tridentgen.events.labels import nuclide_name
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.neutrino_electron.card import read_neutrino_electron
from tridentgen.processes.neutrino_electron.columns import columns_of_file
from tridentgen.processes.neutrino_electron.observables import ELECTRON_AXES, ELECTRON_OBSERVABLES
from tridentgen.processes.neutrino_electron.particles import ELASTIC_ID, processes
from tridentgen.processes.source_channels import BY_COMPONENT, BY_FLAVOUR

NEUTRINO_ELECTRON = ReactionKind(
    name="nu-e",
    events_are="neutrino-electron scattering",
    read=read_neutrino_electron,
    columns=columns_of_file,
    observables=ELECTRON_OBSERVABLES,
    axes=ELECTRON_AXES,
    sorts=MappingProxyType(
        {
            "component": BY_COMPONENT,
            "flavour": BY_FLAVOUR,
            "isotope": Sort("isotopes", "nuclides", "isotope", name_of=nuclide_name, typeset="nuclide", least=2),
        }
    ),
    required=("neutrino", "target"),
    one_flux=False,
    of_nuclide=False,
    process_id=ELASTIC_ID,
    processes=processes,
    spellings=("nu-electron", "neutrino-electron"),
    example="dune_nd_nue_e",
)
