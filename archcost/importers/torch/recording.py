"""Recording: a model is made and run, on the meta device where it can be, at two batch sizes.

Each run has a model of its own, as some keep tensors from one run to the next. What a run without numbers cannot know
is tried again on the CPU, with random weights, and said; what depends on the input's numbers is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.importers.torch.recording_merge import CurvedError, DifferentError, UnseenError, alone, merged, straight
from archcost.importers.torch.recording_run import run_once
from archcost.importers.torch.running import FailedError, Subject, with_numbers_if_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from archcost.importers.torch.recorded import InputMaker, Recording
    from archcost.importers.torch.recording_run import RecordedRun

_SECOND = 6  # more than code is likely to treat for itself; and even, as 1 is not
_BETWEEN = {1: 2, 2: 4}  # by the first batch: that of a third run
_MORE_RUNS = 3
_SEEN = "what runs in another thread, or in an extension without operators, is not seen"
_FIXED = "fix what it draws or keeps between runs in a callable of your own: `package.module:callable`"


def record(
    make: Callable[[], nn.Module],
    inputs: InputMaker,
    *,
    training: bool = False,
    title: str = "the model",
    until: str = "",
) -> Recording:
    """Run what ``make`` gives, at batch sizes 1 and 6, or at others that it takes, and merge the runs.

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
    """Record at batch 1, or at 2 if the model refuses that, and at 6 if it takes the same path there.

    The first of them is the truth of its batch, whatever others do. Where a number has a part that follows the batch
    and one that does not, a third run between both says whether that is all.
    """
    first, remarks = _first(subject, device)
    if first.drawn:
        _repeated(subject, first, device)
        remarks.append(f"it draws numbers by chance; {1 + _MORE_RUNS} runs at batch {first.batch} were alike")
    return _record_from(subject, first, remarks, device)


def _record_from(subject: Subject, first: RecordedRun, remarks: Sequence[str], device: torch.device) -> Recording:
    """A recording that begins with a run."""
    try:
        return _paired(subject, first, run_once(subject, _SECOND, device), remarks, device)
    except FailedError as error:
        return alone(first, [*remarks, f"at batch {_SECOND}, {error.message}"])
    except CurvedError as error:
        return alone(first, [*remarks, str(error)])
    except UnseenError as error:
        raise UsageError(f"{subject.title} cannot be recorded: {error}", _SEEN) from None
    except DifferentError as error:
        repeated = _repeated(subject, first, device)
        if repeated is not first:
            return _record_from(subject, repeated, remarks, device)
        found = alone(first, [*remarks, f"at batch {_SECOND}, another path is taken: {error}"])
        found.larger = _larger(subject, first, device)
        return found


def _paired(
    subject: Subject, first: RecordedRun, second: RecordedRun, remarks: Sequence[str], device: torch.device
) -> Recording:
    """A recording of two runs, and of a third between them where two are too few.

    Raises DifferentError if they are not alike, CurvedError if a number is no line in the batch, UnseenError.
    """
    found, bent = merged(first, second)
    if bent:
        batch = _BETWEEN[first.batch]
        try:
            straight(first, run_once(subject, batch, device), found)
        except FailedError as error:
            raise CurvedError(f"at batch {batch}, {error.message}") from None
    found.remarks.extend(remarks)
    return found


def _larger(subject: Subject, first: RecordedRun, device: torch.device) -> Recording | None:
    """What the model does alike at two batches that are larger than the first; None if there is nothing of the kind."""
    if first.batch != min(_BETWEEN):
        return None
    try:
        runs = [run_once(subject, batch, device) for batch in (_BETWEEN[first.batch], _SECOND)]
        return _paired(subject, runs[0], runs[1], (), device)
    except (FailedError, DifferentError, UnseenError):
        return None


def _first(subject: Subject, device: torch.device) -> tuple[RecordedRun, list[str]]:
    """The run at the smallest batch that the model takes, and why that is not 1."""
    smallest, larger = _BETWEEN
    try:
        return run_once(subject, smallest, device), []
    except FailedError as error:
        why = error
    try:
        run = run_once(subject, larger, device)
    except FailedError:
        raise why from None
    return run, [f"recorded at batches {larger} and {_SECOND}: at batch {smallest}, {why.message}"]


def _repeated(subject: Subject, first: RecordedRun, device: torch.device) -> RecordedRun:
    """The run that further runs at the same batch repeat, although they draw other numbers by chance.

    That is the first, or the second, where the first has made what is kept for all. Raises UsageError if there is none.
    """
    runs = [first, *[run_once(subject, first.batch, device, seed) for seed in range(1, 1 + _MORE_RUNS)]]
    candidates = runs[:1] if first.drawn else runs[:2]
    for place, run in enumerate(candidates):
        try:
            for other in runs[place + 1 :]:
                merged(run, other)
        except (DifferentError, UnseenError) as error:
            words = f"{subject.title} cannot be recorded: its calls differ from run to run: {error}"
            continue
        return run
    raise UsageError(words, _FIXED)
