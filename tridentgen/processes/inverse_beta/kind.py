"""Inverse beta decay as a kind of reaction."""

from __future__ import annotations

from types import MappingProxyType

from tridentgen.processes.base import ReactionKind
from tridentgen.processes.inverse_beta.card import read_inverse_beta
from tridentgen.processes.inverse_beta.columns import columns_of_file
from tridentgen.processes.inverse_beta.observables import INVERSE_BETA_AXES, INVERSE_BETA_OBSERVABLES
from tridentgen.processes.source_channels import BY_COMPONENT

INVERSE_BETA = ReactionKind(
    name="inverse-beta-decay",
    events_are="inverse beta decays",
    read=read_inverse_beta,
    columns=columns_of_file,
    observables=INVERSE_BETA_OBSERVABLES,
    axes=INVERSE_BETA_AXES,
    sorts=MappingProxyType({"component": BY_COMPONENT}),
    required=("target",),
    defaults=MappingProxyType({"neutrino": "nuebar"}),
    one_flux=False,
    of_nuclide=False,
    usual_below_GeV=1.0,
    process_id=200,
    spellings=("ibd", "inverse-beta"),
    example="supernova_water_ibd",
)
