"""``make op``: the class and the case that it writes, where they belong; what it refuses."""

from __future__ import annotations

import ast
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from archcost.ops import REGISTRY
from archcost.spec.vocabulary import MODIFIERS
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


@pytest.mark.parametrize(
    ("family", "module", "base"),
    [("Activation", "activation", "_Pointwise"), ("Arithmetic", "elementwise", "_Elementwise")],
)
def test_a_function_of_each_element_is_a_class_of_one_line(root: Path, family: str, module: str, base: str) -> None:
    new_op.begin("bent_relu6", family)
    text = (root / "archcost" / "ops" / f"{module}.py").read_text(encoding="utf-8")
    assert text.endswith(
        f'class BentRelu6({base}, kind="bent_relu6", cost=1):\n'
        '    """TODO: its formula; 1 FLOP per element, no MACs."""\n'
    )


@pytest.mark.parametrize(
    ("kind", "family", "message"),
    [
        ("", "Activation", "'' is no kind"),
        ("BentReLU", "Activation", "'BentReLU' is no kind"),
        ("../x", "Activation", r"'\.\./x' is no kind"),
        *[(word, "Activation", f"'{word}' is no kind: a step has a modifier of this name") for word in MODIFIERS],
        ("layers", "Activation", "'layers' is no kind: a spec has a key of this name"),
        ("input", "Arithmetic", "'input' is no kind: a spec has a key of this name"),
        ("batch", "Activation", "'batch' is no kind: expressions have a value of this name"),
        ("in_shape", "Activation", "'in_shape' is no kind: expressions have a value of this name"),
        ("lambda", "Activation", "'lambda' is no kind: Python uses this word itself"),
        ("match", "Activation", "'match' is no kind: Python uses this word itself"),
        ("null", "Activation", "'null' is no kind: YAML reads it as None, not as text"),
        ("spatial_op", "Convolution", r"archcost\.ops\.conv has the name SpatialOp already"),
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


def test_every_word_that_is_refused_is_no_op_yet() -> None:
    for kind in REGISTRY:
        new_op._check_kind(kind)


@pytest.mark.skipif(shutil.which("make") is None, reason="runs make")
@pytest.mark.parametrize("variable", ["NAME", "FAMILY"])
@pytest.mark.parametrize(
    "text",
    [
        "bent",
        "`touch MADE`",
        '" ; touch MADE ; "',
        "$(touch MADE)",
        "$(shell touch MADE)",
        "$$(touch MADE)",
        "' a $$HOME",
    ],
)
def test_make_hands_a_text_over_as_it_is(tmp_path: Path, variable: str, text: str) -> None:
    """With a Python that writes down its arguments and ends with an error at the first call, as it does for no kind."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "test.stamp").touch()
    python = tmp_path / "bin" / "python"
    python.write_text(f"""#!/bin/sh\nprintf '%s\\0' "$@" > '{tmp_path}/arguments'\nexit 2\n""", encoding="utf-8")
    python.chmod(0o755)
    text = text.replace("MADE", str(tmp_path / "made"))
    given = {"NAME": "bent", "FAMILY": "Activation", variable: text}
    command = ["make", "--old-file", f"{tmp_path}/test.stamp", f"VENV={tmp_path}", "op"]
    command += [f"{name}={value}" for name, value in given.items()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8").split("\0")
    assert arguments == ["-m", "scripts.new_op", given["NAME"], given["FAMILY"], ""]
    assert not (tmp_path / "made").exists()
