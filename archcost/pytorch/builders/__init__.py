"""Op to nn.Module. What torch has under an op's name needs nothing here; the modules of this package are exceptions.

``BUILDERS`` makes the modules that users train; ``VERIFYING`` replaces the fused or vector forms that the counters
cannot see into by plain products of matrices, on the same parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.ops import REGISTRY
from archcost.pytorch.builders import arithmetic, attention, own_layers, recurrent, shape, unpooling
from archcost.pytorch.builders.base import build

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder

BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(REGISTRY, build),
    **shape.BUILDERS,
    **arithmetic.BUILDERS,
    **attention.BUILDERS,
    **own_layers.BUILDERS,
    **recurrent.BUILDERS,
}
VERIFYING: dict[str, Builder] = {**BUILDERS, **arithmetic.VERIFYING, **attention.VERIFYING, **unpooling.VERIFYING}
