"""Designs of the zoo's spaces whose params and MACs are published: what each sets, and the figures as printed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent.parent / "data"


class Published(NamedTuple):
    """A design of a space. Its figures are as printed, ``9.1M`` or ``1985514``; empty where none is printed."""

    space: str  # the file in specs/spaces, without its ending
    model: str  # the model of the zoo that the space varies
    name: str
    params: dict[str, Any]  # what the design sets
    printed_params: str
    printed_macs: str


def table(name: str) -> list[dict[str, str]]:
    """The rows of a file in ``tests/data``."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def nas_bench_macro() -> list[Published]:
    """A sample of the benchmark's table, whose FLOPs are MACs of convolutions and the classifier."""
    return [
        Published(
            "nas_bench_macro",
            "nas_bench_macro",
            row["design"],
            {"choices": [int(choice) for choice in row["design"]]},
            row["params"],
            row["flops"],
        )
        for row in table("nas_bench_macro.csv")
    ]


def ofa_mobilenet_v3() -> list[Published]:
    """Sub-networks that the authors released, of which two have width 1 and so are in the space at their resolution."""
    return [
        Published(
            "ofa_mobilenet_v3",
            "ofa_mobilenet_v3",
            row["net"],
            {
                "resolution": int(row["resolution"]),
                "width_mult": float(row["width_mult"]),
                **{name: [int(item) for item in row[name].split()] for name in ("depths", "kernels", "expands")},
            },
            row["params"],
            row["macs"],
        )
        for row in table("ofa_mobilenet_v3.csv")
    ]


def mobilenet_v1() -> list[Published]:
    """The pairs of width and resolution in Tables 6, 7 and 9. The paper's params leave the norms out."""
    return [
        Published(
            "mobilenet_v1",
            "mobilenet_v1",
            f"Table {row['table']}: {row['model']}",
            {"width": float(row["model"].split()[0]), "resolution": int(row["resolution"])},
            "",
            f"{row['million_mult_adds']}M",
        )
        for row in table("mobilenet_v1_tables.csv")
        if row["table"] in ("6", "7", "9") and "MobileNet" in row["model"]
    ]


def chinchilla() -> list[Published]:
    """Table A9: params in millions."""
    return [
        Published(
            "chinchilla",
            "chinchilla_44m",
            f"{row['million_params']}M",
            {name: int(row[name]) for name in ("width", "hidden", "kv_size", "heads", "layers")},
            f"{row['million_params']}M",
            "",
        )
        for row in table("chinchilla_table_a9.csv")
    ]


def regnet() -> list[Published]:
    """RegNets by their numbers. The Y have squeeze-excite, so the X alone are in the space."""
    figures = torchvision()
    return [
        Published(
            "regnet_x" if row["model"].startswith("regnet_x") else "",
            "regnet",
            row["model"],
            {name: float(value) if "." in value else int(value) for name, value in row.items() if name != "model"},
            *figures[row["model"]],
        )
        for row in table("regnet_numbers.csv")
    ]


RESNETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "resnet18": ("resnet_basic", "resnet18", {"depths": [2, 2, 2, 2]}),
    "resnet34": ("resnet_basic", "resnet18", {"depths": [3, 4, 6, 3]}),
    "resnet50": ("resnet_bottleneck", "resnet50", {"depths": [3, 4, 6, 3]}),
    "resnet101": ("resnet_bottleneck", "resnet50", {"depths": [3, 4, 23, 3]}),
    "resnet152": ("resnet_bottleneck", "resnet50", {"depths": [3, 8, 36, 3]}),
    "wide_resnet50_2": ("resnet_bottleneck", "resnet50", {"depths": [3, 4, 6, 3], "width_per_group": 128}),
    "wide_resnet101_2": ("resnet_bottleneck", "resnet50", {"depths": [3, 4, 23, 3], "width_per_group": 128}),
    "resnext50_32x4d": (
        "resnet_bottleneck",
        "resnet50",
        {"depths": [3, 4, 6, 3], "groups": 32, "width_per_group": 4},
    ),
    "resnext101_32x8d": (
        "resnet_bottleneck",
        "resnet50",
        {"depths": [3, 4, 23, 3], "groups": 32, "width_per_group": 8},
    ),
    "resnext101_64x4d": (
        "resnet_bottleneck",
        "resnet50",
        {"depths": [3, 4, 23, 3], "groups": 64, "width_per_group": 4},
    ),
}


def resnet() -> list[Published]:
    """The residual networks of torchvision."""
    figures = torchvision()
    return [Published(*which, name, params, *figures[name]) for name, (*which, params) in RESNETS.items()]


def torchvision() -> dict[str, tuple[str, str]]:
    """Params and MACs that torchvision's models have at 224 x 224."""
    return {
        row["model"]: (row["params_meta"], row["macs_recount"])
        for row in table("torchvision_exact.csv")
        if row["input_shape"] == "1x3x224x224"
    }


def designs() -> list[Published]:
    """All of them."""
    return [
        *nas_bench_macro(),
        *ofa_mobilenet_v3(),
        *mobilenet_v1(),
        *chinchilla(),
        *regnet(),
        *resnet(),
    ]
