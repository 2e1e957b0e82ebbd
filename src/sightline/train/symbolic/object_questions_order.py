"""Questions about order and place: biggest, second from the left, left of, between, nearest, on, how far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sightline.tools.beside import beside
from sightline.tools.colors import COLORS
from sightline.tools.measure import distances, overlaps
from sightline.tools.places import center_distance, place_of
from sightline.train.symbolic.object_questions import (
    ARTICLES,
    Call,
    Rounds,
    detect_call,
    one_of,
    run_of,
    run_over,
    runs_from,
    the,
)
from sightline.train.symbolic.object_questions_logic import either_where, two_nouns
from sightline.train.symbolic.objects import Noun, Value, color_of, color_word, quoted, result, with_article
from sightline.train.worlds.dice import chance, pick, weighted
from sightline.types import Detection, Detections, Facts

Key = Callable[[Detection], float]

_X: Key = lambda one: one.box.center[0]  # noqa: E731
_Y: Key = lambda one: one.box.center[1]  # noqa: E731
_AREA: Key = lambda one: one.box.area  # noqa: E731
_WIDTH: Key = lambda one: one.box.width  # noqa: E731
_HEIGHT: Key = lambda one: one.box.height  # noqa: E731

RANKS: dict[str, tuple[str, Key, bool]] = {
    "biggest": ("area", _AREA, True),
    "largest": ("area", _AREA, True),
    "smallest": ("area", _AREA, False),
    "tiniest": ("area", _AREA, False),
    "leftmost": ("x", _X, False),
    "rightmost": ("x", _X, True),
    "topmost": ("y", _Y, False),
    "highest": ("y", _Y, False),
    "lowest": ("y", _Y, True),
    "bottommost": ("y", _Y, True),
    "tallest": ("height", _HEIGHT, True),
    "shortest": ("height", _HEIGHT, False),
    "widest": ("width", _WIDTH, True),
    "narrowest": ("width", _WIDTH, False),
}
"""A word -> the column, how it is measured, and whether the greatest comes first."""
ORDINALS = ("second", "third", "fourth")
COMPARED = {
    "bigger": ("area", _AREA, ">"),
    "larger": ("area", _AREA, ">"),
    "smaller": ("area", _AREA, "<"),
    "taller": ("height", _HEIGHT, ">"),
    "wider": ("width", _WIDTH, ">"),
    "shorter": ("height", _HEIGHT, "<"),
    "narrower": ("width", _WIDTH, "<"),
}
RELATIONS: dict[str, tuple[str, Key, str]] = {
    "left of": ("x", _X, "<"),
    "to the left of": ("x", _X, "<"),
    "on the left of": ("x", _X, "<"),
    "right of": ("x", _X, ">"),
    "to the right of": ("x", _X, ">"),
    "on the right of": ("x", _X, ">"),
    "above": ("y", _Y, "<"),
    "higher up than": ("y", _Y, "<"),
    "over": ("y", _Y, "<"),
    "below": ("y", _Y, ">"),
    "under": ("y", _Y, ">"),
    "beneath": ("y", _Y, ">"),
    "lower than": ("y", _Y, ">"),
}
SURFACES = ("dining table", "bed", "couch", "bench", "chair")


def _is(a: float, sign: str, b: float) -> bool:
    return a < b if sign == "<" else a > b


def _apart(things: Sequence[Detection], key: Key, at: int, least: float = 0.01) -> bool:
    """Whether what comes at a place of an order is clearly there: its neighbors have other values."""
    values = [round(key(one), 3) for one in things]
    mine = values[at]
    return all(abs(mine - other) > max(least * abs(mine), 0.01) for n, other in enumerate(values) if n != at)


def _ranked(r: Rounds, things: Sequence[Detection]) -> tuple[str, str, Detection] | None:
    """A word such as `second largest`, the ORDER BY that it means, and the thing."""
    word = pick(r.rng, tuple(RANKS))
    column, key, reverse = RANKS[word]
    skip = int(weighted(r.rng, {0: 0.75, 1: 0.17, 2: 0.08}))
    if skip and word in ("leftmost", "rightmost", "topmost", "bottommost", "highest", "lowest"):
        skip = 0
    order = sorted(things, key=key, reverse=reverse)
    if len(order) <= max(skip, 1) or not _apart(order, key, skip):
        return None
    said = f"{ORDINALS[skip - 1]} {word}" if skip else word
    sql = f"ORDER BY {column}{' DESC' if reverse else ''} LIMIT 1" + (f" OFFSET {skip}" if skip else "")
    return said, sql, order[skip]


def ranked(r: Rounds) -> None:
    """What, or of which color, or where the biggest thing is."""
    families = ["rank kind"] * 3 + ["rank place", "rank is"]
    if r.stage.has_colors:
        families += ["rank color"] * 2 + ["rank color of"] * 2 + ["rank is color", "rank is color any"]
        families += ["rank kind of color"]
    families += ["rank place of"] + (["rank shape"] if r.stage.picture.medium == "drawing" else [])
    family = pick(r.rng, families)
    noun = Noun(labels=(), one="", many="")
    if family in ("rank color of", "rank place of", "rank is color"):
        noun = replace(r.stage.noun(there=1.0, generic=0), color="", color_word="", size="", size_word="")
        if not noun.labels:
            return
    slots: dict[str, object] = {}
    if family == "rank kind of color":
        noun = r.stage.label_noun("").colored(r.rng, pick(r.rng, r.stage.picture.colors or ("red",)))
        slots["color"] = noun.color_word
    found = _ranked(r, r.stage.things(noun))
    if not found:
        return
    rank, order, thing = found
    column, kind, value = "class", "name", thing.label
    if "color" in family and family != "rank kind of color":
        column, kind, value = "color", "color", color_of(thing)
    if "place" in family:
        column, kind, value = "place", "place", place_of(thing.box)
    answer: Value = value
    if " is" in family:
        options = tuple(COLORS) if column == "color" else (*r.stage.picture.labels, *r.stage.absent[:2])
        guess = value if chance(r.rng, 0.5) else pick(r.rng, options)
        slots["b"] = with_article(r.stage.label_noun(guess).singular) if column == "class" else ""
        slots["color"] = color_word(r.rng, guess)
        column, kind, answer = f"{column} = {quoted(guess)}", "yes/no", guess == value
    question, _ = r.word(family, noun, rank=rank, **slots)
    sql = f"SELECT {column} FROM objects{noun.where()} {order}"
    if isinstance(answer, bool):
        r.by_query(family, kind, question, sql, [(answer,)])
        return
    told = "label" if column == "class" else column
    runs = runs_from(question, rank)
    r.by_runs(family, kind, question, runs, lambda _: f"{told} of e2", sql, [(answer,)], expected=[thing])


def bigger(r: Rounds) -> None:
    """Which of two is bigger; whether one is."""
    found = two_nouns(r, 0.97)
    if not found:
        return
    a, b = found
    single, other = r.stage.unique(), r.stage.unique()
    if single and other and single[1] is not other[1] and chance(r.rng, 0.8):
        a, b = single[0], other[0]
    word = pick(r.rng, tuple(COMPARED))
    column, key, sign = COMPARED[word]
    one, two = r.stage.things(a), r.stage.things(b)
    if len(one) == len(two) == 1:
        if abs(key(one[0]) - key(two[0])) < 0.03 * key(one[0]):
            return
        if len(a.labels) == len(b.labels) == 1 and a.labels != b.labels and chance(r.rng, 0.5):
            question, _ = r.word("which bigger", a, b, bigger=word)
            order = f"ORDER BY {column}{' DESC' if sign == '>' else ''} LIMIT 1"
            best = one[0] if _is(key(one[0]), sign, key(two[0])) else two[0]
            sql = f"SELECT class FROM objects{either_where(a, b)} {order}"
            r.by_query("which bigger", "name", question, sql, [(best.label,)])
            return
    _of_two(r, "is bigger", a, b, column, key, sign, {"bigger": word})


def _of_two(
    r: Rounds, family: str, a: Noun, b: Noun, column: str, key: Key, sign: str, slots: dict[str, object]
) -> None:
    """Whether the one thing stands so to the other; there may be none, or several."""
    one, two = r.stage.things(a), r.stage.things(b)
    expected: list[Detection] | None = None
    if len(one) == len(two) == 1:
        if abs(key(one[0]) - key(two[0])) < 1:
            return
        expected = one if _is(key(one[0]), sign, key(two[0])) else []

    def rows() -> list[tuple[bool | None]]:
        x, y = the(one, key), the(two, key)
        if x is None or y is None:
            return [(None,)]
        assert isinstance(x, float)
        assert isinstance(y, float)
        return [(_is(x, sign, y),)]

    question, _ = r.word(family, a, b, **slots)
    first, second = (f"(SELECT {column} FROM objects{noun.where()})" for noun in (a, b))
    sql = f"SELECT {first} {sign} {second}"
    r.by_runs(family, "yes/no", question, _related(question, a, b), _exists, sql, rows, expected=expected)


def _related(question: str, *nouns: Noun, before: str = ARTICLES) -> list[str]:
    """The words from the first to the last of some things, if they say how one stands to another."""
    run = run_over(question, [(noun.plural, noun.singular) for noun in nouns], before=before)
    return [run] if run and beside(f" {' '.join(run.casefold().replace('-', ' ').split())}") else []


def _exists(_: Detections) -> str:
    return "exists in e2"


def _labels(found: Detections) -> str:
    return "label of e2" if found.items or found.perhaps else "cannot tell: not there"


def the_to_the(r: Rounds) -> None:
    """Whether the dog is left of the cat."""
    found = two_nouns(r, 0.95)
    if not found:
        return
    a, b = found
    for _ in range(3):
        single, other = r.stage.unique(), r.stage.unique()
        if single and other and single[1] is not other[1] and chance(r.rng, 0.8):
            a, b = single[0], other[0]
            break
    word = pick(r.rng, tuple(RELATIONS))
    column, key, sign = RELATIONS[word]
    _of_two(r, "the rel the", a, b, column, key, sign, {"rel": word})


def a_to_a(r: Rounds) -> None:
    """Whether some red thing is left of some circle."""
    for _ in range(4):
        a, b = r.stage.noun(there=0.85, generic=0.4), r.stage.noun(there=0.85, generic=0.3)
        word = pick(r.rng, tuple(RELATIONS))
        column, key, sign = RELATIONS[word]
        best = "max" if sign == "<" else "min"
        others = [key(one) for one in r.stage.things(b)]
        edge = (max if sign == "<" else min)(others) if others else None
        holds = edge is not None and any(_is(key(one), sign, edge) for one in r.stage.things(a))
        if a.singular == b.singular or (holds and chance(r.rng, 0.4)):
            continue
        question, _ = r.word("a rel a", a, b, rel=word)
        nested = f"{column} {sign} (SELECT {best}({column}) FROM objects{b.where()})"
        sql = f"SELECT count(*) > 0 FROM objects{a.where(nested)}"
        r.by_runs("a rel a", "yes/no", question, _related(question, a, b), _exists, sql, [(holds,)])
        return


def to_the(r: Rounds) -> None:
    """How many, which, whether any or all stand left of the star; what comes next to it."""
    single = r.stage.unique()
    if not single:
        return
    b, anchor = single
    word = pick(r.rng, tuple(RELATIONS))
    column, key, sign = RELATIONS[word]
    edge = key(anchor)
    nested = f"{column} {sign} (SELECT {column} FROM objects{b.where()})"
    so = [one for one in r.stage.picture.found if one is not anchor and _is(key(one), sign, edge)]
    if any(one is not anchor and abs(key(one) - edge) < 1 for one in r.stage.picture.found):
        return
    options = ["count rel the"] * 3 + ["a rel the"] * 2 + ["list rel the", "next kind", "all rel the"]
    family = pick(r.rng, [*options, *(["next color"] if r.stage.has_colors else [])])
    if family.startswith("next") or family == "list rel the":
        things = Noun(labels=(), one="thing", many="things")
        question, _ = r.word(family, things, b, rel=word)
        order = sorted(so, key=lambda one: abs(key(one) - edge))
        if family == "list rel the":
            rows = [(label,) for label in sorted({one.label for one in so}, key=str.casefold)]
            sql = f"SELECT class FROM objects WHERE {nested} GROUP BY class ORDER BY class"
            runs = _related(question, b, before=rf"\b{word} (?:the )?")
            r.by_runs(family, "list", question, runs, _labels, sql, rows, expected=so)
        elif not order or len(order) == 1 or abs(key(order[0]) - key(order[1])) > 1:
            column_of = "color" if family == "next color" else "class"
            by = f"ORDER BY {column}{' DESC' if sign == '<' else ''} LIMIT 1"
            next_rows = [(color_of(one) if column_of == "color" else one.label,) for one in order[:1]]
            sql = f"SELECT {column_of} FROM objects WHERE {nested} {by}"
            r.by_query(family, "color" if column_of == "color" else "name", question, sql, next_rows)
        return
    noun = r.stage.noun(there=0.95, generic=0.25)
    if (noun.fits(anchor) and family == "all rel the") or noun.conditions == b.conditions:
        return
    right = sum(map(noun.fits, so))
    question, _ = r.word(family, noun, b, rel=word)
    if family == "all rel the":
        others = f"{column} {'>=' if sign == '<' else '<='} (SELECT {column} FROM objects{b.where()})"
        if r.stage.number(noun):
            sql = f"SELECT count(*) = 0 FROM objects{noun.where(others)}"
            r.by_query(family, "yes/no", question, sql, [(right == r.stage.number(noun),)])
        return
    is_count = family == "count rel the"
    sql = f"SELECT count(*){'' if is_count else ' > 0'} FROM objects{noun.where(nested)}"
    value: Value = right if is_count else right > 0
    expected = [one for one in so if noun.fits(one)]
    _some(r, family, question, (noun, b), sql, value, expected)


def _some(
    r: Rounds,
    family: str,
    question: str,
    nouns: Sequence[Noun],
    sql: str,
    value: Value,
    expected: Sequence[Detection] | None,
) -> None:
    """How many stand so, or whether any does."""
    is_count = not isinstance(value, bool)
    kind, answer = ("number", "count of e2") if is_count else ("yes/no", "exists in e2")
    runs = _related(question, *nouns)
    r.by_runs(family, kind, question, runs, lambda _: answer, sql, [(value,)], expected=expected)


def between(r: Rounds) -> None:
    """How many, or whether any, between two things, from left to right."""
    one, two = r.stage.unique(), r.stage.unique()
    if not one or not two or one[1] is two[1]:
        return
    (b, left), (c, right) = sorted((one, two), key=lambda pair: _X(pair[1]))
    low, high = _X(left), _X(right)
    if any(abs(_X(thing) - edge) < 1 for thing in r.stage.picture.found for edge in (low, high)
           if thing is not left and thing is not right):  # fmt: skip
        return
    noun = r.stage.noun(there=0.95, generic=0.4)
    n = sum(noun.fits(thing) and low < _X(thing) < high for thing in r.stage.picture.found)
    edges = [f"(SELECT x FROM objects{anchor.where()})" for anchor in (b, c)]
    where = noun.where(f"x > {edges[0]}", f"x < {edges[1]}")
    if high - low < 2:
        return
    said = (b, c)
    family = "between" if chance(r.rng, 0.6) else "a between"
    question, _ = r.word(family, noun, *said)
    is_count = family == "between"
    sql = f"SELECT count(*){'' if is_count else ' > 0'} FROM objects{where}"
    upright = abs(_Y(left) - _Y(right)) > high - low
    if not upright:  # else `detect` looks between them from top to bottom
        _some(r, family, question, (noun, *said), sql, n if is_count else n > 0, None)


def _city(a: Detection, b: Detection) -> float:
    return abs(_X(a) - _X(b)) + abs(_Y(a) - _Y(b))


def nearest(r: Rounds) -> None:
    """What is nearest to the dog: over x and y, where that agrees with the straight line."""
    single = r.stage.unique()
    if not single or not single[0].labels:
        return
    b, anchor = single
    family = pick(
        r.rng, ("nearest kind", "nearest kind", *(("nearest color", "nearest of") * r.stage.has_colors))
    )
    noun = Noun(labels=(), one="thing", many="things")
    if family == "nearest of":
        noun = replace(r.stage.noun(there=1.0, generic=0), color="", color_word="", size="", size_word="")
        if not noun.labels or noun.fits(anchor):
            return
    others = sorted(
        (one for one in r.stage.things(noun) if one is not anchor and (family == "nearest of" or
         one.label != anchor.label)), key=lambda one: _city(one, anchor))  # fmt: skip
    if not others or any(one.label == anchor.label and one is not anchor for one in r.stage.picture.found):
        return
    best = min(others, key=lambda one: center_distance(one.box, anchor.box))
    if best is not others[0] or (len(others) > 1 and _city(others[1], anchor) < 1.05 * _city(best, anchor)):
        return
    x, y = (f"abs({axis} - (SELECT {axis} FROM objects{b.where()}))" for axis in "xy")
    where = noun.where() if family == "nearest of" else f" WHERE class <> {quoted(anchor.label)}"
    column = "class" if family == "nearest kind" else "color"
    sql = f"SELECT {column} FROM objects{where} ORDER BY {x} + {y} LIMIT 1"
    question, _ = r.word(family, noun, b)
    value = best.label if column == "class" else color_of(best)
    kind, answer = ("name", "label of e2") if column == "class" else ("color", "color of e2")
    near = run_over(
        question, [("nearest", "closest"), (b.singular,)], before=r"(?:\w+ (?:that is )?)?(?:the )?"
    )
    runs = [near, near.split(" ", 1)[-1]] if near else []
    r.by_runs(family, kind, question, runs, lambda _: answer, sql, [(value,)], expected=[best])


def chained(r: Rounds) -> None:
    """Chains of two steps: the circle left of the square that is above the star."""
    one = r.stage.unique()
    if not one or len(r.stage.picture.found) < 3:
        return
    c, last = one
    (w1, (col1, key1, sign1)), (w2, (col2, key2, sign2)) = (
        pick(r.rng, tuple(RELATIONS.items())) for _ in range(2)
    )
    nested = f"{col2} {sign2} (SELECT {col2} FROM objects{c.where()})"
    b = r.stage.noun(there=1.0, generic=0.1)
    those = [x for x in r.stage.things(b) if x is not last and _is(key2(x), sign2, key2(last))]
    if b.fits(last) or any(abs(key2(x) - key2(last)) < 1 for x in r.stage.things(b)):
        return
    if r.stage.has_colors and chance(r.rng, 0.3):
        question, _ = r.word("chain color", b, b, c, rel2=w2)
        values = [(color_of(x),) for x in those]
        if not b.color:
            sql = f"SELECT color FROM objects{b.where(nested)}"
            runs, answer = _related(question, b, c), one_of(color_of, "color")
            r.by_runs("chain color", "color", question, runs, answer, sql, values, expected=those)
        return
    a = r.stage.noun(there=0.95, generic=0.3)
    if len(those) == 1:
        middle = those[0]
        if any(x is not middle and abs(key1(x) - key1(middle)) < 1 for x in r.stage.things(a)):
            return
        n = sum(a.fits(x) and _is(key1(x), sign1, key1(middle)) for x in r.stage.picture.found)
        outer = f"{col1} {sign1} (SELECT {col1} FROM objects{b.where(nested)})"
        question, _ = r.word("chain count", a, b, c, rel=w1, rel2=w2)
        _some(r, "chain count", question, (a, b, c), f"SELECT count(*) FROM objects{a.where(outer)}", n, None)


def chained_some(r: Rounds) -> None:
    """Whether a circle is left of a square that is above a star."""
    a, b, c = (r.stage.noun(there=0.9, generic=0.35) for _ in range(3))
    if a.singular == b.singular or b.singular == c.singular:
        return
    (w1, (col1, key1, sign1)), (w2, (col2, key2, sign2)) = (
        pick(r.rng, tuple(RELATIONS.items())) for _ in range(2)
    )
    best1, best2 = ("max" if sign == "<" else "min" for sign in (sign1, sign2))
    ends = [key2(x) for x in r.stage.things(c)]
    edge = (max if sign2 == "<" else min)(ends) if ends else None
    those = [key1(x) for x in r.stage.things(b) if edge is not None and _is(key2(x), sign2, edge)]
    limit = (max if sign1 == "<" else min)(those) if those else None
    holds = limit is not None and any(_is(key1(x), sign1, limit) for x in r.stage.things(a))
    inner = f"{col2} {sign2} (SELECT {best2}({col2}) FROM objects{c.where()})"
    outer = f"{col1} {sign1} (SELECT {best1}({col1}) FROM objects{b.where(inner)})"
    question, _ = r.word("chain exist", a, b, c, rel=w1, rel2=w2)
    sql = f"SELECT count(*) > 0 FROM objects{a.where(outer)}"
    _some(r, "chain exist", question, (a, b, c), sql, holds, None)


def on_surface(r: Rounds) -> None:
    """What is on the table: things whose centers are in its box."""
    seen = [one for one in r.stage.picture.found if one.label in SURFACES]
    if not seen or sum(one.label == seen[0].label for one in r.stage.picture.found) > 1:
        return
    table = seen[0]
    b = r.stage.label_noun(table.label).plain()
    on = [
        one
        for one in r.stage.picture.found
        if one is not table
        and abs(_X(one) - _X(table)) * 2 < table.box.width
        and abs(_Y(one) - _Y(table)) * 2 < table.box.height
    ]
    if len(b.labels) != 1:
        return
    family = pick(r.rng, ("on list", "on list", "on exist", "on count"))
    if family == "on list":
        question, _ = r.word(family, b, b)
        runs = _related(question, b, before=r"\bon (?:top of )?(?:the )?")
        r.by_runs(family, "list", question, runs, _labels, "", (), expected=on)
        return
    noun = r.stage.noun(there=0.9, generic=0)
    if noun.fits(table):
        return
    question, _ = r.word(family, noun, b)
    n = sum(map(noun.fits, on))
    _some(r, family, question, (noun, b), "", n if family == "on count" else n > 0, None)


MEASURED = {
    "distance": ("distance", "distance between the centers", "number"),
    "gap": ("distance", "distance between the edges", "number"),
    "overlap": ("overlap", "intersection over union", "number"),
    "inside": ("overlap", "share of 1 inside 2", "number"),
    "relation": ("distance", "relation of 1 to 2", "place"),
}
"""A family -> what is measured, the fact that answers it, and the kind of answer."""


def measured(r: Rounds) -> None:
    """How far apart two things are, how much they overlap, how one stands to the other."""
    found = two_nouns(r, 0.95)
    for _ in range(4):
        one, two = r.stage.unique(), r.stage.unique()
        if one and two and one[1] is not two[1] and chance(r.rng, 0.9):
            found = one[0], two[0]
            break
    if not found:
        return
    a, b = found
    family = pick(r.rng, ("distance", "distance", "distance", "gap", "overlap", "inside", "relation"))
    what, fact, kind = MEASURED[family]
    question, _ = r.word(family, a, b)
    phrases = [run_of(noun.singular, question) for noun in (a, b)]
    if not all(phrases):
        return
    calls = [detect_call(r.stage, phrase) for phrase in phrases]
    boxes = []
    for call in calls:
        if not isinstance(call.got.payload, Detections):
            return
        items = call.got.payload.items
        if not items and call.got.payload.perhaps:
            return
        boxes.append(items)
    if any(len(items) != 1 for items in boxes):
        reason = "not there" if any(not items for items in boxes) else "ambiguous"
        r.steps(f"{family} {reason}", kind, question, [calls], f"cannot tell: {reason}")
        return
    (first,), (second,) = boxes
    pair = (first.box, second.box)
    facts = Facts(items=tuple(distances(pair) if what == "distance" else overlaps(pair)))
    text = f'measure(regions=[e2.1, e3.1], what="{what}")'
    given = {"regions": ["e2.1", "e3.1"], "what": what}
    call = Call(name="measure", text=text, arguments=given, got=result("measure", facts))
    r.steps(family, kind, question, [calls, [call]], f"field of e4: {fact}")
