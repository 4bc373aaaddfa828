"""Help pages: usage, arguments, options in panels, and examples, in lines that break between words alone.

They are made from the commands as typer has them: a docstring says what a command does, and each option what it does.
"""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.commands.examples import EXAMPLES
from archcost.commands.value_readers import value_words
from archcost.render.console import make_console
from archcost.render.document import Gap, Heading, Line
from archcost.render.exit import PIPED_WIDTH, encoding_of, terminal_width, wants_colour
from archcost.render.printers.terminal import print_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.render.document import Block

PROGRAM = "archcost"
PANELS = {  # of options, in this order; those that are in none stand before
    "Options": (),
    "The model": ("--set", "--set-a", "--set-b", "--input", "--input-a", "--input-b", "--batch", "--training",
                  "--dtype", "--weight-dtype", "--kv-dtype", "--dtype-b", "--weight-dtype-b", "--kv-dtype-b", "--lora",
                  "--lora-targets", "--until", "--context"),
    "The designs": ("--vary", "--zip", "--space", "--where"),
    "Training": ("--optimizer", "--foreach", "--mixed", "--master-weights", "--accumulate", "--checkpoint",
                 "--parallel"),
    "A training run": ("--tokens", "--samples", "--price", "--mfu", "--global-batch"),
    "How it runs": ("--schedule", "--inplace", "--fused", "--engine", "--compile", "--channels-last",
                    "--plain-attention"),
    "The devices": ("--device", "--devices", "--reserve"),
    "What is suggested": ("--goal", "--target", "--at", "--only", "--boldness"),
    "What is shown": ("--depth", "--sort", "--top", "--columns", "--convention", "--functional", "--relative-to",
                      "--metric", "--metrics", "--stat", "--only-changed", "--what-if", "--explain", "--list",
                      "--pareto", "--count", "--histogram", "--sample", "--seed"),
    "Many at once": ("--jobs", "--shard", "--scheduler", "--part-rows"),
    "Measuring": ("--latency", "--threads", "--min-time", "--layers", "--predict", "--predict-device", "--quick"),
    "Output": ("--format", "--output", "--open", "--plot", "--badge", "--digits", "--watch", "--export-json",
               "--export-markdown", "--export-github", "--export-gitlab", "--export-junit", "--export-sarif",
               "--export-concise"),
    "Help": ("--help", "--version"),
}  # fmt: skip
_MEASURED = dict.fromkeys(("--device", "--compile", "--channels-last"), "Measuring")
_ELSEWHERE = {  # options of a command that are in another panel there than in other commands
    **dict.fromkeys(("bench", "calibrate", "verify"), _MEASURED),
    "predict": {"--mixed": "How it runs"},
}
_WIDEST = 100  # a longer line is hard to read
_ON_PAPER = 80
_WIDEST_NAME = 26  # of what stands before its explanation in the same line
_NAME_STYLE = "bold cyan"


def page(command: Any, context: Any) -> str:
    """The help page of a command, or of a group of commands, that was called in a context of typer's."""
    out, buffer = sys.stdout, StringIO()
    width = terminal_width(out)
    width = _ON_PAPER if width >= PIPED_WIDTH else min(width, _WIDEST)
    console = make_console(buffer, width=width, colour=wants_colour(out), encoding=encoding_of(out))
    for block in _blocks(command, context):
        print_block(console, block)
    return buffer.getvalue()


def key(path: str) -> str:
    """The name under which a command has its examples."""
    return path.removeprefix(PROGRAM).strip() or PROGRAM


class _Entry(NamedTuple):
    """What is typed, and what it means."""

    name: str
    text: str


def _blocks(command: Any, context: Any) -> Iterator[Block]:
    path = context.command_path
    parameters = command.get_params(context)
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    options = [each for each in parameters if each.param_type_name == "option"]
    words = ["COMMAND", "[ARGUMENTS]"] if _members(command) else [each.metavar or each.name for each in arguments]
    yield Line(" ".join([path, "[OPTIONS]", *words]), head="Usage: ", head_style="bold")
    yield Gap()
    for paragraph in (command.help or "").split("\n\n"):
        yield Line(" ".join(paragraph.split()), indent=0)
    panels = _commands(command)
    panels["Arguments"] = [_Entry(each.metavar, _told(each)) for each in arguments]
    members = _by_panel(options, key(path))
    panels |= {title: [_Entry(_names(each), _told(each)) for each in own] for title, own in members.items()}
    yield from _panels({title: entries for title, entries in panels.items() if entries})
    yield Gap()
    yield Heading("Examples")
    for typed, meaning in EXAMPLES.get(key(path), ()):
        yield Line(typed, head="  ", indent=6, literal=True, style=_NAME_STYLE)
        yield Line(meaning, head=" " * 6, indent=6)
    if _members(command):
        yield Gap()
        yield Line(f"`{path} COMMAND --help` has the options of a command, and examples.", indent=0)


def _members(command: Any) -> dict[str, Any]:
    """The commands of a group; none of a command."""
    found: dict[str, Any] = getattr(command, "commands", {})
    return found


def _commands(command: Any) -> dict[str, list[_Entry]]:
    """The commands of a group by their own groups, each with the first sentence of what it does."""
    panels: dict[str, list[_Entry]] = {}
    for name, each in _members(command).items():
        title = getattr(each, "rich_help_panel", None)
        title = title if isinstance(title, str) else "Commands"
        sentence = " ".join((each.help or "").split()).partition(". ")[0].rstrip(".") + "."
        panels.setdefault(title, []).append(_Entry(name, sentence))
    return panels


def _panels(panels: dict[str, list[_Entry]]) -> Iterator[Block]:
    """Entries below the titles of their panels, all texts at one column."""
    names = [entry.name for entries in panels.values() for entry in entries]
    column = 2 + min(_WIDEST_NAME, max(map(len, names))) + 2
    for title, entries in panels.items():
        yield Gap()
        yield Heading(title)
        for entry in entries:
            head = f"  {entry.name}  "
            if len(head) > column:
                yield Line("", head=head, head_style=_NAME_STYLE)
                head = ""
            yield Line(entry.text, head=head.ljust(column), head_style=_NAME_STYLE)


def _by_panel(options: Sequence[Any], command: str) -> dict[str, list[Any]]:
    """Options of a command by their panels; a panel without any is left out."""
    panel_of = {name: title for title, names in PANELS.items() for name in names} | _ELSEWHERE.get(command, {})
    found: dict[str, list[Any]] = {title: [] for title in PANELS}
    for each in options:
        found[next((panel_of[name] for name in each.opts if name in panel_of), "Options")].append(each)
    return {title: members for title, members in found.items() if members}


def _names(option: Any) -> str:
    """``-o, --output FILE``; both sides of a flag that has two."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        return f"{names}, {', '.join(option.secondary_opts)}"
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"


def _told(parameter: Any) -> str:
    """What a parameter is, the words that it takes, and its default."""
    sentences = [(parameter.help or "").rstrip(".") + "."]
    words = value_words(parameter)
    sentences += [f"One of {', '.join(words)}."] if words else []
    if parameter.default is not None and not isinstance(parameter.default, bool) and "default" not in sentences[0]:
        sentences.append(f"Default: {parameter.default}.")
    return " ".join(sentences)
