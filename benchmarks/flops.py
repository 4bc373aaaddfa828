"""Write the table of FLOPs per element in docs/figures.md, measured on the cases of the tests.

python -m benchmarks.flops           # rewrite it
python -m benchmarks.flops --check   # is it in step?
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops import REGISTRY, apply
from archcost.ops.facets import Work
from benchmarks.pages import inserted, renew
from tests.ops.cases import CASES

if TYPE_CHECKING:
    from archcost.ops.base import Op

PAGE = Path(__file__).parent.parent / "docs" / "figures.md"
PER_ELEMENT = (Work.ELEMENTWISE, Work.SOFTMAX, Work.DIVISION)


def rates() -> dict[str, int]:
    """FLOPs beyond the MACs per element of the output, for every kind for which they are always the same."""
    found: dict[str, set[Fraction]] = {}
    for case in CASES:
        op = REGISTRY[case.kind](**case.attributes)
        outputs = apply(op, case.input_shapes)
        flops = op.flops(case.input_shapes, outputs)
        found.setdefault(case.kind, set()).add(Fraction(flops, numel(outputs[0])))
    return {
        kind: int(rate)
        for kind, (rate, *others) in found.items()
        if not others and (not rate or _is_per_element(REGISTRY[kind]))
    }


def _is_per_element(op: type[Op]) -> bool:
    return op.max_inputs == 1 and op.work in PER_ELEMENT


def table() -> str:
    """A row a rate, with its kinds in the order of the reference."""
    known = rates()
    rows: dict[int, list[str]] = {}
    for kind in REGISTRY:
        if kind in known:
            rows.setdefault(known[kind], []).append(f"`{kind}`")
    lines = ["| FLOPs beyond the MACs | ops |", "| :-- | :-- |"]
    lines += [f"| {f'{rate} per output' if rate else '0'} | {', '.join(rows[rate])} |" for rate in sorted(rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    renew(PAGE, "benchmarks.flops", lambda page, _: inserted(page, {"flops": table()}))
