"""Report to source: readable, standalone programs that build the same model. Nothing here imports torch.

Six floors; what is on one imports from those below it, annotations apart:

1. :mod:`~archcost.export.layout` lays text out as ``ruff format`` would do it, :mod:`~archcost.export.names` writes
   names and values, and :mod:`~archcost.export.helpers` has the source of layers that torch.nn does not have.
2. :mod:`~archcost.export.template` holds the data that all others work on, and :mod:`~archcost.export.functions` writes
   calls and operations.
3. The table :mod:`~archcost.export.ops` says what each op looks like, and :mod:`~archcost.export.parameters` makes
   parameters of whatever differs between the uses of a class.
4. The graph becomes a tree of members (:mod:`~archcost.export.units`), uses of a block with the same structure become
   one class (:mod:`~archcost.export.classes`), and :mod:`~archcost.export.forward` writes forward passes.
5. Classes are held as templates (:mod:`~archcost.export.plans`), and :mod:`~archcost.export.constructors` writes what
   builds them.
6. :mod:`~archcost.export.source` puts a module together.
"""
