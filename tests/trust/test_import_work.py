"""The work of an import, in counts: how often a model is made, which may take longer than all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import required_source
from archcost.settings import InputShape

if TYPE_CHECKING:
    from torch import Tensor

MADE: list[str] = []


class Counted(nn.Module):
    """A layer that tells where it is made; at other batches it may do something else."""

    def __init__(self, *, reads: bool = False) -> None:
        super().__init__()
        MADE.append(torch.get_default_device().type)
        self.head, self.reads = nn.Linear(4, 2), reads

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x * 2) if self.reads and self.head.weight.sum() > 9 else self.head(x)


def reading() -> Counted:
    return Counted(reads=True)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Counted", ["meta"] * 2),  # one for each batch, the first of which was looked at before
        (
            "reading",
            ["meta"] * 2 + ["cpu"] * 2,
        ),  # the first run on the meta device, how large it is, and two with numbers
    ],
)
def test_a_model_is_made_once_for_each_run(name: str, made: list[str]) -> None:
    MADE.clear()
    import_anew(Ask(required_source(f"{__name__}:{name}"), {"x": InputShape((4,))}))
    assert made == MADE
