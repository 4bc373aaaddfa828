"""Docs that are generated are in step, and every complete spec in them runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import archcost
from archcost.render.reference import reference
from archcost.spec.loader import loads
from benchmarks import flops
from docs import rerun

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "archcost"
ARCHITECTURE, CONTRIBUTING = ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"
READMES = sorted(ROOT.glob("README*.md"))
PAGES = [*READMES, ARCHITECTURE, CONTRIBUTING, rerun.SKILL, *sorted((ROOT / "docs").rglob("*.md"))]
# A translated page has the blocks of the English one, which test_translations.py compares.
RERUN = [page for page in rerun.PAGES if "```console" in page.read_text("utf-8") and ".zh-CN" not in page.name]
COMPLETE = re.compile(r"```yaml\n((?:#[^\n]*\n)*archcost: 1[ \n].*?)```", re.DOTALL)
SPECS = [(page, match[1]) for page in PAGES for match in COMPLETE.finditer(page.read_text(encoding="utf-8"))]


def test_the_op_reference_is_in_step() -> None:
    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_flops_per_element_are_in_step() -> None:
    page = flops.PAGE.read_text(encoding="utf-8")
    assert flops.inserted(page, {"flops": flops.table()}) == page, "run `make docs`"
    # the engine's own: relu compares, softshrink compares twice and takes a difference
    assert (flops.rates()["relu"], flops.rates()["softshrink"]) == (1, 2 + 1)


TORCH = re.compile(r"^\$ archcost (?:verify|\w+ (?:torchvision|nets):)", re.MULTILINE)
WITH_TORCH = [page for page in RERUN if TORCH.search(page.read_text("utf-8"))]
WITHOUT = [page for page in RERUN if page not in WITH_TORCH]


@pytest.mark.parametrize("pages", [WITH_TORCH, WITHOUT[::2], WITHOUT[1::2]], ids=["torch", "even", "odd"])
def test_every_command_in_the_docs_gives_what_the_docs_show(pages: list[Path], pytestconfig: pytest.Config) -> None:
    """Many pages in one process, which loads archcost once, and torch, which makes it slow to fork, in one of them."""
    quick = [] if pytestconfig.getoption("--all") else ["--quick"]
    program = [sys.executable, str(ROOT / "docs" / "rerun.py"), "--check", *quick, *map(str, pages)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_takes_long_is_left_out_where_it_is_to_be_quick(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    block = "```console\n$ echo $?\n1\n```\n"
    page.write_text(f"{block}<!-- rerun: long -->\n{block}", encoding="utf-8")
    renewed = block.replace("\n1\n", "\n0\n")
    assert rerun.renewed(page, quick=True) == f"{renewed}<!-- rerun: long -->\n{block}"
    assert rerun.renewed(page) == f"{renewed}<!-- rerun: long -->\n{renewed}"


def test_docs_hold_specs() -> None:
    assert len(SPECS) >= 5


@pytest.mark.parametrize(("page", "text"), SPECS, ids=lambda value: value.name if isinstance(value, Path) else "")
def test_complete_specs_in_docs_run(page: Path, text: str) -> None:
    spec = loads(text, name=page.name, folder=str(ROOT / "specs"))
    if spec.main.steps:
        given = {name: 1 for name, param in spec.params.items() if param.default is None}
        assert archcost.analyze(spec, params=given).layers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


# --- the pages about the code -----------------------------------------------------------------------------------------

SPAN = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    \S.*$", re.MULTILINE)  # commands
FILE = re.compile(r"[\w*][\w*.-]*(?:/[\w*.-]+)*(?:/|\.(?:md|py|toml|txt|ya?ml))(?::[\w.]+)?")
MODULE = re.compile(r"(?:archcost|benchmarks|tests)(?:\.\w+)+")
PLACEHOLDER = re.compile(r"\b(?:NAME|FILE)\b")


def named_files(text: str) -> set[str]:
    """What a page names as code that is a file, folder or module, or a name in one: ``graph/unroll.py:unroll``."""
    prose = FENCED.sub("", text)
    code = " ".join([*SPAN.findall(prose), *INDENTED.findall(prose)])
    return {word for word in code.replace('"', " ").split() if FILE.fullmatch(word) or MODULE.fullmatch(word)}


def defined(path: Path) -> set[str]:
    """The classes, functions and values that a module defines, and the methods of its classes: ``Storages.peak``."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def is_there(named: str) -> bool:
    """Whether a file is in the repository or the package, and the name in it."""
    if MODULE.fullmatch(named):
        return (ROOT / f"{named.replace('.', '/')}.py").is_file() or (ROOT / named.replace(".", "/")).is_dir()
    path, _, name = named.partition(":")
    wanted = PLACEHOLDER.sub("*", path).rstrip("/")
    found = [*ROOT.glob(wanted), *PACKAGE.glob(wanted)]
    return any(one.is_dir() if path.endswith("/") else not name or name in defined(one) for one in found)


@pytest.mark.parametrize("page", [ARCHITECTURE, CONTRIBUTING], ids=lambda page: page.name)
def test_every_file_and_name_on_the_pages_about_the_code_is_there(page: Path) -> None:
    named = named_files(page.read_text(encoding="utf-8"))
    assert len(named) >= 30
    assert [each for each in sorted(named) if not is_there(each)] == []


def test_modules_that_decisions_name_are_there() -> None:
    """A decision that names a folder may leave it out of the names of its modules."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    named = {(page.name, each) for page in pages for each in named_files(page.read_text("utf-8")) if each[-3:] == ".py"}
    assert len(named) >= 30
    assert {each for each in named if not is_there(each[1]) and not [*PACKAGE.rglob(each[1])]} == set()


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("graph/unroll.py", True),
        ("graph/unrol.py", False),
        ("graph/", True),
        ("graph/unroll.py/", False),
        ("graph/unroll.py:unroll", True),
        ("graph/unroll.py:unrolled", False),
        ("analysis/memory/liveness.py:Storages.peak", True),
        ("analysis/memory/liveness.py:Storages.peaks", False),
        ("meter.py:BUDGET", True),
        ("render/verdict_*.py", True),
        ("render/verdicts_*.py", False),
        ("benchmarks.conventions", True),
        ("archcost.render.printers", True),
        ("archcost.render.printer", False),
        ("specs/NAME.yaml", True),
        ("spec/NAME.yaml", False),
    ],
)
def test_files_and_names_are_looked_up(named: str, there: bool) -> None:
    assert named_files(f"see `{named}` and `pytest {named} -q`, not `a b`") == {named}
    assert is_there(named) is there


def floors() -> dict[str, int]:
    """The floor of each package and module in the contract of imports, from 1 at the bottom."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [each for each in tables["tool"]["importlinter"]["contracts"] if each["type"] == "layers"]
    return {
        room.removeprefix("archcost."): floor
        for floor, rooms in enumerate(reversed(contract["layers"]), start=1)
        for room in rooms.split(" | ")
    }


def test_the_architecture_has_a_line_for_every_room_on_its_floor() -> None:
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \| (.+) \|$", ARCHITECTURE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name.removesuffix("/").removesuffix(".py"): int(floor) for floor, name, _ in rows}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert len(rows) == len(listed)
    assert set(listed) == packages | modules
    assert listed == floors()
    assert list(listed.values()) == sorted(listed.values(), reverse=True)


def test_the_op_in_the_page_for_contributors_is_one_of_ours() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    modules = [path.read_text(encoding="utf-8") for path in (PACKAGE / "ops").glob("*.py")]
    assert any(f"\n\n\n{example}\n\n" in module for module in modules)


def test_the_values_in_the_picture_are_types_of_ours() -> None:
    picture = FENCED.findall(ARCHITECTURE.read_text(encoding="utf-8"))[0]
    values = set(re.findall(r"\b[A-Z]\w+", picture))
    types = {name for path in PACKAGE.rglob("*.py") for name in defined(path)}
    assert len(values) >= 10
    assert values - types == set()


CALLS = """
import sys
import archcost.cli

calls = {}

def note(frame, event, argument):
    _, _, path = frame.f_code.co_filename.replace("\\\\", "/").rpartition("/archcost/")
    if event == "call" and path:
        calls.setdefault(f"{path}:{frame.f_code.co_qualname}")

sys.argv = ["archcost", "analyze", "googlenet"]
sys.setprofile(note)
try:
    archcost.cli.main()
except SystemExit:
    sys.setprofile(None)
print(*calls, sep="\\n", file=sys.stderr)
"""


def test_the_way_through_the_code_is_the_one_that_is_taken() -> None:
    """The functions on it are called, and for the first time in this order; classes may be loaded before."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    steps = re.findall(r"^\d+\. .*\n(?:   .*\n)*", text, re.MULTILINE)
    way = re.findall(r"`([^`]+\.py:(?:\w+\.)?[a-z]\w*)`", " ".join(steps))
    done = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, text=True, check=True)
    assert len(way) >= 15
    assert [call for call in done.stderr.splitlines() if call in way] == way
