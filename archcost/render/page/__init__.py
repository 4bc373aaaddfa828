"""The page of a model, or of two: one document (``archcost.page/1``), which HTML, SVG and notebooks are made from."""
