"""The hashes of small runs, which do not depend on the version of Python or NumPy, on the engine or on the machine.

A change of physics, of sampling or of a card changes them: then the numbers below are to be replaced, and the changelog
says why. A change that was not meant to change events must not change them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.production_runs import attributes, production_card
from tridentgen.runs.run import run

PINNED = {
    "trident": ("f476be92aec4c14f", "8381dd75503b6b4c"),
    "cevns": ("8b242ad47241ede3", "d156515265400768"),
}
"""First digits of `map_hash` and `content_hash`."""


@pytest.mark.parametrize("kind", PINNED)
def test_small_runs_have_known_hashes(tmp_path: Path, kind: str) -> None:
    found = attributes(run(production_card(tmp_path, kind, events=5000), tmp_path / "e.h5").path)
    assert (found["map_hash"][:16], found["content_hash"][:16]) == PINNED[kind]
