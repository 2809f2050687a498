"""Inverse beta decay as a kind of reaction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.inverse_beta.card import read_inverse_beta
from tridentgen.processes.inverse_beta.columns import columns_of_file
from tridentgen.processes.inverse_beta.observables import INVERSE_BETA_AXES, INVERSE_BETA_OBSERVABLES


def _components(attributes: Mapping[str, Any]) -> Mapping[int, str]:
    given = str(attributes.get("channel_names", ""))
    return MappingProxyType(dict(enumerate(given.split(",") if given else ())))


INVERSE_BETA = ReactionKind(
    name="inverse-beta-decay",
    events_are="inverse beta decays",
    read=read_inverse_beta,
    columns=columns_of_file,
    observables=INVERSE_BETA_OBSERVABLES,
    axes=INVERSE_BETA_AXES,
    sorts=MappingProxyType(
        {"component": Sort("components", "source components", "channel", _components, typeset="component")}
    ),
    required=("target",),
    defaults=MappingProxyType({"neutrino": "nuebar"}),
    one_flux=False,
    of_nuclide=False,
    usual_below_GeV=1.0,
    process_id=200,
    spellings=("ibd", "inverse-beta"),
)
