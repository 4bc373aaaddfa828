"""The command line: thin commands that load, analyse and print. Imports stand inside of them, so that each starts fast.

Exit codes: 0 fine, 1 findings, 2 could not judge (bad usage, spec or file).
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic
    from archcost.spec.model import Spec

app = typer.Typer(
    name="archcost",
    help="What does this neural network cost? Shapes, params, MACs and memory of a YAML spec, in a blink.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(str, Enum):
    """Output formats of ``analyze``."""

    table = "table"
    tree = "tree"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class SortKey(str, Enum):
    """Figures to sort by."""

    params = "params"
    macs = "macs"
    flops = "flops"
    weight_bytes = "weight_bytes"
    activation_bytes = "activation_bytes"


class SchemaName(str, Enum):
    """The JSON Schemas that can be printed."""

    spec = "spec"
    report = "report"


Specs = Annotated[
    list[str], typer.Argument(metavar="SPEC...", help="Spec files, globs, zoo models by name, or - for standard input.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a param of the spec; repeatable.")
]
Batch = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Size of dim 0 of the inputs.")]
Training = Annotated[bool, typer.Option("--training", help="Include what a spec builds only for training.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")]


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if value:
        from archcost.version import __version__

        print(f"archcost {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What does this neural network cost? Shapes, params, MACs and memory of a YAML spec, in a blink."""


@app.command()
def analyze(
    specs: Specs,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,  # noqa: A002
    output: Output = None,
    settings: Settings = None,
    batch: Batch = 1,
    training: Training = False,
    depth: Annotated[
        int | None, typer.Option("--depth", min=1, metavar="N", help="Fold the table below N levels.")
    ] = None,
    sort: Annotated[SortKey | None, typer.Option("--sort", help="List layers by a figure, largest first.")] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N rows.")] = None,
) -> None:
    """Print what every layer of a spec costs."""
    from archcost.render.output import Options, write_reports

    options = Options(format.value, depth, sort.value if sort else None, top)
    results = _analyze_all(specs, settings, batch=batch, training=training)
    write_reports(results, options, output)
    if any(result.diagnostics for result in results):
        raise typer.Exit(2)


@app.command()
def validate(specs: Specs, settings: Settings = None, batch: Batch = 1, training: Training = False) -> None:
    """Check specs: syntax, names, attributes, shapes. Files that hold only blocks are checked as such."""
    from archcost.render.output import print_diagnostics

    results = _analyze_all(specs, settings, batch=batch, training=training, blocks_only=True)
    wrong = [result for result in results if result.diagnostics]
    print_diagnostics([diagnostic for result in wrong for diagnostic in result.diagnostics])
    count = sum(len(result.diagnostics) for result in wrong)
    if wrong:
        print(f"{count} error{'s' * (count != 1)} in {len(wrong)} of {len(results)} specs", file=sys.stderr)
        raise typer.Exit(2)
    print(f"{len(results)} spec{'s' * (len(results) != 1)}: no errors")


@app.command()
def schema(name: Annotated[SchemaName, typer.Argument(help="Which schema.")], output: Output = None) -> None:
    """Print the JSON Schema (draft-07) of specs or of reports."""
    from archcost.render.output import write_text
    from archcost.spec.schema import report_schema, spec_schema

    write_text(_json(spec_schema() if name is SchemaName.spec else report_schema()), output)


@app.command()
def zoo(
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,  # noqa: A002
    output: Output = None,
) -> None:
    """List the models that come with archcost, with their figures and sources."""
    from archcost import zoo as models
    from archcost.render.zoo import write_zoo

    results = _analyze_all(models.names(), None, batch=1, training=False)
    write_zoo([result.report for result in results if result.report is not None], format.value, output)


class Result:
    """What came of one spec: a report, or problems and the layers before the first of them."""

    __slots__ = ("diagnostics", "name", "report")

    def __init__(self, name: str, report: Report | None, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        self.name = name
        self.report = report
        self.diagnostics = diagnostics


def _analyze_all(
    names: Sequence[str],
    settings: Sequence[str] | None,
    *,
    batch: int,
    training: bool,
    blocks_only: bool = False,
) -> list[Result]:
    from archcost.render.progress import progress

    params = _parse_settings(settings or ())
    paths = _expand(names)
    return [
        _analyze_one(path, params, batch=batch, training=training, blocks_only=blocks_only)
        for path in progress(paths, "analysing")
    ]


def _analyze_one(path: str, params: dict[str, Any], *, batch: int, training: bool, blocks_only: bool) -> Result:
    from archcost.analysis.report import analyze as analyze_spec
    from archcost.errors import SpecError
    from archcost.spec.loader import load

    try:
        spec: Spec = load(path)
        if blocks_only and not spec.inputs and not spec.main.steps and spec.blocks:
            return Result(path, None)
        return Result(path, analyze_spec(spec, params=params, batch=batch, training=training))
    except SpecError as error:
        return Result(path, error.partial, error.diagnostics)


def _expand(names: Sequence[str]) -> list[str]:
    """Globs to their files in order; everything else as it is."""
    from archcost.errors import UsageError

    paths: list[str] = []
    for name in names:
        if name == "-" or not any(char in name for char in "*?[") or os.path.lexists(name):
            paths.append(name)
            continue
        import glob

        found = sorted(glob.glob(name, recursive=True))
        if not found:
            raise UsageError(f"no file matches '{name}'")
        paths += found
    return list(dict.fromkeys(paths))


def _parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """``--set name=value`` with values as YAML reads them."""
    from archcost.errors import Source, SpecError, UsageError
    from archcost.spec.document import parse_document

    params = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set takes name=value, got '{setting}'")
        try:
            value, problems = parse_document(Source("--set", text))
        except SpecError as error:
            raise UsageError(f"--set {setting}: {error.diagnostics[0].message}") from None
        if problems:
            raise UsageError(f"--set {setting}: {problems[0].message}")
        params[name.strip()] = value.plain()
    return params


def _json(data: Any) -> str:
    import json

    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Run the command line; every error that archcost knows ends with exit code 2 and no traceback."""
    import gc

    from archcost.errors import SpecError, UsageError

    gc.set_threshold(100_000)  # a graph has no cycles to collect, and a command lives for a blink
    try:
        app()
    except SpecError as error:
        from archcost.render.output import print_diagnostics

        print_diagnostics(error.diagnostics)
        sys.exit(2)
    except UsageError as error:
        from archcost.render.output import print_usage_error

        print_usage_error(error)
        sys.exit(2)
    except BrokenPipeError:
        # The reader has left (`| head`): no more output, and no complaint when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
