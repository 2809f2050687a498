"""How a long computation reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the name of the current step and the completed fraction of it."""


def silent(_what: str, _share: float) -> None:
    """Show no progress."""
