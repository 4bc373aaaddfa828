"""Which layers torchvision's own source writes otherwise than archcost: as function calls, or as classes of its own.

It matters to tools that hook modules: ptflops counts an F.relu once and an nn.ReLU twice, and thop counts an
nn.AvgPool2d but no F.avg_pool2d; neither knows a class that is derived from nn.Conv3d or nn.LayerNorm (``derived:``).
Only models whose figures differ are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TORCHVISION_WORD = "torchvision"
TORCHVISION: dict[str, tuple[str, ...]] = {
    "torchvision_googlenet": ("relu",),
    "inception_v3": ("relu", "avg_pool2d", "Mixed_*.branch_pool.max_pool2d"),
    "mobilenet_v2": ("avgpool",),
    **{f"densenet{depth}": ("relu5", "avgpool") for depth in (121, 161, 169, 201)},
    **{f"convnext_{size}": ("derived:**norm.layer_norm", "layer_scale") for size in ("tiny", "small", "base", "large")},
    **{f"{name}_18": ("derived:layer*.*.conv?.*",) for name in ("r3d", "mc3")},
    **{f"fcn_resnet{depth}": ("upsample",) for depth in (50, 101)},
    **{f"deeplabv3_{name}": ("upsample",) for name in ("resnet50", "resnet101", "mobilenet_v3_large")},
    "lraspp_mobilenet_v3_large": ("upsample",),
}


def patterns(given: Iterable[str], model: str) -> tuple[str, ...]:
    """The patterns given, with the word ``torchvision`` standing for what its source writes as function calls."""
    chosen: list[str] = []
    for pattern in given:
        chosen += TORCHVISION.get(model, ()) if pattern == TORCHVISION_WORD else (pattern,)
    return tuple(chosen)
