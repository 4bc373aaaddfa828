"""archcost's own convention: multiply-accumulates, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import MACS, Convention, FigurePart
from archcost.conventions.part_rules import products
from archcost.ops.facets import MULTIPLYING, Work
from archcost.version import __version__

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse


def _declared(use: LayerUse) -> FigurePart:
    return FigurePart(use.name, use.macs, use.macs, "as declared", seen="macs" not in use.op.unknown())


CONVENTION = Convention(
    name="archcost",
    tool="archcost",
    version=__version__,
    unit=MACS,
    word="MACs",
    called="`archcost analyze`",
    works={**dict.fromkeys(MULTIPLYING, (products(),)), Work.DECLARED: (_declared,)},
)
