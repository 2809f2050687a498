"""Inverse muon decay as a kind of reaction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tridentgen.events.labels import neutrino_name
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.inverse_muon.card import read_inverse_muon
from tridentgen.processes.inverse_muon.columns import columns_of_file
from tridentgen.processes.inverse_muon.observables import INVERSE_MUON_AXES, INVERSE_MUON_OBSERVABLES


def _components(attributes: Mapping[str, Any]) -> Mapping[int, str]:
    given = str(attributes.get("channel_names", ""))
    return MappingProxyType(dict(enumerate(given.split(",") if given else ())))


INVERSE_MUON = ReactionKind(
    name="inverse-muon-decay",
    events_are="inverse muon decay",
    read=read_inverse_muon,
    columns=columns_of_file,
    observables=INVERSE_MUON_OBSERVABLES,
    axes=INVERSE_MUON_AXES,
    sorts=MappingProxyType(
        {
            "component": Sort("components", "source components", "channel", _components, typeset="component"),
            "flavour": Sort("flavours", "flavours", "flavour", name_of=neutrino_name, typeset="neutrino"),
        }
    ),
    required=("neutrino", "target"),
    one_flux=False,
    of_nuclide=False,
    process_id=740,
    spellings=("imd", "inverse-muon"),
)
