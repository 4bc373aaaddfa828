"""Cells as text: shapes, figures, bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.figures import METRICS
from archcost.ops.fields import shown
from archcost.phrases import listed, plural
from archcost.quantities import format_count, format_exact, format_share

if TYPE_CHECKING:
    from archcost.analysis.costs import Costs
    from archcost.analysis.receptive_field import FieldBranch, ReceptiveField
    from archcost.analysis.report import Report
    from archcost.dims import Shape

NOT_READ = "not read"  # in their place, where not even the text of a spec is known
UP_TO_ERROR = "up to the error"  # beside every figure of a model with a mistake: it is of the layers before it
_NAMED = 3  # layers that a note names
_EIGHTHS = " ▏▎▍▌▋▊▉"


def shape_cell(shapes: tuple[Shape, ...]) -> str:
    """``1×64×28×28``; further outputs follow after commas."""
    return ", ".join("×".join(map(str, shape)) or "scalar" for shape in shapes)


def input_cell(name: str, shape: Shape, dtype: str) -> str:
    """``3×224×224 float32``: an input, behind its name unless that is ``input``."""
    return ("" if name == "input" else f"{name} ") + f"{shape_cell((shape,))} {dtype}"


def layers_text(count: int) -> str:
    """``1 layer``, ``2 layers``."""
    return plural(count, "layer")


def times_text(times: int) -> str:
    """`` ×3`` behind the name of so many that are told in one line, which tells their sum."""
    return f" ×{times}" if times > 1 else ""


def total_label(report: Report) -> str:
    """The label of the totals: of the whole model, or of the layers before the first error."""
    return "total" if report.complete else UP_TO_ERROR


def figure_cell(value: int, *, exact: bool) -> str:
    """A count, to the unit or in four digits; a dash for none."""
    if not value:
        return "–"
    return format_exact(value) if exact else format_count(value)


def lower_bound(text: str, value: int, unknown: int) -> str:
    """A figure that is partly unknown: ``≥ 1,234``, or ``unknown`` if nothing of it is known."""
    if not unknown:
        return text
    return f"≥ {text}" if value else "unknown"


def known_total(report: Report, metric: str) -> str:
    """MACs or FLOPs of a model to the unit; a lower bound where some are unknown."""
    value: int = getattr(report.totals, metric)
    return lower_bound(format_exact(value), value, report.costs.unknown(metric))


def unknown_notes(report: Report) -> list[str]:
    """Which layers make a total a lower bound, and how to fix it."""
    notes = []
    for metric, paths in report.unknown_layers().items():
        if METRICS[metric].of_training:  # they are known where the others are
            continue
        layers = listed(paths[:_NAMED], len(paths))
        notes.append(f"{METRICS[metric].label} are unknown for {layers}: declare `{metric}` there; ≥ is what is known")
    return notes


def stored_dtypes(report: Report) -> dict[str, str]:
    """By metric: the dtype of what is kept in another one than the model computes in; empty for what is not."""
    return {"weight_bytes": report.graph.weight_dtype, "cache_bytes": report.kv_dtype}


def bar(part: int, whole: int, width: int) -> str:
    """A bar of ``width`` cells at full share, in eighths of a cell."""
    if not whole or not part:
        return ""
    eighths = max(1, (part * width * 8 + whole // 2) // whole)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def share_cell(part: int, whole: int) -> str:
    """The share in percent; a dash for none."""
    return format_share(part, whole) if part else "–"


def cost_share_cell(costs: Costs, whole: Costs, name: str) -> str:
    """The share of a figure in percent: at most that where the whole is a lower bound, ``?`` for what is unknown."""
    if costs.unknown(name):
        return "?"
    cell = share_cell(getattr(costs, name), getattr(whole, name))
    return f"≤ {cell}" if whole.unknown(name) and getattr(costs, name) else cell


def field_cell(field: ReceptiveField | None, *, most: int = 4) -> str:
    """The sizes seen on each set of paths: ``{1, 3, 5}``, ``3×5``, ``whole`` input; a range for more than ``most``."""
    if field is None:
        return "–"
    sizes = list(dict.fromkeys(_size_cell(field, branch) for branch in field.branches))
    if field.folded:
        return sizes[0] if sizes[0] == "whole" else f"≤{sizes[0]}"
    if len(sizes) > most:
        return f"{{{sizes[0]} … {sizes[-1]}}}"
    return sizes[0] if len(sizes) == 1 else f"{{{', '.join(sizes)}}}"


def _size_cell(field: ReceptiveField, branch: FieldBranch) -> str:
    if field.covers(branch):
        return "whole"
    same = len(set(branch.size)) == 1
    return str(branch.size[0]) if same else "×".join(map(str, branch.size))


def setting(value: object) -> str:
    """A param's value as ``--set`` takes it: ``false``, ``[3, 4]``."""
    return value if isinstance(value, str) else shown(value)
