"""Tables of the shape and size of once-for-all MobileNetV3, by formulas of its layers, without a walk.

Five stages of two to four inverted bottlenecks; each has a kernel of 3, 5 or 7 and expands by 3, 4 or 6. Layer l of a
stage is there where its depth is above l; kernel and expansion of a layer that is not there are read by nobody.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from archcost.settings import Settings
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables

WIDTHS, STRIDES, EXCITED = (24, 40, 80, 112, 160), (2, 2, 2, 1, 2), (False, True, False, True, True)
DEPTHS, KERNELS, EXPANDS = (2, 3, 4), (3, 5, 7), (3, 4, 6)


def bottleneck(inputs: int, outputs: int, kernel: int, expand: int, size: int, stride: int, excited: bool):
    """MACs and params: 1 × 1, kernel × kernel by channel, perhaps a squeeze to a quarter and back, 1 × 1."""
    hidden, after = inputs * expand, size // stride
    squeezed = max(8, (hidden // 4 + 4) // 8 * 8)
    squeeze = 2 * hidden * squeezed if excited else 0
    macs = hidden * inputs * size**2 + hidden * kernel**2 * after**2 + squeeze + hidden * outputs * after**2
    params = hidden * (inputs + 2) + hidden * (kernel**2 + 2) + squeeze + hidden * outputs + 2 * outputs
    return macs, params


def table(lengths, entry):
    return np.array([entry(*at) for at in product(*map(range, lengths))], dtype=np.int64).reshape(lengths)


def ofa_tables(stages: int = 5, resolutions: tuple[int, ...] = (224,), layers: int = 4) -> SpaceTables:
    """The axes are depth, then kernel and expansion of each layer, by stage; resolution first if there are several."""
    axes, terms, distinct = [], {"macs": [], "params": []}, []
    many = len(resolutions) > 1
    if many:
        axes.append(Axis((AxisTarget("resolution"),), tuple((each,) for each in resolutions)))
    inputs, divisor = 16, 2
    for stage in range(stages):
        depth = len(axes)
        axes.append(Axis((AxisTarget("depths", (stage,)),), tuple((each,) for each in DEPTHS[: layers - 1])))
        for layer in range(layers):
            kernel, expand = len(axes), len(axes) + 1
            place = (stage * layers + layer,)
            axes += [
                Axis((AxisTarget("kernels", place),), tuple((each,) for each in KERNELS)),
                Axis((AxisTarget("expands", place),), tuple((each,) for each in EXPANDS)),
            ]
            stride = STRIDES[stage] if layer == 0 else 1
            width = inputs if layer == 0 else WIDTHS[stage]

            def entry(metric, r, d, k, e, layer=layer, width=width, stride=stride, stage=stage, divisor=divisor):
                if DEPTHS[d] <= layer:
                    return 0
                size = resolutions[r] // divisor
                block = bottleneck(width, WIDTHS[stage], KERNELS[k], EXPANDS[e], size, stride, EXCITED[stage])
                return block[metric]

            for number, metric in enumerate(terms):
                if many:
                    lengths = (len(resolutions), layers - 1, 3, 3)
                    entries = table(lengths, lambda *at, number=number: entry(number, *at))
                    terms[metric].append(Factor((0, depth, kernel, expand), entries))
                else:
                    entries = table((layers - 1, 3, 3), lambda *at, number=number: entry(number, 0, *at))
                    terms[metric].append(Factor((depth, kernel, expand), entries))
            for axis in (kernel, expand):
                read = table((layers - 1, 3), lambda d, i, layer=layer: DEPTHS[d] > layer or i == 0).astype(bool)
                distinct.append(Factor((depth, axis), read))
            if layer == 0:
                divisor *= stride
        inputs = WIDTHS[stage]
    metrics = {metric: MetricSum(10_000_000, tuple(factors)) for metric, factors in terms.items()}
    return SpaceTables(Space(None, Settings(), tuple(axes)), metrics, distinct=tuple(distinct))
