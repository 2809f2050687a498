"""Inverse muon decay as a kind of reaction."""

from __future__ import annotations

from types import MappingProxyType

from tridentgen.processes.base import ReactionKind
from tridentgen.processes.inverse_muon.card import read_inverse_muon
from tridentgen.processes.inverse_muon.columns import columns_of_file
from tridentgen.processes.inverse_muon.observables import INVERSE_MUON_AXES, INVERSE_MUON_OBSERVABLES
from tridentgen.processes.source_channels import BY_COMPONENT, BY_FLAVOUR

INVERSE_MUON = ReactionKind(
    name="inverse-muon-decay",
    events_are="inverse muon decay",
    read=read_inverse_muon,
    columns=columns_of_file,
    observables=INVERSE_MUON_OBSERVABLES,
    axes=INVERSE_MUON_AXES,
    sorts=MappingProxyType(
        {
            "component": BY_COMPONENT,
            "flavour": BY_FLAVOUR,
        }
    ),
    required=("neutrino", "target"),
    one_flux=False,
    of_nuclide=False,
    process_id=740,
    spellings=("imd", "inverse-muon"),
    example="dune_nd_imd",
)
