"""Batches for long streams: statements scattered in background text (write), questions (ask), recalled lines (read)."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from armt import CLS, CODE, SEP
from babi import ENTITIES, Question, Story, entities, vary
from batches import Row, pad, question_row, read_row
from data import Segment
from tokenizer import Tokenizer

SUFFIXES = {".js", ".ts", ".py", ".md", ".c", ".h", ".json", ".rb", ".go", ".rst", ".txt", ".cjs", ".mjs", ".css"}
SEGMENT_TOKENS = 128
WRITE_WIDTH, ASK_WIDTH = 192, 128
READ_ROWS = {96: 16, 160: 10, 256: 6}  # rows of a batch by width: few shapes, as each new one costs a kernel set-up
MAX_LINE = 100  # tokens; longer lines are cut


def stack(rows: Sequence[Row], marks: Sequence[list[int]], width: int, anchors: int) -> tuple[Tensor, ...]:
    """tokens, kinds [B,T], anchors [B,M], marks [B,T] (1 at the given positions)."""
    marked = torch.zeros(len(rows), width)
    for i, positions in enumerate(marks):
        marked[i, positions] = 1
    return (
        pad([r.tokens for r in rows], 0, width),
        pad([r.kinds for r in rows], CODE, width),
        pad([r.anchors for r in rows], -1, anchors),
        marked,
    )


class Background:
    """Lines of files, as token ids."""

    def __init__(self, folders: Sequence[Path], tokenizer: Tokenizer, cache: Path, limit: int, seed: int = 1) -> None:
        if cache.exists():
            self.files: list[list[list[int]]] = torch.load(cache)
            return
        files = [f for folder in folders for f in sorted(folder.rglob("*")) if f.suffix in SUFFIXES and f.is_file()]
        random.Random(seed).shuffle(files)
        self.files, size = [], 0
        for file in files:
            text = file.read_text(errors="replace")
            if size > limit:
                break
            if len(text) > 60_000:
                text = text[:60_000]
            size += len(text)
            lines = [tokenizer.ids(line) for line in text.split("\n")]
            cut = [line[i : i + MAX_LINE] for line in lines for i in range(0, len(line), MAX_LINE)]
            if len(cut) > 5:
                self.files.append(cut)
        torch.save(self.files, cache)

    def lines(self, rng: random.Random, tokens: int) -> list[list[int]]:
        """Lines in a row of one file, together at most so many tokens."""
        file = rng.choice(self.files)
        at = rng.randrange(len(file))
        out: list[list[int]] = []
        while at < len(file) and tokens >= len(file[at]):
            out.append(file[at])
            tokens -= len(file[at])
            at += 1
        return out or [file[at - 1 if at == len(file) else at][:tokens]]

    def line(self, rng: random.Random) -> list[int]:
        return rng.choice(rng.choice(self.files))


@dataclass
class ReadRow:
    """Positions: the answer in supporting lines, the last token of each line, those of the supporting ones."""

    row: Row
    answer: list[int]
    ends: list[int]
    needed: list[int]


class Sampler:
    def __init__(self, stories: dict[str, list[Story]], background: Background, tokenizer: Tokenizer, seed: int):
        self.stories, self.background, self.tokenizer = stories, background, tokenizer
        self.rng = random.Random(seed)
        self.entity = {tokenizer.ids(word)[0]: i for i, word in enumerate(sorted(ENTITIES))}
        self.entity_ids = list(self.entity)
        self._ids: dict[str, list[int]] = {}

    def ids(self, text: str) -> list[int]:
        if text not in self._ids:
            self._ids[text] = self.tokenizer.ids(text)
        return self._ids[text]

    def story(self, task: str) -> Story:
        return vary(self.rng.choice(self.stories[task]), self.rng)

    def question(self, task: str) -> tuple[Story, Question]:
        story = self.story(task)
        return story, self.rng.choice(story.questions)

    def write_row(self) -> tuple[Row, list[int]]:
        """A segment with some statements on lines of their own, and the positions of the words that are to write."""
        rng = self.rng
        kind = rng.random()
        room = 0 if kind < 0.15 else SEGMENT_TOKENS if kind < 0.85 else rng.randrange(20, SEGMENT_TOKENS)
        lines = [(line, False) for line in self.background.lines(rng, room)] if room else []
        if lines and rng.random() < 0.3:  # words of the stories where no statement is
            for _ in range(rng.randrange(1, 6)):
                i = rng.randrange(len(lines))
                line = list(lines[i][0])
                if line and not lines[i][1]:
                    line[rng.randrange(len(line))] = rng.choice(self.entity_ids)
                    lines[i] = (line, False)
        count = rng.randrange(6, 17) if room == 0 else rng.choice((0, 0, 1, 1, 1, 2, 3, 4, 6))
        story = self.story(rng.choice(("qa1", "qa2", "qa3", "qa4", "qa5", "qa5")))
        from_ = rng.randrange(len(story.statements))
        for statement in story.statements[from_ : from_ + count]:
            place = len(lines) if room == 0 else rng.randrange(len(lines) + 1)
            lines.insert(place, (self.ids(statement), True))
        tokens, marks = [CLS, SEP], []
        for line, is_statement in lines:
            if is_statement:
                marks += [len(tokens) + i for i, t in enumerate(line) if t in self.entity]
            tokens += line
        tokens = [*tokens[: WRITE_WIDTH - 1], SEP]
        return Row(tokens, [CODE] * len(tokens), list(range(len(tokens))), 2), [m for m in marks if m < len(tokens)]

    def ask_row(self, task: str) -> tuple[Row, list[int]]:
        """A question, at times with lines found for it behind it, and the positions of the words that are to ask."""
        story, q = self.question(task)
        asked = entities(q.text)
        needed = [entities(story.statements[i]) for i in q.supporting]
        if self.rng.random() < 0.4:
            ids = self.ids(q.text)
            wanted = {self.ids(w)[0] for w in asked if any(w in n for n in needed)}
            return question_row(ids), [i + 1 for i, t in enumerate(ids) if t in wanted]
        # As the engine does: the newest lines that share a word with the question.
        seen = [i for i in range(q.after) if entities(story.statements[i]) & asked][-self.rng.randrange(1, 7) :]
        missing = set().union(*(n for n in needed if not n & asked)) - asked
        here = set().union(*(entities(story.statements[i]) for i in seen)) if seen else set()
        wanted = {self.ids(w)[0] for w in missing & here}
        code = [t for i in seen for t in self.ids(story.statements[i])][-96:]
        row = question_row(self.ids(q.text), Segment("", "", [], code, list(range(len(code)))))
        row.anchors = list(range(1, len(row.tokens)))
        return row, [row.offset + i for i, t in enumerate(code) if t in wanted]

    def read_rows(self, task: str, packs: int, memory: tuple[int, ...]) -> list[ReadRow]:
        """Lines that recall could give for a question, the newest first, cut into `packs`."""
        rng = self.rng
        story, q = self.question(task)
        asked = entities(q.text)
        supports = set(q.supporting)
        wanted = asked.union(*(entities(story.statements[i]) for i in supports)) - {q.answer}
        keep_other = 1.0 if len(story.statements) <= 2 else rng.choice((1.0, 0.3, 0.1, 0.0))
        most = rng.choice((12, 20, 30, 45)) * packs
        lines = [
            i
            for i in range(q.after)
            if i in supports or entities(story.statements[i]) & wanted or rng.random() < keep_other
        ]
        while len(lines) > most:  # the oldest are left out first
            drop = next((k for k, i in enumerate(lines) if i not in supports), None)
            if drop is None:
                break
            lines.pop(drop)
        shown: list[tuple[list[int], bool]] = [(self.ids(story.statements[i]), i in supports) for i in lines]
        for _ in range(rng.choice((0, 0, 1, 2, 4, 6))):  # what a long stream's junk brings along
            junk = list(self.background.line(rng)[:24])
            if junk and rng.random() < 0.6:
                junk[rng.randrange(len(junk))] = rng.choice(self.entity_ids)
            if junk:
                shown.insert(rng.randrange(len(shown) + 1), (junk, False))
        shown.reverse()
        cuts = [0, *sorted(rng.randrange(len(shown) + 1) for _ in range(packs - 1)), len(shown)]
        answer = self.ids(q.answer)[0]
        out = []
        for a, b in itertools.pairwise(cuts):
            code: list[int] = []
            spots: list[int] = []
            ends: list[int] = []
            needed: list[int] = []
            for line, supporting in shown[a:b]:
                if supporting:
                    spots += [len(code) + i for i, t in enumerate(line) if t == answer]
                code += line
                ends.append(len(code) - 1)
                if supporting:
                    needed.append(len(code) - 1)
            row = read_row(self.ids(q.text), Segment("", "", [], code, []), memory)
            at = row.offset
            out.append(ReadRow(row, *([at + i for i in x] for x in (spots, ends, needed))))
        return out


@dataclass
class ReadBatch:
    """One step for each pack: tokens, kinds [B,T], anchors [B,M], and marks [B,T] as in `ReadRow`."""

    steps: list[tuple[Tensor, ...]]


def read_batch(sampler: Sampler, tasks: Sequence[str], packs: int, memory: tuple[int, ...]) -> ReadBatch:
    """Questions whose packs fit one of the widths, chosen by chance."""
    rng = sampler.rng
    width = rng.choices(list(READ_ROWS), (0.35, 0.4, 0.25))[0]
    samples: list[list[ReadRow]] = []
    while len(samples) < READ_ROWS[width]:
        rows = sampler.read_rows(rng.choice(tasks), packs, memory)
        if max(len(r.row.tokens) for r in rows) <= width:
            samples.append(rows)
    steps = []
    for k in range(packs):
        own = [s[k] for s in samples]
        tokens, kinds, anchors, answer = stack([r.row for r in own], [r.answer for r in own], width, 6)
        ends, needed = torch.zeros_like(answer), torch.zeros_like(answer)
        for i, r in enumerate(own):
            ends[i, r.ends] = 1
            needed[i, r.needed] = 1
        steps.append((tokens, kinds, anchors, answer, ends, needed))
    return ReadBatch(steps)
