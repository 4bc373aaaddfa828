"""What the tools of `make peers` printed of imported models, as it is on disk: libraries' models, and ways of writing.

python -m tests.conventions.newer_imports  # run them all, and write the file anew
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import archcost
from archcost.conventions import NEWER
from tests.conventions.newer_figures import figures_of, versions_there, write_figures

if TYPE_CHECKING:
    from torch import nn

    from tests.conventions.newer_figures import Figures
    from tests.conventions.peers import Inputs

FILE = Path(__file__).parents[1] / "data" / "newer_imports.json"
LIBRARIES = ("timm", "torch", "torchvision", "transformers")
DIFFERENT = {  # where archcost has other figures; the reasons are in docs/conventions.md
    "timm:nf_regnet_b0": {"torchprofile", "deepspeed"},
    "timm:botnet26t_256": {"torchprofile"},
    "timm:edgenext_xx_small": {"torchprofile"},
    "timm:mobilevit_xxs": {"torchprofile"},
    "timm:xcit_nano_12_p16_224": {"torchprofile"},
    "torchvision:vit_b_32": {"torchprofile"},
    "transformers:clip": {"torchprofile"},
    "transformers:gpt2": {"torchprofile"},
    "transformers:llama": {"torchprofile"},
    "transformers:mamba": {"torchprofile"},
    "transformers:mixtral": {"torchprofile"},
    "transformers:mobilevit": {"torchprofile"},
    "transformers:rwkv": {"torchprofile"},
    "transformers:t5": {"torchprofile"},
    "a root mean square": {"torchprofile"},
    "a root mean square of a scale": {"torchprofile"},
    "attention with its weights": {"torchprofile"},
}


class PrintedImports(NamedTuple):
    """What was run and when; figures of models and ways of writing by name and tool, None where the tool fails."""

    date: str
    libraries: dict[str, str]
    versions: dict[str, str]
    models: Figures
    ways: Figures


@cache
def printed() -> PrintedImports:
    """What the file holds."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    models, ways = (figures_of(data, part) for part in ("models", "ways"))
    return PrintedImports(data["date"], data["libraries"], data["versions"], models, ways)


def imported_way(way: str) -> tuple[archcost.Report, nn.Module, Inputs]:
    """A way of writing, imported and analysed for two samples; the model itself, and what it takes."""
    import torch

    from tests.conventions.ways_of_writing import WAYS

    make, shape = WAYS[way]
    torch.manual_seed(0)
    model = make().eval()
    report = archcost.analyze(archcost.import_model(model, {"input": shape}), batch=2)
    return report, model, (torch.rand(2, *shape),)


def main() -> None:
    """Run the tools."""
    from importlib.metadata import version

    import torch

    from benchmarks.import_conventions import SAMPLE, original_of
    from tests.conventions import newer_peers
    from tests.conventions.ways_of_writing import WAYS

    torch.set_num_threads(1)
    versions = versions_there(NEWER)
    models, ways = {}, {}
    for name in SAMPLE:
        model, inputs = original_of(name)
        models[name] = [newer_peers.run(tool, model, inputs).total for tool in NEWER]
    for name in WAYS:
        _, model, inputs = imported_way(name)
        ways[name] = [newer_peers.run(tool, model, inputs).total for tool in NEWER]
    libraries = {name: version(name).split("+")[0] for name in LIBRARIES}
    write_figures(FILE, {"libraries": libraries, "versions": versions}, {"models": models, "ways": ways})


if __name__ == "__main__":
    main()
