"""``suggest``: what would make a model cheaper, and the spec with some of it."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import (
    Batch,
    Dtype,
    Format,
    Inputs,
    KvDtype,
    Output,
    SetParams,
    WeightDtype,
    number_option,
    word_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.settings import Settings
    from archcost.suggesting.suggestion import Suggestions

_SHOWN = 10
_SPEC_HELP = "A spec file, a zoo model by its name, - for standard input, or a model to import: timm:resnet50."
_YAML = (".yaml", ".yml")
BOLDNESS = ("exact", "gentle", "bold")


def suggest(
    spec: Annotated[str | None, typer.Argument(metavar="SPEC", help=_SPEC_HELP)] = None,
    goal: Annotated[
        str,
        typer.Option("--goal", metavar="FIGURE", help="What is to be less: macs, params, memory or latency@DEVICE."),
    ] = "macs",
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="LEFT", help="How much may be left: 50%, 5M, 64MiB, 8ms. The list is then a way there."
        ),
    ] = None,
    apply: Annotated[
        str | None,
        typer.Option(
            "--apply",
            metavar="N[,N...]",
            help="Write the spec with these suggestions: numbers of the list such as 1,3b, or all.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="PATTERN", help="Only at these paths and below: layer4, '**.5x5'; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME[,NAME...]", help="Only these rewrites (`--list`); repeatable."),
    ] = None,
    boldness: Annotated[
        str | None,
        word_option(
            "--boldness",
            BOLDNESS,
            "WORD",
            "How far to go: exact computes the same, gentle takes what papers found as good as well, bold takes all. "
            "Default: all are told, and `--apply all` takes no bold one.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Tell the predicted time on a device too (`archcost devices`)."),
    ] = None,
    top: Annotated[int, number_option("--top", "Show the N that save most.")] = _SHOWN,
    in_full: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="N[,N...]", help="Describe these suggestions in full. Default: the first three."
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List all rewrites, with their papers.")] = False,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
) -> None:
    """Say what would make a model cheaper, by rewrites known from papers, and write the spec with some of them."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.commands.option_values import analyzed_one, settings_of
    from archcost.errors import UsageError
    from archcost.render.printing import format_of, write

    if listed:
        from archcost.render.rewrites import RewritesDocument
        from archcost.suggesting.making import all_rewrites

        write(RewritesDocument(list(all_rewrites().values())), format or format_of(output), output)
        return
    if spec is None:
        raise UsageError("suggest takes a SPEC", "`archcost suggest resnet50`; without one only `--list`")
    chosen = "" if apply is not None else format or format_of(output)
    _check_apply(apply, output, format)
    asked = settings_of(settings, inputs=inputs, batch=batch, dtype=dtype, weight_dtype=weight_dtype, kv_dtype=kv_dtype)
    with analyzed_one(spec, asked) as report:
        found = archcost.suggest(
            report,
            goal=goal,
            target=target,
            at=at or (),
            only=only or (),
            boldness=boldness,
            device=device,
            top=top,
        )
        if apply is not None:
            _write(found, apply, output, _compare_words(spec, output or "", asked))
        else:
            from archcost.render.suggestions import SuggestionsDocument

            words = _words(spec, asked, goal=goal, target=target, at=at, only=only, boldness=boldness)
            told = None if in_full is None else [number.strip() for number in in_full.split(",") if number.strip()]
            write(SuggestionsDocument(found, words, told), chosen, output)
    if found.exit_code:
        raise typer.Exit(found.exit_code)


def _check_apply(apply: str | None, output: str | None, format: str | None) -> None:  # noqa: A002 - as the option
    """Raise UsageError for a changed spec in another format than YAML."""
    from archcost.errors import UsageError

    if apply is None:
        return
    if format is not None:
        raise UsageError("--apply writes a spec, which is YAML", "leave --format out")
    if output is not None and not output.endswith(_YAML):
        raise UsageError(f"--apply writes a spec, and {output} does not end in .yaml", "name a file like net.yaml")


def _write(found: Suggestions, numbers: str, output: str | None, compare: str) -> None:
    """Write the spec with some suggestions, to a file or to standard output; ``compare`` shows what differs."""
    import os

    from archcost.printable import visible
    from archcost.render.output import print_done, print_line, write_text
    from archcost.render.suggestion_words import left_text

    name = os.path.splitext(os.path.basename(output))[0] if output else ""
    chosen = found.together(numbers)
    text = found.text_of(chosen, name=name, folder=os.path.dirname(output or "") or ".")
    write_text(text if output is not None else _for_a_screen(text), output, "yaml")
    for remark in chosen.trial.remarks:
        print_line("note", remark)
    if output is not None:
        print_done(f"wrote {visible(output)}: {left_text(found.goal.metric, found.before, chosen.after)}")
        print_done(f"`{compare}` shows what differs")


def _for_a_screen(text: str) -> str:
    """The same spec without what a screen shows as signs: line ends of other systems, and tabs, blanks in YAML."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")


def _words(
    spec: str,
    asked: Settings,
    *,
    goal: str,
    target: str | None,
    at: Sequence[str] | None,
    only: Sequence[str] | None,
    boldness: str | None,
) -> str:
    """The command line with what decides the numbers of the list."""
    from archcost.suggesting.asking import asked_of

    words = ["archcost", "suggest", spec]
    words += ["--goal", goal] if goal != "macs" else []
    words += ["--target", target] if target is not None else []
    words += [word for pattern in at or () for word in ("--at", pattern)]
    words += [word for name in only or () for word in ("--only", name)]
    words += ["--boldness", boldness] if boldness is not None else []
    return " ".join(map(quote, [*words, *asked_of(asked)]))


def _compare_words(spec: str, output: str, asked: Settings) -> str:
    """The command line that compares a spec with the one that was written, which has the params that were set."""
    from archcost.suggesting.asking import asked_of

    return " ".join(map(quote, ["archcost", "compare", spec, output, *asked_of(asked, set_by="--set-a")]))
