"""The picture of a space as a plot, through matplotlib, which is loaded here alone.

It reads on paper without colour: the cloud is grey, the front a line, budgets are dashed, the best designs are rings.
A picture gives the same file each time: no dates, no random names, no style of the user's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.extras import require
from archcost.figures import BYTES, METRICS
from archcost.files import FileError, failed
from archcost.quantities import format_bytes, format_count
from archcost.writing import whole_file

if TYPE_CHECKING:
    from archcost.sweeping.picture import Picture

# What each format would say of when and by which version it was made.
_FORMATS: dict[str, dict[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_FRONT, _BUDGET, _BEST = "#0b5394", "#a64d00", "#000000"
_SIZE, _DPI, _HEXAGONS = (6.4, 4.4), 160, 48
_VALUES_A_LINE = 2
_ROOM = 0.7  # of the width, up to where a label stands to the right of its point
_FOOT = 0.15  # of the height, where there is no room below a point
_WIDE = 30  # a range that only a logarithmic scale shows


def check_plot(path: str) -> None:
    """Raise UsageError for a file that no plot can be written to, before any work."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in _FORMATS:
        raise UsageError(f"no plot ends in '{ending}': {path}", f"plots are {', '.join(_FORMATS)}")
    require("matplotlib", extra="plot")


def write_plot(picture: Picture, path: str) -> None:
    """Draw a picture to a file, whose ending says the format; raises UsageError."""
    check_plot(path)
    import matplotlib.style
    from matplotlib.figure import Figure

    settings = {"svg.hashsalt": "archcost", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ending = os.path.splitext(path)[1].lower()
    try:
        with matplotlib.style.context(settings, after_reset=True), whole_file(path) as file:
            figure = Figure(figsize=_SIZE, layout="constrained")
            _draw(figure.subplots(), picture)
            figure.savefig(file, format=ending.removeprefix("."), dpi=_DPI, metadata=_FORMATS[ending])
    except (OSError, FileError) as error:
        reason = (failed(error) if isinstance(error, OSError) else error).reason
        raise UsageError(f"cannot write {path}: {reason}") from None


def _draw(axes: Any, picture: Picture) -> None:
    (x_name, x_sense), (y_name, _) = picture.objectives
    xs, ys = [point.x for point in picture.cloud], [point.y for point in picture.cloud]
    cells = axes.hexbin(
        xs,
        ys,
        gridsize=_HEXAGONS,
        bins="log",
        mincnt=1,
        cmap="Greys",
        linewidths=0.1,
        xscale=_scale(xs),
        yscale=_scale(ys),
        zorder=1,
    )
    cells.set_clim(0.3, None)  # so that a single design is seen, too
    what = f"{len(picture.cloud):,} designs" + (", drawn uniformly" if picture.is_drawn else "")
    steps = "steps-post" if x_sense == "min" else "steps-pre"
    front = [point.x for point in picture.front], [point.y for point in picture.front]
    axes.plot(*front, color=_FRONT, lw=1.6, drawstyle=steps, zorder=3, label=f"front, {len(picture.front):,} designs")
    if len(picture.front) <= _HEXAGONS:
        axes.plot(*front, "o", color=_FRONT, ms=3, zorder=3)
    for metric, limit in picture.budgets:
        draw = axes.axvline if metric == x_name else axes.axhline
        draw(
            limit,
            color=_BUDGET,
            lw=1.2,
            ls=(0, (5, 3)),
            zorder=2,
            label=f"budget, {_figure(metric, limit)} {_heading(metric)}",
        )
    for number, point in enumerate(picture.best):
        axes.plot(point.x, point.y, "o", mfc="none", mec=_BEST, ms=8, mew=1.4, zorder=4)
        _label(axes, picture, number)
    axes.set(xlabel=_heading(x_name), ylabel=_heading(y_name))
    axes.set_title(f"{picture.title} · {what}", fontsize=9, loc="left")
    axes.xaxis.set_major_formatter(lambda value, _: _figure(x_name, value))
    axes.yaxis.set_major_formatter(lambda value, _: _figure(y_name, value))
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower right", fontsize=8)


def _label(axes: Any, picture: Picture, number: int) -> None:
    """The figures of one of the best designs, and its values, on the side where there is room."""
    point = picture.best[number]
    (x_name, _), (y_name, _) = picture.objectives
    figures = f"{_figure(y_name, point.y)} {_heading(y_name)}, {_figure(x_name, point.x)} {_heading(x_name)}"
    values = point.label.split(", ") if point.label else []
    lines = [", ".join(values[start : start + _VALUES_A_LINE]) for start in range(0, len(values), _VALUES_A_LINE)]
    axes.autoscale_view()
    across, up = axes.transAxes.inverted().transform(axes.transData.transform((point.x, point.y)))
    left, low = across < _ROOM, up < _FOOT
    axes.annotate(
        "\n".join([figures, *lines]),
        (point.x, point.y),
        xytext=(10 if left else -10, 0 if low else -8),
        textcoords="offset points",
        ha="left" if left else "right",
        va="center" if low else "top",
        fontsize=8,
        zorder=5,
        bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1},
    )


def _scale(values: list[int]) -> str:
    return "log" if min(values) > 0 and max(values) > _WIDE * min(values) else "linear"


def _figure(metric: str, value: float) -> str:
    whole = round(value)
    return format_bytes(whole) if metric in METRICS and METRICS[metric].unit == BYTES else format_count(whole)


def _heading(metric: str) -> str:
    return METRICS[metric].heading if metric in METRICS else metric
