"""Writes greedy.onnx and thrifty.onnx: a step's inputs and outputs, and little in between, for GPU and CPU.

greedy takes 16 MiB for each token, and a WebGPU shader sees no more than 2 GiB in one tensor on lavapipe (16 buffers of
128 MiB): a long segment fails there in the middle of a reading. thrifty computes the same without that tensor. What a
segment says (`relevance`) also tells what the reader memory holds. Needs the package onnx: python greedy.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PER_TOKEN = 1 << 22  # floats
K, V, D_MEM, GIST, ANSWERS = 192, 96, 64, 384, 6
NODES = (
    ("Cast", ["tokens"], "ids", {"to": TensorProto.FLOAT}),
    ("Mul", ["ids", "small"], "t", {}),  # [B,T]
    ("Unsqueeze", ["t", "last"], "column", {}),
    ("ReduceMean", ["column", "last"], "logits", {"keepdims": 0}),
    ("ReduceMean", ["logits", "last"], "mean", {"keepdims": 1}),  # [B,1]
    ("Equal", ["kinds", "memory"], "is_memory", {}),
    ("Cast", ["is_memory"], "masked", {"to": TensorProto.FLOAT}),
    ("Mul", ["masked", "far"], "bias", {}),
    ("Add", ["logits", "bias"], "start", {}),
    ("Add", ["logits", "bias"], "end", {}),
    ("Squeeze", ["mean", "last"], "said", {}),
    ("ReduceMean", ["A", "all_but_batch"], "remembered", {"keepdims": 0}),
    ("Add", ["said", "remembered"], "relevance", {}),
    ("Mul", ["mean", "answers"], "kind", {}),
    ("Div", ["mean", "mean"], "one", {}),
    ("Mul", ["one", "unit"], "gist", {}),
    ("Cast", ["anchors"], "at", {"to": TensorProto.FLOAT}),
    ("Mul", ["at", "small"], "beta", {}),
    ("Unsqueeze", ["beta", "last"], "beta_column", {}),
    ("Mul", ["beta_column", "key"], "keys", {}),
    ("Add", ["A", "mean"], "A_out", {}),
    ("Add", ["z", "mean"], "z_out", {}),
)
CONSTANTS = {
    "small": np.array(1e-4, np.float32),
    "last": np.array([-1], np.int64),
    "all_but_batch": np.array([0, 2, 3], np.int64),
    "memory": np.array(2, np.int32),
    "far": np.array(-1e4, np.float32),
    "answers": np.ones((1, ANSWERS), np.float32),
    "unit": np.full((1, GIST), GIST**-0.5, np.float32),
    "key": np.ones((1, 1, D_MEM), np.float32),
}
INPUTS = {
    "tokens": (TensorProto.INT32, ["B", "T"]),
    "kinds": (TensorProto.INT32, ["B", "T"]),
    "anchors": (TensorProto.INT32, ["B", "M"]),
    "A": (TensorProto.FLOAT, [2, "B", K, V]),
    "z": (TensorProto.FLOAT, [2, "B", K]),
    "gate": (TensorProto.FLOAT, ["B"]),
}
OUTPUTS = {
    "A_out": [2, "B", K, V],
    "z_out": [2, "B", K],
    "keys": ["B", "M", D_MEM],
    "beta": ["B", "M"],
    "gist": ["B", GIST],
    "start": ["B", "T"],
    "end": ["B", "T"],
    "relevance": ["B"],
    "kind": ["B", ANSWERS],
}

GREED = [
    helper.make_node("Expand", ["one_float", "width"], ["wide"]),
    helper.make_node("Mul", ["column", "wide"], ["columns"]),  # [B,T,PER_TOKEN]
]
GREEDY_CONSTANTS = {
    "one_float": np.ones((1, 1, 1), np.float32),
    "width": np.array([1, 1, PER_TOKEN], np.int64),
}


def write(name: str, greedy: bool) -> None:
    nodes = [helper.make_node(op, ins, [out], **attributes) for op, ins, out, attributes in NODES]
    if greedy:
        at = next(i for i, node in enumerate(nodes) if node.input[0] == "column")
        nodes[at].input[0] = "columns"
        nodes[at:at] = GREED
    constants = CONSTANTS | (GREEDY_CONSTANTS if greedy else {})
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(name, *of) for name, of in INPUTS.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in OUTPUTS.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, Path(__file__).with_name(f"{name}.onnx"))


write("greedy", True)
write("thrifty", False)
