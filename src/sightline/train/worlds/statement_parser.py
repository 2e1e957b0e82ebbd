"""From a sentence about panels to its program: a grammar of noun phrases, read with backtracking.

A parser takes the words and a place among them, and yields each meaning that it can read there with the
place behind it, most likely first; the first reading that uses up all words is the sentence's. Words that
are not in the vocabulary are taken for the closest one that is, as people mistype.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from sightline.errors import QuestionError
from sightline.train.worlds.panels import COLOURS, SIZES
from sightline.train.worlds.statements import (
    NEAR,
    Alike,
    Amount,
    Beside,
    Both,
    Counted,
    Group,
    Holds,
    Is,
    Not,
    Program,
    Rank,
    Stacked,
    Test,
    Together,
    Touches,
    Variety,
)

Words = tuple[str, ...]
Parser = Callable[[Words, int], Iterator[tuple[Any, int]]]
_VOCABULARY: set[str] = set()


# Combinators.


def lit(phrases: str, value: Any = None) -> Parser:
    """One of the phrases, divided by `|`, to the letter; an empty one, the last, is no words at all."""
    options = [tuple(phrase.split()) for phrase in phrases.split("|")]
    _VOCABULARY.update(chain.from_iterable(options))
    by_word: dict[str, list[Words]] = {}
    for option in filter(None, options):
        by_word.setdefault(option[0], []).append(option)

    def parse(words: Words, at: int) -> Iterator[tuple[Any, int]]:
        for option in by_word.get(words[at], ()) if at < len(words) else ():
            if words[at : at + len(option)] == option:
                yield value, at + len(option)
        if not options[-1]:
            yield value, at

    return parse


def memo(parser: Parser) -> Parser:
    """The parser, its readings kept: many rules read the same noun phrase at the same place."""
    readings = lru_cache(maxsize=4096)(lambda words, at: tuple(parser(words, at)))
    return lambda words, at: iter(readings(words, at))


def alt(*parsers: Parser) -> Parser:
    """Any of the parsers, the first ones first."""

    def parse(words: Words, at: int) -> Iterator[tuple[Any, int]]:
        for parser in parsers:
            yield from parser(words, at)

    return parse


def seq(make: Callable[..., Any], *parsers: Parser) -> Parser:
    """The parsers one after the other; `make` turns their values that are not None into one."""

    def parse(words: Words, at: int) -> Iterator[tuple[Any, int]]:
        for values, end in _chain(words, at, parsers):
            yield make(*(v for v in values if v is not None)), end

    return parse


def _chain(words: Words, at: int, parsers: tuple[Parser, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    if not parsers:
        yield (), at
        return
    for value, middle in parsers[0](words, at):
        for rest, end in _chain(words, middle, parsers[1:]):
            yield (value, *rest), end


def many(parser: Parser, least: int = 0) -> Parser:
    """The parser as often as it can, and then less often: the values in a tuple."""

    def parse(words: Words, at: int, found: tuple[Any, ...] = ()) -> Iterator[tuple[Any, int]]:
        for value, end in parser(words, at):
            if end > at:
                yield from parse(words, end, (*found, value))
        if len(found) >= least:
            yield found, at

    return parse


def maybe(parser: Parser, default: Any = None) -> Parser:
    """The parser, or nothing, which means `default`."""
    return alt(parser, lit("", default))


def late(name: str) -> Parser:
    """A parser that is defined further down."""
    return lambda words, at: globals()[name](words, at)


def first(value: Any) -> Any:
    """The value itself: what a rule with a single meaning makes."""
    return value


# Words: numbers, amounts, colours, shapes, sizes.

_NAMES = "zero one two three four five six seven eight nine".split()
number = alt(*(lit(f"{name}|{value}", value) for value, name in enumerate(_NAMES) if value))
ordinal = alt(lit("first|bottom|lowest", 1), lit("second", 2), lit("third", 3), lit("fourth", 4))


def _amount(op: Any, shift: int = 0) -> Callable[[int], Amount]:
    return lambda n: Amount(op=op, number=n + shift)


_some = Amount(op="at least")
_none = Amount(op="exactly", number=0)
_every = Amount(op="every")
_exact = _amount("exactly")
_one = maybe(lit("a|an"))
_counted = alt(number, lit("a|an", 1))
amount = memo(
    alt(
        seq(_amount("at least"), lit("at least|atleast|no fewer than|no less than"), _counted),
        seq(_amount("at most"), lit("at most|atmost|no more than|up to"), _counted),
        seq(_amount("at least", 1), lit("more than"), _counted),
        seq(_amount("at most", -1), lit("less than|fewer than"), _counted),
        seq(_exact, lit("exactly|only|just|precisely"), _counted),
        seq(lambda n, *_: _exact(n), number, lit("of the|of"), maybe(number)),
        lit("none of the|no|not a single|not any", _none),
        seq(lambda *_: _every, lit("each of the|each|every|all of the|all the|all"), maybe(number)),
        lit("multiple|several|many", Amount(op="at least", number=2)),
        seq(_exact, maybe(lit("the")), number),
        lit("a|an|any|some|the|another", _some),
    )
)
colour = alt(*(lit(name, name) for name in COLOURS))
colours = seq(
    lambda one, more: (one, *more),
    colour,
    many(seq(first, alt(lit("and|or"), lit(","), lit(", and|, or")), colour)),
)
_shape = alt(
    lit("circle|circles|disc|discs", "circle"),
    lit("square|squares", "square"),
    lit("triangle|triangles", "triangle"),
)
_size = alt(
    lit("small|little|tiny", SIZES["small"]),
    lit("medium|medium sized|middle sized", SIZES["medium"]),
    lit("big|large", SIZES["big"]),
)
_dyed = seq(lambda c: Is(trait="colour", values=c), colours)
_sized = seq(lambda s: Is(trait="size", values=(s,)), _size, maybe(lit("size|sized")))
adjective = memo(alt(_dyed, _sized))
_formed = seq(lambda s: Is(trait="shape", values=(s,)), _shape)
_item_noun = alt(
    _formed,
    lit("item|items|object|objects|block|blocks|shape|shapes|thing|things|one|ones|element|elements", ()),
)
_colour_word = lit("color|colour|colors|colours|colored|coloured")
_box_noun = lit("box|boxes|tower|towers|stack|stacks|panel|panels|grey square")
_be = lit("is|are|being|be")
_that = maybe(lit("that|which|who|than|, which|, that"))


def _tests(*parts: Any) -> tuple[Test, ...]:
    """The tests in the parts, which are tests, or tuples of parts."""
    return tuple(chain.from_iterable(_tests(*part) if isinstance(part, tuple) else (part,) for part in parts))


def _items(*parts: Any) -> Group:
    return Group(of="item", tests=_tests(*parts))


def _boxes(*parts: Any) -> Group:
    return Group(of="box", tests=_tests(*parts))


# What is said of items.

_sides = alt(
    lit("edge|edges|wall|walls|side|sides|border|borders|box edge|box edges|side of the box", "edge"),
    lit("corner|corners|corner of a box|corner of the box|box corner|corner of box", "corner"),
    lit("bottom|base|floor|ground|bottom edge|bottom wall", "bottom"),
    lit("top edge|top wall|ceiling|top", "top"),
    lit("left wall|left edge|left side|left", "left"),
    lit("right wall|right edge|right side|right", "right"),
)
_place = seq(first, maybe(lit("the|a|an|any|its")), _sides, maybe(lit("of a box|of the box|of its box")))
_touch = seq(
    lambda reach, place: Touches(place=place, reach=reach),
    alt(
        lit("nearly touching|almost touching|nearly touch", NEAR),
        lit("closely touching|touching|touch|touches|standing on|stuck to|in contact with", 0),
    ),
    _place,
)
_not_touch = seq(lambda test: Not(test=test), lit("not|never|that do not|which do not|do not"), _touch)
_above = lit("right on top of|directly above|on top of|right above|stacked on|above|over|on", "above")
_below = lit("directly below|directly under|right below|right under|below|under|beneath|underneath", "below")
_beside = seq(lambda side, others: Beside(side=side, others=others), alt(_above, _below), late("some_items"))
_rank = alt(
    lit(
        "on top|at the top|"
        "at top|on the top|at the very top|at its top|as the top|as its top|top|on top of it all"
        "|on top of them all|on top of other items|on top of all others|in the top position",
        -1,
    ),
    lit(
        "at the base|at its base|at base|"
        "at the bottom|at bottom|on the bottom|as the base|as its base|on the base",
        1,
    ),
    seq(first, maybe(lit("in the|as the|at the")), ordinal, lit("from the base|from the bottom|from below")),
    seq(lambda rank: -rank, maybe(lit("in the|as the|at the")), ordinal, lit("from the top|from above")),
)
_at = seq(lambda rank: Rank(rank=rank), _rank)
_in_box = seq(
    lambda group: group.tests,
    lit("of|in|inside|within|of the|in the"),
    maybe(lit("a|an|the")),
    late("box_bar"),
)
_of_colour = seq(
    lambda c: Is(trait="colour", values=c), lit("of|in"), maybe(lit("only")), colours, _colour_word
)
_plain = memo(
    alt(
        _touch,
        _not_touch,
        _of_colour,
        seq(lambda test: Not(test=test), lit("not"), alt(adjective, _formed, _of_colour)),
        seq(lambda test: Not(test=test), lit("not being|not"), lit("of"), _sized),
        _at,
        _beside,
    )
)
_being = alt(_plain, adjective, seq(first, _one, _formed))
_said = memo(
    alt(
        seq(first, _that, maybe(_be), _plain),
        seq(first, lit("that|which|, which"), _be, _being),
        seq(lambda test: test, lit("being"), _being),
        _in_box,
    )
)
_noun_phrase = memo(
    alt(
        seq(_items, many(adjective), _item_noun, many(_said)),
        seq(_items, many(adjective, 1), many(_said)),
    )
)
_one_item = seq(_items, maybe(lit("a|an|another|the")), _noun_phrase)


def some_items(words: Words, at: int) -> Iterator[tuple[Any, int]]:
    """The others of a relation: a noun phrase without an amount."""
    different = seq(
        lambda *_: Group(of="item"), lit("a|the"), lit("different|other"), _colour_word, _item_noun
    )
    bare = seq(
        lambda group: group, maybe(lit("a|an|another|the|other|some|any")), maybe(lit("other")), _noun_phrase
    )
    yield from alt(bare, different)(words, at)


# What is said of boxes.


def _hold(how_many: Amount, group: Group) -> Holds:
    return Holds(amount=how_many, group=group)


def _but(group: Group) -> Holds:
    """All items of a box are of the group."""
    return Holds(amount=_every, group=group)


def _mixed(group: Group) -> tuple[Test, ...]:
    """All items are of the group, and each of the colours that it names is there."""
    named = [test for test in group.tests if isinstance(test, Is) and test.trait == "colour"]
    each = (Is(trait="colour", values=(value,)) for test in named for value in test.values)
    return (_but(group), *(_hold(_some, Group(of="item", tests=(test,))) for test in each))


def _kinds(how_many: Amount, kind: Any = "colour") -> Holds:
    return Holds(amount=how_many, group=Group(of="item"), kinds=kind)


def _rank_is(rank: int, *tests: Test) -> Holds:
    return _hold(_some, Group(of="item", tests=(Rank(rank=rank), *tests)))


_kind = alt(
    seq(lambda: "colour", _colour_word),
    lit("shape|shapes", "shape"),
    lit("size|sizes", "size"),
)
_of_kinds = alt(
    seq(lambda kind: _kinds(_exact(1), kind), lit("of|in|have|has"), maybe(lit("only one|one|the|a")),
        maybe(lit("same|single")), _kind),
    seq(lambda n, kind: _kinds(_exact(n), kind), lit("of|in"), maybe(lit("all|exactly|only")), number,
        maybe(lit("different")), _kind),
)  # fmt: skip
_items_here = lit("in all|in total|in it|altogether|")
_content = memo(alt(
    # Only black items; only two items which are black, and so nothing else, but: only two black items.
    seq(_mixed, lit("only|nothing but"), _noun_phrase),
    seq(lambda n, group: (_hold(_exact(n), Group(of="item")), _but(group)), lit("only"), number,
        seq(_items, _item_noun, many(_said, 1))),

    seq(lambda how, group, kinds: (_hold(how, group), kinds), amount, _noun_phrase, _of_kinds),
    seq(lambda group, kinds: kinds, _noun_phrase, _of_kinds),
    seq(_kinds, maybe(lit("items of|blocks of")), alt(seq(_exact, lit("all|all the"), number), amount),
        maybe(lit("different")), _kind),
    seq(lambda n, group, *_: Stacked(number=n, group=group), number, _noun_phrase,
        lit("stacked together|stacked|in a row|on each other")),
    seq(lambda how, group, *_: _hold(how, group), amount, _noun_phrase, _items_here),
    seq(lambda test: _rank_is(1, test), maybe(lit("a|the")), adjective, lit("base|bases|bottom")),
    seq(lambda test: _rank_is(-1, test), maybe(lit("a|the")), adjective, lit("top|tops|summit")),
    seq(lambda group: _hold(_some, group), _noun_phrase),
))  # fmt: skip
_listed = seq(
    lambda one, more: _tests(one, *more), _content, many(seq(first, alt(lit(", and|,|and")), _content))
)
_have = lit(
    "has|have|having|with|contains|contain|containing|holds|hold|holding|of|shows|show|includes|include"
)
_which = alt(
    seq(lambda rank, test: _rank_is(rank, test), maybe(lit("where|that|whose|in which|and")),
        maybe(lit("the")),
        alt(
            seq(first, ordinal, lit("block|item|block from the base|block from the bottom")),
            lit("base|base block|bottom block", 1), lit("top|top block", -1),
            seq(lambda n: -n, ordinal, lit("block from the top")),
        ), _be, adjective),
    seq(lambda kind: _kinds(_exact(1), kind), lit("where|whose"), maybe(lit("all")), maybe(lit("the")),
        seq(lambda *_: None, _item_noun), _be,
        lit("of the same|of same|of one|of only one"), _kind),
)  # fmt: skip
_clause = memo(
    alt(
        seq(_tests, maybe(lit("that|which|and|, which|, and it|and it|and which|who|, and")), _have, _listed),
        _which,
        _of_kinds,
        seq(lambda test: _but(_items(test)), lit("that|which|and"), _be, adjective),
    )
)
_tall = seq(lambda n, *_: _hold(_exact(n), Group(of="item")), number, lit("block|blocks|item|items"))
_coloured_box = seq(lambda test: _but(_items(test)), _dyed)
box_bar = memo(
    seq(
        _boxes,
        maybe(lit("grey|gray")),
        maybe(_tall),
        maybe(_coloured_box),
        seq(lambda *_: None, _box_noun),
        many(_clause),
    )
)


# Sentences.


_there = lit("there is|there are|there exists|we see|you can see|i see|the picture shows|the image shows")
_bare = lit("", _some)
_verb = alt(
    seq(first, maybe(_be), _being),
    seq(first, lit("touch|touches"), _place),
)
_agree = lit("height|size|number of blocks", "height")
_base_colour = lit("base color|base colour|color at the base|colour at the base", "base")
_top_colour = lit("top color|top colour|color at the top|colour at the top", "summit")
_trait = alt(_agree, _base_colour, _top_colour)
_links = lit("with|which has|which have|that have|having|of")
_alike = alt(
    seq(lambda how, trait: Alike(amount=how, group=_boxes(), trait=trait), amount, _box_noun, _links,
        lit("the same|same"), _trait),
    seq(lambda how, trait: Alike(amount=how, group=_boxes(), trait=trait, differ=True), amount, _box_noun,
        _links, lit("different|a different"), _trait),
)  # fmt: skip
_variety = alt(
    seq(lambda how, *rest: Variety(amount=how, group=_items(*rest)), amount, maybe(lit("different")),
        _colour_word, _verb),
)  # fmt: skip
# An amount of all boxes is of those that the noun alone names: each box has two items.
_boxed = alt(
    seq(lambda how, group, tests: Counted(amount=how, group=group, also=tests), amount, box_bar,
        seq(_tests, maybe(lit("all")), _have, _listed)),
    seq(lambda how, group: Counted(amount=how, group=group), amount, box_bar),
)  # fmt: skip


_ends_of = seq(
    lambda rank, group: (group, rank),
    alt(lit("the base of|base of|the bottom of", 1), lit("the top of|top of", -1)),
    seq(lambda *_: None, maybe(lit("a|an|the|each|every|all")), maybe(number)),
    box_bar,
)
_ended = seq(
    lambda pair, test: Counted(amount=_every, group=pair[0], also=(_rank_is(pair[1], test),)),
    _ends_of,
    _be,
    adjective,
)
_each_last = seq(
    lambda *parts: parts,
    amount,
    _noun_phrase,
    lit("in|on"),
    seq(lambda *_: _boxes(), lit("each|every|all|all the|all of the"), _box_noun),
)


def _in_each(parts: tuple[Amount, Group, Group]) -> Counted:
    how, group, boxes = parts
    return Counted(amount=_every, group=boxes, also=(_hold(how, group),))


_itemed = alt(
    seq(_in_each, _each_last),
    seq(lambda how, group: Counted(amount=how, group=group), amount, _noun_phrase, _items_here),
    seq(lambda group: Together(group=group), maybe(lit("all|all the|the")), _noun_phrase,
        lit("are in the same|are together in the same|are in one"), seq(lambda *_: None, _box_noun)),
    seq(lambda how, group, test: Counted(amount=how, group=group, also=(test,)), amount, _noun_phrase, _verb),
    seq(lambda group, test: Counted(amount=_every, group=group, also=(test,)), _noun_phrase, _verb),
)  # fmt: skip
_clauses = alt(_alike, _variety, _boxed, _ended, _itemed)
_joined = seq(
    lambda *parts: Both(parts=parts),
    seq(first, maybe(_there), _clauses),
    lit("and|, and|but|, but"),
    seq(first, maybe(_there), _clauses),
)
_fragment = seq(lambda group: Counted(amount=_some, group=group), _noun_phrase)
sentence = alt(seq(first, maybe(_there), _clauses), _joined, _fragment)


@cache
def _spelt(word: str) -> str:
    """The word, or the one of the vocabulary that it is closest to."""
    if word in _VOCABULARY:
        return word
    close = difflib.get_close_matches(word, sorted(_VOCABULARY), 1, 0.78)
    return close[0] if close else word


def words_of(text: str) -> Words:
    """The words of a sentence and its inner commas, in lower case and as they should be spelt."""
    return tuple(_spelt(word) for word in re.findall(r"[a-z0-9]+|,", text.lower().strip(" .!?")))


@lru_cache(maxsize=4096)
def read_statement(text: str) -> Program:
    """The program of a statement.

    Raises:
        QuestionError: the grammar does not cover the sentence.
    """
    words = words_of(text)
    for program, end in sentence(words, 0):
        if end == len(words):
            return program  # type: ignore[no-any-return]
    raise QuestionError(f"no reading for the statement: {text}")
