"""Files that ship in the package of onnx, against a count by onnx alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnx
import onnx.backend.test
import pytest

from archcost.analysis.report import analyze
from archcost.importers.form import shape_at
from archcost.importers.imported import import_text
from archcost.importers.onnx.reader import read_model
from archcost.spec.loader import loads
from tests.importers.onnx.counter import count

DATA = Path(onnx.backend.test.__file__).parent / "data"
# Published networks, whose weights are numbers that the file has computed: it is light, and its graph is the whole one.
NETWORKS = sorted((DATA / "light").glob("*.onnx"))
# One layer each, as an old version of PyTorch wrote it.
LAYERS = sorted((DATA / "pytorch-converted").glob("*/model.onnx"))


def test_there_are_networks_and_layers() -> None:
    assert len(NETWORKS) >= 9
    assert len(LAYERS) >= 50


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_a_network_has_the_figures_that_onnx_counts(path: Path) -> None:
    expected = count(onnx.load(path))
    imported = import_text(read_model(path.read_bytes(), path.name, path.stem, {}))
    report = analyze(loads(imported.text))
    assert (report.totals.params, report.totals.macs) == (expected.params, expected.macs)
    assert list(report.outputs.values()) == expected.outputs
    assert "custom" not in imported.text


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.parent.name)
def test_a_layer_has_the_figures_that_onnx_counts(path: Path) -> None:
    expected = count(onnx.load(path))
    form = read_model(path.read_bytes(), path.name, "layer", {})
    report = analyze(loads(import_text(form, flat=True).text))
    assert (report.totals.params, report.totals.macs) == (expected.params, expected.macs)
    assert [shape_at(form.shape(value), 1) for value in form.outputs] == expected.outputs
    assert all(step.kind != "custom" for step in form.steps)


def test_a_network_takes_little_time() -> None:
    path = DATA / "light" / "light_densenet121.onnx"  # 910 layers
    code = (
        "import resource; from archcost.cli import main; import sys\n"
        f"sys.argv = ['archcost', 'analyze', {str(path)!r}, '--format', 'json']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"NO_COLOR": "1"}
    )
    assert float(done.stderr.split()[-1]) < 4  # CPU seconds; about 1 on an idle machine
    assert "torch" not in done.stderr
