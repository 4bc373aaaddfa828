"""Quantized operators, by the products that they make: the same MACs, of narrower numbers."""

from __future__ import annotations

from archcost.importers.onnx.rules.base import OnnxMaker, rule
from archcost.importers.onnx.rules.convolutions import convolved
from archcost.importers.onnx.rules.products import multiplied

_NOWHERE = 1000  # a place where no operator has an input


@rule("QuantizeLinear", "DequantizeLinear")
def passed_on(maker: OnnxMaker) -> int:
    """The input itself: what is rounded has the same shape."""
    maker.quantizes()
    return maker.value(0)


@rule("DynamicQuantizeLinear")
def rounded_by_its_range(maker: OnnxMaker) -> list[int]:
    """The input itself, and the scale and zero point that follow from its numbers."""
    maker.quantizes()
    value = maker.value(0)
    if not maker.is_read(1) and not maker.is_read(2):
        return [value]
    return [value, *maker.steps("custom", [value], {"name": "range", "output": ((), ()), "macs": 0})]


@rule("QLinearConv")
def quantized_convolution(maker: OnnxMaker) -> int:
    """x, its scale and zero point; the weight and its; those of the result; the bias."""
    maker.quantizes()
    return convolved(maker, 0, 3, 8)


@rule("ConvInteger")
def integer_convolution(maker: OnnxMaker) -> int:
    """A convolution of whole numbers."""
    maker.quantizes()
    return convolved(maker, 0, 1, _NOWHERE)


@rule("QLinearMatMul")
def quantized_product(maker: OnnxMaker) -> int:
    """a, its scale and zero point; b and its; those of the result."""
    maker.quantizes()
    return multiplied(maker, 0, 3)


@rule("MatMulInteger")
def integer_product(maker: OnnxMaker) -> int:
    """A product of whole numbers."""
    maker.quantizes()
    return multiplied(maker, 0, 1)
