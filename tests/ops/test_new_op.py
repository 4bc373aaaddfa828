"""``make op``: the class and the case that it writes, where they belong; what it refuses."""

from __future__ import annotations

import ast
import shutil
from typing import TYPE_CHECKING

import pytest

from archcost.ops import REGISTRY
from scripts import new_op
from tests.ops.gaps import CASE_LISTS, ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what is written to."""
    shutil.copytree(ROOT / "archcost" / "ops", tmp_path / "archcost" / "ops")
    (tmp_path / "tests" / "ops").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "ops" / "cases.py", tmp_path / "tests" / "ops" / "cases.py")
    monkeypatch.setattr(new_op, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("family", CASE_LISTS)
def test_the_class_and_the_case_of_every_family(root: Path, family: str) -> None:
    written = [where.split(":") for where in new_op.begin("bent_relu6", family)]
    (module, first), (cases, second) = written
    modules = {op.__module__ for op in REGISTRY.values() if op.family == family}
    assert module.removesuffix(".py").replace("/", ".") in modules
    code = ast.parse((root / module).read_text(encoding="utf-8"))
    last = code.body[-1]
    assert isinstance(last, ast.ClassDef)
    assert (last.name, last.lineno) == ("BentRelu6", int(first))
    rows = (root / cases).read_text(encoding="utf-8").splitlines()
    assert rows[int(second) - 1].strip() == 'Case("bent_relu6", {}, ((2, 6, 5, 4),)),'
    ast.parse("\n".join(rows))
    above = [line for line in rows[: int(second)] if line and line[0] not in " ])}"]
    assert f"{CASE_LISTS[family]}" in above[-1]


def test_an_activation_is_a_class_of_one_line(root: Path) -> None:
    new_op.begin("bent_relu6", "Activation")
    text = (root / "archcost" / "ops" / "activation.py").read_text(encoding="utf-8")
    assert text.endswith(
        'class BentRelu6(_Pointwise, kind="bent_relu6", cost=1):\n'
        '    """TODO: its formula; 1 FLOP per element, no MACs."""\n'
    )


@pytest.mark.parametrize(
    ("kind", "family", "message"),
    [
        ("", "Activation", "'' is no kind"),
        ("BentReLU", "Activation", "'BentReLU' is no kind"),
        ("../x", "Activation", r"'\.\./x' is no kind"),
        ("bent", "Activations", "'Activations' is no family of ops: Convolution, "),
        ("bent", "Custom", "'Custom' is no family of ops"),
    ],
)
def test_what_is_refused(root: Path, kind: str, family: str, message: str) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.py")}
    with pytest.raises(ValueError, match=message):
        new_op.begin(kind, family)
    assert {path: path.read_bytes() for path in root.rglob("*.py")} == before


def test_an_op_that_is_there_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(*_: str) -> list[str]:
        raise AssertionError("nothing is written")

    monkeypatch.setattr(new_op, "begin", write)
    monkeypatch.setattr("sys.argv", ["new_op", "relu", ""])
    new_op.main()
    assert capsys.readouterr().out == "there is an op 'relu': its pages are renewed, and what it lacks follows\n"
