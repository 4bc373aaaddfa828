"""Hold the conventions on imported models against the tools on the models themselves: a table of docs/conventions.md.

    python -m benchmarks.import_conventions                     # run all of the sample, rewrite the table
    python -m benchmarks.import_conventions timm:convnext_atto  # only print what differs on these
    python -m benchmarks.import_conventions --newer             # rewrite the table of the newer tools, from disk

The tools come with the `peers` extra, the models with timm, torchvision and transformers. Every model is its library's
own, on a CPU with random weights, at the input that an import takes; those of transformers are small.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from archcost.analysis.report import analyze
from archcost.conventions import NEWER, TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import LIBRARIES, required_source
from archcost.importers.torch.targets import target_of
from archcost.named_specs import spec_of
from benchmarks.conventions import cell, difference
from benchmarks.pages import inserted, renew
from tests.conventions import peers
from tests.conventions.newer_imports import printed
from tests.importers.torch.transformers_models import MODELS

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.importers.sources import ImportSource

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
SAMPLE = (
    "timm:botnet26t_256",  # attention with relative positions in a convolutional network
    "timm:convnext_atto",
    "timm:crossvit_9_240",
    "timm:densenet121",
    "timm:edgenext_xx_small",
    "timm:efficientnet_lite0",
    "timm:fastvit_t8",
    "timm:ghostnet_050",
    "timm:levit_128s",
    "timm:mixer_s32_224",
    "timm:mobilenetv3_small_050",
    "timm:mobilevit_xxs",
    "timm:nf_regnet_b0",
    "timm:poolformer_s12",
    "timm:pvt_v2_b0",
    "timm:regnety_002",
    "timm:resnet18",
    "timm:sequencer2d_s",  # LSTMs
    "timm:vit_tiny_patch16_224",
    "timm:xcit_nano_12_p16_224",
    "torchvision:convnext_tiny",
    "torchvision:efficientnet_b0",
    "torchvision:googlenet",
    "torchvision:lraspp_mobilenet_v3_large",
    "torchvision:mobilenet_v2",
    "torchvision:resnet50",
    "torchvision:shufflenet_v2_x0_5",
    "torchvision:vit_b_32",
    "transformers:bert",
    "transformers:clip",
    "transformers:gpt2",
    "transformers:llama",
    "transformers:mamba",
    "transformers:mixtral",
    "transformers:mobilevit",
    "transformers:rwkv",
    "transformers:segformer",
    "transformers:t5",
    "transformers:vit",
    "transformers:wav2vec2",
)


class Compared(NamedTuple):
    """The figures of an imported model, and what each tool says of the model itself."""

    ours: dict[str, int | None]
    theirs: dict[str, int | None]
    errors: dict[str, str]

    @property
    def differs(self) -> list[str]:
        """The tools whose figures are not archcost's."""
        return [tool for tool in self.ours if self.ours[tool] != self.theirs[tool]]


class ByName(nn.Module):
    """A model that takes by place what it is given by name."""

    def __init__(self, model: nn.Module, names: list[str], options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.names = names
        self.options = options

    def forward(self, *inputs: Tensor) -> Any:
        return self.model(**dict(zip(self.names, inputs, strict=True)), **self.options)


def source_of(name: str, folder: str) -> ImportSource:
    """The source of a name of the sample; of a type of transformers, a small configuration in a folder."""
    source = required_source(name)
    if source.library != LIBRARIES[-1]:
        return source
    options, _ = MODELS[source.name]
    path = Path(folder) / source.name / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"model_type": source.name, **options}))
    return required_source(f"{source.library}:{path}")


def report_of(name: str) -> Report:
    """Import a model of the sample, and analyse it."""
    with tempfile.TemporaryDirectory() as folder:
        return analyze(spec_of(import_anew(Ask(source_of(name, folder))), name))


def original_of(name: str) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The library's own model of a name of the sample, and what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        return original(source_of(name, folder))


def compare(name: str, tools: tuple[str, ...] = TOOLS) -> Compared:
    """Import a model of the sample, and run the tools on it."""
    model, inputs = original_of(name)
    seen = {tool: peers.run(tool, model, inputs) for tool in tools}
    return Compared(
        figures(report_of(name), tools),
        {tool: each.total for tool, each in seen.items()},
        {tool: each.error for tool, each in seen.items()},
    )


def original(source: ImportSource) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model that a source names, on a CPU, and what it takes by default."""
    target = target_of(source)
    torch.manual_seed(0)
    model = target.make()
    sample = target.sample(model)
    assert sample is not None
    args, kwargs, _ = sample(1, torch.device("cpu"))
    tensors = {name: value for name, value in kwargs.items() if isinstance(value, Tensor)}
    options = {name: value for name, value in kwargs.items() if name not in tensors}
    return (ByName(model, list(tensors), options) if kwargs else model), (*args, *tensors.values())


def figures(report: Report, tools: tuple[str, ...] = TOOLS) -> dict[str, int | None]:
    """A report's figure under each tool's convention."""
    return {tool: read(report, convention(tool)).total for tool in tools}


def run() -> dict[str, Compared]:
    """All of the sample, or what the command line names; what differs is told as it is found."""
    torch.set_num_threads(1)
    named = [word for word in sys.argv[1:] if not word.startswith("--")]
    found = {}
    for name in named or SAMPLE:
        each = found[name] = compare(name)
        for tool in each.differs:
            print(f"{name} {tool}: {each.ours[tool]} here, {each.theirs[tool]} there {each.errors[tool]}")
        print(name, "differs" if each.differs else "agrees", file=sys.stderr)
    return found


def table(found: dict[str, Compared], tools: tuple[str, ...]) -> str:
    """A row a model, by library: what each tool prints, and what archcost's figures for the import differ by."""
    lines = ["| model | " + " | ".join(f"`{tool}`" for tool in tools) + " | difference |"]
    lines.append("| :-- |" + " --: |" * (len(tools) + 1))
    library = ""
    for name, each in found.items():
        above, _, model = name.partition(":")
        if above != library:
            library = above
            lines.append(f"| **{library}** |" + " |" * (len(tools) + 1))
        cells = [model, *(cell(each.theirs[tool]) for tool in tools), difference(each.ours, each.theirs)]
        lines.append(f"| {' | '.join(cells)} |")
    figures_of_all = sum(len(each.ours) for each in found.values())
    equal = figures_of_all - sum(len(each.differs) for each in found.values())
    models = sum(not each.differs for each in found.values())
    summary = f"All figures are equal for {models} of {len(found)} models, and {equal} of {figures_of_all} figures."
    return "\n".join((summary, "", *lines))


def main() -> None:
    parts = {}
    if "--newer" not in sys.argv:
        found = run()
        parts["imports"] = table(found, TOOLS)
        if len(found) != len(SAMPLE):
            return
    newer = {name: Compared(figures(report_of(name), NEWER), printed().models[name], {}) for name in SAMPLE}
    parts["newer-imports"] = table(newer, NEWER)
    renew(PAGE, "benchmarks.import_conventions", lambda page, _: inserted(page, parts))


if __name__ == "__main__":
    main()
