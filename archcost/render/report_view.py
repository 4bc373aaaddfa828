"""What is asked of reports, and what is known of each model under it: made once, and printed in any format."""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.report import Report
from archcost.errors import Diagnostic
from archcost.render.cell_text import NOT_READ, UP_TO_ERROR
from archcost.render.chosen_columns import Further

if TYPE_CHECKING:
    from archcost.conventions.tool_report import ToolReport
    from archcost.hardware.device import Device
    from archcost.named_specs import SpecResult
    from archcost.timing.prediction import Prediction


class Wanted(NamedTuple):
    """What is asked for: which rows, another tool's figures, and columns by name.

    ``functional`` says what a model's source writes as function calls; receptive fields are of the input of
    ``relative_to``, a scope. Times are predicted for a ``device``.
    """

    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    convention: str = ""
    functional: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    relative_to: str = ""
    device: "Device | None" = None

    @property
    def detailed(self) -> bool:
        """Whether rows were asked for, so that several models have a table each."""
        return bool(self.columns or self.device) or any(
            option is not None for option in (self.depth, self.sort, self.top)
        )

    def view(self, result: "SpecResult") -> "ModelView":
        """A model under this; raises UsageError for a tool, pattern or scope that there is not."""
        report = result.report
        if report is None:
            return ModelView(result.name, None, self, result.diagnostics, unread=result.unread)
        further: list[Further] = []
        reading = None
        if self.convention:
            from archcost.render.convention_columns import counted, tool_columns

            reading = counted(report, self.convention, self.functional)
            further.append(tool_columns(reading))
        if self.columns:
            from archcost.render.optional_columns import Extra

            further.append(Extra(report, self.columns, self.relative_to).further())
        prediction = None
        if self.device is not None and report.complete:
            from archcost.render.time_columns import predicted, time_columns

            prediction = predicted(report, self.device)
            further.append(time_columns(prediction))
        return ModelView(report.name, report, self, result.diagnostics, tuple(further), reading, prediction)


class ModelView(NamedTuple):
    """A model: its report (None: nothing is known), what was asked for, and its problems."""

    name: str
    report: Report | None
    wanted: Wanted = Wanted()
    diagnostics: tuple[Diagnostic, ...] = ()
    further: tuple[Further, ...] = ()
    reading: "ToolReport | None" = None
    prediction: "Prediction | None" = None
    unread: bool = False

    @property
    def mark(self) -> str:
        """What its figures are of, where they are not of the whole model."""
        if self.unread:
            return NOT_READ
        return "" if self.report is not None and self.report.complete else UP_TO_ERROR

    @property
    def label(self) -> str:
        """Its name with the mark."""
        return f"{self.name} ({self.mark})" if self.mark else self.name
