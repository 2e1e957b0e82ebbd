"""Questions about one kind of thing: how many, whether any, its color, size, place and name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sightline.tools.measure import sizes
from sightline.tools.places import place_of
from sightline.tools.words import plural
from sightline.train.symbolic.noise import typo
from sightline.train.symbolic.object_questions import (
    Call,
    Rounds,
    detect_call,
    numbers,
    one_of,
    run_of,
    suffixed,
)
from sightline.train.symbolic.object_wordings import lists
from sightline.train.symbolic.objects import Noun, color_of, result
from sightline.train.worlds.dice import chance, pick
from sightline.types import Detection, Detections, Facts

MISSPELLED = 0.07

GROUPS = lists("group ")
"""A word for several classes, as the detector takes it."""


def _misspelled(r: Rounds, noun: Noun) -> Noun:
    """The noun with a typo in it, now and then."""
    word = noun.one.split()[-1]
    if not chance(r.rng, MISSPELLED) or len(word) < 4 or not noun.labels:
        return noun
    wrong = typo(word, r.rng)
    if wrong == word or wrong in "".join(r.stage.picture.labels):
        return noun
    head = noun.one[: -len(word)]
    many = wrong + noun.many[len(noun.one) :] if noun.many.startswith(noun.one) else typo(noun.many, r.rng)
    many = head + many if noun.many.startswith(noun.one) else many
    made = replace(noun, one=head + wrong, many=many)
    both = [r.stage.picture.detect(text) for text in (made.singular, made.plural)]
    lost = all(got.status == "unsupported" and f"{noun.labels[0]}" in got.message for got in both)
    return made if lost else noun


def count(r: Rounds) -> None:
    """How many there are."""
    noun = _misspelled(r, r.stage.noun(there=0.85))
    question, phrase = r.word("count", noun)
    if chance(r.rng, 0.06) and len(question) > len(phrase) + 8:
        question = suffixed(r.rng, question, r.stage.number(noun))
    sql = f"SELECT count(*) FROM objects{noun.where()}" if noun.labels else ""
    rows = [(r.stage.number(noun),)]
    r.by_detect("count", "number", (question, phrase), lambda _: "count of e2", instead=sql, rows=rows)


def count_all(r: Rounds) -> None:
    """How many things of any kind."""
    one, many = pick(r.rng, (("object", "objects"), ("thing", "things"), ("item", "items")))
    if r.stage.picture.medium == "drawing" and chance(r.rng, 0.5):
        one, many = pick(r.rng, (("shape", "shapes"), ("figure", "figures")))
        if r.stage.picture.detect(many).status == "unsupported":
            return
    asked = r.word("count", Noun(labels=(), one=one, many=many))
    rows = [(len(r.stage.picture.found),)]
    sql = "SELECT count(*) FROM objects"
    r.by_detect("count all", "number", asked, lambda _: "count of e2", instead=sql, rows=rows)


def count_group(r: Rounds) -> None:
    """How many animals, vehicles, ..."""
    many = pick(r.rng, tuple(GROUPS))
    if r.stage.picture.detect(many).status == "unsupported":
        return
    noun = Noun(labels=GROUPS[many], one=_singular(many), many=many)
    if chance(r.rng, 0.7):
        r.by_detect("count group", "number", r.word("count", noun), lambda _: "count of e2")
    else:
        r.by_detect("exist group", "yes/no", r.word("exist", noun), lambda _: "exists in e2")


def _singular(many: str) -> str:
    return "piece of furniture" if many == "pieces of furniture" else many.removesuffix("s")


def exist(r: Rounds) -> None:
    """Whether there is any."""
    noun = _misspelled(r, r.stage.noun(there=0.5))
    asked = r.word("exist" if chance(r.rng, 0.93) else "exist terse", noun)
    sql = f"SELECT count(*) > 0 FROM objects{noun.where()}"
    rows = [(r.stage.number(noun) > 0,)]
    r.by_detect("exist", "yes/no", asked, lambda _: "exists in e2", instead=sql, rows=rows)


def unknown(r: Rounds) -> None:
    """About things that the detector has no class for."""
    word = pick(r.rng, r.stage.unknown)
    noun = Noun(labels=(word,), one=word, many=plural(word))
    family, kind = pick(
        r.rng, (("count", "number"), ("exist", "yes/no"), ("color", "color"), ("place", "place"))
    )
    if family != "place" and chance(r.rng, 0.2):
        noun = (
            noun.colored(r.rng, pick(r.rng, r.stage.picture.colors or ("red",)))
            if family != "color"
            else noun
        )
    asked = r.word(family, noun)
    references = {"count": "count of e2", "exist": "exists in e2"}
    if r.stage.picture.detect(asked[1]).status == "unsupported" or family in references:
        r.by_detect(family, kind, asked, lambda _: references.get(family, ""))


def color(r: Rounds) -> None:
    """What color the one thing has; often there are several, or none."""
    if not r.stage.has_colors:
        return
    single = r.stage.unique(bare="color") if chance(r.rng, 0.55) else None
    noun = _misspelled(r, single[0] if single else r.stage.noun(there=0.85))
    if chance(r.rng, 0.9) or not noun.labels:
        noun = replace(noun, color="", color_word="")
    if not noun.labels and not noun.size:
        return
    _attribute(r, "color", noun, color_of)


def size(r: Rounds) -> None:
    """Whether the one thing is small or large."""
    if r.stage.has_sizes:
        single = r.stage.unique(bare="size") if chance(r.rng, 0.6) else None
        noun = single[0] if single else replace(r.stage.noun(there=0.85), size="", size_word="")
        _attribute(r, "size", noun, lambda one: one.attributes["size"])


def place(r: Rounds) -> None:
    """Where the one thing is."""
    found = r.stage.unique() if chance(r.rng, 0.5) else None
    noun = found[0] if found else r.stage.noun(there=0.8)
    _attribute(r, "place", noun, lambda one: place_of(one.box))


def kind(r: Rounds) -> None:
    """What the red thing is."""
    for _ in range(3):
        noun = r.stage.noun(there=0.9, generic=1.0)
        if r.stage.number(noun) == 1:
            break
    if noun.labels:
        return
    asked = r.word("kind", noun)
    if r.stage.picture.medium == "photo" and "shape" in asked[0]:
        return
    r.by_detect("kind", "name", asked, one_of(lambda one: one.label, "label"))


def _attribute(r: Rounds, name: str, noun: Noun, value: Callable[[Detection], str]) -> None:
    if not noun.labels and not noun.color and not noun.size:
        return
    asked = r.word(name, noun)
    sql, rows = "", [(value(one),) for one in r.stage.things(noun)]
    if noun.labels:
        sql = f"SELECT {name} FROM objects{noun.where()}"
    kind = {"color": "color", "size": "name", "place": "place"}[name]
    r.by_detect(name, kind, asked, one_of(value, name), instead=sql, rows=rows)


def shape_of_all(r: Rounds) -> None:
    """What shape is in a picture, where there is one, and now and then where there are several."""
    question, _ = r.word("kind of all")
    if phrase := run_of("shape", question):
        answer = one_of(lambda one: one.label, "label")
        r.by_detect("shape of all", "name", (question, phrase), answer)


def color_of_all(r: Rounds) -> None:
    """What color the shape has."""
    question, _ = r.word("color of all")
    for word in ("shape", "figure", "object"):
        if phrase := run_of(word, question):
            r.by_detect("color of all", "color", (question, phrase), one_of(color_of, "color"))
            return


def wear(r: Rounds) -> None:
    """Whether somebody wears a tie."""
    worn = ("tie", "backpack", "handbag", "umbrella", "suitcase", "cell phone", "tennis racket")
    seen = [label for label in r.stage.picture.labels if label in worn]
    label = pick(r.rng, seen) if seen and chance(r.rng, 0.75) else pick(r.rng, worn)
    noun = r.stage.label_noun(label)
    sql = f"SELECT count(*) > 0 FROM objects{noun.where()}"
    rows = [(r.stage.number(noun) > 0,)]
    r.by_detect("wear", "yes/no", r.word("wear", noun), lambda _: "exists in e2", instead=sql, rows=rows)


def classes(r: Rounds) -> None:
    """Which things there are."""
    drawn = r.stage.picture.medium == "drawing" and chance(r.rng, 0.7)
    question, _ = r.word("shapes" if drawn else "classes")
    rows = [(label,) for label in sorted(r.stage.picture.labels, key=str.casefold)]
    sql = "SELECT class FROM objects GROUP BY class ORDER BY class"
    r.by_query("classes", "list", question, sql, rows)


def group_members(r: Rounds) -> None:
    """Which animals, vehicles, ... there are."""
    for many, labels in GROUPS.items():
        seen = [one for one in _by_number(r) if one in labels]
        if seen and chance(r.rng, 0.6):
            noun = Noun(labels=tuple(seen), one=_singular(many), many=many)
            sql = f"SELECT class FROM objects{noun.where()} GROUP BY class ORDER BY class"
            question, _ = r.word("animals", noun)
            r.by_query("group members", "list", question, sql, [(label,) for label in sorted(seen)])
            return


def _by_number(r: Rounds) -> list[str]:
    """Labels as the overview says them: those seen most often first."""
    found = r.stage.picture.found
    return sorted(r.stage.picture.labels, key=lambda label: -sum(one.label == label for one in found))


def color_list(r: Rounds) -> None:
    """Which colors things have."""
    if not r.stage.has_colors:
        return
    noun = replace(r.stage.noun(there=1.0, generic=0), color="", color_word="")
    if chance(r.rng, 0.25):
        question, _ = r.word("colors")
        things, where = list(r.stage.picture.found), ""
    else:
        question, _ = r.word("color list", noun)
        things, where = r.stage.things(noun), noun.where()
    if len(things) > 1:
        rows = [(one,) for one in sorted({color_of(one) for one in things})]
        sql = f"SELECT color FROM objects{where} GROUP BY color ORDER BY color"
        r.by_query("color list", "list", question, sql, rows)


def extent(r: Rounds) -> None:
    """How wide, how tall, how large in px, by `measure`."""
    name = pick(r.rng, ("width", "height", "area", "share of the picture"))
    single = r.stage.unique() if chance(r.rng, 0.6) else None
    noun = single[0] if single else r.stage.noun(there=0.9)
    if not (noun.labels or noun.color or noun.size):
        return
    question, phrase = r.word(name, noun)
    first = detect_call(r.stage, phrase)
    found = first.got.payload
    if not isinstance(found, Detections) or (found.perhaps and not found.items):
        return
    if len(found.items) != 1:
        reason = "ambiguous" if found.items else "not there"
        r.steps(f"extent {reason}", "number", question, [[first]], f"cannot tell: {reason}")
        return
    facts = Facts(items=tuple(sizes((found.items[0].box,))))
    text = 'measure(regions=[e2.1], what="size")'
    given = {"regions": ["e2.1"], "what": "size"}
    call = Call(name="measure", text=text, arguments=given, got=result("measure", facts))
    r.steps("extent", "number", question, [[first], [call]], f"field of e3: {name}")


def with_numbers(r: Rounds, family: str, sign: str) -> None:
    """Whether there are exactly, at least, at most, more or fewer than a number of things; half are so."""
    wanted = chance(r.rng, 0.5)
    for _ in range(8):
        noun = r.stage.noun(there=0.93)
        right = r.stage.number(noun)
        n = max(right + pick(r.rng, (0, 0, -1, 1, 1, -2, 2)), 1 if sign == "=" else 2)
        holds = {"=": right == n, ">=": right >= n, "<=": right <= n, ">": right > n, "<": right < n}[sign]
        if holds == wanted:
            break
    if family == "exactly" and n == 1:
        family = "exactly one"
    question, _ = r.word(family, noun, n=numbers(r.rng, n))
    sql = f"SELECT count(*) {sign} {n} FROM objects{noun.where()}"
    r.by_query(family, "yes/no", question, sql, [(holds,)])


def amounts(r: Rounds) -> None:
    """Statements and questions about an amount."""
    family, sign = pick(
        r.rng,
        (
            ("exactly", "="),
            ("exactly", "="),
            ("at least", ">="),
            ("at most", "<="),
            ("more than n", ">"),
            ("fewer than n", "<"),
        ),
    )
    with_numbers(r, family, sign)
