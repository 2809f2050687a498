"""The [process] and [model] tables of a run card for CEvNS."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.matter.particles import neutrino
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import COUPLINGS, SPINS, CevnsModel
from tridentgen.processes.cevns.terms import (
    PSEUDOSCALAR_VERTICES,
    ContactNgi,
    LightScalar,
    LightTensor,
    Nsi,
)
from tridentgen.processes.dipole import read_dipole
from tridentgen.processes.model_tables import charge_radius, fields_of, made, matrix, number_or_flavours, part, vector
from tridentgen.processes.nucleus import FORM_FACTORS, Radius
from tridentgen.toml.positions import Key
from tridentgen.toml.tables import (
    FINITE,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Document,
    Table,
    boolean,
    named,
    one_of,
)


@dataclass(frozen=True)
class CevnsCard:
    """The table ``[process]`` with ``kind = "cevns"``. Without `neutrino` all neutrinos of the source scatter."""

    target: str
    neutrino: str | None = None
    form_factor: str = "helm"
    proton_radius_fm: Radius | None = None
    neutron_radius_fm: Radius | None = None
    recoil_min_keV: float = 0.0
    neutron_skin_fm: float | None = None
    kind: str = "cevns"

    def reaction(self, model: CevnsModel) -> Cevns:
        """Return the process with the couplings of [model]."""
        return cevns_process(self, model)


def cevns_process(process: CevnsCard, model: CevnsModel) -> Cevns:
    """Return the process that the two tables define."""
    fields = {field.name: getattr(process, field.name) for field in dataclasses.fields(process) if field.name != "kind"}
    return Cevns(**fields, model=model)


def read_cevns(process: Table, model: Table) -> tuple[CevnsCard, CevnsModel]:
    """Read [process] and [model]; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card, couplings = _process_table(process), read_cevns_model(model)
    if process.present and document.flaws == before:
        check_cevns(document, card, couplings)
    return card, couplings


def _process_table(table: Table) -> CevnsCard:
    return CevnsCard(
        target=table.need("target", named(material), ""),
        neutrino=table.read("neutrino", named(neutrino), None),
        form_factor=table.read("form_factor", one_of(FORM_FACTORS), CevnsCard.form_factor),
        proton_radius_fm=_radius(table, "proton_radius_fm"),
        neutron_radius_fm=_radius(table, "neutron_radius_fm"),
        recoil_min_keV=table.read("recoil_min_keV", NOT_NEGATIVE, CevnsCard.recoil_min_keV),
        neutron_skin_fm=table.read("neutron_skin_fm", FINITE, None),
    )


def _radius(table: Table, name: str) -> Radius | None:
    """Read a radius in fm, or a table of one for each element or nuclide, such as ``{Cs = 4.821, I = 4.766}``."""
    if not isinstance(table.data.get(name), dict):
        return table.read(name, POSITIVE, None)
    part = table.table(name)
    if not part.data:
        table.complain(name, "must be a radius in fm, or one of each nuclide or element, not an empty table")
    return tuple((key, part.read(key, POSITIVE, 1.0)) for key in part.data) or None


def read_cevns_model(table: Table) -> CevnsModel:
    """Read the table ``[model]``; mistakes are noted in its document, and the Standard Model is returned then."""
    default = CevnsModel()
    given: dict[str, Any] = {
        "sin2_theta_w": table.read("sin2_theta_w", FRACTION, default.sin2_theta_w),
        "couplings": table.read("couplings", one_of(COUPLINGS), default.couplings),
        "spin": table.read("spin", one_of(SPINS), default.spin),
        "axial": table.read("axial", boolean, default.axial),
        "magnetic_moment": number_or_flavours(table, "magnetic_moment"),
        "charge_radius": charge_radius(table),
        "nsi": part(table, "nsi", lambda t: Nsi(matrix(t, "eps_u"), matrix(t, "eps_d"))),
        "vector": part(table, "vector", vector),
        "dipole": part(table, "dipole", partial(read_dipole, on_nuclei=True)),
    }
    kinds: tuple[tuple[str, type], ...] = (
        ("ngi", ContactNgi),
        ("scalar", LightScalar),
        ("tensor", LightTensor),
    )
    for name, kind in kinds:
        vertex = one_of(PSEUDOSCALAR_VERTICES)
        given[name] = part(table, name, partial(fields_of, kind=kind, pseudoscalar_vertex=vertex))
    return made(table, lambda: CevnsModel(**given)) or default


def check_cevns(document: Document, process: CevnsCard, model: CevnsModel) -> None:
    """Note values that are valid separately but not together."""
    try:
        cevns_process(process, model)
    except InputError as error:
        message = str(error)
        names = {field.name for field in dataclasses.fields(CevnsModel)}
        first = message.split(" ", 1)[0].split(".", 1)[0].rstrip(":")
        key: Key = ("model", first) if first in names else ("process", first)
        document.refuse(key if first in names or hasattr(process, first) else ("process",), message)
