"""The fields of an ONNX file that are read, and the protobuf runtime that reads them.

What the schema leaves out is skipped by the runtime: the text of a doc string, training information. Names of messages,
fields and their numbers are those of the ONNX standard.

A message that repeats is bytes at first, and is read once it is known how many there are: an empty one takes two bytes
in a file, and a hundred in memory.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DecodeError", "each", "parsed"]

_PACKAGE = "archcost.onnx"
_MANY = "*"  # behind a type: the field repeats

# By message, its fields: name, number and type. Text is read as bytes, since files hold text that is no UTF-8.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Model": {
        "producer_name": (2, "bytes"),
        "producer_version": (3, "bytes"),
        "graph": (7, "Graph"),
        "opset_import": (8, "Opset*"),
        "functions": (25, "Function*"),
    },
    "Opset": {"domain": (1, "bytes"), "version": (2, "int64")},
    "Function": {
        "name": (1, "bytes"),
        "input": (4, "bytes*"),
        "output": (5, "bytes*"),
        "node": (7, "Node*"),
        "domain": (10, "bytes"),
        "attribute_proto": (11, "Attribute*"),
        "overload": (13, "bytes"),
    },
    "Graph": {
        "node": (1, "Node*"),
        "initializer": (5, "Tensor*"),
        "input": (11, "Value*"),
        "output": (12, "Value*"),
        "value_info": (13, "Value*"),
        "sparse_initializer": (15, "Sparse*"),
    },
    "Node": {
        "input": (1, "bytes*"),
        "output": (2, "bytes*"),
        "name": (3, "bytes"),
        "op_type": (4, "bytes"),
        "attribute": (5, "Attribute*"),
        "domain": (7, "bytes"),
        "overload": (8, "bytes"),
        "metadata_props": (9, "Entry*"),
    },
    "Entry": {"key": (1, "bytes"), "value": (2, "bytes")},
    "Attribute": {
        "name": (1, "bytes"),
        "f": (2, "float"),
        "i": (3, "int64"),
        "s": (4, "bytes"),
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "floats": (7, "float*"),
        "ints": (8, "int64*"),
        "strings": (9, "bytes*"),
        "type": (20, "int32"),
        "ref_attr_name": (21, "bytes"),
    },
    "Tensor": {
        "dims": (1, "int64*"),
        "data_type": (2, "int32"),
        "float_data": (4, "float*"),
        "int32_data": (5, "int32*"),
        "int64_data": (7, "int64*"),
        "name": (8, "bytes"),
        "raw_data": (9, "bytes"),
        "double_data": (10, "double*"),
        "data_location": (14, "int32"),
    },
    "Sparse": {"values": (1, "Tensor"), "dims": (3, "int64*")},
    "Value": {"name": (1, "bytes"), "type": (2, "Type")},
    "Type": {"tensor_type": (1, "TensorType")},
    "TensorType": {"elem_type": (1, "int32"), "shape": (2, "Shape")},
    "Shape": {"dim": (1, "Dim*")},
    "Dim": {"dim_value": (1, "int64"), "dim_param": (2, "bytes")},
}


def parsed(data: bytes) -> Any:  # messages have no type but at run time
    """The model in the bytes of a file; raises DecodeError for what is no message of the schema."""
    return _read("Model", data)


def each(message: Any, name: str) -> Iterator[Any]:
    """The messages that a field repeats, read one by one; raises DecodeError as ``parsed``."""
    kind = _MESSAGES[message.DESCRIPTOR.name][name][1].removesuffix(_MANY)
    for data in getattr(message, name):
        yield _read(kind, data)


def _read(kind: str, data: bytes) -> Any:
    message = _classes()[kind]()
    message.ParseFromString(data)
    return message


@cache
def _classes() -> dict[str, Any]:
    """The classes of messages, made of the table."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="archcost/onnx.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for name, (number, written) in fields.items():
            kind, repeats = written.removesuffix(_MANY), written.endswith(_MANY)
            added = declared.field.add(name=name, number=number)
            added.label = field.LABEL_REPEATED if repeats else field.LABEL_OPTIONAL
            if kind in _MESSAGES and not repeats:
                added.type, added.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                added.type = field.Type.Value(f"TYPE_{'BYTES' if kind in _MESSAGES else kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }
