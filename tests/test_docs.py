"""Docs that are generated are in step, and every complete spec in them runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import archcost
from archcost.ops import REGISTRY
from archcost.render.reference import FAMILIES, reference
from archcost.spec.loader import loads
from docs import rerun

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RERUN = [page for page in rerun.PAGES if "```console" in page.read_text(encoding="utf-8")]
COMPLETE = re.compile(r"```yaml\n((?:#[^\n]*\n)*archcost: 1[ \n].*?)```", re.DOTALL)
SPECS = [(page, match[1]) for page in PAGES for match in COMPLETE.finditer(page.read_text(encoding="utf-8"))]


def test_the_op_reference_is_in_step() -> None:
    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_op_has_a_family_a_formula_and_a_row() -> None:
    for kind, op in REGISTRY.items():
        assert op.family in FAMILIES, kind
        assert op.__doc__, kind
        assert f"`{kind}`" in reference()


@pytest.mark.parametrize("page", RERUN, ids=lambda page: page.name)
def test_every_command_in_the_docs_gives_what_the_docs_show(page: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "rerun.py"), "--check", str(page)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
