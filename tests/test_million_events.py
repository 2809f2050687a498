"""A million events of every kind's example: the same bits from both engines, momenta, weights, and the cross section.

And the corners of the unit hypercube, where recoils end: masses and momenta hold there too.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.engines.cases import host_compiler
from tridentgen.analysis.verify import verify
from tridentgen.cards import read_card
from tridentgen.engines.process import Process, Role
from tridentgen.events.columns import names_of
from tridentgen.events.particles import particles_of
from tridentgen.flux import Monochromatic
from tridentgen.processes.kinds import KINDS
from tridentgen.runs.job import job_of

EXAMPLES = sorted(kind.example for kind in KINDS.values() if kind.example)
ENDS = {
    "IBD, just above threshold": (tg.InverseBetaDecay("H1"), 1.80608e-3),
    "IBD, 10 MeV": (tg.InverseBetaDecay("H1"), 0.01),
    "nue n, 1 keV": (tg.InverseBetaDecay("n", "nue"), 1e-6),
    "IMD, just above threshold": (tg.InverseMuonDecay("H1", "numu"), 10.93),
    "IMD, antineutrinos at 1 TeV": (tg.InverseMuonDecay("H1", "nuebar"), 1000.0),
    "nu e, 7Be": (tg.NeutrinoElectron("H1", "nue"), 0.862e-3),
    "nu e, radiative": (tg.NeutrinoElectron("H1", "numu", tg.ElectronModel(radiative=True)), 10.0),
}
BALANCE = 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("card", EXAMPLES)
def test_a_million_events(tmp_path: Path, card: str) -> None:
    host_compiler()  # or skip
    hashes = set()
    for engine in ("numpy", "native"):
        made = tg.run(
            card, tmp_path / f"{engine}.h5",
            overrides=("sampling.events=1000000", f"sampling.engine={engine}", "sampling.threads=2"),
        )  # fmt: skip
        checks = {check.name: check for check in verify(made.path)}
        assert all(check.passed for check in checks.values()), checks
        events = tg.read(made.path)
        hashes.add(str(events.attributes["content_hash"]))
    assert len(hashes) == 1
    assert float(events["weight"].min()) >= 0.0
    job = job_of(read_card(card))
    found = job.reaction.cross_section(flux=job.beam, seed=3, rel_error=3e-4)
    error = math.hypot(found.error, float(events.attributes["sigma_error"]))
    assert abs(events.sum_weights - found.value) < 4.0 * error


@pytest.mark.parametrize("name", ENDS)
def test_the_ends_of_phase_space(name: str) -> None:
    """Momenta to 1e-12 of the largest energy, squared masses to 1e-12 of the squared energy, no NaN."""
    reaction, energy = ENDS[name]
    process: Process = reaction.sampled(Monochromatic(energy))
    ends = [2.0**-53, 2.0**-30, 0.5, 1.0 - 2.0**-30, 1.0 - 2.0**-53]
    for channel in range(len(process.channels)):
        x = np.array(list(product(ends, repeat=process.dimensions))).T
        spare = np.full((process.spares, x.shape[1]), 0.3)
        made = process.event(channel, list(x), list(spare))
        shape = (x.shape[1],)
        block = {
            column.name: np.stack([np.broadcast_to(v, shape) for v in made[column.name]], axis=1)
            if column.shape
            else np.broadcast_to(made[column.name], shape)
            for column in process.columns
            if column.name in made
        }
        assert all(np.all(np.isfinite(values)) for values in block.values())
        assert np.all(block["weight"] >= 0.0)
        incoming = names_of(process.columns, Role.INCOMING)
        outgoing = names_of(process.columns, Role.OUTGOING, Role.RECOIL)
        total = sum(block[n][:, 1:] for n in outgoing) - sum(block[n][:, 1:] for n in incoming)
        assert np.max(np.abs(total)) < BALANCE * np.max(block[incoming[0]][:, 0])
        for column in process.columns:
            if column.species is not None and column.role.is_momentum:
                p = block[column.name]
                _, mass = particles_of(column.species, block)
                off = np.abs(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1) - np.square(mass)) / p[:, 0] ** 2
                assert np.max(off) < BALANCE, column.name
