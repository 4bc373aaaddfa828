"""onnx-tool's convention, against what it printed of the files of torch's exporter, and against both where they are."""

from __future__ import annotations

import pytest

import archcost
from archcost.conventions import OF_FILES, convention
from archcost.conventions.tool_report import read
from tests.conventions import newer_peers, onnx_files
from tests.conventions.onnx_files import MODELS, NETWORKS, network_report, printed
from tests.ops.cases import CASES, Case, for_each_kind
from tests.pytorch.support import document, report_of
from tests.shared import zoo_report

ONNX_TOOL = convention("onnx-tool")
COMMON = ("conv2d", "conv_transpose2d", "batch_norm2d", "layer_norm", "relu", "silu", "gelu", "softmax", "embedding")


def test_it_is_of_the_version_that_was_read() -> None:
    assert OF_FILES == ("onnx-tool",)
    assert printed().versions["onnx-tool"] == ONNX_TOOL.version
    assert list(printed().cases) == list(dict.fromkeys(map(str, CASES)))
    assert list(printed().networks) == list(NETWORKS)


@for_each_kind(CASES)
def test_a_figure_is_what_it_printed(case: Case) -> None:
    """No figure where it has none, or where archcost does not know what the exporter writes."""
    total = read(report_of(case), ONNX_TOOL).total
    assert total in (None, printed().cases[str(case)])


def test_common_layers_have_figures() -> None:
    for case in CASES:
        if case.kind in COMMON:
            assert read(report_of(case), ONNX_TOOL).total is not None, case


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_are_what_it_printed(network: str) -> None:
    assert read(network_report(network), ONNX_TOOL).total == printed().networks[network]


@pytest.mark.parametrize("model", MODELS)
def test_models_are_what_it_printed(model: str) -> None:
    assert read(zoo_report(model), ONNX_TOOL).total == printed().models[model]


@pytest.mark.parametrize("network", ["a norm after a convolution without bias", "layers of an image"])
def test_the_exporter_and_the_tool_still_say_so(network: str) -> None:
    pytest.importorskip("onnxscript")
    if not newer_peers.version("onnx-tool"):
        pytest.skip("onnx-tool is not there: run `make peers`")
    assert onnx_files.run(network_report(network)) == printed().networks[network]


def test_a_norm_counts_as_the_bias_of_the_layer_before_it() -> None:
    """48 outputs of 3·9 taps and a bias each; 31 per element of a norm that stands alone."""
    conv = {"conv2d": {"out_channels": 3, "kernel_size": 3, "bias": False}}
    folded = archcost.analyze(document({"input": [3, 6, 6], "layers": [conv, "batch_norm2d"]}))
    assert read(folded, ONNX_TOOL).total == 48 * 27 + 48
    alone = archcost.analyze(document({"input": [3, 6, 6], "layers": [conv, "relu", "batch_norm2d"]}))
    assert read(alone, ONNX_TOOL).total == 48 * 27 + 48 + 48 * 31


def test_what_is_not_known_has_no_figure() -> None:
    report = archcost.analyze(document({"input": [3, 6], "layers": [{"multihead_attention": {"num_heads": 2}}]}))
    found = read(report, ONNX_TOOL)
    assert found.total is None
    assert "multihead attention" in found.failure
