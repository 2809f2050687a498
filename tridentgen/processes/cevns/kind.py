"""CEvNS as a kind of reaction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tridentgen.events.labels import nuclide_name
from tridentgen.exposure import DAY_YEARS, KG_T
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.cevns.card import read_cevns
from tridentgen.processes.cevns.columns import columns_of_file
from tridentgen.processes.cevns.labels import channel_names
from tridentgen.processes.cevns.observables import CEVNS_AXES, CEVNS_OBSERVABLES
from tridentgen.processes.cevns.particles import CevnsRecords
from tridentgen.processes.source_channels import BY_FLAVOUR


def _components(attributes: Mapping[str, Any]) -> Mapping[int, str]:
    return MappingProxyType({code: name.component for code, name in enumerate(channel_names(attributes))})


def _final_states(attributes: Mapping[str, Any]) -> Mapping[int, str]:
    return MappingProxyType({code: name.final for code, name in enumerate(channel_names(attributes))})


CEVNS = ReactionKind(
    name="cevns",
    events_are="CEvNS",
    read=read_cevns,
    columns=columns_of_file,
    observables=CEVNS_OBSERVABLES,
    axes=CEVNS_AXES,
    sorts=MappingProxyType(
        {
            "component": Sort("components", "source components", "channel", _components, typeset="component"),
            "flavour": BY_FLAVOUR,
            "isotope": Sort("isotopes", "nuclides", "isotope", name_of=nuclide_name, typeset="nuclide"),
            "final_state": Sort(
                "final_states", "final states", "channel", _final_states, typeset="final state", least=2
            ),
        }
    ),
    particles=CevnsRecords,
    required=("target",),
    defaults=MappingProxyType({"neutrino": "numu"}),  # the Standard Model does not tell them apart
    one_flux=False,
    of_nuclide=False,
    has_response=True,
    unit_mass_t=KG_T,
    unit_years=DAY_YEARS,
    usual_below_GeV=1.0,
    spellings=("ceνns", "cenns", "cnns"),
)
