"""From a noun phrase, such as `small red circles on the left`, to what a detector is to look for.

What is read: articles and numbers, colors (`light blue`, `not red`), sizes, sides (`left`, `in the top
right`), an order (`the two largest`, `second from the left`), several nouns (`cats and dogs`), what is left
out (`things other than circles`), and how things stand to others (`dogs left of the tree`, see `beside`).
What a noun means is in `words`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sightline.tools.attributes import SIZES
from sightline.tools.beside import beside
from sightline.tools.colors import COLORS
from sightline.tools.terms import FROM, SUPERLATIVES, Order, Pick, Query, Standing, Term
from sightline.tools.words import Meaning, meaning

__all__ = ["Query", "resolve", "resolve_among"]

NUMBERS = "one two three four five six seven eight nine ten".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
DROPPED = frozenset(
    "a an the any all some every each this that these those my your its his her their of number pair pairs "
    "no group bunch herd flock set far".split()
).union(NUMBERS)
"""Words before a noun that do not change what is looked for. (`one` alone is a noun: see `words.GENERIC`.)"""

SHADES = frozenset("light dark bright pale deep vivid".split())
"""Words before a color that are not measured."""

COLOR_WORDS = {name: frozenset({name}) for name in COLORS} | {
    word: frozenset(names.split())
    for word, names in {
        "grey": "gray",
        "silver": "gray",
        "violet": "purple",
        "lavender": "purple",
        "lilac": "purple",
        "indigo": "blue purple",
        "scarlet": "red",
        "crimson": "red",
        "maroon": "red brown",
        "golden": "yellow",
        "gold": "yellow",
        "magenta": "pink",
        "navy": "blue",
        "cyan": "blue",
        "turquoise": "blue green",
        "teal": "blue green",
        "olive": "green",
        "beige": "brown white",
        "tan": "brown",
    }.items()
}
"""A word for a color -> the names that may be measured where it is meant."""

SIZE_WORDS = {name: name for name in SIZES} | {
    "little": "small",
    "tiny": "small",
    "big": "large",
    "huge": "large",
}
_SIDES = {
    "left": ("left", ""),
    "right": ("right", ""),
    "top": ("", "top"),
    "upper": ("", "top"),
    "bottom": ("", "bottom"),
    "lower": ("", "bottom"),
    "middle": ("middle", ""),
    "central": ("middle", ""),
    "center": ("middle", ""),
}
"""A word before a noun -> the side across and the side down that it names."""

_ATTRIBUTE = "|".join([*COLOR_WORDS, *SIZE_WORDS])
_ATTRIBUTE_AFTER = re.compile(rf"\b(something|anything|everything) ({_ATTRIBUTE})\b")
_IN_COLOR = re.compile(rf"\b({_ATTRIBUTE}) (?:colored|coloured)\b")
_BRACKETS = re.compile(r"\([^()]*\)")
_IN_THE_IMAGE = re.compile(
    r"\s+((visible|shown|present|that you (can )?see|(that )?there (is|are))\b\s*)?"
    r"((in|on|of|from|across) (the|this|that) (whole |entire )?"
    r"(image|picture|photo|photograph|scene|page|drawing|micrograph))?$"
)
_INSTANCES = re.compile(r"(?<=\w) (?:instances|exemplars|specimens)$")
"""What is counted where a class is named before: `person instances`."""

_PLACE = re.compile(
    r"(?: (?:that|which|who))?(?: (?:is|are|there|stands?|lies?|sits?|located|standing|sitting))*"
    r" (?:in|on|at|to|near|towards?) (?:the )?(?:far |very )?"
    r"(?:(?P<down>top|upper|bottom|lower)\b ?(?:and )?)?(?P<across>left|right)?(?: hand)?"
    r"(?P<middle>middle|center|centre)?(?: ?\b(?:half|side|corner|part|edge|quarter))?(?: of)?$"
)
_COUNTED_FROM = re.compile(r" (?:counting |counted )?from (?:the )?(?P<side>left|right|top|bottom)$")
_EXCEPT = re.compile(
    r" (?:but not|except for|except|other than|apart from|excluding|(?<=all )but|(?<=thing )but) "
)
_WHICH = re.compile(r" (?:(?:(?:that|which|who) )?(?:is|are)|colored|coloured|painted)(?= )")
_AND = re.compile(r" (?:and|or|,|as well as)(?= |$)")


class _Unknown(Exception):
    """A noun that no vocabulary has a class for."""


def resolve(text: str, classes: Sequence[str]) -> Query | str:
    """What `text` asks a detector of `classes` for; a `str` is the noun that it has no class for."""
    return resolve_among(text, (classes,))


def resolve_among(text: str, vocabularies: Sequence[Sequence[str]]) -> Query | str:
    """What `text` asks of vocabularies of these classes; a `str` is the noun that none has a class for.

    A noun goes to the first vocabulary that has a class of that name, and else to all that have a class for
    a part of what it names, or for more than it names. A class that is called like a color (`orange`) wins
    as the last word: `red oranges` are red things of the class orange. A noun after `and` or `or` that has
    no words of its own shares the attributes before it: `red cars and buses`.
    """
    try:
        return _query(_plain(text), vocabularies)
    except _Unknown as unknown:
        return str(unknown) or text.strip()


def _query(words: str, vocabularies: Sequence[Sequence[str]]) -> Query:
    """What words ask for, as `_plain` makes them. Raises `_Unknown`."""
    said = beside(words)
    standing = None
    if said:
        others = tuple(_query(other, vocabularies) for other in said.others)
        standing = Standing(others=others, holds=said.holds)
    main, *rest = _EXCEPT.split(said.what if said else words)
    terms = _terms(main if main.strip() or not said else " things", vocabularies)
    excluded = [term for part in rest for term in _excluded(f" {part}", vocabularies)]
    return Query(terms=tuple(terms), excluded=tuple(excluded), standing=standing)


def _plain(text: str) -> str:
    """In lower case, each word and each comma after a space, without `in the picture`."""
    said = _BRACKETS.sub(" ", text) if _BRACKETS.sub("", text).strip() else text
    said = said.lower().replace("_", " ").replace("-", " ").replace("&", " and ").replace("/", " or ")
    said = "".join(f" {word}" for word in re.findall(r"\w[\w'’]*|,", said))
    said = re.sub(r"\b(left|right|top|bottom|upper) most\b", r"\1most", said.rstrip(" ,"))
    said = _IN_THE_IMAGE.sub("", _ATTRIBUTE_AFTER.sub(r"\2 \1", _IN_COLOR.sub(r"\1", said)))
    return _INSTANCES.sub("", said)


def _terms(words: str, vocabularies: Sequence[Sequence[str]]) -> list[Term]:
    """The terms that `and`, `or` and commas set apart. Raises `_Unknown`."""
    pieces = [piece for part in _AND.split(words) if (piece := part.strip())]
    if not pieces:
        raise _Unknown
    if not ("," in words and all(_means(piece, vocabularies) for piece in pieces)):
        try:
            return [_read(words.replace(" ,", ""), vocabularies)[0]]
        except _Unknown:
            if len(pieces) < 2:
                raise
    terms: list[Term] = []
    held: list[str] = []
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if _belongs_to(piece, following, vocabularies):
            held += piece.split()
            continue
        term, is_bare = _read(f" {piece}", vocabularies, before=held)
        if terms and is_bare:
            same = terms[-1]
            term = replace(term, colors=same.colors, other_than=same.other_than, size=same.size)
        terms.append(term)
        held = []
    last = terms[-1]
    return [
        term if term.across or term.down or term.pick else replace(term, across=last.across, down=last.down)
        for term in terms
    ]


def _excluded(words: str, vocabularies: Sequence[Sequence[str]]) -> list[Term]:
    """The terms of what is left out. Raises `_Unknown` where they would take away more than is named."""
    terms = _terms(words, vocabularies)
    if any(term.blurs for term in terms):
        raise _Unknown(words.strip())
    return terms


def _belongs_to(piece: str, following: str, vocabularies: Sequence[Sequence[str]]) -> bool:
    """Whether a piece is attributes alone, of the noun that follows: `red` in `red or blue cars`.

    `orange` is a fruit in `orange and banana`, and a color in `orange and red cars`.
    """
    if not following or not all(w in COLOR_WORDS or w in SIZE_WORDS or w in DROPPED for w in piece.split()):
        return False
    return following.split()[0] in COLOR_WORDS or not _means(piece, vocabularies)


def _means(noun: str, vocabularies: Sequence[Sequence[str]]) -> list[Meaning | None] | None:
    """What a noun means to each vocabulary that it is looked for in; None where none knows it."""
    found = [meaning(noun, classes) for classes in vocabularies]
    for fit in ("class", "narrower", "wider", "any"):
        fits = [one if one and one.fit == fit else None for one in found]
        if fit == "class" and (first := next((one for one in fits if one), None)):
            return [one if one is first else None for one in fits]
        if any(fits):
            return fits
    return None


def _read(
    words: str, vocabularies: Sequence[Sequence[str]], *, before: Sequence[str] = ()
) -> tuple[Term, bool]:
    """The term of one noun, and whether it has no words beside the noun but a place. Raises `_Unknown`.

    Args:
        words: as `_plain` makes them.
        vocabularies: the classes of each.
        before: attributes that stood before an `and` or an `or`.
    """
    said = _Said()
    words, *which = _WHICH.split(said.place_after(words))
    noun = said.noun_of(words.split(), vocabularies)
    for more in (before, *(part.split() for part in which)):
        said.attributes(more)
    found = _means(noun, vocabularies) or [meaning("thing", classes) for classes in vocabularies]
    return replace(said.term(found), noun=noun or "things"), said.is_bare


@dataclass
class _Said:
    """The attributes and places that were read so far; `side` is one that stood before the noun."""

    blurs: tuple[str, ...] = ()
    colors: frozenset[str] = frozenset()
    other_than: frozenset[str] = frozenset()
    size: str = ""
    across: str = ""
    down: str = ""
    side: str = ""
    order: Order | None = None
    number: int = 1
    skip: int = -1
    is_last: bool = False
    is_determined: bool = False
    is_the_one: bool = False

    @property
    def has_attributes(self) -> bool:
        """Whether enough was named to look for things of any kind: a color, a size, `the largest`."""
        return bool(self.colors or self.other_than or self.size or self.order)

    @property
    def is_bare(self) -> bool:
        """Whether nothing stood before the noun."""
        return not (self.has_attributes or self.is_determined or self.side)

    def place_after(self, words: str) -> str:
        """Reads the place that the words end in; returns the words before it."""
        if found := _COUNTED_FROM.search(words):
            self.order = FROM[found["side"]]
            return words[: found.start()]
        found = _PLACE.search(words)
        if not found or not any(found.groupdict().values()):
            return words
        middle = "middle" if found["middle"] else ""
        self.down = _SIDES[found["down"]][1] if found["down"] else ""
        self.across = found["across"] or middle
        return words[: found.start()]

    def noun_of(self, left: list[str], vocabularies: Sequence[Sequence[str]]) -> str:
        """The noun that is left where all attributes before it are read; empty: there were only these."""
        while left:
            if _means(" ".join(left), vocabularies):
                return " ".join(left)
            taken = self._modifier(left)
            if not taken or (taken == len(left) and not self.has_attributes):
                raise _Unknown(" ".join(left))
            left = left[taken:]
        if not self.has_attributes:
            raise _Unknown
        return ""

    def attributes(self, words: Sequence[str]) -> None:
        """Reads words that must all be attributes, of which any color may be meant: `red or blue`."""
        colors = self.colors
        left = [word for word in words if word not in ("and", "or")]
        while left:
            self.colors = frozenset()
            taken = self._modifier(left)
            if not taken:
                raise _Unknown(" ".join(words))
            colors |= self.colors
            left = left[taken:]
        self.colors = colors

    def _modifier(self, left: list[str]) -> int:
        """Reads the attribute that the words begin with; returns how many of them it took."""
        word, following = left[0], left[1] if len(left) > 1 else ""
        if following in COLOR_WORDS and word in ("not", "non"):
            self.other_than |= COLOR_WORDS[following]
            return 2
        if following in COLOR_WORDS and word in SHADES:
            self.blurs += (f"{word} {following} is not told from other {following}",)
        elif word in COLOR_WORDS and not self.colors:
            self.colors = COLOR_WORDS[word]
        elif word in SIZE_WORDS and not self.size:
            self.size = SIZE_WORDS[word]
        elif not (self._placed(word) or self._counted(word)):
            return 0
        return 1

    def _placed(self, word: str) -> bool:
        """Whether the word is a side of the picture, which is then read."""
        if word in _SIDES:
            across, down = _SIDES[word]
            self.across, self.down, self.side = across or self.across, down or self.down, self.side + word
            return True
        return False

    def _counted(self, word: str) -> bool:
        """Whether the word orders or counts, or means nothing here; it is then read."""
        if word in SUPERLATIVES and not self.order:
            self.order = SUPERLATIVES[word]
        elif word in ORDINALS and self.skip < 0:
            self.skip = ORDINALS.index(word)
        elif word == "last":
            self.is_last = True
        elif word in DROPPED or word.isdecimal():
            self.number = (
                NUMBERS.index(word) + 1 if word in NUMBERS else int(word) if word.isdecimal() else self.number
            )
            self.is_determined = True
            self.is_the_one |= word in ("the", "this", "that")
        else:
            return False
        return True

    def term(self, found: Sequence[Meaning | None]) -> Term:
        """What was read, of things of these meanings. Raises `_Unknown` for `first dog`: from where?"""
        known = [one for one in found if one]
        if self.side in FROM and not self.order and not any(one.plural for one in known):
            self.order, self.across, self.down = FROM[self.side], "", ""  # `the left dog` of two
        if (self.skip >= 0 or self.is_last) and not self.order:
            raise _Unknown(
                f"{'last' if self.is_last else ORDINALS[self.skip]} thing, without `from the left`"
            )
        pick = None
        if self.order:
            pick = Pick(order=self.order, skip=max(self.skip, 0), take=self.number, last=self.is_last)
        return Term(
            labels=tuple(one.labels if one else frozenset() for one in found),
            colors=self.colors,
            other_than=self.other_than,
            size=self.size,
            across=self.across,
            down=self.down,
            pick=pick,
            is_the_one=self.is_the_one and not pick and not any(one.plural for one in known),
            is_generic=any(one.fit == "any" for one in known),
            notes=tuple(one.note for one in known if one.fit == "wider"),
            blurs=(*self.blurs, *(one.note for one in known if one.fit == "narrower")),
        )
