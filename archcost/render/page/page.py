"""A page of one model, or of one before and after a change: as a document, as HTML, and as a picture."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.analysis.costs import Costs
from archcost.comparing.naming import labels
from archcost.displays import in_line, in_notebook
from archcost.documents import envelope
from archcost.render.page.aligned_nodes import comparison_of
from archcost.render.page.icicle import FILE, LESS, MORE, PAGE, SAME, icicle
from archcost.render.page.model_page import ModelPage
from archcost.render.page.shell import html_of
from archcost.render.prediction import caveat

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.render.page.page_data import PageComparisonData, PageData, PageDeviceData


class Page:
    """One or two reports on a page; each part is made when it is first asked for."""

    def __init__(self, reports: Sequence[Report], device: Device | None = None) -> None:
        self.device = device
        self.models = [ModelPage(report, device) for report in reports]

    def __repr__(self) -> str:
        return in_line(self, *[model.report.name for model in self.models])

    @cached_property
    def data(self) -> PageData:
        """The document, ``archcost.page/1``."""
        metrics = tuple(dict.fromkeys(name for model in self.models for name in model.metrics()))
        return {
            **envelope("page"),
            "models": [model.data(metrics, models=len(self.models)) for model in self.models],
            "comparison": self._comparison,
            "device": self._device(),
            "sweep": None,
        }

    @cached_property
    def _comparison(self) -> PageComparisonData | None:
        if len(self.models) == 1:
            return None
        return {"labels": self._labels, **comparison_of(*[model.folded for model in self.models])}

    @cached_property
    def _labels(self) -> list[str]:
        reports = [model.report for model in self.models]
        return labels(reports) if len(reports) > 1 else [report.name for report in reports]

    @property
    def title(self) -> str:
        """``before → after``, told apart by their settings or paths; of one model its name."""
        return " → ".join(self._labels)

    def _device(self) -> PageDeviceData | None:
        if self.device is None:
            return None
        on = self.models[-1].on
        error = "" if on is None or on.found is None else caveat(on.found)
        return {"name": self.device.name, "title": self.device.label, "error": error}

    @property
    def html(self) -> str:
        """One file for a browser, which needs nothing else."""
        return html_of(self.data, [icicle(model.folded, PAGE) for model in self.models])

    @property
    def svg(self) -> str:
        """The icicle of the model, or of the one after the change, coloured by it."""
        return icicle(self.models[-1].folded, FILE, self.tones(), self.title) + "\n"

    def tones(self) -> Mapping[int, str]:
        """The colours of a change: red where the MACs, or else the params, are more, blue where they are less."""
        if self._comparison is None:
            return {}
        before, after = [model.folded.nodes for model in self.models]
        works = {model.folded.work for model in self.models}
        work = works.pop() if len(works) == 1 else "macs"
        found: dict[int, str] = {}
        for old, new in self._comparison["pairs"]:
            if new is None:
                continue
            costs, earlier = after[new].costs, None if old is None else before[old].costs
            now, then = [(getattr(each, work), each.params) for each in (costs, earlier or Costs())]
            changes = [left - right for left, right in zip(now, then, strict=True)]
            change = changes[0] or changes[1]
            found[new] = MORE if change > 0 else LESS if change < 0 else SAME
        return found

    def to_dict(self) -> dict[str, Any]:
        """The document, ``archcost.page/1``."""
        return {**self.data}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, or what the name asks for: ``.html``, ``.svg``, ``.json``; raises UsageError."""
        import os

        from archcost.render.page.writing import format_of_page, write_page

        name = os.fspath(path)
        write_page(self, format_of_page(name), name)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)
