"""Importing models of PyTorch: from sources, and from modules that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from torch import nn

    from archcost.given_inputs import Inputs
    from archcost.spec.model import Spec


def import_model(
    model: str | nn.Module,
    inputs: Inputs | None = None,
    *,
    flat: bool = False,
    training: bool = False,
    until: str = "",
) -> Spec:
    """The spec of a PyTorch model, proven to have its params, MACs and shapes; ``text`` is its YAML.

    ``model`` is a source (``torchvision:resnet50``, ``timm:…``, ``transformers:config.json``, ``package.module:name``),
    or a module, which stays as it is. ``inputs`` are shapes without the batch: sizes, as for :func:`archcost.analyze`,
    or texts as ``--input`` has them, of one input or by name: ``"3x224x224"``, ``{"ids": "128:int64"}``,
    ``["x=3x32x32", "ids=128:int64"]``; libraries' models know theirs. ``flat`` is without
    blocks, ``training`` as the model runs in training, ``until`` the path of the module with which the run ends. What
    libraries give comes from the user's cache where it is known. Raises UsageError for what cannot be imported, and
    MissingExtraError without torch or the library.
    """
    from archcost.extras import require
    from archcost.given_inputs import given_inputs
    from archcost.importers.importing import Ask, import_live, import_source
    from archcost.importers.sources import required_source
    from archcost.named_specs import spec_of

    given = given_inputs(inputs)
    try:
        if isinstance(model, str):
            ask = Ask(required_source(model), given, flat, training, until)
            return spec_of(import_source(ask), model)
        require("torch", extra="import")
        imported = import_live(model, given, flat=flat, training=training, until=until)
        return spec_of(imported, type(model).__name__)
    except MissingExtraError:
        raise
    except UsageError as error:
        raise UsageError(error.message, _for_python(error.help)) from None


def _for_python(text: str) -> str:
    """Advice in which options of the command are arguments of Python's: ``inputs="x=16"`` for ``--input x=16``."""
    inputs = re.sub(r"--input (?=[^`]*\"`)", "", re.sub(r"`((?:--input [^ `]+ ?)+)`", r'`inputs="\1"`', text))
    return re.sub(r"(?:archcost import \S+ )?--until ([^ `]+)", r'until="\1"', inputs)
