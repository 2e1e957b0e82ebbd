"""Questions with logic over things: not, and, or, all, only, more, as many, how many different."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sightline.tools.colors import COLORS
from sightline.tools.places import place_of
from sightline.train.symbolic.object_questions import Rounds, numbers, run_over, the
from sightline.train.symbolic.objects import (
    Noun,
    Value,
    color_of,
    color_word,
    evidence,
    quoted,
    size_word,
    with_article,
)
from sightline.train.worlds.dice import chance, pick
from sightline.types import Detection, ToolResult

SIDES = ("left", "right", "top", "bottom")
BOXES = {"left": "place LIKE '%left%'", "right": "place LIKE '%right%'"}
BOXES |= dict.fromkeys(("middle", "center", "second"), "place IN ('top', 'center', 'bottom')")
"""A box of three in a row -> its condition: the thirds of the picture are the boxes."""


def _count(noun: Noun, *more: str) -> str:
    return f"(SELECT count(*) FROM objects{noun.where(*more)})"


def not_color(r: Rounds) -> None:
    """How many are not red."""
    if not r.stage.has_colors or not r.stage.picture.found:
        return
    noun = _colorless(r)
    color = pick(r.rng, r.stage.picture.colors) if chance(r.rng, 0.85) else pick(r.rng, tuple(COLORS))
    others = [one for one in r.stage.things(noun) if color_of(one) != color]
    word = color_word(r.rng, color)
    question, _ = r.word("not color", noun, color=word)
    sql = f"SELECT count(*) FROM objects{noun.where(f'color <> {quoted(color)}')}"
    run = run_over(question, [(noun.plural, noun.singular), (word,)])
    runs, count = [run] * bool(run), [(len(others),)]
    r.by_runs("not color", "number", question, runs, lambda _: "count of e2", sql, count, expected=others)


def _colorless(r: Rounds, generic: float = 0.15) -> Noun:
    noun = replace(r.stage.noun(there=1.0, generic=0, adjectives=0.3), color="", color_word="")
    return r.stage.label_noun("") if chance(r.rng, generic) else noun


def not_class(r: Rounds) -> None:
    """How many things are no dogs."""
    other = r.stage.noun(there=0.9, generic=0, adjectives=0)
    things = r.stage.label_noun("")
    if r.stage.has_colors and r.stage.picture.found and chance(r.rng, 0.3):
        things = things.colored(r.rng, pick(r.rng, r.stage.picture.colors))
    if len(other.labels) != 1 or other.color or other.size:
        return
    label = other.labels[0]
    left = [one for one in r.stage.things(things) if one.label != label]
    question, _ = r.word("not class", things, other)
    sql = f"SELECT count(*) FROM objects{things.where(f'class <> {quoted(label)}')}"
    run = run_over(question, [(things.plural, things.singular), (other.plural, other.singular)])
    runs, count = [run] * bool(run), [(len(left),)]
    r.by_runs("not class", "number", question, runs, lambda _: "count of e2", sql, count, expected=left)


def two_nouns(r: Rounds, there: float = 0.8) -> tuple[Noun, Noun] | None:
    """Two noun phrases that mean different things, of which none is said twice."""
    for _ in range(6):
        a, b = r.stage.noun(there=there, generic=0.05), r.stage.noun(there=there, generic=0.05)
        if a.one == b.one and not (a.color and b.color and a.color != b.color):
            continue
        both = any(a.fits(one) and b.fits(one) for one in r.stage.picture.found)
        if a.singular != b.singular and a.conditions != b.conditions and not both and a.labels and b.labels:
            return a, b
    return None


def either_where(a: Noun, b: Noun) -> str:
    """The condition that something is one of two, as short as it can be."""
    if a.labels and b.labels and a.labels != b.labels and (a.color, a.size) == (b.color, b.size):
        both = Noun(labels=(*a.labels, *b.labels), one="", many="", color=a.color, size=a.size)
        return both.where()
    if a.labels == b.labels and a.size == b.size and a.color and b.color:
        same = replace(a, color="")
        return same.where(f"color IN ({quoted(a.color)}, {quoted(b.color)})")
    return f" WHERE {' AND '.join(a.conditions)} OR {' AND '.join(b.conditions)}"


def of_two(r: Rounds) -> None:
    """And, or, neither, but not, more than, as many as, together, how many more: of two kinds of things."""
    found = two_nouns(r, 0.75)
    if not found:
        return
    a, b = found
    n, m = r.stage.number(a), r.stage.number(b)
    if chance(r.rng, 0.4) and n < m:
        a, b, n, m = b, a, m, n
    family = pick(r.rng, OF_TWO)
    question, _ = r.word(family, a, b)
    first, second = _count(a), _count(b)
    either = f"FROM objects{either_where(a, b)}"
    no_second = f"{second} = 0"
    sql, value = {
        "sum": (f"SELECT count(*) {either}", n + m),
        "both": (f"SELECT {first} * {second} > 0", n * m > 0),
        "either": (f"SELECT count(*) > 0 {either}", n + m > 0),
        "neither": (f"SELECT count(*) = 0 {either}", n + m == 0),
        "but not": (f"SELECT count(*) > 0 FROM objects{a.where(no_second)}", n > 0 and m == 0),
        "more": (f"SELECT {first} > {second}", n > m),
        "fewer": (f"SELECT {first} < {second}", n < m),
        "same number": (f"SELECT {first} = {second}", n == m),
        "difference": (f"SELECT {first} - {second}", n - m),
    }[family]
    if family == "difference" and n < m:
        return
    if family in ("more", "fewer", "same number"):
        r.by_comparison(family, question, (a, b), sql, bool(value))
        return
    kind = "number" if family in ("sum", "difference") else "yes/no"
    if family in ("sum", "either"):
        run = run_over(question, [(noun.plural, noun.singular) for noun in (a, b)])
        answer = "count of e2" if family == "sum" else "exists in e2"
        expected = [*r.stage.things(a), *r.stage.things(b)]
        r.by_runs(
            family, kind, question, [run] * bool(run), lambda _: answer, sql, [(value,)], expected=expected
        )
        return
    r.by_query(family, kind, question, sql, [(value,)])


OF_TWO = (
    *("sum", "sum", "both", "both", "either", "neither"),
    *("but not", "more", "more", "fewer", "same number", "difference"),
)


def same_number(r: Rounds) -> None:
    """Whether two kinds are equally many, which they are half of the time."""
    for _ in range(8):
        found = two_nouns(r, 0.9)
        if found and (r.stage.number(found[0]) == r.stage.number(found[1])):
            a, b = found
            question, _ = r.word("same number", a, b)
            r.by_comparison("same number", question, (a, b), f"SELECT {_count(a)} = {_count(b)}", True)
            return


def which_more(r: Rounds) -> None:
    """Which of two kinds there are more of."""
    for _ in range(4):
        found = two_nouns(r, 0.95)
        if not found or any(noun.color or noun.size or len(noun.labels) != 1 for noun in found):
            continue
        a, b = found
        n, m = r.stage.number(a), r.stage.number(b)
        if n == m or a.labels == b.labels or not n or not m:
            continue
        more = chance(r.rng, 0.7)
        question, _ = r.word("which more" if more else "which fewer", a, b)
        order = "count(*) DESC" if more else "count(*)"
        sql = f"SELECT class FROM objects{either_where(a, b)} GROUP BY class ORDER BY {order} LIMIT 1"
        label = (a if (n > m) == more else b).labels[0]
        r.by_query("which more" if more else "which fewer", "name", question, sql, [(label,)])
        return


def none(r: Rounds) -> None:
    """That there is no such thing."""
    noun = r.stage.noun(there=0.5)
    question, _ = r.word("none", noun)
    sql = f"SELECT count(*) = 0 FROM objects{noun.where()}"
    r.by_query("none", "yes/no", question, sql, [(r.stage.number(noun) == 0,)])


def all_color(r: Rounds) -> None:
    """Whether all of a kind are of a color, or of one color."""
    noun = _colorless(r, 0.05)
    things = r.stage.things(noun)
    if not r.stage.has_colors or not things:
        return
    if chance(r.rng, 0.2):
        question, _ = r.word("same colors", noun)
        sql = f"SELECT count(DISTINCT color) = 1 FROM objects{noun.where()}"
        r.by_query("same colors", "yes/no", question, sql, [(len({*map(color_of, things)}) == 1,)])
        return
    color = color_of(pick(r.rng, things)) if chance(r.rng, 0.85) else pick(r.rng, tuple(COLORS))
    question, _ = r.word("all color", noun, color=color_word(r.rng, color))
    sql = f"SELECT count(*) = 0 FROM objects{noun.where(f'color <> {quoted(color)}')}"
    r.by_query("all color", "yes/no", question, sql, [(all(color_of(one) == color for one in things),)])


def all_class(r: Rounds) -> None:
    """Whether all red things are squares; whether there is nothing but squares."""
    noun = r.stage.noun(there=1.0, generic=0, adjectives=0)
    if len(noun.labels) != 1 or noun.color or noun.size or not r.stage.things(noun):
        return
    label, found = noun.labels[0], r.stage.picture.found
    if r.stage.has_colors and chance(r.rng, 0.5):
        color = color_of(pick(r.rng, r.stage.things(noun)))
        things = r.stage.label_noun("").colored(r.rng, color)
        question, _ = r.word("all class", things, noun, color=things.color_word)
        sql = f"SELECT count(*) = 0 FROM objects{things.where(f'class <> {quoted(label)}')}"
        holds = all(one.label == label for one in found if things.fits(one))
        r.by_query("all class", "yes/no", question, sql, [(holds,)])
        return
    question, _ = r.word("only", noun)
    sql = f"SELECT count(*) = 0 FROM objects WHERE class <> {quoted(label)}"
    r.by_query("only", "yes/no", question, sql, [(all(one.label == label for one in found),)])


def how_many_different(r: Rounds) -> None:
    """How many kinds, how many colors."""
    found = r.stage.picture.found
    family = pick(r.rng, ("how many kinds", "how many colors", "how many colors of"))
    if family == "how many kinds":
        drawn = r.stage.picture.medium == "drawing" and chance(r.rng, 0.6)
        question, _ = r.word("how many shapes" if drawn else family)
        sql, value = "SELECT count(DISTINCT class) FROM objects", len({one.label for one in found})
    elif not r.stage.has_colors:
        return
    elif family == "how many colors":
        question, _ = r.word(family)
        sql, value = "SELECT count(DISTINCT color) FROM objects", len({*map(color_of, found)})
    else:
        noun = _colorless(r, 0)
        question, _ = r.word(family, noun)
        sql = f"SELECT count(DISTINCT color) FROM objects{noun.where()}"
        value = len({*map(color_of, r.stage.things(noun))})
    r.by_query(family, "number", question, sql, [(value,)])


def is_color(r: Rounds) -> None:
    """Whether the one thing is red, large, on the left, a dog."""
    family = pick(r.rng, ("is color", "is color", "is color", "is size", "is place", "is kind"))
    if (family in ("is color", "is kind") and not r.stage.has_colors) or (
        family == "is size" and not r.stage.has_sizes
    ):
        return
    noun = r.stage.noun(there=0.9, generic=1.0 if family == "is kind" else 0.05)
    bare = {"is color": "color", "is size": "size"}.get(family, "")
    single = r.stage.unique(bare=bare) if family != "is kind" and chance(r.rng, 0.6) else None
    noun = single[0] if single else noun
    slots: dict[str, object] = {}
    test: tuple[str, str]
    if family == "is color":
        noun = replace(noun, color="", color_word="")
        color = _guess(r, noun, tuple(COLORS), color_of)
        slots, test = {"color": color_word(r.rng, color)}, ("color", color)
    elif family == "is size":
        noun = replace(noun, size="", size_word="")
        size = pick(r.rng, ("small", "large"))
        slots, test = {"size": size_word(r.rng, size)}, ("size", size)
    elif family == "is place":
        side = pick(r.rng, SIDES)
        slots, test = {"side": side}, ("place", side)
    else:
        label = _guess(r, noun, (*r.stage.picture.labels, *r.stage.absent[:3]), lambda one: one.label)
        slots = {"b": with_article(r.stage.label_noun(label).singular)}
        test = ("class", label)
    if not noun.conditions or (family == "is kind" and noun.labels):
        return
    name, value = test
    question, _ = r.word(family, noun, **slots)
    things = r.stage.things(noun)
    if name == "place":
        column, rows = f"place LIKE '%{value}%'", [(value in place_of(one.box),) for one in things]
    else:
        column = f"{name} = {quoted(value)}"
        rows = [({"class": one.label, **one.attributes}[name] == value,) for one in things]
    r.by_query(family, "yes/no", question, f"SELECT {column} FROM objects{noun.where()}", rows)


def _guess(r: Rounds, noun: Noun, options: tuple[str, ...], value: object) -> str:
    """What a thing is, or, half of the time, something else."""
    things = r.stage.things(noun)
    if things and chance(r.rng, 0.5):
        assert callable(value)
        return str(value(pick(r.rng, things)))
    return pick(r.rng, options)


def same_color(r: Rounds) -> None:
    """Whether two things have one color; how many others have the color of a thing."""
    if not r.stage.has_colors:
        return
    if chance(r.rng, 0.6):
        found = two_nouns(r, 1.0)
        if not found:
            return
        one_thing, other = r.stage.unique(bare="color"), r.stage.unique(bare="color")
        if one_thing and other and one_thing[1] is not other[1] and chance(r.rng, 0.8):
            found = one_thing[0], other[0]
        a, b = (replace(noun, color="", color_word="") for noun in found)
        if a.conditions == b.conditions:
            return
        question, _ = r.word("same color", a, b)
        one, two = (f"(SELECT color FROM objects{noun.where()})" for noun in (a, b))

        def rows() -> list[tuple[bool | None]]:
            x, y = the(r.stage.things(a), color_of), the(r.stage.things(b), color_of)
            return [(None if x is None or y is None else x == y,)]

        r.by_query("same color", "yes/no", question, f"SELECT {one} = {two}", rows)
        return
    single = r.stage.unique(bare="color")
    if not single or not single[0].labels or single[0].size or len(single[0].labels) != 1:
        return
    noun, thing = single
    question, _ = r.word("same color count", noun)
    right = sum(color_of(other) == color_of(thing) and other is not thing for other in r.stage.picture.found)
    label = quoted(noun.labels[0])
    sql = (
        f"SELECT count(*) FROM objects WHERE color = (SELECT color FROM objects{noun.where()}) "
        f"AND class <> {label}"
    )
    r.by_query("same color count", "number", question, sql, [(right,)])


def percent(r: Rounds) -> None:
    """What percentage of the circles is red."""
    noun = _colorless(r, 0.1)
    things = r.stage.things(noun)
    if not r.stage.has_colors or len(things) < 2:
        return
    color = color_of(pick(r.rng, things))
    question, _ = r.word("percent", noun, color=color_word(r.rng, color))
    right = sum(color_of(one) == color for one in things) * 100 / len(things)
    own = noun.where(f"color = {quoted(color)}")
    sql = f"SELECT count(*) * 100 / {_count(noun)} FROM objects{own}"
    r.by_query("percent", "number", question, sql, [(right,)])


def on_side(r: Rounds) -> None:
    """How many, or whether any, on a side of the picture."""
    noun, side = r.stage.noun(there=0.95), pick(r.rng, SIDES)
    right = sum(side in place_of(one.box) for one in r.stage.things(noun))
    is_there = f"place LIKE '%{side}%'"
    where = f"FROM objects{noun.where(is_there)}"
    family = pick(r.rng, ("place count", "place exist"))
    is_count = family == "place count"
    question, _ = r.word(family, noun, side=side)
    run = run_over(question, [(noun.plural, noun.singular), (side,)], after=" side| half")
    kind, answer = ("number", "count of e2") if is_count else ("yes/no", "exists in e2")
    sql = f"SELECT count(*){'' if is_count else ' > 0'} {where}"
    value: Value = right if is_count else right > 0
    r.by_runs(family, kind, question, [run] * bool(run), lambda _: answer, sql, [(value,)])


def in_box(r: Rounds) -> None:
    """How many in the left, middle or right box of three."""
    noun, box = r.stage.noun(there=0.95), pick(r.rng, tuple(BOXES))
    other = pick(r.rng, [name for name in BOXES if BOXES[name] != BOXES[box]])

    def number(name: str) -> int:
        return sum(_box_of(one) == BOXES[name] for one in r.stage.things(noun))

    right = number(box)
    where = f"FROM objects{noun.where(BOXES[box])}"
    family = pick(r.rng, ("box count", "box exist", "box exactly", "box more", "box every"))
    n = max(right + pick(r.rng, (0, 0, -1, 1)), 2)
    question, _ = r.word(family, noun, box=box, box2=other, n=numbers(r.rng, n))
    boxes = [_count(noun, one) for one in dict.fromkeys((BOXES["left"], BOXES["middle"], BOXES["right"]))]
    every = number("left") * number("middle") * number("right") > 0
    sql, value = {
        "box count": (f"SELECT count(*) {where}", right),
        "box exist": (f"SELECT count(*) > 0 {where}", right > 0),
        "box exactly": (f"SELECT count(*) = {n} {where}", right == n),
        "box more": (
            f"SELECT {_count(noun, BOXES[box])} > {_count(noun, BOXES[other])}",
            right > number(other),
        ),
        "box every": (f"SELECT {' * '.join(boxes)} > 0", every),
    }[family]
    r.by_query(family, "number" if family == "box count" else "yes/no", question, sql, [(value,)])


def _box_of(one: Detection) -> str:
    place = place_of(one.box)
    return next((BOXES[side] for side in ("left", "right") if side in place), BOXES["middle"])


def most_common(r: Rounds) -> None:
    """The kind or the color that most things have."""
    found = list(r.stage.picture.found)
    family, kind, where = "most common class", "name", ""
    if r.stage.has_colors and chance(r.rng, 0.5):
        family, kind = "most common color", "color"
        if chance(r.rng, 0.5):
            noun = _colorless(r, 0)
            family, found, where = "most common color of", r.stage.things(noun), noun.where()
            question, _ = r.word(family, noun)
        else:
            question, _ = r.word(family)
    else:
        drawn = r.stage.picture.medium == "drawing" and chance(r.rng, 0.7)
        question, _ = r.word("most common shape" if drawn else family)
    column = "class" if kind == "name" else "color"
    values = Counter(one.label if kind == "name" else color_of(one) for one in found).most_common(2)
    if not values or (len(values) > 1 and values[0][1] == values[1][1]) or len(found) < 2:
        return
    sql = f"SELECT {column} FROM objects{where} GROUP BY {column} ORDER BY count(*) DESC LIMIT 1"
    r.by_query(family, kind, question, sql, [(values[0][0],)])


def unknown_class(r: Rounds) -> None:
    """A comparison with something that the detector has no class for."""
    word = pick(r.rng, r.stage.unknown)
    if r.stage.picture.detect(word).status != "unsupported":
        return
    a, b = r.stage.noun(there=1.0, generic=0), Noun(labels=(word,), one=word, many=f"{word}s")
    if word.endswith("s") or not a.labels or len(a.labels) != 1:
        return
    if chance(r.rng, 0.5):
        a, b = b, a
    family, sign = pick(r.rng, (("more", ">"), ("fewer", "<"), ("same number", "=")))
    question, _ = r.word(family, a, b)
    sql = f"SELECT {_count(a)} {sign} {_count(b)}"
    got = ToolResult(status="unsupported", message=r.stage.picture.no_class(word), tool="query")
    second = ("cannot tell: no tool", (evidence(2, "query", {"sql": sql}, got),))
    r.add("unknown class", "yes/no", question, [(f"query(sql={sql})", ()), second])
