"""Scattering of dark matter as a kind of reaction."""

from __future__ import annotations

from types import MappingProxyType

from tridentgen.events.labels import nuclide_name
from tridentgen.flux import DARK_MATTER
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.wimp.card import read_wimp
from tridentgen.processes.wimp.columns import columns_of_file
from tridentgen.processes.wimp.observables import WIMP_AXES, WIMP_OBSERVABLES

WIMP = ReactionKind(
    name="wimp",
    events_are="WIMP recoils",
    read=read_wimp,
    columns=columns_of_file,
    observables=WIMP_OBSERVABLES,
    axes=WIMP_AXES,
    sorts=MappingProxyType(
        {"isotope": Sort("isotopes", "nuclides", "isotope", name_of=nuclide_name, typeset="nuclide")}
    ),
    required=("target",),
    projectile=DARK_MATTER,
    one_flux=False,
    of_nuclide=False,
    has_response=True,
    process_id=795,
    spellings=("dark matter", "wimps"),
    example="xenon_wimp",
)
