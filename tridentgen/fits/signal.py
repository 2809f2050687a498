"""The expected counts of a card's CEvNS, in the bins of a response."""

from __future__ import annotations

from tridentgen.analysis.rate_table import exposure_of
from tridentgen.analysis.recoil_counts import RecoilCounts, Response
from tridentgen.cards import Card, CardError
from tridentgen.detector import Detector
from tridentgen.exposure import number_of_nuclei
from tridentgen.flux import Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.runs.job import beam_of, detector_of


def cevns_of(card: Card) -> Cevns:
    """Return the CEvNS of a card; raise `CardError` for another kind of reaction."""
    reaction = card.reaction
    if not isinstance(reaction, Cevns):
        raise CardError(
            f"{card.where(('process', 'kind'))}: process.kind = '{card.kind.name}': fits are made of CEvNS; "
            "give a card of kind 'cevns'"
        )
    return reaction


def source_of(card: Card) -> Source:
    """Return the neutrinos that scatter."""
    return cevns_of(card).source(beam_of(card))


def scale_of(card: Card, source: Source) -> float:
    """Return neutrinos per cm^2 for the card's exposure times nuclei; raise `CardError` if it is invalid."""
    exposure = exposure_of(card, source)
    return source.total * exposure.times(source) * number_of_nuclei(card.process.target, exposure.mass_t)


def detector_for(card: Card) -> Detector | None:
    """Return the detector of a card."""
    return detector_of(card, cevns_of(card))


def signal_of(card: Card, response: Response) -> RecoilCounts:
    """Return the expected counts of a card in the bins of a response."""
    source = source_of(card)
    return RecoilCounts(source, cevns_of(card), scale_of(card, source), response)
