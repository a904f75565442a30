"""Adds a graph for writing alone to a bundle: only the layers below the writers, the weights shared with the step's.

A stream is written by `write.int8.onnx` (keys and β); `step.int8.onnx` asks and reads. What both need lies in
`lower.int8.bin`, the rest in `upper.int8.bin`, so that a bundle whose reading alone was trained further has the same
files for writing. The bundle is for CPUs then: its float16 graph is removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx.external_data_helper import set_external_data
from onnx.utils import Extractor

from export import INPUTS, model_hash

SMALL = 1024  # bytes; smaller tensors stay in the graphs
OUTPUTS = ("keys", "beta")
ALIGNMENT = 64
ROLES = {"int8": "step.int8.onnx", "lower": "lower.int8.bin", "upper": "upper.int8.bin", "write": "write.int8.onnx"}


def constants(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Those of the branches of its Ifs too."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from constants(attribute.g)


def share_weights(folder: Path, writers: Path | None = None) -> dict[str, object]:
    """Rewrites the bundle's int8 graph and its config.json; returns the config.

    writers: a bundle whose writing files are kept. Where only reading was trained since, the layers below the writers
    are the same, but int8 scales depend on what they were calibrated with, and journals of streams on every bit.
    """
    config = json.loads((folder / "config.json").read_text())
    (folder / config["files"].pop("fp16")["path"]).unlink(missing_ok=True)
    step = onnx.load(folder / "step.int8.onnx")
    if writers is not None:
        kept = {tensor.name: tensor for tensor in onnx.load(writers / "write.int8.onnx").graph.initializer}
        for tensor in constants(step.graph):
            if tensor.name in kept:
                tensor.CopyFrom(kept.pop(tensor.name))
                tensor.ClearField("external_data")
                tensor.ClearField("data_location")
        if kept:
            raise ValueError(f"{writers} writes with tensors that this model does not have: {sorted(kept)}")
    write = Extractor(step).extract_model(list(INPUTS), list(OUTPUTS))
    lower = {tensor.name for tensor in write.graph.initializer}
    data = {"lower": bytearray(), "upper": bytearray()}
    places: dict[str, tuple[str, int, int]] = {}
    for tensor in sorted(constants(step.graph), key=lambda t: t.name):
        raw = onnx.numpy_helper.to_array(tensor).tobytes()
        if len(raw) >= SMALL:
            part = "lower" if tensor.name in lower else "upper"
            data[part] += b"\0" * (-len(data[part]) % ALIGNMENT)
            places[tensor.name] = (part, len(data[part]), len(raw))
            data[part] += raw
    files = {f"{part}.int8.bin": bytes(content) for part, content in data.items()}
    for graph, name in ((step, "step.int8.onnx"), (write, "write.int8.onnx")):
        for tensor in constants(graph.graph):
            if tensor.name in places:
                part, offset, length = places[tensor.name]
                tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
                set_external_data(tensor, f"{part}.int8.bin", offset, length)
                tensor.ClearField("raw_data")
                tensor.data_location = onnx.TensorProto.EXTERNAL
        files[name] = graph.SerializeToString(deterministic=True)
    for role, name in ROLES.items():
        (folder / name).write_bytes(files[name])
        config["files"][role] = {
            "path": name,
            "bytes": len(files[name]),
            "sha256": hashlib.sha256(files[name]).hexdigest(),
        }
    config["files"] = dict(sorted(config["files"].items()))
    config["modelHash"] = model_hash({role: entry["sha256"] for role, entry in config["files"].items()})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return config
