"""The [process] and [model] tables of a run card for dark matter."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from tridentgen.matter.materials import material
from tridentgen.processes.model_tables import check_reaction, made
from tridentgen.processes.nucleus import FORM_FACTORS
from tridentgen.processes.wimp.model import INTERACTIONS, WimpModel
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.toml.tables import FINITE, NOT_NEGATIVE, POSITIVE, Table, named, one_of


@dataclass(frozen=True)
class WimpCard:
    """The table ``[process]`` with ``kind = "wimp"``; the mass of the particle is that of the halo, in ``[flux]``."""

    target: str
    cross_section_cm2: float
    form_factor: str = "helm"
    proton_radius_fm: float | None = None
    neutron_radius_fm: float | None = None
    recoil_min_keV: float = 0.0
    kind: str = "wimp"

    @property
    def neutrino(self) -> None:
        """No neutrino takes part."""

    def reaction(self, model: WimpModel) -> Wimp:
        """Return the process with the couplings of [model]."""
        fields = {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "kind"}
        return Wimp(**fields, model=model)


def read_wimp(process: Table, model: Table) -> tuple[WimpCard, WimpModel]:
    """Read [process] and [model]; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card = WimpCard(
        target=process.need("target", named(material), ""),
        cross_section_cm2=process.need("cross_section_cm2", POSITIVE, 1e-45),
        form_factor=process.read("form_factor", one_of(FORM_FACTORS), WimpCard.form_factor),
        proton_radius_fm=process.read("proton_radius_fm", POSITIVE, None),
        neutron_radius_fm=process.read("neutron_radius_fm", POSITIVE, None),
        recoil_min_keV=process.read("recoil_min_keV", NOT_NEGATIVE, WimpCard.recoil_min_keV),
    )
    if process.read("mass_GeV", POSITIVE, None) is not None:
        process.complain("mass_GeV", "is a key of [flux], where the mass of the particle stands alone: flux.mass_GeV")
    couplings = _model(model)
    if process.present and document.flaws == before:
        check_reaction(process, card, couplings)
    return card, couplings


def _model(table: Table) -> WimpModel:
    """Read [model]; mistakes are noted in its document, and the default is returned then."""
    given: dict[str, Any] = {
        "interaction": table.read("interaction", one_of(INTERACTIONS), WimpModel.interaction),
        "fn_over_fp": table.read("fn_over_fp", FINITE, None),
        "a_p": table.read("a_p", FINITE, None),
        "a_n": table.read("a_n", FINITE, None),
        "mediator_mass_GeV": table.read("mediator_mass_GeV", POSITIVE, None),
    }
    return made(table, lambda: WimpModel(**given)) or WimpModel()
