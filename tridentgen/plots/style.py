"""The style of all pictures, and saving them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tridentgen.errors import FileError, InputError, TridentgenError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")

Dashes = str | tuple[int, tuple[float, ...]]

# Okabe and Ito's colours, told apart by colour-blind readers; dashes and markers serve prints in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A")
DASHES: tuple[Dashes, ...] = (
    "-", "--", "-.", (0, (6, 1.5, 1.5, 1.5, 1.5, 1.5)), (0, (1, 1.2)), (0, (8, 2)), (0, (4, 2, 1, 2)),
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_SHORT = 300.0
"""Ends of an axis with a smaller ratio than that leave room for 2 and 5 between powers of ten."""


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


def check_picture(path: Path) -> None:
    """Raise `InputError` for a file that is no picture, `TridentgenError` where nothing can be drawn."""
    if path.suffix[1:] not in FORMATS:
        raise InputError(f"--output {path}: unknown picture format; end the name in .{', .'.join(FORMATS)}")
    with style():
        pass


def plain_ticks(axis: Axis) -> None:
    """Write 0.5, 1, 2, 5 and so on beside a logarithmic axis, or only 0.1, 1, 10 where it is long."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < _SHORT * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def shared_legend(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """Put the legend of one panel below all of them, at most `columns` names beside each other."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), columns), fontsize=24)


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
