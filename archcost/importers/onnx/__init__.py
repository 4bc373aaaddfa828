"""ONNX files → the common form. The wire format is read by the protobuf runtime, with a schema of what is needed."""
