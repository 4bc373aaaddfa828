"""Options that several commands share."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.figures import COLUMNS, OF_LAYERS
from archcost.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Specs = Annotated[
    list[str], typer.Argument(metavar="SPEC...", help="Spec files, globs, zoo models by name, or - for standard input.")
]
SetParams = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a param of the spec; repeatable.")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="[NAME=]SHAPE",
        help="Replace the shape of an input, without the batch: 3x480x640, tokens=512; repeatable.",
    ),
]
Batch = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Size of dim 0 of the inputs.")]
Training = Annotated[bool, typer.Option("--training", help="Include what a spec builds only for training.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")]


def one_of(words: Sequence[str], synonyms: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """What reads an option or argument that is one of several words, or a synonym of one."""

    def parse(text: str) -> str:
        word = (synonyms or {}).get(text, text)
        if word not in words:
            raise typer.BadParameter(f"'{text}' is not one of {', '.join(map(repr, words))}.")
        return word

    return parse


def format_option(*further: str, default: str = "table") -> Any:
    """``--format`` of the formats that every command has, and further ones; ``text`` is another name of the table."""
    names = (*FORMATS, *further)
    help_text = f"Output format; default: from the name of the -o file, else {default}."
    parse = one_of(names, {"text": "table"})
    return typer.Option("--format", parser=parse, metavar=f"[{'|'.join(names)}]", help=help_text)


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
Depth = Annotated[int | None, typer.Option("--depth", min=1, metavar="N", help="Fold the table below N levels.")]


WeightDtype = Annotated[
    str | None,
    typer.Option(
        "--weight-dtype",
        metavar="DTYPE",
        help="Weight-only quantization: int8, int4, float8, float16 … for matrices; biases and norms keep their dtype.",
    ),
]


def _finite(seconds: float | None) -> float | None:
    """A time that ends; what is no number is within every range."""
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise typer.BadParameter(f"{seconds} is not a number of seconds.")
    return seconds


_MIN_TIME = typer.Option(
    "--min-time", min=0.01, callback=_finite, metavar="SECONDS", help="Measure each model for at least this long."
)
_THREADS = typer.Option("--threads", min=0, metavar="N", help="CPU threads to measure with; 0: torch's choice.")
MinTime = Annotated[float, _MIN_TIME]
MinTimeIfAny = Annotated[float | None, _MIN_TIME]
Threads = Annotated[int, _THREADS]
ThreadsIfAny = Annotated[int | None, _THREADS]


class ConventionName(str, Enum):
    """How to count: as archcost, or as another tool does."""

    archcost = "archcost"
    torch = "torch"
    fvcore = "fvcore"
    torchinfo = "torchinfo"
    ptflops = "ptflops"
    ptflops_aten = "ptflops-aten"
    thop = "thop"
    calflops = "calflops"


def metric_option(name: str, help_text: str) -> Any:
    """An option that takes one of the figures that layers have."""
    return typer.Option(name, parser=one_of(OF_LAYERS), metavar=f"<{'|'.join(OF_LAYERS)}>", help=help_text)
