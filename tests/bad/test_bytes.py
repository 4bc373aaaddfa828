"""Broken files whose bytes or sizes matter, or which are no files: made when the test runs."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from test_corpus import limited, limited_each

from archcost.meter import BUDGET, Meter
from archcost.spec import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

HEAD = "archcost: 1\ninput: [3, 8, 8]\n"
LAYERS = HEAD + "layers:\n"
BLOCKS = HEAD + "blocks:\n"


class Case(NamedTuple):
    """The bytes of a file, and what is said of it: the place, a part of the message, a part of the help."""

    data: bytes | str
    place: str
    message: str
    help: str = ""


def _doubling(count: int) -> str:
    return "a0: &a0 [x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, count))


SMALL = {
    "empty": Case("", "1:1", "the file is empty", "archcost: 1"),
    "only_spaces": Case("  \n \n", "1:1", "the file is empty"),
    "only_a_comment": Case("# later\n", "1:1", "the file is empty"),
    "only_a_document_start": Case("---\n", "2:1", "a spec is a mapping"),
    "a_picture": Case(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "1:1", "the file is not UTF-8 text: byte 0x89", "save it as UTF-8"
    ),
    "utf_16": Case(LAYERS.encode("utf-16"), "1:1", "the file is not UTF-8 text: byte 0xff", "save it as UTF-8"),
    "latin_1": Case("archcost: 1\nname: café\n".encode("latin-1"), "2:10", "the file is not UTF-8 text: byte 0xe9"),
    "latin_1_after_a_bom": Case(b"\xef\xbb\xbfname: \xff\n", "1:7", "the file is not UTF-8 text: byte 0xff"),
    "cut_within_a_character": Case("name: é".encode()[:-1], "1:7", "the file is not UTF-8 text"),
    "a_null_character": Case("archcost: 1\nname: a\0b\n", "2:8", "control character U+0000"),
    "an_escape_character": Case("archcost: 1\r\nname: \x1b[31m\r\n", "2:7", "control character U+001B"),
    "a_surrogate_escape": Case(HEAD + 'name: "\\ud800"\n', "3:10", "YAML: found invalid Unicode character escape code"),
    "windows_line_ends": Case(
        LAYERS.replace("\n", "\r\n") + "  - relu\r\n  - rellu\r\n", "5:5", "unknown kind 'rellu'"
    ),
    "windows_line_ends_in_yaml": Case("archcost: 1\r\ninput: [3\r\nlayers: x\r\n", "3:7", "expected a comma"),
    "old_mac_line_ends": Case(LAYERS.replace("\n", "\r") + "  - rellu\r", "4:5", "unknown kind 'rellu'"),
    "unicode_line_ends": Case(LAYERS + "  - relu\u2028  - rellu\n", "4:9", "holds U+2028"),
    "unicode_line_end_in_a_comment": Case(LAYERS + "# \x85budgets: {params: 1}\n", "4:3", "holds U+0085"),
    "a_bom": Case(b"\xef\xbb\xbf" + b"archcost: 1\ninput: [3]\nlayers: [rellu]\n", "3:10", "unknown kind 'rellu'"),
    "a_bom_before_the_error": Case(b"\xef\xbb\xbfarchcots: 1\n", "1:1", "the language version is missing"),
    "wide_characters": Case(
        "archcost: 1\nname: '漢字 🙂'\ninput: [3]\nlayers: [{id: 層, rellu: }]\n", "4:18", "unknown kind"
    ),
    "a_tab_between": Case(LAYERS + "  -\trellu\n", "4:4", "YAML is not indented with tabs", "use spaces"),
}

LARGE = {
    "too_large": Case("#" * (16 * 2**20 + 1), "1:1", "the file is larger than 16 MiB"),
    "too_many_values": Case(LAYERS + "  - relu\n" * 1_000_000, "999996:5", "more than 1,000,000 values"),
    "too_many_values_by_alias": Case(_doubling(40), "19:12", "more than 1,000,000 values, aliases expanded"),
    "too_many_errors": Case(LAYERS + "  - rellu\n" * 100_000, "4:5", "unknown kind 'rellu'"),
    "too_many_duplicates": Case("archcost: 1\n" * 100_000, "2:1", "the key 'archcost' appears twice"),
    "too_many_split_expressions": Case(f"a: [{'$(f(1, 2)), ' * 100_000}]\n", "1:5", "YAML ends this expression"),
    "deep_brackets": Case("[" * 1_000_000, "1:101", "values nest deeper than 100 levels"),
    "deep_braces": Case("{a: " * 300_000, "1:401", "values nest deeper than 100 levels"),
    "deep_lists": Case("- " * 300_000, "1:201", "values nest deeper than 100 levels"),
    "deep_keys": Case("".join(f"{' ' * k}a:\n" for k in range(3000)), "101:101", "values nest deeper than 100 levels"),
    "deep_aliases": Case("".join(f"a{k}: &a{k} [*a{k - 1}]\n" for k in range(1, 9)), "1:10", "refers to no anchor"),
    "question_marks": Case("[?" * 100_000, "1:3", "a key must be a plain word"),
    "colons": Case("a" + ": a" * 1_000_000, "1:5", "a `:` is not expected here"),
    "an_endless_quote": Case('a: "' + "x\n" * 4_000_000, "1:4", "a quote is opened and never closed"),
    "a_long_kind": Case(LAYERS + "  - " + "x" * 15_000_000 + "\n", "4:5", "unknown kind 'xxx"),
    "a_long_value": Case(
        LAYERS + f"  - linear: {{out_features: '{'9' * 15_000_000}'}}\n", "4:28", "more than 100,000 items"
    ),
    "a_long_id": Case(LAYERS + f"  - {{relu: , from: {'y' * 1_000_000}}}\n", "4:20", "unknown id 'yyy"),
    "a_long_expression": Case(
        LAYERS + f"  - linear:\n      out_features: $({'1+' * 5_000_000}1)\n", "5:21", "longer than 1000"
    ),
    "a_long_list": Case(
        f"archcost: 1\ninput: [{'1, ' * 200_000}1]\nlayers: [relu]\n", "2:8", "more than 100,000 items"
    ),
    "a_long_attribute": Case(
        LAYERS + f"  - conv2d: {{out_channels: 3, kernel_size: [{'1, ' * 90_000}1]}}\n", "4:31", "got 90001: [1, 1, 1, "
    ),
    "a_chain_of_blocks": Case(
        BLOCKS + "".join(f"  b{k}: {{layers: [b{k + 1}]}}\n" for k in range(20_000)) + "layers: [b0]\n",
        "67:18",
        "blocks nest deeper than 64 levels",
    ),
    "a_cycle_of_blocks": Case(
        BLOCKS + "".join(f"  b{k}: {{layers: [b{(k + 1) % 20_000}]}}\n" for k in range(20_000)) + "layers: [relu]\n",
        "20003:21",
        "the block 'b0' uses itself without end: b0 → b1 → b2 → b3 → … → b19997 → b19998 → b19999 → b0",
    ),
    "expressions_without_end": Case(
        "archcost: 1\nparams:\n"
        + "".join(f"  p{k}: $(sum(range(100000)))\n" for k in range(1000))
        + "input: [3]\nlayers: [relu]\n",
        "102:8",
        "the spec asks for more than 10,000,000 steps of work",
    ),
    "rounds_without_end": Case(
        "archcost: 1\nparams: {a: $(range(90000))}\ninput: [3]\n"
        "layers: [{linear: {out_features: $(len(a) + i)}, repeat: 900000}]\n",
        "4:34",
        "the spec asks for more than 10,000,000 steps of work and 100 for each step or layer",
    ),
}


def write(folder: Path, case: Case) -> None:
    data = case.data if isinstance(case.data, bytes) else case.data.encode()
    (folder / "spec.yaml").write_bytes(data)


@pytest.mark.parametrize("name", SMALL)
def test_strange_bytes_are_refused_at_their_place(name: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    case = SMALL[name]
    write(tmp_path, case)
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    assert result.code == 2
    assert f"--> spec.yaml:{case.place}\n" in result.err
    assert case.message in result.err
    assert case.help in result.err
    assert "Traceback" not in result.err


# What takes more than a second: what they show is shown with lower limits below.
SLOW = ["too_many_values", "expressions_without_end", "rounds_without_end"]
QUICK = [name for name in LARGE if name not in SLOW]


@pytest.mark.parametrize("names", [QUICK, pytest.param(SLOW, marks=pytest.mark.long)], ids=["quick", "slow"])
def test_large_files_are_refused_with_little_time_and_memory(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).mkdir()
        write(tmp_path / name, LARGE[name])
    done = dict(zip(names, limited_each([(["analyze", "spec.yaml"], tmp_path / name) for name in names]), strict=True))
    assert {name: found.returncode for name, found in done.items()} == dict.fromkeys(names, 2)
    wrong = {
        name: found.stderr[:2000]
        for name, found in done.items()
        if f"--> spec.yaml:{LARGE[name].place}\n" not in found.stderr
        or LARGE[name].message not in found.stderr
        or "Traceback" in found.stderr
        or len(found.stderr) >= 60_000
        or found.stderr.count("error: ") > 101
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "place"), [("expressions_without_end", "12:7"), ("rounds_without_end", LARGE["rounds_without_end"].place)]
)
def test_work_without_end_stops_at_a_tenth_of_the_budget(
    name: str, place: str, tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum of 100,000 numbers is 100,000 steps: the tenth goes beyond a million, as the hundredth beyond ten."""
    monkeypatch.setattr(Meter.__init__, "__defaults__", (BUDGET // 10,))
    write(tmp_path, LARGE[name])
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    assert result.code == 2
    assert f"--> spec.yaml:{place}\n" in result.err
    assert LARGE[name].message.replace("10,000,000", "1,000,000") in result.err


def test_values_are_counted(tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """8 come before the layers: 3 keys, the version, 3 sizes and their list. The 93rd layer, on line 96, is beyond."""
    monkeypatch.setattr(document, "MAX_VALUES", 100)
    (tmp_path / "spec.yaml").write_text(LAYERS + "  - relu\n" * 100)
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "--> spec.yaml:96:5\n" in result.err
    assert "more than 100 values" in result.err


def test_a_hundred_errors_are_shown_and_the_rest_is_told(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(LAYERS + "".join(f"  - rellu{k}\n" for k in range(200)))
    shown = run("analyze", "spec.yaml", cwd=tmp_path).err
    assert shown.count("unknown kind") == 100
    assert "there are more than 100 errors: the rest is not shown" in shown


# --- files that work all the same -----------------------------------------------------------------------------------

SPEC = LAYERS + "  - conv2d: {out_channels: 4, kernel_size: 3}\n  - relu\n"


@pytest.mark.parametrize(
    "data",
    [
        SPEC.encode(),
        b"\xef\xbb\xbf" + SPEC.encode(),
        SPEC.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode(),
        SPEC.rstrip("\n").encode(),
        b"---\n" + SPEC.encode() + b"...\n",
        b"%YAML 1.2\n---\n" + SPEC.encode(),
        SPEC.replace(": ", ":   ").encode() + b"\n\n  # the end\n",
    ],
)
def test_line_ends_marks_and_comments_do_not_matter(data: bytes, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_bytes(data)
    result = run("analyze", "spec.yaml", "--format", "csv", cwd=tmp_path)
    assert result.err == ""
    assert "1x4x6x6" in result.out


# --- what is no file ------------------------------------------------------------------------------------------------


def test_a_folder_is_no_spec(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "specs").mkdir()
    result = run("analyze", "specs", cwd=tmp_path)
    assert result.code == 2
    assert "cannot read specs: is a directory\n --> specs:1:1\n" in result.err
    assert "help: name its files: `folder/*.yaml`" in result.err


def test_a_missing_file_gets_the_close_names_of_the_zoo(tmp_path: Path, run: Callable[..., Run]) -> None:
    result = run("analyze", "googlnet", cwd=tmp_path)
    assert result.code == 2
    assert "cannot read googlnet: there is no such file\n --> googlnet:1:1\n" in result.err
    assert "did you mean the zoo model 'googlenet'" in result.err
    assert "or the name of a model that `archcost zoo` lists" in run("analyze", "no/such.yaml", cwd=tmp_path).err
    assert "`archcost zoo vit` lists the models that have this in their name" in run("analyze", "ViT", cwd=tmp_path).err
    assert "did you mean the zoo model 'resnet50'" in run("analyze", "ResNet50", cwd=tmp_path).err


def test_a_missing_file_may_lack_its_ending(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text("archcost: 1\n")
    assert "did you mean 'net.yaml'?" in run("analyze", "net", cwd=tmp_path).err


def test_a_file_that_may_not_be_read(tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *rest: Any, **named: Any) -> int:
        if path == "spec.yaml":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return allowed(path, *rest, **named)

    (tmp_path / "spec.yaml").write_text(SPEC)
    allowed = os.open
    monkeypatch.setattr(os, "open", refuse)  # root may read everything
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "cannot read spec.yaml: permission denied" in result.err


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000, ""])
def test_names_that_no_file_can_have(name: str, run: Callable[..., Run]) -> None:
    result = run("analyze", name)
    assert result.code == 2
    assert result.err.startswith("error: cannot read ")


# --- includes -------------------------------------------------------------------------------------------------------

UNIT = "archcost: 1\nblocks:\n  unit: {layers: [relu]}\n"


def including(folder: Path, path: str) -> Path:
    folder.mkdir(exist_ok=True)
    spec = folder / "spec.yaml"
    spec.write_text(f"archcost: 1\ninclude: ['{path}']\ninput: [3]\nlayers: [unit]\n")
    return spec


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "outside.yaml").write_text(UNIT)
    including(tmp_path / "inside", "link.yaml")
    (tmp_path / "inside" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    result = run("analyze", "spec.yaml", cwd=tmp_path / "inside")
    assert result.code == 2
    assert "'link.yaml' is outside the spec's folder\n --> spec.yaml:2:11\n" in result.err
    assert result.err.count("error: ") == 1


def test_a_linked_folder_does_not_lead_out_either(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "unit.yaml").write_text(UNIT)
    including(tmp_path / "inside", "parts/unit.yaml")
    (tmp_path / "inside" / "parts").symlink_to(tmp_path / "elsewhere")
    assert "is outside the spec's folder" in run("analyze", "spec.yaml", cwd=tmp_path / "inside").err


def test_a_link_within_the_folder_is_followed(tmp_path: Path, run: Callable[..., Run]) -> None:
    including(tmp_path, "link.yaml")
    (tmp_path / "unit.yaml").write_text(UNIT)
    (tmp_path / "link.yaml").symlink_to("unit.yaml")
    assert run("analyze", "spec.yaml", cwd=tmp_path).code == 0


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    including(tmp_path, "pipe.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    result = limited("analyze", "spec.yaml", cwd=tmp_path)
    assert "cannot include 'pipe.yaml': it is not a file" in result.stderr


@pytest.mark.parametrize("command", ["analyze", "validate", "check", "memory"])
def test_a_pipe_on_the_command_line_is_not_waited_for(command: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    result = limited(command, "pipe.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert "it is not a file but a pipe" in result.stderr


def test_what_a_shell_hands_over_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, f"{LAYERS}  - relu\n".encode())
    os.close(writer)
    done = subprocess.run(
        [sys.executable, "-m", "archcost", "analyze", f"/dev/fd/{reader}"],
        cwd=tmp_path,
        pass_fds=[reader],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(reader)
    assert done.returncode == 0, done.stderr


def test_many_includes_together_are_limited(tmp_path: Path) -> None:
    names = [f"part{k}.yaml" for k in range(8)]
    for name in names:
        (tmp_path / name).write_text(f"archcost: 1\n# {'x' * 3 * 2**20}\nblocks: {{}}\n")
    including(tmp_path, "', '".join(names))
    result = limited("analyze", "spec.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert "the spec and its includes are larger than 16 MiB" in result.stderr


def test_a_long_chain_of_includes_is_followed(tmp_path: Path, run: Callable[..., Run]) -> None:
    including(tmp_path, "part0.yaml")
    for k in range(600):
        (tmp_path / f"part{k}.yaml").write_text(f"archcost: 1\ninclude: part{k + 1}.yaml\n")
    (tmp_path / "part600.yaml").write_text(UNIT)
    assert run("analyze", "spec.yaml", cwd=tmp_path).code == 0


@pytest.mark.parametrize("path", ["a\\0b.yaml", "\\u0007", "~/x.yaml", "x" * 300, "spec.yaml/x.yaml", "./../x"])
def test_includes_with_strange_paths_are_errors(path: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(f'archcost: 1\ninclude: ["{path}"]\ninput: [3]\nlayers: [relu]\n')
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "--> spec.yaml:2:11\n" in result.err
