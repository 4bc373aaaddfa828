"""Graph to source: readable, standalone programs that build the same model. Nothing here imports torch.

A model is exported in five steps: the graph becomes a tree of units (:mod:`~archcost.export.units`), uses of blocks
with the same structure become one class (:mod:`~archcost.export.classes`), what differs between the uses becomes
parameters (:mod:`~archcost.export.parameters`), constructors and forward passes are written
(:mod:`~archcost.export.constructors`, :mod:`~archcost.export.forward`), and all of it is laid out as ``ruff format``
would (:mod:`~archcost.export.layout`). What each op looks like is in the table :mod:`archcost.export.ops`.
"""
