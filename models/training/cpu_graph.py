"""Rewrites the int8 step for onnxruntime on CPUs, so that it computes the same with less work.

- Attention becomes one operator with its int8 projection (com.microsoft QAttention): no copies of heads turned about,
  no mask. Rows must be unpadded, as the engine's are.
- While every gate is 0, as while indexing and in recall, nothing runs that only reading needs: the reader memory, the
  layers above the writers, the heads. `A_out` is `A` then, and of the heads there are zeros.

Every other output is the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import onnx
from onnx import GraphProto, NodeProto, helper

OPEN = "gate_open"
HEADS = ("start", "end", "relevance", "kind")


class Links:
    """Who makes each value of a graph, and who takes it; valid until the graph is changed."""

    def __init__(self, graph: GraphProto) -> None:
        self.maker = {output: node for node in graph.node for output in node.output}
        self.takers: dict[str, list[NodeProto]] = {}
        for node in graph.node:
            for value in _inputs(node):
                self.takers.setdefault(value, []).append(node)

    def back(self, node: NodeProto, *inputs: int) -> NodeProto:
        """Follows inputs backwards: the maker of input i, of that one's input j …"""
        for i in inputs:
            node = self.maker[node.input[i]]
        return node

    def only_taker(self, node: NodeProto) -> NodeProto:
        (taker,) = self.takers[node.output[0]]
        return taker


def for_cpu(model: onnx.ModelProto, heads: int) -> None:
    """Changes a graph of `quantize_dynamic` in place. heads: of each attention."""
    graph = model.graph
    fuse_attention(graph, heads)
    gate_reading(graph)
    prune(graph)
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def fuse_attention(graph: GraphProto, heads: int) -> None:
    """Every softmax with the products around it -> QAttention."""
    links = Links(graph)
    for softmax in [node for node in graph.node if node.op_type == "Softmax"]:
        split = links.back(softmax, 0, 0, 0, 0, 0, 0)  # mask, scores, scale, q turned, q's heads, split
        bias = links.back(split, 0)
        scaled = links.back(bias, 0)
        scales, product = links.back(scaled, 1), links.back(scaled, 0, 0)
        joined = links.only_taker(links.only_taker(links.only_taker(softmax)))
        kinds = [n.op_type for n in (split, bias, scaled, scales, product, joined)]
        if kinds != ["Split", "Add", "Mul", "Mul", "MatMulInteger", "Reshape"]:
            raise ValueError(f"the attention around {softmax.name} has another form: {kinds}")
        x, weight, x_zero, weight_zero = product.input
        inputs = [x, weight, bias.input[1], scales.input[0], scales.input[1], "", x_zero, weight_zero]
        name = f"{softmax.name}_attention"
        joined.CopyFrom(
            helper.make_node("QAttention", inputs, joined.output, name, domain="com.microsoft", num_heads=heads)
        )
    prune(graph)


def gate_reading(graph: GraphProto) -> None:
    """What only reading needs, and what the gate multiplies -> If, computed only where a gate is open."""
    graph.initializer.append(helper.make_tensor("gate_shut", onnx.TensorProto.FLOAT, [], [0.0]))
    values = {"A_out": "A"}
    for output in graph.output:
        if output.name in HEADS:
            values[output.name] = f"{output.name}_nothing"
            shape = [dimension.dim_value or 1 for dimension in output.type.tensor_type.shape.dim]
            zeros = helper.make_tensor(values[output.name], onnx.TensorProto.FLOAT, shape, [0.0] * math.prod(shape))
            graph.initializer.append(zeros)
    _when_open(graph, values)
    links = Links(graph)
    view = next(node for node in graph.node if node.op_type == "Reshape" and node.input[0] == "gate")
    for product in links.takers[view.output[0]]:
        if product.op_type != "If":
            added = links.only_taker(product)
            _when_open(graph, {added.output[0]: added.input[0]})
    graph.node.insert(0, helper.make_node("Greater", ["gate_greatest", "gate_shut"], [OPEN], name=OPEN))
    graph.node.insert(0, helper.make_node("ReduceMax", ["gate"], ["gate_greatest"], keepdims=0, name="gate_greatest"))


def _when_open(graph: GraphProto, values: dict[str, str]) -> None:
    """The values, and what is computed for them alone, move into the branch of an If; else each is what it maps to."""
    alone = _computed_for(graph, values)
    outputs = {output for node in alone for output in node.output}
    inside = [node for node in graph.node if set(node.output) <= outputs]
    at = list(graph.node).index(inside[-1])
    constants = {name for node in inside for name in _inputs(node)}
    elsewhere = {name for node in graph.node if set(node.output).isdisjoint(outputs) for name in _inputs(node)}
    own = [tensor for tensor in graph.initializer if tensor.name in constants - elsewhere]
    name = next(iter(values))
    results = [helper.make_empty_tensor_value_info(f"{value}_open") for value in values]
    then = helper.make_graph([], f"{name}_open", [], results, own)
    for node in inside:
        moved = then.node.add()
        moved.CopyFrom(node)
        for part in (moved.input, moved.output):
            part[:] = [f"{value}_open" if value in values else value for value in part]
    same = [helper.make_node("Identity", [old], [f"{new}_shut"], name=f"{new}_shut") for new, old in values.items()]
    shut = helper.make_graph(
        same, f"{name}_shut", [], [helper.make_empty_tensor_value_info(f"{value}_shut") for value in values]
    )
    branch = helper.make_node("If", [OPEN], list(values), then_branch=then, else_branch=shut, name=f"{name}_if")
    graph.node[at].CopyFrom(branch)
    _remove(graph.node, lambda node: bool(node.output) and set(node.output) <= outputs and node.name != branch.name)
    _remove(graph.initializer, lambda tensor: tensor.name in {one.name for one in own})


def _computed_for(graph: GraphProto, values: dict[str, str]) -> list[NodeProto]:
    """The nodes that make `values` and those whose outputs go into nothing else, without those that make what each is
    otherwise."""
    links = Links(graph)
    results = ({output.name for output in graph.output} | set(values.values())) - set(values)
    found = [links.maker[value] for value in values]
    names = set(values)
    grown = True
    while grown:
        grown = False
        for node in graph.node:
            if node.output[0] in names or results & set(node.output):
                continue
            takers = [taker for output in node.output for taker in links.takers.get(output, [])]
            if takers and all(set(taker.output) <= names for taker in takers):
                found.append(node)
                names.update(node.output)
                grown = True
    return found


def prune(graph: GraphProto) -> None:
    """Removes nodes and constants that no output needs."""
    needed = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if not needed.isdisjoint(node.output):
            needed.update(_inputs(node))
    _remove(graph.node, lambda node: needed.isdisjoint(node.output))
    _remove(graph.initializer, lambda tensor: tensor.name not in needed)


def _inputs(node: NodeProto) -> Iterable[str]:
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _inputs(inner)


def _remove(items: Any, unwanted: Callable[[Any], bool]) -> None:
    kept = [item for item in items if not unwanted(item)]
    del items[:]
    items.extend(kept)
