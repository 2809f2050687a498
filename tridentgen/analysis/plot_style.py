"""The style of all pictures, and saving them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tridentgen.errors import FileError, TridentgenError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")


@contextmanager
def style() -> Iterator[None]:
    """Use the style of the field inside the ``with`` block, and leave matplotlib as it was afterwards."""
    try:
        import matplotlib as mpl
        import mplhep
    except ImportError as error:
        raise TridentgenError(f'plots need {error.name}: pip install "tridentgen[plot]"') from error
    changes: dict[str, Any] = {
        # Only fonts that are there: mplhep brings the first, matplotlib the second for missing signs.
        "font.sans-serif": ["TeX Gyre Heros", "DejaVu Sans"],
        "font.size": 22,
        "axes.formatter.use_mathtext": True,
    }
    with mpl.rc_context({**mplhep.style.ROOT, **changes}):  # type: ignore[dict-item]
        yield


def save(figure: Figure, path: Path) -> Path:
    """Write a picture and return its path; raise `FileError` where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # a title in a script that the fonts lack
            figure.savefig(path, dpi=110)
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}; choose another folder") from error
    return path
