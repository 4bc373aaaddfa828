"""A PyTorch model → the common form: made anew for each run, recorded, and said in archcost's ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from archcost.errors import UsageError
from archcost.importers.torch.agreement import agree
from archcost.importers.torch.chance import seeded
from archcost.importers.torch.lowering import lower
from archcost.importers.torch.recording import record
from archcost.importers.torch.samples import sample_of
from archcost.importers.torch.shadows import META
from archcost.importers.torch.targets import live_target, target_of

if TYPE_CHECKING:
    from torch import nn

    from archcost.importers.form import Form
    from archcost.importers.importing import Ask, Tell
    from archcost.importers.torch.recorded import Recording
    from archcost.importers.torch.targets import Make, Target


def read_source(ask: Ask, tell: Tell) -> Form:
    """The model that a source names; raises UsageError for what cannot be made, run or said."""
    return _read(target_of(ask.source, ask.files), ask, tell)


def read_module(module: nn.Module, ask: Ask, tell: Tell) -> Form:
    """A module that is there; raises as read_source."""
    return _read(live_target(module), ask, tell)


def _read(target: Target, ask: Ask, tell: Tell) -> Form:
    tell("making the model")
    with torch.device(META), seeded(0):  # as each run makes its own
        model = target.make()
    sample = sample_of(ask.inputs, target.sample(model), model, target.text)
    tell("recording a run")
    make = _made_before(model, target.make)
    recording = record(make, sample, training=ask.training, title=target.text, until=ask.until)
    tell("saying it in ops")
    run = ", in training" * ask.training + f", until {ask.until}" * bool(ask.until)
    return said(recording, target.title, f"{target.text} ({', '.join(target.versions)}), input {sample}{run}")


def _made_before(model: nn.Module, make: Make) -> Make:
    """What makes models: the first, on the meta device, is there already and was not run; to make one may take long."""
    waiting = [model]

    def next_one() -> nn.Module:
        first_on_meta = waiting and torch.get_default_device().type == META.type
        return waiting.pop() if first_on_meta else make()

    return next_one


def said(recording: Recording, name: str, source: str) -> Form:
    """A recording in ops: that of batch 1, unless what larger batches do comes to the same there."""
    first = lower(recording, name=name, source=source)
    if recording.larger is None:
        return first
    try:
        larger = lower(recording.larger, name=name, source=source)
    except UsageError:
        return first
    return larger if agree(larger, first) else first
