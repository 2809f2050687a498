"""The [process] and [model] tables of a run card for tridents: reaction and couplings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tridentgen.constants import SIN2_THETA_W
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import ChargedLepton, charged_lepton, neutrino
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.couplings import coupling_or_strength
from tridentgen.processes.trident.epa import PHOTON_FLUXES, EpaTrident
from tridentgen.processes.trident.targets import FORM_FACTORS, NUCLEON_FORM_FACTORS, REGIMES
from tridentgen.processes.trident.trident import Trident
from tridentgen.toml.positions import Key
from tridentgen.toml.tables import FRACTION, POSITIVE, Document, Table, boolean, named, number, one_of, string

_REACTIONS: Mapping[str, type[Trident]] = MappingProxyType({"trident": Trident, "trident-epa": EpaTrident})

_PARTS_OF_REGIME = {
    "total": ("coherent", "diffractive", "proton", "neutron"),
    "diffractive": ("proton", "neutron"),
}
_CHARGE = number("a number from -1000 to 1000", lambda x: abs(x) <= 1000.0)


@dataclass(frozen=True)
class ProcessCard:
    """The table ``[process]``. `leptons` is always (minus, plus); masses and momenta in GeV.

    `target` is empty if the card names only the material of its exposure.
    """

    kind: str
    neutrino: str
    leptons: tuple[str, str]
    target: str
    regimes: tuple[str, ...]
    form_factor: str = "fermi"
    pauli_blocking: bool = True
    fermi_momentum_GeV: float | None = None
    nucleon_form_factor: str = "kelly"
    photon_flux: str = "exact"
    q_max_GeV: float | None = None

    def reaction(self, model: ModelCard) -> Trident:
        """Return the process with the couplings of [model]."""
        return trident_process(self, model)

    @property
    def approximation(self) -> dict[str, Any]:
        """Parameters of an `EpaTrident` besides those of a `Trident`."""
        return {"photon_flux": self.photon_flux, "q_max_GeV": self.q_max_GeV} if self.kind == "trident-epa" else {}


@dataclass(frozen=True)
class ModelCard:
    """Couplings: ``[model]``. `vector_coupling` and `axial_coupling`, given together, replace V and A.

    `z_propagator` keeps the propagator of the Z.
    """

    sin2_theta_w: float | None = None
    vector_coupling: float | None = None
    axial_coupling: float | None = None
    zprime: ZPrime | None = None
    z_propagator: bool = False


def trident_process(process: ProcessCard, model: ModelCard) -> Trident:
    """Return the process that the two tables define."""
    return _REACTIONS[process.kind](
        process.neutrino,
        *process.leptons,
        target=process.target,
        regime=process.regimes,
        form_factor=process.form_factor,
        nucleon_form_factor=process.nucleon_form_factor,
        pauli_blocking=process.pauli_blocking,
        fermi_momentum_GeV=process.fermi_momentum_GeV,
        sin2_theta_w=SIN2_THETA_W if model.sin2_theta_w is None else model.sin2_theta_w,
        vector=model.vector_coupling,
        axial=model.axial_coupling,
        zprime=model.zprime,
        z_propagator=model.z_propagator,
        **process.approximation,
    )


def check_process(document: Document, process: ProcessCard, model: ModelCard) -> None:
    """Note values that are valid separately but not together.

    Each step adds a part of the process; the first part that the process rejects is at fault.
    """
    options: dict[str, Any] = {"target": process.target or "Ar40", "form_factor": "unit"}
    steps: tuple[tuple[Key, dict[str, Any]], ...] = (
        (("process", "leptons"), {"regime": "proton"}),
        (("process", "regimes"), {"regime": process.regimes}),
        (("process", "form_factor"), {"form_factor": process.form_factor if process.target else "unit"}),
        (("model", "zprime"), {"zprime": model.zprime}),
        (("model", "z_propagator"), {"z_propagator": model.z_propagator}),
        (("process", "q_max_GeV"), process.approximation),
    )
    for key, more in steps:
        options |= more
        try:
            _REACTIONS[process.kind](process.neutrino, *process.leptons, **options)
        except InputError as error:
            document.refuse(key, str(error))
            return


def read_trident(kind: str, process: Table, model: Table) -> tuple[ProcessCard, ModelCard]:
    """Read [process] and [model] of a kind of tridents; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card, couplings = _process_table(kind, process), read_model_table(model)
    if process.present and document.flaws == before:
        check_process(document, card, couplings)
    return card, couplings


def _process_table(kind: str, table: Table) -> ProcessCard:
    """Read [process]; the target is not needed if the exposure has a material."""
    exposure = table.document.data.get("exposure")
    if not (isinstance(exposure, dict) and "material" in exposure):
        table.require("target")
    photons: dict[str, Any] = {}
    if kind == "trident-epa":
        photons["photon_flux"] = table.read("photon_flux", one_of(PHOTON_FLUXES), ProcessCard.photon_flux)
        photons["q_max_GeV"] = table.read("q_max_GeV", POSITIVE, None)
    return ProcessCard(
        kind=kind,
        neutrino=table.need("neutrino", named(neutrino), ""),
        leptons=_lepton_pair(table),
        target=table.read("target", named(nuclide), ""),
        regimes=_regimes(table),
        form_factor=table.read("form_factor", one_of(FORM_FACTORS), ProcessCard.form_factor),
        pauli_blocking=table.read("pauli_blocking", boolean, ProcessCard.pauli_blocking),
        fermi_momentum_GeV=table.read("fermi_momentum_GeV", POSITIVE, None),
        nucleon_form_factor=table.read(
            "nucleon_form_factor", one_of(NUCLEON_FORM_FACTORS), ProcessCard.nucleon_form_factor
        ),
        **photons,
    )


def _lepton(value: object) -> ChargedLepton:
    return charged_lepton(string(value))


def _lepton_pair(table: Table) -> tuple[str, str]:
    """Read the two charged leptons in either order; return (minus, plus)."""
    leptons = sorted(table.need_list("leptons", _lepton, '["mu-", "mu+"]'), key=lambda lepton: lepton.charge)
    if [lepton.charge for lepton in leptons] == [-1, 1]:
        return leptons[0].name, leptons[1].name
    if leptons:
        names = ", ".join(lepton.name for lepton in leptons)
        table.complain("leptons", f'must be one negative and one positive lepton like ["mu-", "mu+"], not {names}')
    return "", ""


def _regimes(table: Table) -> tuple[str, ...]:
    """Read the regimes; none may be named twice or be a part of another one."""
    regimes = table.need_list("regimes", one_of(REGIMES), '["coherent", "diffractive"]')
    for name in dict.fromkeys(regimes):
        if regimes.count(name) > 1:
            table.complain("regimes", f"'{name}' is named twice")
        for part in _PARTS_OF_REGIME.get(name, ()):
            if part in regimes:
                table.complain("regimes", f"'{name}' contains '{part}': name only one of them")
    return regimes


def read_model_table(table: Table) -> ModelCard:
    """Read the table ``[model]``."""
    zprime = table.table("zprime")
    for name, other in (("vector_coupling", "axial_coupling"), ("axial_coupling", "vector_coupling")):
        if name in table.data and other not in table.data:
            table.complain(name, f"needs 'model.{other}' as well: the two replace V and A together")
    return ModelCard(
        sin2_theta_w=table.read("sin2_theta_w", FRACTION, None),
        vector_coupling=table.read("vector_coupling", _CHARGE, None),
        axial_coupling=table.read("axial_coupling", _CHARGE, None),
        zprime=_zprime(zprime) if zprime.present else None,
        z_propagator=table.read("z_propagator", boolean, ModelCard.z_propagator),
    )


def _zprime(table: Table) -> ZPrime:
    return ZPrime(
        table.need("mass_GeV", POSITIVE, 1.0),
        **coupling_or_strength(table),
        neutrino_charge=table.need("neutrino_charge", _CHARGE, 0.0),
        lepton_charge=table.need("lepton_charge", _CHARGE, 0.0),
    )
