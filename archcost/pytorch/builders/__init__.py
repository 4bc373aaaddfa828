"""Op to nn.Module: one builder for every kind.

``BUILDERS`` makes the modules that users train; ``VERIFYING`` replaces the fused or vector forms that the counters
cannot see into by plain products of matrices, on the same parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.builders import (
    arithmetic,
    attention,
    declared,
    deformable,
    experts,
    functions,
    layers,
    recurrent,
    shape,
    windows,
)

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder

BUILDERS: dict[str, Builder] = {
    **layers.BUILDERS,
    **deformable.BUILDERS,
    **functions.BUILDERS,
    **shape.BUILDERS,
    **windows.BUILDERS,
    **arithmetic.BUILDERS,
    **attention.BUILDERS,
    **experts.BUILDERS,
    **declared.BUILDERS,
    **recurrent.BUILDERS,
}
VERIFYING: dict[str, Builder] = {**BUILDERS, **layers.VERIFYING, **arithmetic.VERIFYING, **attention.VERIFYING}
