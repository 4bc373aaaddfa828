"""Report to source: readable, standalone programs that build the same model. Nothing here imports torch.

The graph becomes a tree of units (:mod:`~archcost.export.units`); uses of a block with the same structure become one
class (:mod:`~archcost.export.classes`), held as templates (:mod:`~archcost.export.plans`) in which whatever differs
between the uses is a parameter (:mod:`~archcost.export.parameters`). Then constructors
(:mod:`~archcost.export.constructors`) and forward passes (:mod:`~archcost.export.forward`) are written, and laid out as
``ruff format`` would do it (:mod:`~archcost.export.layout`). The table :mod:`archcost.export.ops` says what each op
looks like.
"""
