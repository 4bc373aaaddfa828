"""What fits a page: every help page at four widths, bars, and what usage errors say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from archcost import cli
from archcost.commands.help_pages import PANELS, key
from tests.screens import check_page, commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run


@pytest.mark.parametrize("path", list(commands()))
def test_a_help_page_breaks_no_word_and_leaks_no_markup(path: str, run: Callable[..., Run]) -> None:
    arguments = [*path.split()[1:], "--help"]
    wide = run(*arguments, columns=100)
    for width in (60, 80, 160):
        shown = run(*arguments, columns=width)
        assert shown.code == 0
        check_page(shown.out, wide.out, min(width, 100))
        assert not re.search(r"[`{}<]|\[bold|\bclass\b", shown.out)
        assert shown.out.startswith(f"Usage: {path} [OPTIONS]")


@pytest.mark.parametrize("path", list(commands()))
def test_every_example_stands_whole_on_a_narrow_page(path: str, run: Callable[..., Run]) -> None:
    from archcost.commands.examples import EXAMPLES

    assert len(EXAMPLES.get(key(path), ())) == 3, f"{path} needs three examples"
    shown = run(*path.split()[1:], "--help", columns=60).out
    for typed, meaning in EXAMPLES[key(path)]:
        assert f"  {typed}\n" in shown
        assert meaning.replace("`", "") in " ".join(shown.split())


def test_every_option_of_a_panel_is_one_of_a_command() -> None:
    from typer.main import get_command

    def options(command: object) -> Iterator[str]:
        for parameter in getattr(command, "params", ()):
            yield from parameter.opts
        for member in getattr(command, "commands", {}).values():
            yield from options(member)

    known = {*options(get_command(cli.make_app([]))), "--help"}
    assert {name for names in PANELS.values() for name in names} <= known


@pytest.mark.parametrize(
    ("command", "panels"),
    [
        ("predict", {"--mixed": "How it runs", "--compile": "How it runs", "--device": "The devices"}),
        ("fits", {"--mixed": "Training", "--device": "The devices", "--devices": "The devices"}),
        ("bench", {"--device": "Measuring", "--compile": "Measuring", "--min-time": "Measuring"}),
        ("sweep", {"--vary": "The designs", "--pareto": "What is shown", "--jobs": "Many at once"}),
    ],
)
def test_an_option_is_in_the_panel_that_it_is_about_in_its_command(
    command: str, panels: dict[str, str], run: Callable[..., Run]
) -> None:
    titles: dict[str, str] = {}
    title = ""
    for line in run(command, "--help", columns=100).out.splitlines():
        if line and not line.startswith(" "):
            title = line
        elif line.startswith("  -"):
            titles[line.split()[0].rstrip(",")] = title
    assert {name: titles[name] for name in panels} == panels


def test_the_commands_stand_in_their_groups(run: Callable[..., Run]) -> None:
    shown = run("--help", columns=80).out
    places = [shown.index(f"\n{group}\n") for group in cli.GROUPS]
    assert places == sorted(places)
    assert {name for commands in cli.GROUPS.values() for name in commands} == set(cli.COMMANDS)


def test_a_help_page_in_a_pipe_is_as_wide_as_a_page(run: Callable[..., Run]) -> None:
    assert max(map(len, run("analyze", "--help").out.splitlines())) <= 80


# --- bars -------------------------------------------------------------------------------------------------------------


def bars(text: str) -> list[str]:
    return [line[line.index("█") :] for line in text.splitlines() if "█" in line]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_largest_bar_ends_where_the_page_does_or_is_long_enough(width: int, run: Callable[..., Run]) -> None:
    shown = run("analyze", "googlenet", columns=width).out
    largest = max(bars(shown), key=len)
    assert max(map(len, shown.splitlines())) == width - 1 or len(largest) == 40
    assert set(largest) == {"█"}
    assert len(largest) >= 8


def test_a_bar_is_as_long_as_its_part_of_the_largest(run: Callable[..., Run], tmp_path: Path) -> None:
    net = "archcost: 1\ninput: [8]\nlayers: [linear: {out_features: 8}, linear: {out_features: 16}]\n"
    (tmp_path / "two.yaml").write_text(net, encoding="utf-8")
    first, second = bars(run("analyze", "two.yaml", columns=100, cwd=tmp_path).out)
    assert len(first) * 2 - len(second) in (0, 1)  # 8 · 8 MACs are half of 8 · 16, up to a cell


# --- other promises ---------------------------------------------------------------------------------------------------


def test_rounds_say_that_what_is_below_them_is_of_each(run: Callable[..., Run]) -> None:
    shown = run("analyze", "bert_base", columns=160).out
    assert "0 … 11 ×12 (each below)" in shown
    assert "(each below)" not in run("analyze", "bert_base", "--depth", "2", columns=160).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "resnet18", "--columns", "activation_bytes,weight_bytes,bytes_read"),
        ("analyze", "resnet18", "vgg16"),
        ("compare", "resnet18", "vgg16"),
        ("compare", "resnet18", "vgg16", "nin"),
        ("memory", "resnet18"),
    ],
    ids=" ".join,
)
def test_bytes_are_in_binary_units_in_every_table(arguments: tuple[str, ...], run: Callable[..., Run]) -> None:
    from archcost.figures import BYTES, METRICS

    shown = run(*arguments, columns=200).out
    assert "MiB" in shown
    assert "46,758,048" not in re.sub(r"\([\d,]+ B\)", "", shown)  # weight bytes of resnet18: 4 · 11,689,512
    assert all(METRICS[name].unit == BYTES for name in ("weight_bytes", "activation_bytes"))


@pytest.mark.parametrize(
    ("arguments", "message", "way"),
    [
        (("analyze", "resnet18", "--sort", "mac"), "--sort is one of params, ", "did you mean 'macs'?"),
        (("analyze", "resnet18", "--format", "jsn"), "--format is one of table, tree, ", "did you mean 'json'?"),
        (("analyze", "resnet18", "--convention", "fvcor"), "--convention is one of ", "did you mean 'fvcore'?"),
        (("export", "resnet18", "--format", "torchh"), "--format is one of torch, ", "did you mean 'torch'?"),
        (("schema", "reprot"), "the name of a schema is one of ", "did you mean 'report'?"),
        (("completion", "bsh"), "the shell is one of bash, zsh, fish, not 'bsh'", "did you mean 'bash'"),
        (("memory", "resnet18", "--bath", "3"), "archcost memory has no option --bath", "did you mean '--batch' or"),
        (("memory", "resnet18", "--opt", "adam"), "archcost memory has no option --opt", "did you mean '--optimizer'?"),
        (("memory", "resnet18", "--device", "t4"), "archcost memory has no option --device", "`archcost fits SPEC"),
        (("predict", "resnet18", "--device", "4090,l4"), "--device takes one device, got '4090,l4'", "--device l4`"),
        (("fits", "resnet18", "--device", "4090, l4"), "--device takes one device", "`--device 4090 --device l4`"),
        (("analyze", "resnet18", "--json"), "archcost analyze has no option --json", "did you mean '--format json'?"),
        (("help", "analyze"), "archcost has no command 'help'", "did you mean `archcost --help`?"),
        (("version",), "archcost has no command 'version'", "did you mean `archcost --version`?"),
        (("memory", "resnet18", "--batch", "x"), "--batch takes a whole number of at least 1, got 'x'", ""),
        (("memory", "resnet18", "--batch", "0"), "--batch takes a whole number of at least 1, got '0'", ""),
        (("bench", "resnet18", "--min-time", "nan"), "--min-time takes a number of seconds, at least 0.01, got", ""),
        (("memory", "resnet18", "--batch"), "option '--batch' requires an argument", "write --batch N"),
        (("analyze",), "archcost analyze needs SPEC...", "for instance `archcost analyze googlenet`"),
        (("schema", "report", "spec"), "archcost schema has no place for 'spec'", "`archcost schema --help`"),
        (("resnet50",), "archcost has no command 'resnet50'", "did you mean `archcost analyze resnet50`?"),
        (("analize", "resnet50"), "archcost has no command 'analize'", "did you mean 'analyze'?"),
        (("frobnicate",), "archcost has no command 'frobnicate'", "`archcost --help` lists them"),
        (("baseline", "updat"), "archcost baseline has no command 'updat'", "did you mean 'update'?"),
        (
            ("analyze", "resnet18", "-o", "x.html"),
            "no format ends in '.html': x.html",
            "`archcost report SPEC -o FILE.ht",
        ),
        (
            ("analyze", "resnet18", "--format", "svg"),
            "--format is one of table, tree, ",
            "`archcost report SPEC -o FILE.s",
        ),
        (("analyze", "resnet18", "-o", "x.pdf"), "no format ends in '.pdf': x.pdf", ".json (json), .csv (csv)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_usage_errors_have_one_style(
    arguments: tuple[str, ...], message: str, way: str, run: Callable[..., Run]
) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    first, *further = result.err.splitlines()
    assert first.startswith(f"error: {message}")
    assert [line.startswith("help: ") and way in line for line in further] == [True] * bool(way)


def test_without_words_the_help_page_is_on_standard_error(run: Callable[..., Run]) -> None:
    for arguments in ((), ("baseline",)):
        result = run(*arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err == run(*arguments, "--help").out
