"""Comments as cloze questions: what a comment names and its code says is hidden, and is to be found in the code."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizer import Tokenizer

LONGEST = 8  # tokens of an answer
MOST = 3  # places in the code that an answer may stand at
INSIDE = frozenset("_-$#@")  # what joins the parts of one name

Spans = list[tuple[int, int]]  # inclusive


@dataclass(frozen=True)
class Cloze:
    """Tokens [first, last] of a comment that also stand in its code, at `spans`."""

    first: int
    last: int
    spans: Spans
    number: bool


class ClozeFinder:
    """Finds what a comment and its code both name."""

    def __init__(self, tokenizer: Tokenizer, stop: frozenset[int]) -> None:
        vocabulary = tokenizer.word_piece.get_vocab()
        self.stop = stop
        self.tails = frozenset(i for word, i in vocabulary.items() if word.startswith("##"))
        self.numbers = frozenset(i for word, i in vocabulary.items() if word.removeprefix("##").isdigit())
        signs = {i: word for word, i in vocabulary.items() if not any(c.isalnum() for c in word)}
        self.borders = frozenset(i for i, word in signs.items() if word not in INSIDE)

    def find(self, comment: list[int], code: list[int]) -> list[Cloze]:
        """The longest parts of the comment that are a whole name or literal of the code, and not everywhere in it."""
        places: dict[int, list[int]] = {}
        for at, token in enumerate(code):
            places.setdefault(token, []).append(at)
        found = []
        i = 0
        while i < len(comment):
            size, spans = self.longest(comment, i, code, places.get(comment[i], []))
            hidden = comment[i : i + size]
            if 0 < len(spans) <= MOST and not self.stop.issuperset(hidden):
                found.append(Cloze(i, i + size - 1, spans, self.numbers.issuperset(hidden)))
            i += max(1, size)
        return found

    def longest(self, comment: list[int], i: int, code: list[int], starts: list[int]) -> tuple[int, Spans]:
        """How many tokens from `comment[i]` on are a whole name or literal somewhere in the code, and where."""
        if comment[i] in self.tails or comment[i] in self.borders:
            return 0, []
        for size in range(min(LONGEST, len(comment) - i), 0, -1):
            hidden = comment[i : i + size]
            if hidden[-1] in self.borders or (i + size < len(comment) and comment[i + size] in self.tails):
                continue
            spans = [(at, at + size - 1) for at in starts if self.stands_at(hidden, code, at)]
            if spans:
                return size, spans
        return 0, []

    def stands_at(self, hidden: list[int], code: list[int], at: int) -> bool:
        """Whether these tokens stand there with nothing of the same name around them."""
        end = at + len(hidden)
        return (
            code[at:end] == hidden
            and (at == 0 or code[at - 1] in self.borders)
            and (end == len(code) or code[end] in self.borders)
        )
