"""Which layers torchvision's own source writes as function calls where archcost builds modules.

It matters to tools that hook modules: ptflops counts an F.relu once and an nn.ReLU twice, and thop counts an
nn.AvgPool2d but no F.avg_pool2d. Only models whose figures differ are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TORCHVISION_WORD = "torchvision"
TORCHVISION: dict[str, tuple[str, ...]] = {
    "torchvision_googlenet": ("relu",),
    "inception_v3": ("relu", "avg_pool2d", "Mixed_*.max_pool2d"),
    "mobilenet_v2": ("avgpool",),
    **{f"densenet{depth}": ("relu5", "avgpool") for depth in (121, 161, 169, 201)},
}


def patterns(given: Iterable[str], model: str) -> tuple[str, ...]:
    """The patterns given, with the word ``torchvision`` standing for what its source writes as function calls."""
    chosen: list[str] = []
    for pattern in given:
        chosen += TORCHVISION.get(model, ()) if pattern == TORCHVISION_WORD else (pattern,)
    return tuple(chosen)
