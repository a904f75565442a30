"""Makes bundles: `models/<name>/` with config.json, tokenizer.json, step.int8.onnx (CPU) and step.fp16.onnx (GPU).

As a script: `python export.py reference` writes the reference wiring's graph and vectors for the TypeScript tests.
"""

import hashlib
import json
import shutil
import struct
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from cpu_graph import HEADS
from graph import cpu_session, export_graph, smooth, to_gpu, to_int8

FORMAT = 1  # of config.json; the engine refuses others
PROJECT = Path(__file__).parents[2]
TESTS = PROJECT / "test/unit/model"
INPUTS = ("tokens", "kinds", "anchors", "A", "z", "gate")
STEP_DIMENSIONS = {
    "tokens": ("B", "T"),
    "kinds": ("B", "T"),
    "anchors": ("B", "M"),
    "A": (None, "B"),
    "z": (None, "B"),
    "gate": ("B",),
}
LIMITS = {"tokens": 512, "segmentTokens": 128, "headerTokens": 24, "questionTokens": 64, "anchors": 12}
CLS, SEP = 101, 102
WORST = {
    "fp32": 1e-3,
    "fp16": 5e-3,
    "int8": 0.2,
}  # error of keys or gist, relative to their size, that fails the export

Step = dict[str, np.ndarray]


class StepModel(Protocol):
    """What `export_bundle` asks of a module: the step (`ARMT.forward`), an empty state, and its outputs' names."""

    output_names: Sequence[str]
    heads: int

    def empty_state(self, batch: int) -> tuple[Tensor, Tensor]: ...

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]: ...


def sample_steps(model: StepModel, tokenizer: Path, count: int = 24, length: int = 150) -> list[Step]:
    """Steps over this project's own code, to calibrate and check with: kinds, anchors and state vary."""
    encoder = Tokenizer.from_file(str(tokenizer))
    encoder.no_padding()
    encoder.no_truncation()
    rng = np.random.default_rng(0)
    A, z = (state.numpy() for state in model.empty_state(1))
    steps: list[Step] = []
    files = sorted((PROJECT / "models/training").glob("*.py")) + sorted((PROJECT / "src").rglob("*.ts"))
    for file in files[:: max(1, len(files) // count)]:
        ids = encoder.encode(file.read_text(), add_special_tokens=False).ids
        ids = [CLS, *ids[:10], SEP, *ids[10:length], SEP]
        kinds = np.ones((1, len(ids)), np.int64)
        read = len(steps) % 2  # every other one as a question over a memory that is not empty
        kinds[0, :12] = 1 - read
        steps.append(
            {
                "tokens": np.array([ids], np.int64),
                "kinds": kinds,
                "anchors": rng.integers(0, len(ids), (1, LIMITS["anchors"])),
                "A": (A + read * 0.1 * rng.standard_normal(A.shape)).astype(np.float32),
                "z": (z + read * rng.random(z.shape)).astype(np.float32),
                "gate": np.full(1, read, np.float32),
            }
        )
    return steps


def step_of(tokens: list[int], kinds: list[int], anchors: list[int], model: StepModel, gate: float) -> Step:
    """One row as the engine would run it, over an empty memory."""
    A, z = model.empty_state(1)
    return {
        "tokens": np.array([tokens], np.int64),
        "kinds": np.array([kinds], np.int64),
        "anchors": np.array([anchors], np.int64),
        "A": A.numpy(),
        "z": z.numpy(),
        "gate": np.array([gate], np.float32),
    }


def example_inputs(model: StepModel) -> dict[str, Tensor]:
    """Inputs to trace the step with: two rows, all dimensions that vary above one."""
    A, z = model.empty_state(2)
    return {
        "tokens": torch.full((2, 20), 1000),
        "kinds": torch.ones(2, 20, dtype=torch.int64),
        "anchors": torch.arange(5).repeat(2, 1),
        "A": A,
        "z": z,
        "gate": torch.ones(2),
    }


def compare(model: StepModel, file: Path, steps: Sequence[Step]) -> dict[str, float]:
    """Mean error of each output in onnxruntime against PyTorch, relative to the output's root mean square.

    Positions masked out with large negative numbers are left out of the comparison.
    """
    session = cpu_session(file)
    types = {i.name: np.int32 if i.type == "tensor(int32)" else None for i in session.get_inputs()}
    errors: dict[str, list[np.ndarray]] = {name: [] for name in model.output_names}
    sizes: dict[str, list[np.ndarray]] = {name: [] for name in model.output_names}
    for step in steps:
        with torch.no_grad():
            expected = model(*(torch.from_numpy(step[name]) for name in INPUTS))
        feeds = {name: step[name].astype(kind or step[name].dtype) for name, kind in types.items()}
        for name, want, got in zip(model.output_names, expected, session.run(None, feeds), strict=True):
            if name in ("A_out", *HEADS) and not step["gate"].any():
                continue  # the CPU's graph reads and writes nothing then
            real = want.numpy() > -1e3
            if not np.isfinite(got).all():
                raise ValueError(f"{file.name}: {name} is not finite")
            errors[name].append(np.square(got - want.numpy())[real])
            sizes[name].append(np.square(want.numpy())[real])
    rms = {name: (np.concatenate(errors[name]).mean(), np.concatenate(sizes[name]).mean()) for name in errors}
    return {name: float(np.sqrt(e / max(s, 1e-12))) for name, (e, s) in rms.items()}


def export_bundle(
    model: StepModel,
    out_dir: Path | str,
    config: Mapping[str, Any],
    tokenizer: Path | str,
    steps: Sequence[Step] | None = None,
) -> dict[str, Any]:
    """Writes the bundle and returns its config.json.

    config gives `name`, `version`, `architecture`, `tokenKinds` (name -> kind), `memoryTokenIds`, `markTokenIds` (what
    is left out of segments that are indexed), `answerKinds`, `provenance`, and optionally `limits`, `calibration` (the
    engine wants it, but it is fitted with the exported model) and `quality`; shapes, hashes and measured errors are
    added here.
    steps: inputs to calibrate int8 with and to measure errors on; None takes this project's code.
    """
    out, tokenizer = Path(out_dir), Path(tokenizer)
    out.mkdir(parents=True, exist_ok=True)
    steps = sample_steps(model, tokenizer) if steps is None else steps
    files = {"int8": out / "step.int8.onnx", "fp16": out / "step.fp16.onnx", "tokenizer": out / "tokenizer.json"}
    if tokenizer.resolve() != files["tokenizer"].resolve():
        shutil.copyfile(tokenizer, files["tokenizer"])
    with tempfile.TemporaryDirectory(prefix="armt-export-") as folder:
        fp32, smoothed = Path(folder, "step.fp32.onnx"), Path(folder, "smoothed.onnx")
        pair = example_inputs(model)
        limits = {**LIMITS, **config.get("limits", {})}
        export_graph(model, pair, STEP_DIMENSIONS, fp32, {"T": limits["tokens"]})
        smooth(fp32, smoothed, steps)
        to_int8(smoothed, files["int8"], model.heads)
        to_gpu(fp32, files["fp16"])
        errors = {"fp32": compare(model, fp32, steps)}
    errors |= {form: compare(model, files[form], steps) for form in ("int8", "fp16")}
    for form, worst in WORST.items():
        bad = {name: error for name, error in errors[form].items() if error > worst and name in ("keys", "gist")}
        if bad:
            raise ValueError(f"step.{form}.onnx differs too much from PyTorch: {bad}")
    hashes = {role: hashlib.sha256(file.read_bytes()).hexdigest() for role, file in files.items()}
    with torch.no_grad():
        shapes = [list(value.shape) for value in model(*pair.values())]
    outputs = dict(zip(model.output_names, shapes, strict=True))
    written = {
        "format": FORMAT,
        "name": config["name"],
        "version": config["version"],
        "modelHash": model_hash(hashes),
        "files": {
            role: {"path": file.name, "bytes": file.stat().st_size, "sha256": hashes[role]}
            for role, file in files.items()
        },
        "dims": {
            "hidden": config["architecture"]["d"],
            "stateLayers": pair["A"].shape[0],
            "stateKeys": pair["A"].shape[2],
            "stateValues": pair["A"].shape[3],
            "keyWidth": outputs["keys"][-1],
            "nu": config["architecture"]["nu"],
            "gistWidth": outputs["gist"][-1],
        },
        "outputs": list(model.output_names),
        "tokenKinds": config["tokenKinds"],
        "specialTokens": {"pad": 0, "cls": CLS, "sep": SEP},
        "memoryTokenIds": list(config["memoryTokenIds"]),
        "markTokenIds": sorted(config["markTokenIds"]),
        "answerKinds": list(config["answerKinds"]),
        "limits": limits,
        "architecture": config["architecture"],
        **({"calibration": config["calibration"]} if "calibration" in config else {}),
        "quality": {**config.get("quality", {}), "exportError": errors},
        "provenance": {**config["provenance"], "exported": datetime.now(UTC).strftime("%Y-%m-%d")},
    }
    (out / "config.json").write_text(json.dumps(written, indent=2) + "\n")
    return written


def model_hash(hashes: Mapping[str, str]) -> str:
    """Identity of a bundle: sha256 over "role hash" lines, sorted by role. The engine computes the same."""
    return hashlib.sha256("".join(f"{role} {hashes[role]}\n" for role in sorted(hashes)).encode()).hexdigest()


def export_reference(folder: Path = TESTS) -> None:
    """The reference's tiny GPT-2 ARMT as ONNX, and its recorded run as one file that needs no safetensors reader.

    gpt2-armt.bin: little-endian u32 length, JSON {name: {type, dims, offset, bytes}}, then the tensors' bytes.
    """
    from parity_test import load_reference

    model, recorded = load_reference()
    tokens = recorded["seg0.input_ids"]
    A, z = model.empty_state(len(tokens))
    inputs = {"input_ids": tokens, "A": A, "z": z, "gate": torch.ones(len(tokens))}
    dynamic = {"input_ids": ("B", "T"), "A": (None, "B"), "z": (None, "B"), "gate": ("B",)}
    longest = model.config.n_positions - model.config.num_mem_tokens
    export_graph(model, inputs, dynamic, folder / "gpt2-armt.onnx", {"T": longest})
    entries: dict[str, dict[str, object]] = {}
    data = b""
    for name, value in sorted(recorded.items()):
        raw = value.contiguous().numpy().tobytes()
        kind = "int64" if value.dtype == torch.int64 else "float32"
        entries[name] = {"type": kind, "dims": list(value.shape), "offset": len(data), "bytes": len(raw)}
        data += raw
    header = json.dumps(entries).encode()
    header += b" " * (-(4 + len(header)) % 8)  # tensors start at a multiple of 8
    (folder / "gpt2-armt.bin").write_bytes(struct.pack("<I", len(header)) + header + data)


if __name__ == "__main__":
    if sys.argv[1:] != ["reference"]:
        sys.exit(__doc__)
    export_reference()
