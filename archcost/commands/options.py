"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.value_readers import Seconds, WholeNumber, WordOf
from archcost.dtypes import FLOAT_DTYPES
from archcost.figures import COLUMNS, OF_LAYERS
from archcost.render.formats import FORMATS, OF_PAGES_ALONE, SUFFIXES
from archcost.threads import MOST_THREADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPECS_HELP = "Spec files, globs, zoo models by name, - for standard input, or models to import: timm:resnet50."
Specs = Annotated[list[str], typer.Argument(metavar="SPEC...", help=SPECS_HELP)]
SetParams = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a param of the spec; repeatable.")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="[NAME=]SHAPE",
        help="Replace the shape of an input, without the batch: 3x480x640, tokens=512, ids=512:int64; repeatable.",
    ),
]
Predict = Annotated[
    bool, typer.Option("--predict", help="Show what is predicted for this machine beside what is measured.")
]
PredictDevice = Annotated[
    str | None,
    typer.Option("--predict-device", metavar="NAME", help="The same for another device (`archcost devices`)."),
]
Training = Annotated[bool, typer.Option("--training", help="Include what a spec builds only for training.")]
TrainingStep = Annotated[
    bool,
    typer.Option("--training", help="Include what a spec builds only for training, and the work of a training step."),
]


def file_or_stdout(path: str | None) -> str | None:
    """A file that output goes to; None for standard output, which ``-`` names as it does among SPECs."""
    return None if path == "-" else path


Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", callback=file_or_stdout, help="Write to a file; - is standard output."
    ),
]

Watch = Annotated[bool, typer.Option("--watch", help="Draw again whenever a file is saved that was read; Ctrl-C ends.")]


def word_option(
    name: str, words: Sequence[str], metavar: str, help_text: str, synonyms: Mapping[str, str] | None = None
) -> Any:
    """An option that takes one of several words."""
    return typer.Option(name, parser=WordOf(name, words, synonyms), metavar=metavar, help=help_text)


def number_option(name: str, help_text: str, *, least: int = 1, most: int | None = None) -> Any:
    """An option that takes a whole number."""
    return typer.Option(name, parser=WholeNumber(name, least, most), metavar="N", help=help_text)


Batch = Annotated[int, number_option("--batch", "Size of dim 0 of the inputs.")]

_NAMED = {"text": "table", **{suffix.removeprefix("."): name for suffix, name in SUFFIXES.items()}}  # --format md


def format_option(*further: str, default: str = "table") -> Any:
    """``--format`` of the formats that every command has, and further ones; the endings of files name them, too."""
    help_text = f"Output format; default: from the name of the -o file, else {default}."
    reader = WordOf("--format", (*FORMATS, *further), _NAMED, OF_PAGES_ALONE)
    return typer.Option("--format", parser=reader, metavar="FORMAT", help=help_text)


Format = Annotated[str | None, format_option()]
Functional = Annotated[
    list[str] | None,
    typer.Option(
        "--functional",
        metavar="KIND|PATH",
        help="Layers that the original code writes as function calls; torchvision: those of torchvision's own models.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAME[,NAME...]",
        help=f"More columns: {', '.join(COLUMNS)}, bytes_read, bytes_written, intensity, receptive_field. Repeatable.",
    ),
]
CONVENTIONS = (
    *("archcost", "torch", "fvcore", "torchinfo", "ptflops", "ptflops-aten", "thop", "calflops"),
    *("torchprofile", "ultralytics-thop", "deepspeed"),
    *("torchprofile@0.0.4", "ultralytics-thop@2.0.18", "deepspeed@0.16.9"),
    "onnx-tool",
)
Depth = Annotated[int | None, number_option("--depth", "Fold the table below N levels.")]


Dtype = Annotated[
    str | None,
    word_option("--dtype", FLOAT_DTYPES, "DTYPE", "Dtype of weights and floating-point inputs."),
]
WeightDtype = Annotated[
    str | None,
    typer.Option(
        "--weight-dtype",
        metavar="DTYPE",
        help="Weight-only quantization: int8, int4, float8, float16 … for matrices; biases and norms keep their dtype.",
    ),
]
KvDtype = Annotated[
    str | None,
    typer.Option(
        "--kv-dtype", metavar="DTYPE", help="Dtype that the KV cache is kept in: float8, int8, int4, or a float."
    ),
]


Lora = Annotated[
    int | None, number_option("--lora", "Adapters of rank N on linear layers; all other weights are frozen.")
]
LoraTargets = Annotated[
    list[str] | None,
    typer.Option(
        "--lora-targets",
        metavar="PATTERN",
        help="Layers that get an adapter, '**.q_proj'; default: all linear layers but the last; repeatable.",
    ),
]


Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Predict the time on a device: 4090, h100 or a .toml file of yours (`archcost devices`).",
    ),
]
_MIN_TIME = typer.Option(
    "--min-time",
    parser=Seconds("--min-time", 0.01),
    metavar="SECONDS",
    help="Measure each model for at least this long.",
)
_THREADS = number_option("--threads", "CPU threads to measure with; 0: torch's choice.", least=0, most=MOST_THREADS)
MinTime = Annotated[float, _MIN_TIME]
MinTimeIfAny = Annotated[float | None, _MIN_TIME]
Threads = Annotated[int, _THREADS]
ThreadsIfAny = Annotated[int | None, _THREADS]

Digits = Annotated[
    int | None, number_option("--digits", "Significant digits, with units in the headings; for latex and markdown.")
]


def metric_option(name: str, help_text: str) -> Any:
    """An option that takes one of the figures that layers have."""
    return word_option(name, OF_LAYERS, "METRIC", help_text)
