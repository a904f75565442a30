"""Adds a graph for writing alone to a bundle: only the layers below the writers, the weights shared with the step's.

A stream is written by `write.int8.onnx` (keys and β); `step.int8.onnx` asks and reads. Both hold their large tensors
in `weights.int8.bin`. The bundle is for CPUs then: its float16 graph is removed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import onnx
from onnx.external_data_helper import set_external_data
from onnx.utils import Extractor

from export import INPUTS, model_hash

SMALL = 1024  # bytes; smaller tensors stay in the graphs
OUTPUTS = ("keys", "beta")
ALIGNMENT = 64


def share_weights(folder: Path) -> dict[str, object]:
    """Rewrites the bundle's int8 graph and its config.json; returns the config."""
    config = json.loads((folder / "config.json").read_text())
    (folder / config["files"].pop("fp16")["path"]).unlink(missing_ok=True)
    step = onnx.load(folder / "step.int8.onnx")
    write = Extractor(step).extract_model(list(INPUTS), list(OUTPUTS))
    data = bytearray()
    places: dict[str, tuple[int, int]] = {}
    for tensor in step.graph.initializer:
        raw = tensor.raw_data if tensor.HasField("raw_data") else onnx.numpy_helper.to_array(tensor).tobytes()
        if len(raw) >= SMALL:
            data += b"\0" * (-len(data) % ALIGNMENT)
            places[tensor.name] = (len(data), len(raw))
            data += raw
    (folder / "weights.int8.bin").write_bytes(data)
    for graph, name in ((step, "step.int8.onnx"), (write, "write.int8.onnx")):
        for tensor in graph.graph.initializer:
            if tensor.name in places:
                if not tensor.HasField("raw_data"):
                    tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
                offset, length = places[tensor.name]
                set_external_data(tensor, "weights.int8.bin", offset, length)
                tensor.ClearField("raw_data")
                tensor.data_location = onnx.TensorProto.EXTERNAL
        (folder / name).write_bytes(graph.SerializeToString(deterministic=True))
    for role, name in (("int8", "step.int8.onnx"), ("weights", "weights.int8.bin"), ("write", "write.int8.onnx")):
        content = (folder / name).read_bytes()
        config["files"][role] = {
            "path": name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    config["files"] = dict(sorted(config["files"].items()))
    config["modelHash"] = model_hash({role: entry["sha256"] for role, entry in config["files"].items()})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return config
