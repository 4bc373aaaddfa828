"""The names of models that stand in the text of libraries are those that the libraries have."""

from __future__ import annotations

import subprocess
import sys

import pytest

from archcost.importers.model_names import model_names


def test_torchvision() -> None:
    models = pytest.importorskip("torchvision.models")
    assert model_names("torchvision") == sorted(models.list_models())


def test_timm() -> None:
    timm = pytest.importorskip("timm")
    assert model_names("timm") == sorted(timm.list_models())


@pytest.mark.parametrize("library", ["transformers", "no_such_library", "os.path", ""])
def test_what_registers_no_names(library: str) -> None:
    assert model_names(library) == []


def test_no_library_is_loaded() -> None:
    code = (
        "import sys\nfrom archcost.importers.model_names import model_names\n"
        "print(len(model_names('timm')) > 1000, {'torch', 'timm', 'torchvision'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "True set()\n"
