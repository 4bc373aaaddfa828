"""Whatever the terminal, the encoding or the pipe: no traceback, the right exit code, and text that can be read."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.render.exit import PIPED_WIDTH, terminal_width
from archcost.render.glyphs import _LIKES, fitted
from archcost.tex import ACCENTS, LETTERS
from tests.cover import some
from tests.trust.streams import COMMANDS, FULL, LEFT, Encoded, Failing, run, write_specs

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

ROOT = Path(archcost.__file__).parent
ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "utf-16", "shift_jis")
ODD_COLUMNS = ("0", "1", "2", "7", "20", "²", "-5", "abc", "9" * 5000, "99999999999", "00080", "")
every_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_specs(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)


# --- one exit ---------------------------------------------------------------------------------------------------------

EXIT = "render/exit.py"
ALLOWED = {
    "print": set[str](),
    "csv.writer": {"render/csv_cells.py"},
    "json.dumps": {
        "strict_json.py",
        "budget/lockfile.py",
        "first_files.py",
        "importers/cache.py",
        "zoo_index.py",
    },  # texts of files
    "sys.stdout.write": set[str](),
    "sys.stderr.write": set[str](),
    "sys.__stdout__": {"cli.py", "importers/torch/foreign.py"},  # compared, and flushed of what others wrote
    "sys.__stderr__": set[str](),
    "typer.echo": set[str](),
    "os.write": {"supervision.py"},  # a byte to the parent
    "console.Console": {"render/safe_console.py"},
    "rich.print": set[str](),
}
_ENDS = re.compile(rf"\b({'|'.join(name.rpartition('.')[2] for name in ALLOWED)})\b")


@cache
def _names(path: Path) -> frozenset[str]:
    """What a module calls and reads, by dotted names; nothing of one that has no word of what is asked for."""
    text = path.read_text(encoding="utf-8")
    if not _ENDS.search(text):
        return frozenset()
    nodes = ast.walk(ast.parse(text))
    wanted = [node for node in nodes if isinstance(node, (ast.Attribute, ast.Name))]
    return frozenset(_dotted(node) for node in wanted if not isinstance(node.ctx, ast.Store))


def _dotted(node: ast.expr) -> str:
    """A name with its dots; empty for an attribute of what is no name."""
    if isinstance(node, ast.Name):
        return node.id
    before = _dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("name", ALLOWED)
def test_text_leaves_through_one_module(name: str) -> None:
    places = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "specs" not in path.parts and name in _names(path)
    }
    assert places == ALLOWED[name]


# --- encodings --------------------------------------------------------------------------------------------------------


def _encoded(place: int, name: str, other: int, encoding: str) -> ParameterSet:
    """Of the encodings, a command has every third one; the others are long."""
    return pytest.param(name, encoding, marks=[pytest.mark.long] if (place + other) % 3 else [])


@pytest.mark.parametrize(
    ("name", "encoding"), [_encoded(*one, *other) for one in enumerate(COMMANDS) for other in enumerate(ENCODINGS)]
)
def test_every_encoding_takes_every_output(name: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, code = COMMANDS[name]
    ended = run(words, monkeypatch, Encoded(encoding), Encoded(encoding))
    assert ended.code == code
    assert "Traceback" not in ended.err.decode(encoding)
    assert (ended.out if code != 2 else ended.err).decode(encoding).strip()


def test_a_table_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(["analyze", "net.yaml"], monkeypatch, Encoded("ascii")).out.decode("ascii").splitlines()
    assert lines[0] == "net - 1x8x8x8 float32"
    table = [line for line in lines if line.startswith(" ")]
    assert len({line.index(" 1x8x") for line in table if " 1x8x" in line}) == 1  # columns are straight
    assert any("##########" in line for line in table)
    assert {"-"} == set(table[1].strip())


def test_what_has_no_like_is_escaped_before_it_is_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'archcost: 1\nname: "é"\ninput: [8]\nlayers: [{id: naïve, relu: }, {id: plain, relu: }]\n'
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    lines = run(["analyze", "net.yaml"], monkeypatch, Encoded("ascii")).out.decode("ascii").splitlines()
    assert lines[0] == r"\xe9 - 1x8 float32"
    assert any(line.startswith(r" na\xefve ") for line in lines)
    assert len({line.index(" 1x8 ") for line in lines if line.startswith(" ") and "relu" in line}) == 1


def test_likes_are_ascii_and_every_sign_of_ours_has_one() -> None:
    ours = set()
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.isascii() and not re.search(r"\\[uUxN\d]", text):
            continue  # nor written as an escape
        tree = ast.parse(text)
        documents = {
            node.body[0].value
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and isinstance(next(iter(node.body), None), ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documents:
                ours |= {char for char in node.value if not char.isascii()}
    refused = set("：＝＋－＠\ufffd\U00010000")  # or put in the place of what is refused; patterns hold them
    read = set("∼≈≃≅⋅⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # in figures that papers print
    letters = ACCENTS.keys() | LETTERS.keys()  # of names, for LaTeX
    assert {char for char in ours if char.isprintable()} - refused - read - letters <= _LIKES.keys()
    assert all(like.isascii() for like in _LIKES.values())


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("3 × 4 · 5", "ascii", "3 x 4 - 5"),
        ("h·w", "ascii", "h*w"),
        ("≥ 1 … ✓ ✗ → ±0", "ascii", ">= 1 ... ok x -> +-0"),
        ("×≥", "cp1252", "×>="),
        ("│├└─█", "cp437", "│├└─█"),
        ("│├└─█▏", "ascii", "||`-##"),
        ("a\udc80b", "utf-8", r"a\udc80b"),
        ("é名", "latin-1", r"é\u540d"),
        ("×", "no such codec", "x"),
    ],
)
def test_signs_by_encoding(text: str, encoding: str, shown: str) -> None:
    assert fitted(text, encoding) == shown


# --- streams that fail ------------------------------------------------------------------------------------------------


@every_command
def test_a_full_device_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, code = COMMANDS[name]
    ended = run(words, monkeypatch, Failing(FULL))
    assert ended.code == 2
    if code != 2:
        assert ended.err == b"error: cannot write to standard output: cannot\n"


@every_command
def test_a_reader_that_left_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, code = COMMANDS[name]
    for out in (Failing(LEFT), None):
        ended = run(words, monkeypatch, out)
        assert ended.code == code
        assert b"Traceback" not in ended.err
        assert code == 2 or not ended.err


@every_command
def test_standard_error_that_fails_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, code = COMMANDS[name]
    for err in (Failing(FULL), Failing(LEFT)):
        assert run(words, monkeypatch, Encoded("utf-8"), err).code == code
        assert run(words, monkeypatch, None, err).code == code


SHELL = {
    "analyze net.yaml >&-": 0,
    "analyze net.yaml > /dev/full": 2,
    "analyze net.yaml -o /dev/full": 2,
    "analyze net.yaml | true": 0,
    "analyze net.yaml --format json | head -c 1": 0,
    "check net.yaml >&-": 1,
    "check net.yaml | true": 1,
    "check net.yaml > /dev/full": 2,
    "check net.yaml >&- 2>&-": 1,
    "check net.yaml > /dev/null 2> /dev/full": 1,
    "validate wrong.yaml 2>&-": 2,
    "validate wrong.yaml >&- 2>&-": 2,
    "--help > /dev/full": 2,
    "--help | true": 0,
    "--version >&-": 0,
    "--version > /dev/full": 2,
    "analyze --bogus 2>&-": 2,
    "analyze - <&-": 2,
}
# What is like another one, of the same stream.
ALIKE = {
    "analyze net.yaml --format json | head -c 1",
    "check net.yaml | true",
    "check net.yaml >&- 2>&-",
    "--help | true",
    "--version >&-",
    "--version > /dev/full",
    "analyze --bogus 2>&-",
}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
@pytest.mark.parametrize("line", some(SHELL, SHELL.keys() - ALIKE))
def test_descriptors_of_the_shell(line: str) -> None:
    """The code of the command itself, and nothing that the interpreter says while it ends."""
    done = _shell(f"{sys.executable} -m archcost {line}; echo ${{PIPESTATUS[0]}} >&3")
    assert done.stdout.split()[-1:] == [str(SHELL[line])]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def _shell(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Descriptor 3 is what comes back as standard output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent), **variables}
    return subprocess.run(
        ["bash", "-c", f"exec 3>&1; {{ {script}; }} > /dev/null"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )


@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_encodings_of_a_real_process(variables: dict[str, str]) -> None:
    variables = {"PYTHONCOERCECLOCALE": "0", **variables}
    done = _shell(f"{sys.executable} -m archcost analyze net.yaml >&3", **variables)
    assert done.stdout.splitlines()[0] == "net - 1x8x8x8 float32"
    assert not done.stderr


# --- surroundings -----------------------------------------------------------------------------------------------------


@every_command
def test_odd_columns(name: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """Every fourth of them, for each command from the next one on; under ``--all`` each."""
    words, code = COMMANDS[name]
    for columns in ODD_COLUMNS if pytestconfig.getoption("--all") else ODD_COLUMNS[list(COMMANDS).index(name) % 4 :: 4]:
        monkeypatch.setenv("COLUMNS", columns)
        ended = run(words, monkeypatch, Encoded("utf-8", terminal=True), Encoded("utf-8", terminal=True))
        assert ended.code == code, columns
        assert len(ended.out) < 4_000_000, columns


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("80", 80),
        ("00080", 80),
        ("0", PIPED_WIDTH),
        ("", PIPED_WIDTH),
        ("-5", PIPED_WIDTH),
        ("²", PIPED_WIDTH),
        ("8 0", PIPED_WIDTH),
        ("9" * 5000, PIPED_WIDTH),
        ("10001", PIPED_WIDTH),
        ("٣٤", PIPED_WIDTH),
    ],
)
def test_width(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width(None) == width


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TERM", "dumb"),
        ("TERM", "unknown"),
        ("TERM", ""),
        ("NO_COLOR", "1"),
        ("FORCE_COLOR", "x"),
        ("LINES", "²"),
        ("LINES", "9" * 5000),
        ("TERMINAL_WIDTH", "abc"),
        ("GITHUB_ACTIONS", "true"),
        ("HOME", ""),
    ],
)
@pytest.mark.parametrize("name", ["analyze", "check", "analyze --help", "analyze --bogus"])
def test_odd_variables(name: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    words, code = COMMANDS[name]
    ended = run(words, monkeypatch, Encoded("utf-8", terminal=True), Encoded("utf-8", terminal=True))
    assert ended.code == code
    assert rb"\x1b" not in ended.out + ended.err  # our own colours are no text


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = run(["check", "net.yaml"], monkeypatch, Encoded("utf-8", terminal=True)).out
    assert b"\x1b[" in coloured
    assert b"\x1b[" not in run(["check", "net.yaml"], monkeypatch, Encoded("utf-8")).out


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
@every_command
def test_a_deleted_working_directory(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs no folder works; the rest says what is wrong."""
    words, code = COMMANDS[name]
    words = [str(tmp_path / word) if word.endswith(".yaml") and word != "none.yaml" else word for word in words]
    gone = tmp_path / "gone"
    gone.mkdir()
    with monkeypatch.context() as patch:
        patch.chdir(gone)
        gone.rmdir()
        ended = run(words, patch, Encoded("utf-8"))
    assert ended.code in (code, 2)
    if ended.code != code:
        assert ended.err.startswith(b"error: the working directory cannot be used")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 2, "error: there is not enough memory for this\n"),
        (RecursionError(), 2, "error: this is nested too deeply for archcost\n"),
        (PermissionError(13, "Permission denied", "x\n.yaml"), 2, "error: x\\n.yaml: Permission denied\n"),
    ],
)
def test_what_reaches_the_top(error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("archcost.commands.analyze.validate_all", fail)
    ended = run(["validate", "net.yaml"], monkeypatch, Encoded("utf-8"))
    assert (ended.code, ended.err.decode()) == (code, told)


DIGITS = "9" * 5000
NUMBERS = [
    *(["bench", "net.yaml", "--min-time", value] for value in ("nan", "inf", "-inf", "1e400", "0", "x")),
    *(["analyze", "net.yaml", "--batch", value] for value in ("0", "-1", DIGITS, "9" * 30, "1.5", "²", "nan")),
    *(["analyze", "net.yaml", option, value] for option in ("--depth", "--top") for value in ("0", "-1", DIGITS, "x")),
    *(["reconcile", "net.yaml", "--published", value] for value in ("nan", "inf", DIGITS, " " * 5000, "1e99999999")),
    *(["verify", "net.yaml", "--tolerance", value] for value in ("nan", "inf", "-1", "200%", DIGITS)),
    *(["compare", "net.yaml", "wide.yaml", "--fail-on", value] for value in ("macs:nan", f"macs:{DIGITS}", "macs:-1")),
]


@pytest.mark.parametrize("words", NUMBERS, ids=lambda words: " ".join(words)[:40])
def test_numbers_that_are_none(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(words, monkeypatch, Encoded("utf-8"))
    assert ended.code == 2
    assert ended.err
