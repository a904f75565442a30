"""Float graph -> the form that runs on a GPU from end to end, with weights stored as float16.

WebGPU has no kernels for int64 arithmetic and no operators that put shapes together: what is left of them would move to
the CPU, with a wait for the GPU each time. Weights are cast to float32 once, when the graph is loaded, and the step
computes in float32: it then gives what the CPU gives for the same weights (4e-6 apart, not 1e-2 as with float16 sums),
and needs no GPU with float16 arithmetic. A step of this size waits for its operators to start, not for their products.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST_HALVED = 1024  # elements; biases and scales stay float32


def for_gpu(graph: onnx.GraphProto) -> None:
    """Rewrites a float32 graph with int64 inputs in place; the inputs become int32."""
    _constant_shapes(graph)
    _narrow_integers(graph)
    _halve_weights(graph)
    used = {name for node in graph.node for name in node.input}
    for constant in [i for i in graph.initializer if i.name not in used]:
        graph.initializer.remove(constant)


def _constant_shapes(graph: onnx.GraphProto) -> None:
    """Reshapes to put-together shapes: each variable dimension stays where it is, so 0 ("as before") says the same."""
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    joined = {n.output[0]: n for n in graph.node if n.op_type == "Concat"}
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[1] not in joined:
            continue
        pieces = joined[node.input[1]].input
        shape = [int(constants[p][0]) if p in constants else 0 for p in pieces]
        name = f"{node.output[0]}_shape"
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), name))
        node.input[1] = name
        for attribute in [a for a in node.attribute if a.name == "allowzero"]:
            node.attribute.remove(attribute)
    used = {name for node in graph.node for name in node.input} | {o.name for o in graph.output}
    for node in joined.values():
        if node.output[0] not in used:
            graph.node.remove(node)


def _narrow_integers(graph: onnx.GraphProto) -> None:
    """int64 inputs become int32, and what is computed of them. Shapes and axes stay int64, as ONNX wants them."""
    constants = {i.name: i for i in graph.initializer}
    integers = set()
    for value in graph.input:
        if value.type.tensor_type.elem_type == TensorProto.INT64:
            value.type.tensor_type.elem_type = TensorProto.INT32
            integers.add(value.name)
    for node in graph.node:
        if node.op_type == "Cast" and node.attribute[0].i == TensorProto.INT64:
            node.attribute[0].i = TensorProto.INT32
            integers.add(node.output[0])
        elif integers.isdisjoint(node.input):
            continue
        elif node.op_type in ("Unsqueeze", "Expand", "Mul"):
            integers.add(node.output[0])
        elif node.op_type in ("Equal", "GreaterOrEqual"):
            value = constants[node.input[1]]
            name = f"{value.name}_int32"
            if name not in constants:
                constants[name] = numpy_helper.from_array(numpy_helper.to_array(value).astype(np.int32), name)
                graph.initializer.append(constants[name])
            node.input[1] = name
        elif node.op_type not in ("Gather", "GatherElements", "Shape", "Cast"):
            raise ValueError(f"{node.op_type} of integers: make the model do without it, or add it here")


def _halve_weights(graph: onnx.GraphProto) -> None:
    large = [i for i in graph.initializer if i.data_type == TensorProto.FLOAT and np.prod(i.dims) >= SMALLEST_HALVED]
    for weight in large:
        value = numpy_helper.to_array(weight).astype(np.float16)
        if not np.isfinite(value).all():
            raise ValueError(f"{weight.name} is beyond float16")
        weight.CopyFrom(numpy_helper.from_array(value, weight.name))
    names = {w.name: f"{w.name}_float32" for w in large}
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
    for name, cast in reversed(names.items()):
        graph.node.insert(0, helper.make_node("Cast", [name], [cast], f"{name}_to_float32", to=TensorProto.FLOAT))
