"""The engine's tokenizer in Python: the same words (src/engine/corpus/words.ts) and the same WordPiece ids.

Offsets are UTF-16, as in the engine, so that spans mean the same on both sides.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer as WordPiece

PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = 0, 100, 101, 102, 103
MAX_WORD_LENGTH = 100
MAX_PREFIX = 8

DROP, LOWER, UPPER, DIGIT, PUNCTUATION, UNDERSCORE, IDEOGRAPH, DOLLAR = range(8)
NAME = {LOWER, UPPER, DIGIT, IDEOGRAPH}
IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@lru_cache(maxsize=1 << 17)
def classify(character: str) -> int:
    if character in ")]};\ufffd":
        return DROP
    if character == "_":
        return UNDERSCORE
    if character == "$":
        return DOLLAR
    code = ord(character)
    if any(low <= code <= high for low, high in IDEOGRAPHS):
        return IDEOGRAPH
    category = unicodedata.category(character)
    if category in ("Lu", "Lt"):
        return UPPER
    if category[0] in "LM":
        return LOWER
    if category[0] == "N":
        return DIGIT
    return PUNCTUATION if category[0] in "PS" else DROP


def is_word(character: str) -> bool:
    """Letters, the marks on them, and digits."""
    return unicodedata.category(character)[0] in "LMN"


def scan_words(text: str) -> list[tuple[int, int, int, int]]:
    """Words as (word start, word end, shown start, shown end) in code points; see words.ts."""
    kinds = [classify(c) for c in text]
    kinds += [DROP, DROP]
    length = len(text)

    def run_end(at: int, kind: int) -> int:
        while kinds[at] == kind:
            at += 1
        return at

    def piece_end(at: int) -> int:
        first = kinds[at]
        if first == IDEOGRAPH:
            return at + 1
        if first != UPPER:
            return run_end(at, first)
        end = run_end(at, UPPER)
        if kinds[end] != LOWER:
            return end
        if end - at == 1:
            return run_end(end, LOWER)
        if text[end] == "s" and kinds[end + 1] != LOWER:
            return end + 1
        return end - 1

    words = []
    at = 0
    while at < length:
        kind = kinds[at]
        if kind == DROP:
            at += 1
            continue
        start = at
        in_name = kind in NAME
        if kind in (UNDERSCORE, DOLLAR):
            following = at
            while following - at < MAX_PREFIX and kinds[following] in (UNDERSCORE, DOLLAR):
                following += 1
            if kinds[following] in NAME:
                in_name = True
                at = following
        if not in_name:
            end = at + 1
            while end < length and text[end] == text[at]:
                end += 1
            if end - at > 2:
                words.append((at, at + 1, at, end))
            else:
                words += [(one, one + 1, one, one + 1) for one in range(at, end)]
            at = end
            continue
        while in_name:
            word_end = piece_end(at)
            trailing = run_end(word_end, UNDERSCORE)
            in_name = kinds[trailing] in NAME
            words.append((at, word_end, start, word_end if in_name else trailing))
            at = start = trailing
    return words


def normalise(word: str) -> str:
    if word.isascii():
        return word.lower()
    lowered = "".join(c.lower() for c in strip_accents(word))
    return strip_accents(lowered)


def strip_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")


def utf16_length(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)


@dataclass
class Encoded:
    ids: list[int]
    starts: list[int]
    ends: list[int]
    words: list[int]


class Tokenizer:
    """WordPiece over `scan_words`; `encode` gives ids without special tokens and UTF-16 offsets."""

    def __init__(self, tokenizer_json: str | Path):
        self.word_piece = WordPiece.from_file(str(tokenizer_json))
        self.word_piece.no_truncation()
        self.word_piece.no_padding()
        self.word = lru_cache(maxsize=1 << 17)(self._word)
        # Pieces without a letter or digit: punctuation and signs.
        vocabulary = self.word_piece.get_vocab()
        self.marks = frozenset(i for piece, i in vocabulary.items() if not any(is_word(c) for c in piece))

    def _word(self, raw: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids and piece lengths (UTF-16; 0: the piece covers the whole word)."""
        if utf16_length(raw) > MAX_WORD_LENGTH:
            return (UNK_ID,), (0,)
        word = normalise(raw)
        if not word:
            return (), ()
        encoding = self.word_piece.encode(word, add_special_tokens=False)
        ids = tuple(encoding.ids)
        if utf16_length(word) != utf16_length(raw) or UNK_ID in ids:
            return ids, (0,) * len(ids)
        return ids, tuple(utf16_length(t) - (2 if i else 0) for i, t in enumerate(encoding.tokens))

    def encode(self, text: str) -> Encoded:
        offset = [0]
        for c in text:
            offset.append(offset[-1] + (2 if c > "\uffff" else 1))
        out = Encoded([], [], [], [])
        for index, (word_start, word_end, start, end) in enumerate(scan_words(text)):
            ids, lengths = self.word(text[word_start:word_end])
            at = offset[word_start]
            for i, (token, length) in enumerate(zip(ids, lengths, strict=True)):
                out.ids.append(token)
                out.starts.append(offset[start] if length == 0 or i == 0 else at)
                out.ends.append(offset[end] if length == 0 or i == len(ids) - 1 else at + length)
                out.words.append(index)
                at += length
        return out

    def ids(self, text: str) -> list[int]:
        return self.encode(text).ids
