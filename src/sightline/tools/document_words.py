"""What the labels of documents mean, in several languages. Data: document_words.toml.

A label is compared as its letters alone: without case, accents, punctuation and rates, words for `number` all
alike, and once more without spaces, since readers lose them. Labels of amounts are too many to list; their
words have roles, and the roles tell what they say together: `Total incl. 6 % GST` is total + included + tax.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

NUMBER_WORDS = frozenset("no nr num number numero nummer nos numer nbr nomor nombor".split())
"""Each becomes `no`."""

SHORTEST_MISREAD = 5
"""Letters. A shorter word one letter off is as likely another word: cash and wash, tax and taxi."""

SHORTEST_PART = 3
"""Letters of a word that others are run together with: shorter ones are found in anything."""

LONGEST_PART, LONGEST_WORD = 16, 40
"""Letters of known words and of such that are run together."""

SHORT_MISREAD = frozenset(("incl", "excl"))
"""Short words that are looked for all the same: nothing else is like them, and much hangs on them."""

ALIKE = ("il1tjf!", "ocea0d", "mnrw", "uvy", "bh68", "sz5", "gq9", "kx")
"""Letters that a reader takes for one another."""

_CLASSES = str.maketrans({letter: group[0] for group in ALIKE for letter in group})

DUE, PLAIN, LOOSE, AMOUNT = 4.0, 2.0, 1.0, 0.5
"""How strongly a label says `the amount to pay`.

In this order: `amount due` and `grand total`, `total`, `total bazaar`, `amount`.
"""

_LOOKALIKE = str.maketrans("0158", "oisb")
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "×": "x"})
RATE = re.compile(r"@?\s*\(?\d+(?:[.,]\d+)?\s?%\)?|\(?\b\d+ (?=items?\b|artikel|articles?\b|art[íi]culos?\b)")
_SIGN = re.compile(r"#|№|n[º°]|(?<![^\W_])n\.\s?(?=\d|[^\W\d_]{4})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Label:
    """What a label says its value is.

    `strength`: of totals, how strongly; `kind` is empty for other known ones.
    """

    kind: str
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Words:
    """The tables, by plain text (`plain`) or by word."""

    labels: Mapping[str, tuple[str, ...]]
    """A whole label, with and without its spaces -> its kinds."""
    label_words: frozenset[str]
    amounts: Mapping[str, str]
    roles: Mapping[str, frozenset[str]]
    role_words: frozenset[str]
    columns: Mapping[str, str]
    column_words: frozenset[str]
    head: Mapping[str, frozenset[str]]
    units: frozenset[str]
    signs: tuple[str, ...]
    """Currencies, the longest first."""
    currencies: frozenset[str]
    """Those that are words, as plain text."""
    whole: frozenset[str]
    day_first: frozenset[str]
    tails: frozenset[str]
    summary: frozenset[str]
    summary_columns: frozenset[str]
    longest: int
    """Words of the longest label."""


@cache
def words() -> Words:
    """The tables, read once."""
    text = files("sightline.tools").joinpath("document_words.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    labels = _labels(tables)
    money = {n: _listed(tables["currencies"][n]) for n in tables["currencies"]}
    roles, columns = _roles(tables["roles"]), _turned(_plain_lists(tables["columns"]))
    return Words(
        labels={phrase: tuple(kinds) for phrase, kinds in labels.items()},
        label_words=frozenset(word for phrase in labels for word in phrase.split()),
        amounts=_turned(_plain_lists(tables["amounts"])),
        roles=roles,
        role_words=frozenset(roles),
        columns=columns,
        column_words=frozenset(columns),
        head={kind: frozenset(_plain_list(text)) for kind, text in tables["head"].items()},
        units=frozenset(_listed(tables["units"]["words"])),
        signs=tuple(sorted({*money["signs"], *money["codes"]}, key=lambda sign: (-len(sign), sign))),
        currencies=frozenset(p for n in ("signs", "codes") for sign in money[n] if len(p := plain(sign)) > 1),
        whole=frozenset(money["whole"]),
        day_first=frozenset(money["day_first"]),
        tails=frozenset(_listed(tables["currencies"]["tails"])),
        summary=frozenset(_plain_list(tables["summary"]["words"])),
        summary_columns=frozenset(_plain_list(tables["summary"]["columns"])),
        longest=max(phrase.count(" ") for phrase in labels) + 1,
    )


def _labels(tables: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}

    def add(phrase: str, kind: str) -> None:
        for known in {phrase, phrase.replace(" ", "")}:
            if known and kind not in found.setdefault(known, []):
                found[known].append(kind)

    for kind, languages in tables["labels"].items():
        for phrase in _phrases(languages.values()):
            add(phrase, kind)
    for kind, languages in tables["numbered"].items():
        for noun in _phrases(languages.values()):
            for phrase in (noun, f"{noun} no", f"no {noun}", f"no de {noun}", f"no di {noun}"):
                add(phrase, kind)
    return found


def _roles(table: Mapping[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for role, text in table.items():
        for word in _plain_list(text):
            found.setdefault(word.replace(" ", ""), set()).add(role)
    return {word: frozenset(roles) for word, roles in found.items()}


def _turned(table: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """From the phrases of each kind to the kind of each phrase, with and without its spaces."""
    return {
        known: kind for kind, phrases in table.items() for p in phrases for known in (p.replace(" ", ""), p)
    }


def _phrases(texts: Iterable[str]) -> list[str]:
    return [phrase for text in texts for phrase in _plain_list(text)]


def _plain_list(text: str) -> list[str]:
    return [phrase for part in text.split(",") if (phrase := plain(part))]


def _plain_lists(table: Mapping[str, str]) -> dict[str, list[str]]:
    return {kind: _plain_list(text) for kind, text in table.items()}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """A label as its words alone: no case, accents, punctuation, rates; digits among letters as letters."""
    folded = RATE.sub(" ", _SIGN.sub(" no ", text.casefold()))
    folded = unicodedata.normalize("NFKD", folded.translate(_LETTERS))
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    found = re.findall(r"[^\W_]+", re.sub(r"[’'`´]", "", folded))
    spelled = (_spelled(word) for word in found)
    return " ".join("no" if word in NUMBER_WORDS else word for word in spelled if word)


def _spelled(word: str) -> str:
    """A word with the digits that stand for letters made letters; a number is no word."""
    word = re.sub(r"^\d{2,}(?=[^\W\d_]{3})", "", word)  # a count run together with its noun: 10Subtotal
    letters = sum(c.isalpha() for c in word)
    if not letters:
        return ""
    return word.translate(_LOOKALIKE) if letters > len(word) - letters else word


@lru_cache(maxsize=8192)
def kinds_of(text: str) -> tuple[str, ...]:
    """What a label as a whole says its value is: `date`, `phone` and others.

    An empty text: the label is known, no more. None at all: it is unknown.
    """
    phrase = plain(text)
    if not phrase:
        return ()
    known = words()
    found = known.labels.get(phrase) or known.labels.get(phrase.replace(" ", "")) or _read_again(phrase)
    amount = amount_label(text)
    if not amount or amount.kind in found or (found and amount.kind == "total" and amount.strength < PLAIN):
        return found
    return (*found, amount.kind)


def _read_again(phrase: str) -> tuple[str, ...]:
    """The kinds of a label of which a reader took a letter for one like it."""
    known = words()
    parts = phrase.split()
    meant = [part if part in known.label_words else misread(part, known.label_words) for part in parts]
    return known.labels.get(" ".join(meant), ()) if all(meant) and len(parts) <= known.longest else ()


@lru_cache(maxsize=8192)
def amount_label(text: str) -> Label | None:
    """What the label of an amount says it is.

    None where it is no such label, as the name of goods is none.
    """
    phrase = plain(text)
    known = words()
    phrase = " ".join(word for word in phrase.split() if word not in known.currencies) or phrase
    whole = known.amounts.get(phrase) or known.amounts.get(phrase.replace(" ", ""))
    parts, unknown = _parted(phrase)
    roles = [known.roles[part] for part in parts]
    if whole:
        return Label(kind=whole, strength=max(_strength(whole, roles, 0), PLAIN))
    kind = _kind(phrase, parts, roles)
    if not kind or len(unknown) > 1 or sum(map(len, unknown)) > 8:
        return None
    said = frozenset().union(*roles)
    if unknown and not (kind in ("subtotal", "tax") or (kind == "total" and said & {"total", "due"})):
        return None
    # `Total 6 %` is the total of what is taxed so.
    partly = bool(RATE.search(text)) and "included" not in said
    return Label(kind=kind, strength=_strength(kind, roles, len(unknown) + partly))


def _strength(kind: str, roles: list[frozenset[str]], unknown: int) -> float:
    if kind != "total":
        return 1.0
    said = frozenset().union(*roles)
    if unknown:
        return LOOSE
    if said & {"due", "grand", "rounding", "after"}:
        return DUE
    return PLAIN if "total" in said or "net" in said else AMOUNT


def _parted(phrase: str) -> tuple[list[str], list[str]]:
    """The known words of a phrase, those run together set apart, and the unknown ones."""
    known: list[str] = []
    unknown: list[str] = []
    for word in phrase.split():
        if parts := _split(word):
            known += parts
        elif len(word) > 1:
            unknown.append(word)
    return known, unknown


@lru_cache(maxsize=8192)
def _split(word: str) -> tuple[str, ...]:
    """A word as known words, the fewest; none where it holds anything else."""
    if word in words().roles:
        return (word,)
    if one := misread(word, SHORT_MISREAD):
        return (one,)
    if parts := _run_together(word):
        return parts
    return (one,) if (one := misread(word, words().role_words)) else ()


def _run_together(word: str) -> tuple[str, ...]:
    """The known words that a word is made of, the fewest; none where it is not."""
    best: list[tuple[str, ...] | None] = [(), *([None] * len(word))]
    for end in range(1, len(word) + 1 if len(word) <= LONGEST_WORD else 0):
        parts = [
            (*before, word[start:end])
            for start in range(max(end - LONGEST_PART, 0), end - SHORTEST_PART + 1)
            if (before := best[start]) is not None and word[start:end] in words().roles
        ]
        best[end] = min(parts, key=len, default=None)
    return best[-1] or ()


def misread(word: str, known: frozenset[str]) -> str:
    """The known word that a reader took for `word`; else empty.

    One letter is taken for one like it, or an end is cut off.
    """
    if len(word) < SHORTEST_MISREAD - 1:
        return ""
    like, cut = _lookalikes(known)
    alike = (w for w in like.get(word.translate(_CLASSES), ()) if _differ(w, word) == 1)
    return next(alike, cut.get(word, "") if len(word) >= SHORTEST_MISREAD else "")


@cache
def _lookalikes(known: frozenset[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Words by their letters' classes, and words by what is left of them.

    What is left is a word without its first or last letter.
    """
    like: dict[str, list[str]] = {}
    for word in sorted(known):
        if len(word) >= SHORTEST_MISREAD or word in SHORT_MISREAD:
            like.setdefault(word.translate(_CLASSES), []).append(word)
    long = [word for word in sorted(known) if len(word) > SHORTEST_MISREAD]
    return like, {part: word for word in long for part in (word[1:], word[:-1])}


def _differ(a: str, b: str) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))


def _kind(phrase: str, parts: list[str], roles: list[frozenset[str]]) -> str:
    """What the roles of a label's words say together; empty where they say nothing."""
    said = frozenset().union(*roles)
    if not said - {"neutral"}:
        return ""
    if "count" in said and not said & {"tax", "included"}:
        return "quantity"
    if "points" in said:
        return "points"
    if "discount" in said:
        return "subtotal" if "before" in parts else "total" if {"after", "total"} <= said else "discount"
    if "sub" in said:
        return "subtotal"
    if "change" in said:
        return "change"
    if "tax" in said:
        return _of_tax(phrase, said)
    if "excluded" in said:
        return "net" if said & {"total", "amount", "net"} else ""
    return _of_payment(said)


def _of_tax(phrase: str, said: frozenset[str]) -> str:
    """Tax itself, an amount with it, or one without. `said`: the roles of the words of the phrase."""
    if "excluded" in said:
        return "net"
    if "included" not in said:
        return "tax"
    # `GST included in total` is the tax; `total included GST` and `total GST included` are totals.
    held = re.search(
        r"\b(?:included|incluse?|enthalten|includes?|incluida?|inklusive) in\b|\benthalten\b", phrase
    )
    return "total" if said & {"total", "amount", "due"} and not held else "tax"


def _of_payment(said: frozenset[str]) -> str:
    for role in ("service", "tip", "deposit", "delivery"):
        if role in said and "total" not in said:
            return role
    if "rounding" in said:
        return "total" if said & {"total"} or {"after", "amount"} <= said else "rounding"
    if "cash" in said and "total" not in said:
        return "cash"
    if "card" in said and "total" not in said:
        return "card"
    if "paid" in said and "due" not in said:
        return (
            "total" if {"total", "paid"} <= said and "amount" not in said and "cash" not in said else "paid"
        )
    if said & {"total", "due"} or {"net", "amount"} <= said:
        return "total"
    return "total" if "amount" in said and not said & {"card", "cash"} else ""


@lru_cache(maxsize=8192)
def column_of(text: str) -> str:
    """What stands in the column with this head; empty: it is no head.

    One of name, quantity, price, amount and other.
    """
    phrase = plain(text)
    columns = words().columns
    found = columns.get(phrase) or columns.get(phrase.replace(" ", ""))
    if not found and (kept := " ".join(w for w in phrase.split() if w not in words().currencies)) != phrase:
        found = columns.get(kept)
    return found or (columns[one] if phrase and (one := misread(phrase, words().column_words)) else "")
