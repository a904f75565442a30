"""Identifiers as words: split, shortened, and said in other words."""

from __future__ import annotations

import random
import re


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYNONYMS = {
    "max": ["maximum", "largest", "highest"], "maximum": ["max", "largest", "highest"], "min": ["minimum", "smallest"],
    "minimum": ["min", "smallest"], "timeout": ["time limit", "time-out", "timeout"], "size": ["length"],
    "count": ["number", "amount"], "num": ["number of"], "nb": ["number of"], "default": ["standard", "preset"],
    "delay": ["pause", "wait"], "interval": ["period", "time between"], "limit": ["cap", "ceiling", "upper bound"],
    "dir": ["directory", "folder"], "directory": ["folder"], "err": ["error"], "msg": ["message"],
    "errors": ["failures"],    "error": ["failure"], "retry": ["retry", "repeat attempt"],
    "retries": ["attempts", "tries"], "buf": ["buffer"],
    "enabled": ["active", "switched on"], "disable": ["turn off"], "ms": ["milliseconds"], "secs": ["seconds"],
    "url": ["address"], "uri": ["address"], "regex": ["pattern"], "regexp": ["pattern"], "re": ["pattern"],
    "prefix": ["leading part"], "suffix": ["ending"], "ext": ["file extension"], "color": ["colour"], "len": ["length"],
    "str": ["string"], "env": ["environment"], "config": ["configuration", "settings"], "conf": ["configuration"],
    "cfg": ["configuration"], "opts": ["options"], "cb": ["callback"], "fn": ["function"], "init": ["initial"],
    "req": ["request"], "res": ["response"], "resp": ["response"], "ctx": ["context"], "conn": ["connection"],
    "connect": ["connection"], "addr": ["address"], "attr": ["attribute"], "attrs": ["attributes"],
    "auth": ["authentication"],    "idx": ["index"], "id": ["identifier"], "tmp": ["temporary"],
    "param": ["parameter"], "params": ["parameters"],
    "args": ["arguments"], "arg": ["argument"], "cmd": ["command"], "pwd": ["password"], "passwd": ["password"],
    "db": ["database"], "val": ["value"], "ver": ["version"], "src": ["source"], "dst": ["destination"],
    "threshold": ["limit", "threshold"], "ttl": ["lifetime", "time to live"], "concurrency": ["parallelism"],
    "initial": ["starting"], "separator": ["delimiter"], "delimiter": ["separator"], "encoding": ["character set"],
    "charset": ["encoding"], "algorithm": ["method"], "height": ["vertical size"], "width": ["horizontal size"],
    "workers": ["worker processes"], "hostname": ["host"], "host": ["host name"], "filename": ["file name"],
    "extension": ["file ending"], "indent": ["indentation"], "pool": ["pool"], "level": ["level", "degree"],
}  # fmt: skip
VERBS = word_set(
    "get set parse read write create make build check validate handle send load save add remove delete update find "
    "resolve convert format init start stop close open run process compute calculate render emit register apply merge "
    "split encode decode normalize flush reset sort filter print fetch connect dispatch collect copy count decide "
    "destroy detect display draw dump enable ensure escape evaluate execute expand extract fill free generate "
    "initialize insert install invoke iterate join kill listen log lookup map mark match move notify on pack pause pop "
    "prepare prune push put queue raise receive record redirect refresh release reload rename replace report request "
    "restore resume retry return rewrite scan schedule search select serialize show shutdown skip spawn stringify "
    "strip submit subscribe swap sync throw to transform trigger trim try unpack unregister use verify visit wait "
    "wrap"
)
WEAK = word_set("the a of in is get set k g m s p default value opt option options do my new")


def split(name: str) -> list[str]:
    """`maxRetryCount` -> max, retry, count; Hungarian `k` of constants and leading underscores fall away."""
    words = [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", name)]
    return words[1:] if len(words) > 2 and words[0] in ("k", "g", "m") else words


def said(rng: random.Random, words: list[str], drop: bool) -> list[str]:
    """The words, some in other words; with `drop` a weak word or, of many, any but the last may be missing."""
    kept = list(words)
    if drop and len(kept) > 2 and rng.random() < 0.5:
        weak = [i for i, w in enumerate(kept[:-1]) if w in WEAK]
        if weak or len(kept) > 3:
            kept.pop(rng.choice(weak) if weak else rng.randrange(len(kept) - 1))
    return [rng.choice(SYNONYMS[w]) if w in SYNONYMS and rng.random() < 0.4 else w for w in kept]


def phrase(rng: random.Random, name: str, drop: bool = False) -> str:
    """An identifier as one would say it."""
    words = split(name)
    if len(words) > 2 and words[-1] in ("count", "size", "length", "limit", "name") and rng.random() < 0.25:
        front, last = said(rng, words[:-1], False), words[-1]
        return f"{'number' if last == 'count' else last} of {' '.join(front)}"
    text = " ".join(said(rng, words, drop))
    return re.sub(r"\bnumber of (.*)\bnumber of ", r"number of \1", text) or name


def third_person(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}s"
