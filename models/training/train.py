"""Trains the ARMT encoder: recall (contrastive keys and gist) and reading (relevance, span, kind through the memory).

    python train.py --data DIR --backbone model.safetensors --out RUN --minutes 60 [--resume]

Resumable: a run is cut into pieces by `--piece` minutes; the learning rate follows the share of `--minutes` spent.

Products of this size are too small to be shared among processors: under torchrun, each process learns from
its share of the repositories with a thread of its own (`--threads 1`), and every few steps all go on from the mean of
their weights (local SGD, arXiv 1805.09767).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Container
from itertools import chain
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from armt import ARMT, Config, phi, signs
from babi import training_stories
from batches import ReadBatch, RecallBatch, read_batch, recall_batch
from data import load_repos
from evaluate import evaluate
from sampler import Mix, Sampler
from scattered import TOLD
from tokenizer import Tokenizer

TEMPERATURE = 20.0
MEET = 20  # steps between two averages of the processes' weights


def flops_per_token(config: Config) -> int:
    """Of the layers' weights, forward and backward."""
    return 6 * config.layers * (4 * config.d * config.d + 2 * config.d * config.d_ff)


def peak_flops(seconds: float = 1.0) -> float:
    """What this process' threads reach on large products in bf16, in operations a second: the limit of training."""
    a = torch.randn(2048, 2048, dtype=torch.bfloat16)
    a @ a
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        a @ a
        count += 1
    return count * 2 * 2048**3 / (time.perf_counter() - began)


def match(q_keys: Tensor, s_keys: Tensor, s_beta: Tensor) -> Tensor:
    """Each key of a question [Q,N,k] against each write of a segment [S,M,k] -> [Q,S,N,M], scaled by beta."""
    p, k = phi(q_keys.float()), phi(s_keys.float())
    return torch.einsum("qnk,smk->qsnm", p, k) * s_beta[None, :, None, :]


def recall_loss(model: ARMT, batch: RecallBatch, teacher: ARMT | None = None) -> dict[str, Tensor]:
    """In-batch contrast of gists, of keys (sum over the question's words of their best write) and of the anchors.

    Keys are also asked for what the gist leaves open (`joint`), as recall adds the two up.
    """
    q_keys, q_weight, q_gist = model.write(*batch.question)
    s_keys, s_beta, s_gist = model.write(*batch.segments)
    drop = batch.ignore * -1e4
    gist = q_gist.float() @ s_gist.float().T * TEMPERATURE + drop
    pairs = match(q_keys, signs(s_keys), s_beta.float())  # [Q,S,N,M]
    weight = q_weight.float() / q_weight.float().sum(1, keepdim=True).clamp(min=1e-6)
    best = pairs.amax(-1)  # [Q,S,N]
    keys = torch.einsum("qsn,qn->qs", best, weight) * TEMPERATURE + drop
    # which write: the anchors at the evidence against all others of the batch
    each = torch.einsum("qsnm,qn->qsm", pairs, weight) * TEMPERATURE + drop.unsqueeze(-1)
    each = each + (batch.segments[2] < 0)[None] * -1e4
    spot = (each + (~batch.anchor) * -1e4).flatten(1).logsumexp(1)
    has = batch.anchor.flatten(1).any(1)
    anchor = (each.flatten(1).logsumexp(1) - spot)[has].mean() if has.any() else keys.sum() * 0
    hit = (keys.argmax(1, keepdim=True) == torch.arange(keys.shape[1])) & batch.positive
    taught = keys.sum() * 0
    if teacher is not None:
        taught = distance(batch.segments, teacher, (s_keys, s_beta, s_gist))
        taught = taught + distance(batch.question, teacher, (q_keys, q_weight, q_gist))
    return {
        "taught": taught,
        "gist": positives_nll(gist, batch.positive),
        "keys": positives_nll(keys, batch.positive),
        "joint": positives_nll(gist.detach() + keys, batch.positive),
        "anchor": anchor,
        "hit": hit.any(1).float().mean().detach(),
    }


def distance(rows: tuple[Tensor, ...], teacher: ARMT, got: tuple[Tensor, ...]) -> Tensor:
    """How far keys, β and gist are from those of a teacher whose writers may stand at another layer."""
    with torch.no_grad():
        keys, beta, gist = (value.float() for value in teacher.write(*rows))
    there = (beta > 0).float()
    each = 1 - F.cosine_similarity(got[0].float(), keys, dim=-1) + (got[1].float() - beta).square()
    return (each * there).sum() / there.sum() + 1 - (got[2].float() * gist).sum(-1).mean()


def positives_nll(scores: Tensor, positive: Tensor) -> Tensor:
    return (scores.logsumexp(1) - (scores + (~positive) * -1e4).logsumexp(1)).mean()


def read_loss(model: ARMT, batch: ReadBatch) -> dict[str, Tensor]:
    """Streams the candidates through the reader memory; every candidate is judged when it is read."""
    alone = len(batch.steps) == 1
    size = batch.kind.shape[0]
    A, z = model.empty_state(size)
    gate = torch.zeros(size) if alone else torch.ones(size)
    relevance, span, kind, starts, ends = [], [], [], [], []
    right = torch.zeros(0)
    labels = torch.stack([s.relevant for s in batch.steps], 1)  # [B,N]
    found = labels.sum(1) > 0
    for n, step in enumerate(batch.steps):
        out = model(step.tokens, step.kinds, step.anchors, A, z, gate)
        A, z, start, end = out[0].float(), out[1].float(), out[5].float(), out[6].float()
        relevance.append(out[7].float())
        starts.append((start, step.start))
        ends.append((end, step.end))
        nll = span_nll(start, step.start) + span_nll(end, step.end)
        here = step.start[:, 0] == 0
        span.append((nll * torch.where(here, 1.0, 0.15 + 0.25 * labels[:, n])).mean())
        judged = (labels[:, n] > 0) | (~found & (not alone))
        kind.append((F.cross_entropy(out[8].float(), batch.kind, reduction="none") * judged).mean())
        exact = (start.argmax(1) == step.start.argmax(1)) & (end.argmax(1) == step.end.argmax(1))
        right = torch.cat([right, exact[here].float().detach()])
    scores = torch.stack(relevance, 1)  # [B,N]
    listwise = scores.new_zeros(()) if alone else each_positive_nll(scores, labels)[found].mean()
    each = F.binary_cross_entropy_with_logits(scores, labels, pos_weight=torch.tensor(2.0))
    top = labels.gather(1, scores.argmax(1, keepdim=True)).squeeze(1)
    return {
        "relevance": listwise + each,
        "span": torch.stack(span).sum(),
        "among": scores.new_zeros(()) if alone else among_nll(starts) + among_nll(ends),
        "kind": torch.stack(kind).sum(),
        "top": top[found].mean().detach() if not alone else torch.tensor(math.nan),
        "exact": right.mean() if len(right) else torch.tensor(math.nan),
    }


def each_positive_nll(scores: Tensor, labels: Tensor) -> Tensor:
    """Every place of the evidence against the places that are none: [B,N] -> [B]."""
    others = (scores - labels * 1e4).logsumexp(1, keepdim=True)  # [B,1]
    nll = torch.logaddexp(scores, others) - scores
    return (nll * labels).sum(1) / labels.sum(1).clamp(min=1)


def among_nll(steps: list[tuple[Tensor, Tensor]]) -> Tensor:
    """One softmax over the tokens of all candidates, so that spans of different places can be compared (shared norm,
    arXiv 1710.10723); steps of (logits, marks) [B,T], of which position 0 says that there is no span."""
    logits = torch.cat([logits[:, 1:] for logits, _ in steps], 1)
    marks = torch.cat([marks[:, 1:] for _, marks in steps], 1)
    has = marks.sum(1) > 0
    return span_nll(logits[has], marks[has]).sum() / len(has)


def span_nll(logits: Tensor, marks: Tensor) -> Tensor:
    """Negative log of the probability that any marked position is chosen: [B,T] -> [B]."""
    return logits.logsumexp(1) - (logits + (1 - marks) * -1e4).logsumexp(1)


def parameter_groups(model: ARMT, rate: float, heads: float, frozen: int, pretrained: bool) -> list[dict]:
    """The backbone learns slowly, what is new learns fast; pretrained words stay as they are, first layers can."""
    model.encoder.word.weight.requires_grad = not pretrained
    if frozen:
        for part in (model.encoder.position, model.encoder.kind, model.encoder.ln, *model.encoder.layers[:frozen]):
            part.requires_grad_(False)
    old = [p for p in model.encoder.parameters() if p.requires_grad]
    known = {id(p) for p in model.encoder.parameters()}
    new = [p for p in model.parameters() if id(p) not in known]
    return [
        {"params": old, "lr": rate, "base": rate, "weight_decay": 0.01},
        {"params": new, "lr": heads, "base": heads, "weight_decay": 0.01},
    ]


def meet(model: ARMT, tokens: int, done: bool) -> tuple[int, bool]:
    """Averages the processes' weights; returns the tokens of all, and whether any is done."""
    learned = [p for p in model.parameters() if p.requires_grad]
    flat = torch.cat([p.detach().flatten() for p in learned])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for p, part in zip(learned, flat.split([p.numel() for p in learned]), strict=True):
        p.detach().copy_(part.view_as(p))
    total = torch.tensor([tokens, int(done)])
    dist.all_reduce(total)
    return int(total[0]), bool(total[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--babi", type=Path, help="train files of bAbI, for --stories")
    parser.add_argument("--dev", type=Path)
    parser.add_argument("--dev-repos", default="ws,nodemon,luxon")
    backbone = parser.add_mutually_exclusive_group(required=True)
    backbone.add_argument("--backbone", type=Path, help="weights of all-MiniLM-L6-v2 to start from")
    backbone.add_argument("--tiny", action="store_true", help="a small model from random weights, for short_run.py")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--piece", type=float, default=1e9, help="stop this piece after so many minutes")
    parser.add_argument("--every", type=float, default=10, help="minutes between checkpoints and evaluations")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--heads", type=float, default=6e-4)
    for name in ("synthetic", "docs", "cloze", "removed", "rename", "stories"):
        parser.add_argument(
            f"--{name}", type=float, default=getattr(Mix, name), help="share of samples, see sampler.py"
        )
    parser.add_argument("--dropout", type=float, default=0.0, help="of each layer's two branches, while reading")
    parser.add_argument("--read-share", type=float, default=0.6)
    parser.add_argument("--alone-share", type=float, default=0.5, help="share of reading batches of one candidate")
    parser.add_argument("--frozen", type=int, default=0, help="layers that stay as they are: less work a step")
    parser.add_argument("--teacher", type=Path, help="weights whose keys, β and gist are to be met")
    parser.add_argument("--taught", type=float, default=2.0, help="weight of the distance to the teacher")
    parser.add_argument("--init", type=Path, help="weights to start from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    alone = world == 1
    if not alone:
        dist.init_process_group("gloo")
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    model = ARMT(Config.tiny() if args.tiny else Config(), args.backbone)
    teacher = None
    if args.teacher:
        taught = torch.load(args.teacher)
        teacher = ARMT(Config.of(taught["config"]))
        teacher.load_state_dict(taught["model"])
        teacher.eval().requires_grad_(False)
    runs: list[dict] = []
    if args.init:
        start = torch.load(args.init)
        model.load_state_dict(start["model"])
        runs = [*start.get("runs", []), {"tokens": start["tokens"], "minutes": round(start["spent"], 1)}]
    groups = parameter_groups(model, args.rate, args.heads, args.frozen, pretrained=not args.tiny)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    spent, step, tokens = 0.0, 0, 0
    checkpoint = args.out / "checkpoint.pt"
    if args.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        spent, step, runs = saved["spent"], saved["step"], saved.get("runs", runs)
        tokens = 0 if rank else saved["tokens"]  # of all processes together
    tokenizer = Tokenizer(args.tokenizer)
    repos = load_repos(args.data, tokenizer, rank, world)
    dev = [r for r in load_repos(args.dev) if r.name in args.dev_repos.split(",")] if args.dev else []
    mix = Mix(args.synthetic, args.docs, args.cloze, args.removed, args.rename, args.stories)
    told = training_stories(args.babi, tasks=TOLD) if args.babi else {}
    sampler = Sampler(repos, tokenizer, args.seed + step + 1000 * rank, mix, list(chain.from_iterable(told.values())))
    counts = {
        name: sum(len(getattr(repo, name)) for repo in repos)
        for name in ("segments", "questions", "facts", "links", "relations", "docs")
    }
    peak = peak_flops()
    print(f"{len(repos)} repositories, {counts}; at most {peak / 1e12:.2f} TFLOP/s in bf16", flush=True)

    if dev and step == 0:
        report(args.out, model, dev, tokenizer.marks, 0.0, 0, {})
    began, last_saved, means = time.time(), time.time(), {}
    piece_tokens, together = 0, tokens
    while True:
        now = spent + (time.time() - began) / 60
        done = now >= args.minutes or (time.time() - began) / 60 >= args.piece
        if not alone:
            together, done = meet(model, tokens, done) if step % MEET == 0 else (together, False)
        if done:
            break
        share = now / args.minutes
        factor = min(1.0, (step + 1) / 60) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            reading = sampler.rng.random() < args.read_share
            for layer in model.encoder.layers:
                layer.dropout = args.dropout if reading else 0.0
            if reading:
                questions, candidates = (
                    (28, 1) if sampler.rng.random() < args.alone_share else (8, sampler.rng.choice((8, 12)))
                )
                batch = read_batch(sampler, questions, candidates, model.config.memory_tokens)
                parts = read_loss(model, batch)
                loss = parts["relevance"] + 0.7 * parts["span"] + 0.5 * parts["among"] + 0.3 * parts["kind"]
                count = sum(s.tokens.numel() for s in batch.steps)
            else:
                recall = recall_batch(sampler, repos=6, per_repo=4, hard=2)
                parts = recall_loss(model, recall, teacher)
                loss = parts["gist"] + parts["keys"] + parts["joint"] + 0.5 * parts["anchor"]
                loss = loss + args.taught * parts["taught"]
                count = recall.segments[0].numel() + recall.question[0].numel()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, tokens, piece_tokens = step + 1, tokens + count, piece_tokens + count
        for name, value in parts.items():
            if not math.isnan(value.item()):
                means[name] = 0.97 * means.get(name, value.item()) + 0.03 * value.item()
        if step % 20 == 0:
            rate = piece_tokens / (time.time() - began)
            shown = " ".join(f"{k} {v:.3f}" for k, v in means.items())
            print(f"{now:.1f} min step {step} {tokens / 1e6:.2f}M tokens {rate:.0f}/s "
                  f"{rate * flops_per_token(model.config) / peak:.0%} of the limit | {shown}", flush=True)  # fmt: skip
        if (time.time() - last_saved) / 60 > args.every:
            if rank == 0:
                save(checkpoint, model, optimizer, now, step, tokens if alone else together, runs)
            if dev:
                report(args.out, model, dev, tokenizer.marks, now, tokens, means)
            last_saved = time.time()
    if rank > 0:
        return
    save(checkpoint, model, optimizer, spent + (time.time() - began) / 60, step, tokens if alone else together, runs)
    if dev:
        report(args.out, model, dev, tokenizer.marks, spent + (time.time() - began) / 60, tokens, means)


def save(
    file: Path, model: ARMT, optimizer: torch.optim.Optimizer, spent: float, step: int, tokens: int, runs: list[dict]
) -> None:
    """`runs`: those that the weights come from, oldest first, without this one."""
    state = {
        "model": model.state_dict(),
        "config": model.config.as_dict(),
        "optimizer": optimizer.state_dict(),
        "spent": spent,
        "step": step,
        "tokens": tokens,
        "runs": runs,
    }
    torch.save(state, file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)


def report(
    out: Path, model: ARMT, dev: list, marks: Container[int], minutes: float, tokens: int, means: dict[str, float]
) -> None:
    """`means`: running means of the training losses and hits."""
    model.eval()
    figures = {"minutes": round(minutes, 1), "tokens": tokens, **evaluate(model, dev, marks)}
    figures["train"] = {name: round(value, 3) for name, value in means.items()}
    model.train()
    print(json.dumps(figures), flush=True)
    with (out / "curve.jsonl").open("a") as f:
        f.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
