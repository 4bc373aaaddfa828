"""The tree of module calls in a run: global hooks note which module runs, and within which."""

from __future__ import annotations

from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any

from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from archcost.errors import UsageError
from archcost.importers.torch.recorded import ModuleCall
from archcost.importers.torch.recording_values import tensors_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn


class ReachedError(BaseException):
    """The module that the run is to end with has run; no error of the model, so none that it may catch."""


class ModuleCalls:
    """The calls of a model's modules, the model itself first; ``current`` is the number of the one that runs.

    A module that no name of the model leads to is part of the module around it. ``known`` gives the number of a tensor.
    """

    def __init__(self, model: nn.Module, known: Callable[[Tensor], int | None], until: str = "") -> None:
        self._known = known
        self.reached: Any = None  # what the module ``until`` has given
        self.elsewhere: UsageError | None = None  # of the first module that has run in another thread
        self._until = until
        self._thread = get_ident()
        self._paths = {id(module): path for path, module in model.named_modules()}
        self._times: dict[int, int] = {}
        self._stack: list[tuple[int, int]] = []  # the module's identity, and the call's number
        self.calls = [ModuleCall("", type(model).__name__, -1, model)]

    @property
    def current(self) -> int:
        """The number of the call that runs."""
        return self._stack[-1][1] if self._stack else 0

    def last_ended(self) -> str:
        """The path of the module that ended last before what runs now, the outermost one; empty if none has."""
        running = {number for _, number in self._stack}
        ended = [number for number, call in enumerate(self.calls) if call.gives and number not in running]
        return self.calls[self._outermost(ended[-1], running)].path if ended else ""

    def _outermost(self, number: int, running: set[int]) -> int:
        """The outermost call around one that has ended as well."""
        parent = self.calls[number].parent
        while parent > 0 and parent not in running and self.calls[parent].gives:
            number, parent = parent, self.calls[parent].parent
        return number

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the calls of modules that are made within."""
        before = register_module_forward_pre_hook(self._enter)
        after = register_module_forward_hook(self._leave, always_call=True)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _enter(self, module: nn.Module, args: Any) -> None:
        path = self._paths.get(id(module))
        if get_ident() != self._thread:
            words = (
                f"its module {path or type(module).__name__} runs in another thread, where recording does not see it"
            )
            self.elsewhere = self.elsewhere or UsageError(words, "run it in the thread that calls the model")
            return
        number = self.current
        if path:
            times = self._times.get(id(module), 0)
            self._times[id(module)] = times + 1
            self.calls.append(ModuleCall(path, type(module).__name__, number, module, times))
            number = len(self.calls) - 1
        self._stack.append((id(module), number))
        if path is not None:
            first = next(iter(tensors_in(args)), None)
            self.calls[number].takes = None if first is None else tuple(first.shape)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if get_ident() != self._thread:
            return
        if self._until and self._paths.get(id(module)) == self._until:
            self.reached = output
            raise ReachedError
        left, number = self._stack.pop() if self._stack else (id(module), 0)
        while self._stack and left != id(module):  # those between were left by an error
            left, number = self._stack.pop()
        if id(module) in self._paths:
            given = tensors_in(output)
            self.calls[number].gives = tuple([tuple(each.shape) for each in given])
            self.calls[number].output = self._known(given[0]) if given else None
