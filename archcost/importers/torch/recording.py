"""Recording: a model is made and run, on the meta device where it can be, at two batch sizes.

Each run has a model of its own, as some keep tensors from one run to the next. What a run without numbers cannot know
is tried again on the CPU, with random weights, and said; what depends on the input's numbers is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.torch.recording_merge import DifferentError, alone, merged
from archcost.importers.torch.recording_run import run_once
from archcost.importers.torch.running import FailedError, Subject, with_numbers_if_needed

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from archcost.importers.torch.recorded import InputMaker, Recording
    from archcost.importers.torch.recording_run import RecordedRun


def record(
    make: Callable[[], nn.Module],
    inputs: InputMaker,
    *,
    training: bool = False,
    title: str = "the model",
    until: str = "",
) -> Recording:
    """Run what ``make`` gives, at batch sizes 1 and 2, or at others that it takes, and merge the runs.

    ``make`` makes a new model at each call, on the device of the context. ``until`` is the path of a
    module: the run ends with it, and what it gives are the outputs. Raises UsageError if the model cannot be run, or if
    what it does depends on the input's numbers, and ValueError if ``make`` takes another device.
    """
    subject = Subject(make, inputs, training, title, until)
    recording, why = with_numbers_if_needed(subject, lambda device: _record_on(subject, device))
    if why:
        recording.remarks.insert(0, f"recorded {why}")
    return recording


def _record_on(subject: Subject, device: torch.device) -> Recording:
    """Record at two batch sizes in a row of 1, 2 and 3 that the model takes, and takes alike; else at one."""
    runs: list[RecordedRun] = []
    remarks: list[str] = []
    for batch in (1, 2, 3):
        try:
            run = run_once(subject, batch, device)
        except FailedError as error:
            if not runs and remarks:  # it fails at any batch
                raise
            remarks.append(f"at batch {batch}, {error.message}")
            if runs:
                break
            continue
        if runs:
            try:
                return merged(runs[-1], run)
            except DifferentError as error:
                remarks.append(f"at batch {batch}, another path is taken: {error}")
        runs.append(run)
    return alone(runs[0], remarks)
