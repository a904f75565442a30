"""Trains the sibling for long streams (models/armt-babilong): gated writes, keys of words, reading of recalled lines.

python train_babilong.py --babi ../../test/bench/babi --background DIR [DIR] --backbone model.safetensors
       --tokenizer ../armt-code/tokenizer.json --out RUN --minutes 25
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from armt import ARMT, Config, phi
from babi import ENTITIES, TASKS, read_stories, training_stories
from babilong_batches import ASK_WIDTH, WRITE_WIDTH, Background, Sampler, read_batch, stack
from prune_vocabulary import prune
from tokenizer import Tokenizer
from train import parameter_groups, save

CONFIG = Config(layers=4, writer_layers=2, reader_layers=(2, 3), vocabulary=12000)
HELD_OUT = 0.1
TASKS_SEEN = ("qa1", "qa2", "qa2", "qa3", "qa4", "qa4", "qa4", "qa5")  # how often each is read


def encode(model: ARMT, tokens: Tensor, kinds: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """Keys [B,M,d_mem] and β [B,M] of the lower layers alone."""
    keys, beta, _ = model.write(tokens, kinds, anchors)
    return keys.float(), beta.float()


def strength_loss(beta: Tensor, wanted: Tensor, real: Tensor) -> Tensor:
    """Cross-entropy of β, the few wanted tokens and the many others each weighing half."""
    beta = beta.clamp(1e-5, 1 - 1e-5)
    nll = -(wanted * beta.log() + (1 - wanted) * (1 - beta).log())
    hit, rest = wanted * real, (1 - wanted) * real
    return (nll * hit).sum() / hit.sum().clamp(min=1) + 4 * (nll * rest).sum() / rest.sum().clamp(min=1)


def recall_loss(model: ARMT, sampler: Sampler, writes: int, asks: int) -> tuple[dict[str, Tensor], int]:
    """β where something is to be kept or asked for, and keys that agree for one word and are orthogonal for others."""
    rows = [sampler.write_row() for _ in range(writes)]
    asked = [sampler.ask_row(sampler.rng.choice(TASKS)) for _ in range(asks)]
    w = stack([r for r, _ in rows], [m for _, m in rows], WRITE_WIDTH, WRITE_WIDTH)
    q = stack([r for r, _ in asked], [m for _, m in asked], ASK_WIDTH, ASK_WIDTH)
    parts: dict[str, Tensor] = {}
    keys, labels, noise = [], [], []
    for name, (tokens, kinds, anchors, marks) in (("write", w), ("ask", q)):
        k, beta = encode(model, tokens, kinds, anchors)
        real = (anchors >= 0).float()
        at = anchors.clamp(min=0)
        wanted = marks.gather(1, at) * real
        parts[name] = strength_loss(beta, wanted, real)
        ids = tokens.gather(1, at)
        entity = sum((ids == t) * (i + 1) for t, i in sampler.entity.items()) * (anchors >= 0)
        chosen = (wanted > 0) if name == "write" else (entity > 0)
        keys.append(k[chosen])
        labels.append(entity[chosen])
        if name == "write":
            others = k[(wanted == 0) & (real > 0)]
            noise.append(others[torch.randperm(len(others))[:200]])
            parts["miss"] = ((beta < 0.5) & (wanted > 0)).sum() / wanted.sum().clamp(min=1)
            parts["junk"] = ((beta >= 0.5) & (wanted == 0) & (real > 0)).sum() / len(rows)
    p, label = phi(torch.cat(keys)), torch.cat(labels)
    s = p @ p.T
    same = label[:, None] == label[None]
    junk = p @ phi(torch.cat(noise)).T
    parts["pull"] = (1 - s)[same].square().mean()
    parts["push"] = s[~same].square().mean() + 0.5 * junk.square().mean()
    parts["cross"] = s[~same].mean().detach()
    return parts, w[0].numel() + q[0].numel()


class Support(nn.Module):
    """A head for training only: which lines the answer rests on, told at their last tokens."""

    def __init__(self, model: ARMT) -> None:
        super().__init__()
        self.line = nn.Linear(model.config.d, 1)
        self.hidden = torch.zeros(())
        model.encoder.layers[-1].register_forward_hook(lambda _module, _inputs, h: setattr(self, "hidden", h))

    def loss(self, ends: Tensor, needed: Tensor) -> Tensor:
        logits = self.line(self.hidden).squeeze(-1).float()
        nll = F.binary_cross_entropy_with_logits(logits, needed, reduction="none") * ends
        positive = (nll * needed).sum() / needed.sum().clamp(min=1)
        return positive + (nll * (1 - needed)).sum() / (ends - needed).sum().clamp(min=1)


def read_loss(
    model: ARMT, support: Support, sampler: Sampler, tasks: tuple[str, ...], packs: int
) -> tuple[dict[str, Tensor], int]:
    """Packs stream through the reader memory; the answer is one choice among the tokens of all of them."""
    batch = read_batch(sampler, tasks, packs, model.config.memory_tokens)
    size = batch.steps[0][0].shape[0]
    A, z = model.empty_state(size)
    start, end, marks, lines = [], [], [], []
    for tokens, kinds, anchors, answer, ends, needed in batch.steps:
        out = model(tokens, kinds, anchors, A, z, torch.ones(size))
        A, z = out[0].float(), out[1].float()
        body = (kinds != 1) * -1e4  # only lines can hold the answer
        start.append(out[5].float() + body)
        end.append(out[6].float() + body)
        marks.append(answer)
        lines.append(support.loss(ends, needed))
    s, e, m = torch.cat(start, 1), torch.cat(end, 1), torch.cat(marks, 1)
    has = m.sum(1) > 0
    nll = sum(x.logsumexp(1) - (x + (1 - m) * -1e4).logsumexp(1) for x in (s, e))
    right = m.gather(1, s.argmax(1, keepdim=True)).squeeze(1)[has].mean().detach()
    parts = {"span": nll[has].mean(), "lines": sum(lines) / packs, f"right{packs}": right}
    return parts, sum(step[0].numel() for step in batch.steps)


@torch.no_grad()
def measure(model: ARMT, support: Support, sampler: Sampler) -> dict[str, float]:
    model.eval()
    out: dict[str, float] = {}
    with torch.autocast("cpu", torch.bfloat16):
        for task in TASKS:
            for packs in (1, 2):
                runs = [read_loss(model, support, sampler, (task,), packs)[0] for _ in range(4)]
                out[f"{task}/{packs}"] = round(sum(r[f"right{packs}"].item() for r in runs) / 4, 3)
        recall, _ = recall_loss(model, sampler, 64, 64)
    model.train()
    return {**out, **{k: round(v.item(), 4) for k, v in recall.items()}}


def prepared(args: argparse.Namespace) -> tuple[Tokenizer, list[int]]:
    """The pruned tokenizer in `out` (made at the first run) and the old id of each of its pieces."""
    file, ids = args.out / "tokenizer.json", args.out / "pieces.json"
    if not file.exists():
        full = Tokenizer(args.tokenizer)
        corpus = Background(args.background, full, args.out / "full.pt", args.corpus)
        used = Counter(t for lines in corpus.files for line in lines for t in line)
        stories = training_stories(args.babi, HELD_OUT)
        texts = {w for t in stories.values() for s in t for x in s.statements for w in x.split()} | set(ENTITIES)
        texts |= {q.text for t in stories.values() for s in t for q in s.questions}
        always = {i for text in texts for i in full.ids(text)}
        ids.write_text(json.dumps(prune(args.tokenizer, file, used, always, CONFIG.vocabulary)))
    return Tokenizer(file), json.loads(ids.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--babi", type=Path, required=True)
    parser.add_argument("--background", type=Path, nargs="+", required=True)
    parser.add_argument("--corpus", type=int, default=8_000_000, help="characters of background")
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--heads", type=float, default=1e-3)
    parser.add_argument("--recall-share", type=float, default=0.2)
    parser.add_argument("--every", type=float, default=4)
    parser.add_argument("--init", type=Path)
    parser.add_argument("--keep-writers", action="store_true", help="only reading learns: what was written stays valid")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    tokenizer, old_ids = prepared(args)
    background = Background(args.background, tokenizer, args.out / "background.pt", args.corpus)
    full = ARMT(replace(CONFIG, vocabulary=30522), args.backbone)
    model = ARMT(replace(CONFIG, vocabulary=len(old_ids)))
    weights = full.state_dict()
    weights["encoder.word.weight"] = weights["encoder.word.weight"][old_ids]
    model.load_state_dict(weights)
    runs: list[dict] = []
    if args.init:
        start = torch.load(args.init)
        model.load_state_dict(start["model"])
        runs = [*start.get("runs", []), {"tokens": start["tokens"], "minutes": round(start["spent"], 1)}]
    support = Support(model)
    if args.keep_writers:
        for part in (model.key, model.beta):
            part.requires_grad_(False)
    groups = parameter_groups(model, args.rate, args.heads, CONFIG.writer_layers if args.keep_writers else 0)
    groups[1]["params"] = [p for p in groups[1]["params"] if p.requires_grad]
    groups[1]["params"] += list(support.parameters())
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    stories = training_stories(args.babi, HELD_OUT)
    sampler = Sampler(stories, background, tokenizer, args.seed)
    held = {}
    for task in TASKS:
        (file,) = args.babi.glob(f"{task}_*train.txt*")
        held[task] = read_stories(file, task)[len(stories[task]) :]
    dev = Sampler(held, background, tokenizer, args.seed + 1000)
    print(f"{len(background.files)} files, {len(old_ids)} pieces", flush=True)

    began = last_saved = time.time()
    means: dict[str, float] = {}
    step, tokens = 0, 0
    while (now := (time.time() - began) / 60) < args.minutes:
        factor = min(1.0, (step + 1) / 60) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * now / args.minutes)))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            if sampler.rng.random() < (0 if args.keep_writers else args.recall_share):
                parts, count = recall_loss(model, sampler, 8, 12)
                loss = parts["write"] + parts["ask"] + 2 * parts["pull"] + 4 * parts["push"]
            else:
                packs = sampler.rng.choice((1, 1, 1, 1, 1, 1, 2))
                parts, count = read_loss(model, support, sampler, TASKS_SEEN, packs)
                loss = parts["span"] + parts["lines"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, tokens = step + 1, tokens + count
        for name, value in parts.items():
            if not math.isnan(value.item()):
                means[name] = 0.95 * means.get(name, value.item()) + 0.05 * value.item()
        if step % 100 == 0:
            shown = " ".join(f"{k} {v:.3f}" for k, v in means.items())
            print(f"{now:.1f} min step {step} {tokens / (time.time() - began):.0f} tokens/s | {shown}", flush=True)
        if (time.time() - last_saved) / 60 > args.every:
            save(args.out / "checkpoint.pt", model, optimizer, now, step, tokens, runs)
            print(json.dumps(measure(model, support, dev)), flush=True)
            last_saved = time.time()
    save(args.out / "checkpoint.pt", model, optimizer, (time.time() - began) / 60, step, tokens, runs)
    print(json.dumps(measure(model, support, dev)), flush=True)


if __name__ == "__main__":
    main()
