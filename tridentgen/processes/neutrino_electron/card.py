"""The [process] and [model] tables of a run card for neutrino-electron scattering."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

from tridentgen.matter.materials import material
from tridentgen.matter.particles import neutrino
from tridentgen.processes.dipole import read_dipole
from tridentgen.processes.model_tables import (
    charge_radius,
    check_reaction,
    fields_of,
    made,
    matrix,
    number_or_flavours,
    part,
    vector,
)
from tridentgen.processes.neutrino_electron.model import ElectronModel, ElectronNsi, ElectronScalar
from tridentgen.processes.neutrino_electron.neutrino_electron import NeutrinoElectron
from tridentgen.processes.neutrino_electron.shells import ELECTRONS
from tridentgen.toml.tables import FRACTION, NOT_NEGATIVE, Table, boolean, named, one_of


@dataclass(frozen=True)
class ElectronCard:
    """The table ``[process]`` with ``kind = "nu-e"``. Without `neutrino` all neutrinos of the source scatter."""

    target: str
    neutrino: str | None = None
    electrons: str = "free"
    recoil_min_keV: float = 0.0
    kind: str = "nu-e"

    def reaction(self, model: ElectronModel) -> NeutrinoElectron:
        """Return the process with the couplings of [model]."""
        return NeutrinoElectron(self.target, self.neutrino, model, self.electrons, self.recoil_min_keV)


def read_neutrino_electron(process: Table, model: Table) -> tuple[ElectronCard, ElectronModel]:
    """Read [process] and [model]; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card = ElectronCard(
        target=process.need("target", named(material), ""),
        neutrino=process.read("neutrino", named(neutrino), None),
        electrons=process.read("electrons", one_of(ELECTRONS), ElectronCard.electrons),
        recoil_min_keV=process.read("recoil_min_keV", NOT_NEGATIVE, ElectronCard.recoil_min_keV),
    )
    couplings = _model(model)
    if process.present and document.flaws == before:
        check_reaction(process, card, couplings)
    return card, couplings


def _model(table: Table) -> ElectronModel:
    """Read [model]; mistakes are noted in its document, and the Standard Model is returned then."""
    default = ElectronModel()
    boson = partial(fields_of, kind=ElectronScalar)
    given: dict[str, Any] = {
        "sin2_theta_w": table.read("sin2_theta_w", FRACTION, default.sin2_theta_w),
        "radiative": table.read("radiative", boolean, default.radiative),
        "magnetic_moment": number_or_flavours(table, "magnetic_moment"),
        "millicharge": number_or_flavours(table, "millicharge"),
        "charge_radius": charge_radius(table),
        "nsi": part(table, "nsi", lambda t: ElectronNsi(matrix(t, "eps_L"), matrix(t, "eps_R"))),
        "vector": part(table, "vector", vector),
        "scalar": part(table, "scalar", boson),
        "pseudoscalar": part(table, "pseudoscalar", boson),
        "dipole": part(table, "dipole", partial(read_dipole, on_nuclei=False)),
    }
    assert set(given) == {each.name for each in dataclasses.fields(ElectronModel)}
    return made(table, lambda: ElectronModel(**given)) or default
