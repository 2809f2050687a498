"""Wrong arguments of the functions that stand for commands: one clear error each, never one of another type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import tridentgen as tg

TRIDENT = tg.Trident("numu", "mu-", "mu+")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TRIDENT.cross_section("5"), "energy = '5' must be a number in GeV"),  # type: ignore[arg-type]
        (lambda: TRIDENT.cross_section(True), "energy = True must be a number in GeV"),
        (lambda: TRIDENT.cross_section(), "give either an energy in GeV or a flux"),
        (lambda: TRIDENT.cross_section(flux=3), "flux = 3 is not a flux"),  # type: ignore[arg-type]
        (lambda: TRIDENT.cross_section(flux=tg.solar()), "takes the flux of one neutrino"),
        (lambda: tg.epa(tg.Cevns("Ar40"), 5.0), "an approximation of tridents"),  # type: ignore[arg-type]
        (lambda: tg.epa(TRIDENT, 5.0, photon_fluxes="exakt"), "unknown photon_flux 'exakt', did you mean 'exact'?"),
        (lambda: tg.merge("nowhere.h5", "all.h5"), "there is no file 'nowhere.h5'"),
        (lambda: tg.plot("nowhere.h5"), "there is no file 'nowhere.h5'"),
        (lambda: tg.plot("nowhere.h5", formats="pgn"), "unknown picture format 'pgn'"),
        (lambda: tg.rate("quickstart", overrides="process.target=Xx1"), "Xx1"),
        (lambda: tg.cut("e.h5", veto_GeV=float("nan")), "veto_GeV = nan must be positive and finite"),
        (lambda: tg.cut("e.h5", beam_direction=(0.0, 1.0)), "must be three numbers"),  # type: ignore[arg-type]
        (lambda: tg.cut("e.h5", minus="mu-"), "minus and plus go together"),
        (lambda: tg.verify("nowhere.h5"), "there is no file 'nowhere.h5'"),
        (lambda: tg.convert("nowhere.h5", "x.hepevt"), "there is no file 'nowhere.h5'"),
    ],
)
def test_one_clear_error(
    call: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tg.TridentgenError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
