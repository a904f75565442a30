"""Batches: token rows for the encoder's three uses, with the labels of their losses."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from armt import ANSWER_KINDS, CLS, CODE, MEMORY, PAD, QUESTION, SEP
from data import Sample, Segment
from sampler import Sampler

MAX_ANCHORS = 12
WIDTHS = (32, 64, 96, 112, 128, 144, 160, 176, 192, 256)  # few, because each new shape costs a kernel's set-up
MAX_FOUND = 96  # tokens of a found segment that go behind a question that goes on from it


@dataclass
class Row:
    """One input of the encoder: token ids, their kinds, the positions that write or ask, where the code begins."""

    tokens: list[int]
    kinds: list[int]
    anchors: list[int]
    offset: int = 0


def words_alone(segment: Segment, marks: Container[int]) -> Segment:
    """Without punctuation, a third of the tokens, which hardly says what a segment is about. Anchors stay."""
    held = set(segment.anchors)
    kept = [i for i, token in enumerate(segment.code) if token not in marks or i in held]
    at = {old: new for new, old in enumerate(kept)}
    return replace(
        segment,
        header=[token for token in segment.header if token not in marks],
        code=[segment.code[i] for i in kept],
        anchors=[at[a] for a in segment.anchors],
    )


def index_row(segment: Segment, marks: Container[int]) -> Row:
    """`[CLS] header [SEP] code [SEP]` without the marks of punctuation; the segment's anchors write."""
    words = words_alone(segment, marks)
    tokens = [CLS, *words.header, SEP, *words.code, SEP]
    offset = len(words.header) + 2
    return Row(tokens, [CODE] * len(tokens), [a + offset for a in words.anchors[:MAX_ANCHORS]], offset)


def question_row(ids: list[int], found: Segment | None = None) -> Row:
    """`[CLS] question [SEP]`, followed by `code [SEP]` of the place that it goes on from (`words_alone`).

    Every word piece of the question asks with a key of its own, and so do the anchors of the found code.
    """
    tokens = [CLS, *ids, SEP]
    kinds = [QUESTION] * len(tokens)
    anchors = list(range(1, len(ids) + 1))
    offset = len(tokens)
    if found is not None:
        code = found.code[:MAX_FOUND]
        tokens += [*code, SEP]
        kinds += [CODE] * (len(code) + 1)
        anchors += [a + offset for a in found.anchors[:MAX_ANCHORS] if a < len(code)]
    return Row(tokens, kinds, anchors, offset)


def read_row(question: list[int], segment: Segment, memory: tuple[int, ...]) -> Row:
    """`[CLS] question [SEP] header [SEP] code [SEP] memory tokens`; the memory tokens write."""
    head = [CLS, *question, SEP]
    body = [*segment.header, SEP, *segment.code, SEP]
    kinds = [QUESTION] * len(head) + [CODE] * len(body) + [MEMORY] * len(memory)
    written = len(head) + len(body)
    anchors = list(range(written, written + len(memory)))
    return Row([*head, *body, *memory], kinds, anchors, len(head) + len(segment.header) + 1)


def pad(rows: list[list[int]], fill: int, width: int = 0) -> Tensor:
    width = max(width, *(len(r) for r in rows))
    return torch.tensor([r + [fill] * (width - len(r)) for r in rows])


def stack(rows: list[Row], anchors: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """tokens [B,T], kinds [B,T], anchors [B,M]; T is one of `WIDTHS`."""
    longest = max(len(r.tokens) for r in rows)
    width = next(w for w in WIDTHS if w >= longest)
    return (
        pad([r.tokens for r in rows], PAD, width),
        pad([r.kinds for r in rows], CODE, width),
        pad([r.anchors for r in rows], -1, anchors),
    )


@dataclass
class RecallBatch:
    """Questions [Q] and segments [S]: `positive` [Q,S] marks evidence, `ignore` what must not count as a negative."""

    question: tuple[Tensor, Tensor, Tensor]
    segments: tuple[Tensor, Tensor, Tensor]
    positive: Tensor
    ignore: Tensor
    anchor: Tensor  # [Q,S,M] anchors that stand at the evidence


# Repository, segment, and the sample (or -1) that shows the segment without a comment.
Column = tuple[str, int, int]


def recall_batch(sampler: Sampler, repos: int, per_repo: int, hard: int) -> RecallBatch:
    """Questions of a few repositories, so that in-batch negatives come from the same code too."""
    rng = sampler.rng
    samples = [sampler.draw_recall(repo) for repo in (sampler.repo() for _ in range(repos)) for _ in range(per_repo)]
    columns: dict[Column, int] = {}
    segments: list[Segment] = []

    def add(s: Sample, i: int, own: int) -> None:
        column = (s.repo.name, i, own if i in s.shown else -1)
        if column not in columns:
            columns[column] = len(segments)
            segments.append(s.segment(i))

    rows, wanted = [], []
    for own, s in enumerate(samples):
        hop = rng.randrange(1, len(s.chain)) if len(s.chain) > 1 and rng.random() < 0.6 else 0
        found = s.repo.segments[s.chain[hop - 1]] if hop else None
        rows.append(question_row(s.question, found and words_alone(found, sampler.marks)))
        targets = [s.chain[hop]] if hop else s.chain
        wanted.append(set(targets))
        for i in [rng.choice(targets), *sampler.negatives_of(s, hard)]:
            add(s, i, own)
    while len(segments) < len(samples) * (hard + 1):  # always the same number of rows
        s = rng.choice(samples)
        i = rng.randrange(len(s.repo.segments))
        if i not in s.chain:
            add(s, i, -1)
    positive = torch.zeros(len(samples), len(segments), dtype=torch.bool)
    ignore = torch.zeros_like(positive)
    anchor = torch.zeros(len(samples), len(segments), MAX_ANCHORS, dtype=torch.bool)
    for (name, i, owner), at in columns.items():
        for row, (s, targets) in enumerate(zip(samples, wanted, strict=True)):
            if s.repo.name != name or (i not in s.related and i not in s.chain):
                continue
            if i in targets and owner == (row if i in s.shown else -1):
                positive[row, at] = True
                for a in s.anchors.get(i, []):
                    if a < MAX_ANCHORS:
                        anchor[row, at, a] = True
            else:
                ignore[row, at] = True
    return RecallBatch(
        stack(rows, -(-max(len(r.anchors) for r in rows) // 16) * 16),
        stack([index_row(s, sampler.marks) for s in segments], MAX_ANCHORS),
        positive,
        ignore,
        anchor,
    )


@dataclass
class ReadStep:
    """One candidate of every question, with the labels of its heads."""

    tokens: Tensor  # [B,T]
    kinds: Tensor  # [B,T]
    anchors: Tensor  # [B,M]
    relevant: Tensor  # [B] 0/1
    start: Tensor  # [B,T] marks of first tokens; position 0 means no span
    end: Tensor  # [B,T]


@dataclass
class ReadBatch:
    steps: list[ReadStep]
    kind: Tensor  # [B]
    chained: Tensor  # [B] whether the evidence has two or more places


def read_batch(sampler: Sampler, questions: int, candidates: int, memory: tuple[int, ...]) -> ReadBatch:
    draw = sampler.draw if candidates == 1 else sampler.draw_for_memory
    samples = [draw(sampler.repo(), negatives=True) for _ in range(questions)]
    orders = [arrange(sampler, s, candidates) for s in samples]
    names = [
        sampler.renaming([s.question, *(s.segment(i).code for i in order)])
        for s, order in zip(samples, orders, strict=True)
    ]
    return assemble_read(samples, orders, memory, names)


def arrange(sampler: Sampler, sample: Sample, candidates: int) -> list[int]:
    """Evidence among hard negatives, mostly where recall would put it: early, and in the order of the chain."""
    if candidates == 1:  # the answer's own segment, so that the span heads see an answer in nearly every row
        holders = [s for s, _, _ in sample.spans if s in sample.chain] or sample.chain
        alone = bool(holders) and sampler.rng.random() < 0.8
        return [sampler.rng.choice(holders)] if alone else sampler.negatives_of(sample, 1)
    if sample.stream:
        others = sampler.negatives_of(sample, candidates - len(sample.stream))
        places = set(sampler.rng.sample(range(candidates), len(sample.stream)))
        streamed, rest = iter(sample.stream), iter(others)
        return [next(streamed if i in places else rest) for i in range(candidates)]
    chain = sample.chain[: candidates - 1]
    order = chain + sampler.negatives_of(sample, candidates - len(chain))
    rank = {s: sampler.rng.random() * (0.8 if s in chain else 1.3) for s in order}
    order.sort(key=lambda s: rank[s])
    if len(chain) > 1 and sampler.rng.random() < 0.7:  # usually the first hop is met first
        spots = sorted(order.index(s) for s in chain)
        for spot, s in zip(spots, chain, strict=True):
            order[spot] = s
    return order


def assemble_read(
    samples: list[Sample],
    orders: list[list[int]],
    memory: tuple[int, ...],
    names: Sequence[Mapping[int, int]] = (),
) -> ReadBatch:
    """Candidate n of every sample becomes step n; `names` exchanges words of each sample's rows."""
    steps = []
    for n in range(len(orders[0])):
        rows = [read_row(s.question, s.segment(o[n]), memory) for s, o in zip(samples, orders, strict=True)]
        for row, other in zip(rows, names, strict=False):
            row.tokens = [other.get(t, t) for t in row.tokens]
        tokens, kinds, anchors = stack(rows)
        start, end = torch.zeros(tokens.shape), torch.zeros(tokens.shape)
        relevant = torch.zeros(len(samples))
        for at, (s, order, row) in enumerate(zip(samples, orders, rows, strict=True)):
            relevant[at] = float(order[n] in s.chain)
            marks = [(row.offset + a, row.offset + b) for i, a, b in s.spans if i == order[n] and s.kind != "none"]
            for a, b in marks or [(0, 0)]:
                start[at, a] = end[at, b] = 1
        steps.append(ReadStep(tokens, kinds, anchors, relevant, start, end))
    kind = torch.tensor([ANSWER_KINDS.index(s.kind) for s in samples])
    return ReadBatch(steps, kind, torch.tensor([len(s.chain) > 1 for s in samples]))
