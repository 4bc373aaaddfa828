"""NNI's symbolic profiler on MobileNetV1 with four widths; benchmarks/sweep.py runs it in an interpreter that has NNI.

Prints JSON: the CPU seconds to make the profiler and of a sample, and the params by width in quarters.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings

warnings.simplefilter("ignore")

import nni  # noqa: E402 - it warns
import torch  # noqa: E402
from nni.nas.nn.pytorch import ModelSpace, MutableBatchNorm2d, MutableConv2d  # noqa: E402
from nni.nas.profiler.pytorch.flops import FlopsParamsProfiler  # noqa: E402

logging.disable(logging.WARNING)
PLAN = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
QUARTERS = (1, 2, 3, 4)


class MobileNet(ModelSpace):
    """MobileNetV1 with the width as a choice; its classifier as a 1 × 1 convolution, because NNI follows no flatten."""

    def __init__(self) -> None:
        super().__init__()
        quarters = nni.choice("width", list(QUARTERS))

        def conv(
            inputs: object, outputs: object, kernel: int, stride: int, groups: object = 1
        ) -> list[torch.nn.Module]:
            made = MutableConv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)
            return [made, MutableBatchNorm2d(outputs), torch.nn.ReLU()]

        last = quarters * 8
        layers = conv(3, last, 3, 2)
        for out, stride in PLAN:
            layers += conv(last, last, 3, stride, last) + conv(last, quarters * (out // 4), 1, 1)
            last = quarters * (out // 4)
        self.layers = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), MutableConv2d(last, 1000, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """The scores of the classes."""
        scores: torch.Tensor = self.layers(image)
        return scores


def main() -> None:
    """Measure for as many seconds as are given."""
    start = time.process_time()
    profiler = FlopsParamsProfiler(MobileNet(), torch.zeros(1, 3, 224, 224))
    made = time.process_time() - start
    params = {width: int(profiler.profile({"width": width}).params) for width in QUARTERS}
    samples, start = 0, time.process_time()
    while time.process_time() - start < float(sys.argv[1]):
        for width in QUARTERS:
            profiler.profile({"width": width})
        samples += len(QUARTERS)
    each = (time.process_time() - start) / samples
    print(json.dumps({"make": made, "sample": each, "params": params, "version": nni.__version__}))


if __name__ == "__main__":
    main()
