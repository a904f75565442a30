"""PyTorch module -> clean ONNX graph, and its forms for CPUs (int8) and GPUs (float16 weights).

A module that exports has `output_names`, and its `forward` takes tensors by the names given here.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from cpu_graph import for_cpu
from gpu_graph import for_gpu

OPSET = 20  # the first with Gelu as one operator; WebGPU and the CPU provider both know it


def export_graph(
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    dynamic: Mapping[str, Sequence[str | None]],
    out: Path,
    limits: Mapping[str, int] | None = None,
) -> None:
    """Writes the float32 graph, without paths and stack traces.

    `dynamic` names each input's variable dimensions, e.g. tokens: ("B", "T").
    """
    limits = limits or {}
    names = {n for dims in dynamic.values() for n in dims if n is not None}
    dims = {n: torch.export.Dim(n, max=limits[n]) if n in limits else torch.export.Dim(n) for n in names}
    shapes = tuple({i: dims[n] for i, n in enumerate(dynamic.get(k, ())) if n is not None} for k in inputs)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(model.output_names),
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    graph = program.model_proto
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        del value.metadata_props[:]
    del graph.graph.value_info[:]  # both conversions infer it anew, and stale shapes contradict theirs
    del graph.graph.metadata_props[:]
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, out)


def smooth(source: Path, out: Path, samples: Sequence[Mapping[str, np.ndarray]], alpha: float = 0.8) -> None:
    """Moves the outliers of activations into the weights (SmoothQuant, arXiv 2211.10438, section 4), per channel.

    The graph computes the same; quantised, it errs about half as much. `samples` are inputs as the model meets them.
    """
    graph = onnx.load(source)
    weights = {w.name: w for w in graph.graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            readers.setdefault(node.input[0], []).append(node)
    probe = onnx.ModelProto()
    probe.CopyFrom(graph)
    probe.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in readers)
    session = cpu_session(probe.SerializeToString())
    peaks = dict.fromkeys(readers, np.float32(1e-5))
    for sample in samples:
        for name, value in zip(readers, session.run(list(readers), dict(sample)), strict=True):
            peaks[name] = np.maximum(peaks[name], np.abs(value).reshape(-1, value.shape[-1]).max(0))
    for name, nodes in readers.items():
        arrays = {n.input[1]: onnx.numpy_helper.to_array(weights[n.input[1]]) for n in nodes}
        rows = np.max([np.abs(w).max(1) for w in arrays.values()], 0)
        scale = np.maximum(peaks[name] ** alpha / np.maximum(rows, 1e-5) ** (1 - alpha), 1e-4).astype(np.float32)
        for key, w in arrays.items():
            weights[key].CopyFrom(onnx.numpy_helper.from_array(w * scale[:, None], key))
        graph.graph.initializer.append(onnx.numpy_helper.from_array(1 / scale, f"{name}_smooth"))
        mul = onnx.helper.make_node("Mul", [name, f"{name}_smooth"], [f"{name}_smoothed"], name=f"{name}_smoothing")
        graph.graph.node.insert(list(graph.graph.node).index(nodes[0]), mul)
        for node in nodes:
            node.input[0] = f"{name}_smoothed"
    onnx.save(graph, out)


def cpu_session(model: Path | bytes) -> ort.InferenceSession:
    """One thread: repeatable, and fast enough beside a training run that has the cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def to_int8(source: Path, out: Path, heads: int) -> None:
    """Weights of matrix products (per channel) and of embeddings to int8, activations quantised as they come.

    Products of two activations (attention, memory) stay float. Weights use 7 bits: with 8, processors without VNNI
    saturate the sums of int8 products, and a memory state would depend on the machine it was made on.
    """
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(
            source,
            out,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
        )
    finally:
        logging.disable(logging.NOTSET)
    graph = onnx.load(out)
    for_cpu(graph, heads)
    _strip(graph, out)


def to_gpu(source: Path, out: Path) -> None:
    """Weights to float16, computed with in float32, all of it on the GPU; token inputs become int32."""
    graph = onnx.load(source)
    for_gpu(graph.graph)
    _strip(graph, out)


def _strip(graph: onnx.ModelProto, out: Path) -> None:
    """Saves without notes, so that the same weights give the same bytes."""
    for node in graph.graph.node:
        node.doc_string = ""
    del graph.graph.value_info[:]
    del graph.metadata_props[:]
    onnx.checker.check_model(graph)
    onnx.save(graph, out)
