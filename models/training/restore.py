"""Reads a bundle's weights back into a checkpoint, to train on from what is committed.

python restore.py --bundle models/armt-code --out RESTORED/checkpoint.pt   (for `train.py --init`)
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor

from armt import ARMT, Config
from export import STEP_DIMENSIONS, example_inputs, export_graph


def initializers(file: Path) -> dict[str, np.ndarray]:
    """Every constant of a graph, by name."""
    return {w.name: onnx.numpy_helper.to_array(w) for w in onnx.load(file).graph.initializer}


def traced(model: ARMT) -> dict[str, np.ndarray]:
    """The constants of the float32 graph that the export makes of `model`: the names depend on the code alone."""
    with tempfile.TemporaryDirectory(prefix="armt-restore-") as folder:
        file = Path(folder, "step.fp32.onnx")
        export_graph(model, example_inputs(model), STEP_DIMENSIONS, file, {"T": 512})
        return initializers(file)


def restore(bundle: Path, config: Config) -> dict[str, Tensor]:
    """The bundle's weights as a state dict; those of its float16 graph, so rounded to 11 bits.

    Which constant is which parameter shows in a graph exported from random weights: the same name there holds
    that parameter's numbers. Raises ValueError where the bundle was made by other code.
    """
    torch.manual_seed(0)
    model = ARMT(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()  # biases and norms too: no two alike
    known, saved = traced(model), initializers(bundle / "step.fp16.onnx")
    weights: dict[str, Tensor] = {}
    for name, parameter in model.state_dict().items():
        want = parameter.numpy()
        for key, value in known.items():
            flat = value.shape == want.shape and np.array_equal(value, want)
            turned = value.ndim == 2 and value.T.shape == want.shape and np.array_equal(value.T, want)
            if (flat or turned) and key in saved and saved[key].shape == value.shape:
                weights[name] = torch.from_numpy((saved[key].T if turned else saved[key]).astype(np.float32).copy())
                break
        else:
            raise ValueError(f"{bundle} has no constant for {name}: it was made by another version of this code")
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    written = json.loads((args.bundle / "config.json").read_text())
    *runs, last = written["provenance"]["runs"]
    config = Config.of(written["architecture"])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    weights = restore(args.bundle, config)
    saved = {
        "model": weights,
        "config": config.as_dict(),
        "tokens": last["tokens"],
        "spent": last["minutes"],
        "runs": runs,
    }
    torch.save(saved, args.out)


if __name__ == "__main__":
    main()
