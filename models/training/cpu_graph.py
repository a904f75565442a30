"""Rewrites the int8 step for onnxruntime on CPUs, so that it computes the same with less work.

- Attention becomes one operator with its int8 projection (com.microsoft QAttention): no copies of heads turned about,
  no mask. Rows must be unpadded, as the engine's are.
- Reading and writing the reader memory is left out while every gate is 0, as while indexing; `A_out` is `A` then.

Every other output is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import onnx
from onnx import GraphProto, NodeProto, helper


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
    gate_memory(graph)
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


def gate_memory(graph: GraphProto) -> None:
    """What the gate multiplies, and the new state -> If, computed only where a gate is open."""
    links = Links(graph)
    view = next(node for node in graph.node if node.op_type == "Reshape" and node.input[0] == "gate")
    added = [links.only_taker(product) for product in links.takers[view.output[0]]]
    open_gate = "gate_open"
    zero = helper.make_tensor("gate_shut", onnx.TensorProto.FLOAT, [], [0.0])
    graph.initializer.append(zero)
    greatest = helper.make_node("ReduceMax", ["gate"], ["gate_greatest"], keepdims=0, name="gate_greatest")
    greater = helper.make_node("Greater", ["gate_greatest", "gate_shut"], [open_gate], name=open_gate)
    for node in added:
        _when_open(graph, node.output[0], node.input[0], open_gate)
    _when_open(graph, "A_out", "A", open_gate)
    graph.node.insert(0, greater)
    graph.node.insert(0, greatest)


def _when_open(graph: GraphProto, value: str, otherwise: str, condition: str) -> None:
    """`value`, and all that is computed for it alone, moves into the branch of an If; else it is `otherwise`."""
    alone = _computed_for(graph, value, otherwise)
    outputs = {output for node in alone for output in node.output}
    inside = [node for node in graph.node if set(node.output) <= outputs]
    at = list(graph.node).index(inside[-1])
    constants = {name for node in inside for name in node.input}
    elsewhere = {name for node in graph.node if set(node.output).isdisjoint(outputs) for name in _inputs(node)}
    own = [tensor for tensor in graph.initializer if tensor.name in constants - elsewhere]
    result = helper.make_empty_tensor_value_info(f"{value}_open")
    then = helper.make_graph([], f"{value}_open", [], [result], own)
    for node in inside:
        moved = then.node.add()
        moved.CopyFrom(node)
        moved.output[:] = [f"{value}_open" if output == value else output for output in node.output]
    same = helper.make_node("Identity", [otherwise], [f"{value}_shut"], name=f"{value}_shut")
    shut = helper.make_graph([same], f"{value}_shut", [], [helper.make_empty_tensor_value_info(f"{value}_shut")])
    branch = helper.make_node("If", [condition], [value], then_branch=then, else_branch=shut, name=f"{value}_if")
    graph.node[at].CopyFrom(branch)
    _remove(graph.node, lambda node: bool(node.output) and set(node.output) <= outputs and node.op_type != "If")
    _remove(graph.initializer, lambda tensor: tensor.name in {one.name for one in own})


def _computed_for(graph: GraphProto, value: str, but: str) -> list[NodeProto]:
    """The node that makes `value` and those whose outputs go into nothing else, without the one that makes `but`."""
    links = Links(graph)
    results = {output.name for output in graph.output} | {but}
    found = [links.maker[value]]
    names = {value}
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
