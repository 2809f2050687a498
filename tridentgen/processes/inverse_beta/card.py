"""The [process] and [model] tables of a run card for inverse beta decay."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.processes.inverse_beta.inverse_beta import FREE_NEUTRON, NORMALISATIONS, InverseBetaDecay
from tridentgen.toml.tables import Table, boolean, one_of, string


@dataclass(frozen=True)
class InverseBetaModel:
    """The table ``[model]``; without `radiative`, the correction is applied to antineutrinos."""

    radiative: bool | None = None
    normalisation: str = "couplings"


@dataclass(frozen=True)
class InverseBetaCard:
    """The table ``[process]`` with ``kind = "inverse-beta-decay"``."""

    target: str
    neutrino: str = "nuebar"
    kind: str = "inverse-beta-decay"

    def reaction(self, model: InverseBetaModel) -> InverseBetaDecay:
        """Return the process with the options of [model]."""
        return InverseBetaDecay(self.target, self.neutrino, model.radiative, model.normalisation)


def read_inverse_beta(process: Table, model: Table) -> tuple[InverseBetaCard, InverseBetaModel]:
    """Read [process] and [model]; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card = InverseBetaCard(
        target=process.need("target", _target, ""),
        neutrino=process.read("neutrino", one_of(("nuebar", "nue")), InverseBetaCard.neutrino),
    )
    options = InverseBetaModel(
        radiative=model.read("radiative", boolean, None),
        normalisation=model.read("normalisation", one_of(NORMALISATIONS), InverseBetaModel.normalisation),
    )
    if process.present and document.flaws == before:
        try:
            card.reaction(options)
        except InputError as error:
            key = str(error).split(" ", 1)[0]
            document.refuse(("process", key) if hasattr(card, key) else ("model", key), str(error))
    return card, options


def _target(value: object) -> str:
    name = string(value)
    return name if name == FREE_NEUTRON else material(name).name
