"""Cards of neutrino-electron scattering and inverse muon decay: what they read, and one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

import tridentgen as tg
from tests.command_line import Command

HEAD = '[process]\nkind = "nu-e"\ntarget = "Xe"\n'
TAIL = '[flux]\nkind = "solar"\ncomponents = ["8B"]\n'
MODEL = """recoil_min_keV = 5.0
electrons = "stepping"
[model]
sin2_theta_w = 0.24
magnetic_moment = { e = 1e-11 }
millicharge = 1e-13
charge_radius = "standard-model"
[model.nsi]
eps_L = { ee = 0.1 }
eps_R = { emu = -0.2 }
[model.vector]
mass_GeV = 0.01
coupling = 1e-5
charges = "B-L"
"""


def write(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "card.toml"
    path.write_text(head + text + TAIL, encoding="utf-8")
    return path


def test_a_card_with_everything(tmp_path: Path) -> None:
    card = tg.read_card(write(tmp_path, MODEL))
    model = tg.ElectronModel(
        sin2_theta_w=0.24,
        magnetic_moment=tg.PerFlavour(e=1e-11),
        millicharge=1e-13,
        charge_radius="standard-model",
        nsi=tg.ElectronNsi(tg.FlavourMatrix(ee=0.1), tg.FlavourMatrix(emu=-0.2)),
        vector=tg.LightVector(0.01, coupling=1e-5, charges="B-L"),
    )
    expected = tg.NeutrinoElectron("Xe", None, model, "stepping", 5.0)
    assert card.process.reaction(card.model) == expected


def test_scalars(tmp_path: Path) -> None:
    text = "[model.scalar]\nmass_GeV = 0.1\nstrength = 1e-9\n[model.pseudoscalar]\nmass_GeV = 0.2\nstrength = -1e-9\n"
    card = tg.read_card(write(tmp_path, text))
    scalars = tg.ElectronModel(scalar=tg.ElectronScalar(0.1, 1e-9), pseudoscalar=tg.ElectronScalar(0.2, -1e-9))
    assert card.model == scalars


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('electrons = "bound"\n', "4: process.electrons: must be one of free, stepping, not 'bound'"),
        ("recoil_min_keV = -1\n", "4: process.recoil_min_keV: must be a non-negative number"),
        ("[model]\nradiativ = true\n", "5: unknown key 'model.radiativ', did you mean 'radiative'?"),
        (
            "[model]\nradiative = true\nsin2_theta_w = 0.2\n",
            "5: model.radiative = true brings its own",
        ),
        ("[model]\nmagnetic_moment = 1e-11\n", "recoil_min_keV = 0 does not go with a magnetic moment"),
        ("[model.vector]\nmass_GeV = 1.0\ncoupling = 1e-3\ncharges = 'B-3Lmu'\n", "vector.charges give no charge to"),
        ("[model.scalar]\nmass_GeV = 1.0\n", "key 'model.scalar.strength' is missing"),
    ],
)
def test_one_mistake_gives_one_line(cli: Command, tmp_path: Path, text: str, message: str) -> None:
    found = cli("xsec", write(tmp_path, text))
    assert found.code == 2
    assert message in found.err
    assert found.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('lepton = "e-"\n', "4: process.lepton: must be one of mu-, tau-, not 'e-'"),
        ('neutrino = "nue"\n', "4: process.neutrino: neutrino = 'nue' does not make mu- of an electron"),
        ("[model]\nradiative = true\n", "unknown key 'model.radiative'"),
        ("", "no numu or nuebar from the Sun"),
    ],
)
def test_mistakes_of_inverse_muon_decay(cli: Command, tmp_path: Path, text: str, message: str) -> None:
    found = cli("xsec", write(tmp_path, text, HEAD.replace("nu-e", "inverse-muon-decay")))
    assert found.code == 2
    assert message in found.err
    assert found.err.count("\n") == 1


def test_threshold_on_the_command_line(cli: Command) -> None:
    """numu of 5 MeV per electron above 250 keV, of an independent program."""
    options = ["--process", "nu-e", "--nu", "numu", "--target", "H1", "--energy", "5MeV", "--json"]
    settings = ["--set", "process.recoil_min_keV=250", "--set", "sampling.engine=numpy"]
    (row,) = cli("xsec", *options, *settings).json["results"]
    assert row["sigma_cm2"] == pytest.approx(6.955640090930862e-45, rel=1e-5)
