"""Settings of runs for tests."""

from __future__ import annotations

import pytest

from tridentgen.runs import production


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of 4096 events, so that a run of moderate length has several."""
    monkeypatch.setattr(production, "BATCH", 4096)
