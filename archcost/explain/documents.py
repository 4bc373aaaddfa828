"""Explanations and stories as JSON documents, ``archcost.explanation/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.report import unknown_layers
from archcost.version import __version__

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.explain.equations import Equation, Explanation, Seen
    from archcost.explain.expressions import Expression
    from archcost.explain.story import Share, Story

SCHEMA = "archcost.explanation/1"
_DECIMALS = 6


def _head(report: Report) -> dict[str, Any]:
    spec = report.spec
    return {
        "schema": SCHEMA,
        "tool": {"name": "archcost", "version": __version__},
        "spec": {"name": spec.name, "path": spec.path, "sha256": spec.sha256, "params": report.params},
        "batch": report.batch,
        "dtype": report.dtype,
    }


def explanation_document(report: Report, explanation: Explanation) -> dict[str, Any]:
    """A layer or scope: every figure with its formula in symbols, in numbers and in LaTeX."""
    return {
        **_head(report),
        "path": explanation.path,
        "kind": explanation.kind,
        "inputs": [list(shape) for shape in explanation.inputs],
        "outputs": [list(shape) for shape in explanation.outputs],
        "layers": explanation.layers,
        "equations": [_equation(equation) for equation in explanation.equations],
        "receptive_fields": [_seen(seen) for seen in explanation.seen],
        "parts": [
            {
                "path": part.path,
                "times": part.times,
                "layers": part.layers,
                "params": part.params,
                "macs": None if part.unknown and not part.macs else part.macs,
                **({"unknown_layers": part.unknown} if part.unknown else {}),
                "formula": _formula(part.formula),
            }
            for part in explanation.parts
        ],
    }


def _equation(equation: Equation) -> dict[str, Any]:
    return {
        "figure": equation.figure,
        "label": equation.label,
        "value": None if equation.unknown and not equation.value else _number(equation.value),
        **({"unknown_layers": equation.unknown} if equation.unknown else {}),
        "unit": equation.unit or None,
        "formula": None if equation.unknown else _formula(equation.formula),
        "note": equation.note or None,
    }


def _formula(formula: Expression | None) -> dict[str, str] | None:
    if formula is None:
        return None
    return {
        "symbols": formula.text(),
        "numbers": formula.text(numbers=True),
        "latex": formula.latex(),
        "latex_numbers": formula.latex(numbers=True),
    }


def _number(value: int | Fraction) -> float:
    """A whole number as it is, a ratio rounded."""
    return value if isinstance(value, int) else round(float(value), _DECIMALS)


def _seen(seen: Seen) -> dict[str, Any]:
    field = {**seen.field.to_dict(), "whole": seen.field.whole, "folded": seen.field.folded}
    return {"relative_to": seen.relative_to or None, **field, "formula": _formula(seen.growth)}


def story_document(story: Story) -> dict[str, Any]:
    """The model's story as data."""
    report, peak, bound = story.report, story.peak, story.bound
    return {
        **_head(report),
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
        "outputs": [{"path": path, "shape": list(shape)} for path, shape in report.outputs.items()],
        "totals": report.to_dict()["totals"],
        **({"unknown": unknown} if (unknown := unknown_layers(report)) else {}),
        "macs": [_share(share, report, "macs") for share in story.macs],
        "params": [_share(share, report, "params") for share in story.params],
        "peak": {
            "bytes": peak.bytes,
            "path": peak.path,
            "holders": [{"path": path, "bytes": size} for path, size in peak.holders],
            "workspace_bytes": peak.workspace,
        },
        "memory_bound": {
            "threshold": _number(bound.threshold),
            "layers": bound.layers,
            "of_layers": bound.working,
            **({"unknown_layers": bound.unknown} if bound.unknown else {}),
            "bytes_moved": bound.bound.moved,
            "of_bytes_moved": bound.whole.moved,
            "flops": bound.bound.flops,
            "of_flops": bound.whole.flops,
            "kinds": [{"op": kind, "bytes_moved": moved} for kind, moved in bound.kinds],
        },
        "depth": {
            "layers": story.depth,
            "of_layers": story.counted,
            **({"unknown_layers": count} if (count := report.costs.unknown_macs) else {}),
        },
        "receptive_field": story.seen.to_dict() if story.seen else None,
        "widest_receptive_field": {"path": story.widest[0], **story.widest[1].to_dict()} if story.widest else None,
    }


def _share(share: Share, report: Report, figure: str) -> dict[str, Any]:
    """A part; its share is null where the part or the whole is not known, ``share_at_most`` where the whole is not."""
    whole = getattr(report.totals, figure)
    part = round(share.value / whole, _DECIMALS) if whole and not share.unknown else None
    bounded = report.costs.unknown(figure) > 0
    return {
        "path": share.path,
        "value": share.value,
        **({"unknown_layers": share.unknown} if share.unknown else {}),
        "share": None if bounded else part,
        **({"share_at_most": part} if bounded else {}),
        "formula": None if share.unknown else _formula(share.formula),
    }
