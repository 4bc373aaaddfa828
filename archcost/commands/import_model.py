"""``import``: a model of PyTorch, or a file that stands for a model, as a spec."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.importers.importing import Ask

_SOURCE = (
    "config.json, an Ultralytics YAML, FILE.onnx, torchvision:NAME, timm:NAME, transformers:config.json, or"
    " package.module:callable."
)
_NO_SPEC = (".json", ".csv", ".md", ".tex", ".py", ".xml", ".onnx")  # what is no spec
_INPUT = "What the model takes, without the batch: 3x224x224, ids=128:int64; repeatable."


def import_(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_SOURCE)],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="The file to write, NAME.yaml by default; - prints it."),
    ] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", metavar="[NAME=]SHAPE[:DTYPE]", help=_INPUT)] = None,
    training: Annotated[bool, typer.Option("--training", help="As the model runs in training.")] = False,
    until: Annotated[
        str | None, typer.Option("--until", metavar="PATH", help="End the run with a module: backbone, layer4.")
    ] = None,
    flat: Annotated[bool, typer.Option("--flat", help="A step for each op, without blocks and repeats.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if a step has no op in archcost.")] = False,
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="FILE", help="Write nothing; exit 1 if the model no longer gives this spec."),
    ] = None,
) -> None:
    """Write a PyTorch model as a spec, once its figures are proven; or a file that stands for one, without PyTorch.

    The spec goes to NAME.yaml, or to the file that -o names; -o - prints it. The model runs once, on tensors without
    numbers: no weights are fetched.
    """
    from archcost.commands.option_values import parse_inputs
    from archcost.importers.importing import Ask
    from archcost.importers.sources import required_source

    ask = Ask(required_source(source), parse_inputs(inputs or ()), flat, training, until or "")
    _refuse_outputs(output, check)
    if check is not None:
        _check(ask, check, strict=strict)
    else:
        _write(ask, output, strict=strict)


def _refuse_outputs(output: str | None, check: str | None) -> None:
    """Raise UsageError, before anything is made, for a file that cannot become or be the spec."""
    from archcost.errors import UsageError

    if output is not None and check is not None:
        raise UsageError("--check writes nothing, and -o names a file to write", "leave one of them out")
    if output is not None and output.endswith(_NO_SPEC):
        stem = output.rpartition(".")[0]
        raise UsageError(f"import writes a spec, which is YAML, got -o {output}", f"write `-o {stem}.yaml`")


def _write(ask: Ask, output: str | None, *, strict: bool) -> None:
    """Import, write, and say on standard error what came of it."""
    from archcost.analysis.report import analyze
    from archcost.importers.importing import import_anew
    from archcost.render.output import print_done, print_line, write_text
    from archcost.spec.loader import loads
    from archcost.writing import check_place, make_way

    path = f"{ask.source.title}.yaml" if output is None else output
    if path != "-":
        check_place(path, makes_way=True)  # before anything is run
    imported = import_anew(ask)
    if output is None:
        _refuse_other(path, imported.text, ask.source.name)
    if path != "-":
        make_way(path)
    write_text(imported.text, None if path == "-" else path, "yaml")
    for remark in (imported.unfolded, *imported.remarks):
        if remark:
            print_line("note", remark)
    report = analyze(loads(imported.text, name=path))
    if path != "-":
        lines, params = imported.text.count("\n"), report.totals.params
        macs = f"{'≥ ' * bool(report.unknown('macs'))}{report.totals.macs:,}"
        proven = ", as in the model" * ask.source.is_run
        print_done(f"{path}: {lines:,} lines; {params:,} params and {macs} MACs{proven}")
    if strict:
        _judge_strictly(report)


def _judge_strictly(report: Report) -> None:
    """Exit 1 where a step has no op."""
    from archcost.render.output import print_failure

    missing = sum(layer.op == "custom" for layer in report.layers)
    if missing:
        print_failure(f"{missing:,} of {len(report.layers):,} steps have no op in archcost: see `custom` in the spec")
        raise typer.Exit(1)


def _refuse_other(path: str, text: str, source: str) -> None:
    """Raise UsageError where a file of the default name holds something else, as the source itself does."""
    from archcost.errors import UsageError
    from archcost.files import FileError, MissingFileError, located, read_named

    try:
        there = read_named(located(path).real, max(len(text.encode()), 1))
    except MissingFileError:
        return
    except FileError:
        there = b""
    if os.path.lexists(source) and os.path.samefile(path, source):
        raise UsageError(f"{path} is the source itself", "`-o FILE` names the spec to write, `-o -` prints it")
    if there != text.encode():
        raise UsageError(f"{path} is there already", f"`-o {path}` writes over it, `--check {path}` compares")


def _check(ask: Ask, path: str, *, strict: bool) -> None:
    """Exit 1, with the comparison of old and new, if the model gives another spec than that of a file."""
    from archcost.analysis.report import analyze
    from archcost.comparing import compare
    from archcost.importers.committed import first_difference, inputs_of
    from archcost.importers.file_readers import takes_inputs
    from archcost.importers.importing import import_anew
    from archcost.named_specs import load_spec
    from archcost.render.comparison import ComparisonDocument, ComparisonView
    from archcost.render.output import print_done, print_failure, print_line
    from archcost.render.printing import write
    from archcost.spec.loader import loads

    before = analyze(load_spec(path))
    given = bool(ask.inputs) or not (ask.source.is_run or takes_inputs(ask))
    asked = ask if given else ask._replace(inputs=inputs_of(before))
    after = analyze(loads(import_anew(asked).text, name=ask.source.text))
    different = first_difference(before, after)
    if not different:
        print_done(f"{ask.source.text} gives {path}")
        if strict:
            _judge_strictly(after)
        return
    write(ComparisonDocument(compare(before, after), ComparisonView(only_changed=True)), "table", None)
    print_failure(f"{ask.source.text} does not give {path} any more: {different} is the first that differs")
    print_line("help", f"`archcost import {ask.source.text} -o {path}` writes it as it is now")
    raise typer.Exit(1)
