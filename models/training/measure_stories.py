"""What the reader memory makes of order, overwriting and counting: held-out bAbI stories told in code.

python measure_stories.py CHECKPOINT --data DATA/calibration --babi ../../test/bench/babi

Twelve candidates a question, those of the story in order; the answer is that of the most relevant one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from armt import ARMT, Config
from babi import training_stories
from batches import ReadBatch, arrange, assemble_read
from data import Sample, load_repos
from sampler import Mix, Sampler
from scattered import TOLD, told_in_code
from tokenizer import Tokenizer

CANDIDATES = 12
ROWS = 20


@torch.inference_mode()
def answered(model: ARMT, batch: ReadBatch, samples: list[Sample], gate: float) -> int:
    """How many questions are answered right: the whole span for words, else the kind."""
    size = len(samples)
    A, z = model.empty_state(size)
    relevance, rights = [], []
    for step in batch.steps:
        out = model(step.tokens, step.kinds, step.anchors, A, z, torch.full((size,), gate))
        A, z = out[0], out[1]
        relevance.append(out[7])
        rows, start, end = torch.arange(size), out[5].argmax(1), out[6].argmax(1)
        span = (step.start[rows, start] * step.end[rows, end] > 0) & (step.start[:, 0] == 0)
        kinds = out[8][:, :5].argmax(1) == batch.kind  # "none" is not chosen as a kind
        worded = torch.tensor([bool(s.spans) for s in samples])
        rights.append(torch.where(worded, span, kinds))
    top = torch.stack(relevance, 1).argmax(1)
    return int(torch.stack(rights, 1)[torch.arange(size), top].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--babi", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).parents[1] / "armt-code/tokenizer.json")
    parser.add_argument("--questions", type=int, default=200)
    args = parser.parse_args()
    saved = torch.load(args.checkpoint)
    model = ARMT(Config.of(saved["config"]))
    model.load_state_dict(saved["model"])
    model.eval()
    tokenizer = Tokenizer(args.tokenizer)
    sampler = Sampler([], tokenizer, 5, Mix())
    repos = load_repos(args.data)
    for task, stories in training_stories(args.babi, tasks=TOLD, last=True).items():
        samples: list[Sample] = []
        while len(samples) < args.questions:
            story = sampler.rng.choice(stories)
            sample = told_in_code(sampler.rng, sampler.rng.choice(repos), story, tokenizer, sampler.pieces)
            if sample is not None and sample.kind != "none":
                samples.append(sample)
        right = [0, 0]
        for at in range(0, len(samples), ROWS):
            some = samples[at : at + ROWS]
            orders = [arrange(sampler, sample, CANDIDATES) for sample in some]
            batch = assemble_read(some, orders, model.config.memory_tokens)
            for gate in (0, 1):
                right[gate] += answered(model, batch, some, float(gate))
        print(f"{task}: {right[1] / len(samples):.3f}, without memory {right[0] / len(samples):.3f}", flush=True)


if __name__ == "__main__":
    main()
