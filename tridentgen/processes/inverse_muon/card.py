"""The [process] and [model] tables of a run card for inverse muon decay."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.matter.particles import neutrino
from tridentgen.processes.inverse_muon.columns import LEPTONS
from tridentgen.processes.inverse_muon.inverse_muon import InverseMuonDecay
from tridentgen.toml.tables import Table, key_in_front, named, one_of


@dataclass(frozen=True)
class InverseMuonCard:
    """The table ``[process]`` with ``kind = "inverse-muon-decay"``. The table ``[model]`` has no keys."""

    target: str
    neutrino: str | None = None
    lepton: str = "mu-"
    kind: str = "inverse-muon-decay"

    def reaction(self, _model: None) -> InverseMuonDecay:
        """Return the process."""
        return InverseMuonDecay(self.target, self.neutrino, self.lepton)


def read_inverse_muon(process: Table, _model: Table) -> tuple[InverseMuonCard, None]:
    """Read [process]; mistakes are noted in its document."""
    document = process.document
    before = document.flaws
    card = InverseMuonCard(
        target=process.need("target", named(material), ""),
        neutrino=process.read("neutrino", named(neutrino), None),
        lepton=process.read("lepton", one_of(LEPTONS), InverseMuonCard.lepton),
    )
    if process.present and document.flaws == before:
        try:
            card.reaction(None)
        except InputError as error:
            document.refuse(("process", *key_in_front(str(error))[:1]), str(error))
    return card, None
