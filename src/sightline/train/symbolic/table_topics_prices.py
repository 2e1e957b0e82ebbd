"""Price lists: what several things cost, whether the money is enough, what is left."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.symbolic.table_lists import groups
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_questions_rows import nth, of_two, reverse, top
from sightline.train.symbolic.table_questions_sums import difference
from sightline.train.symbolic.table_states import Draft
from sightline.train.symbolic.table_topics_say import HE_SHE, topic_ask
from sightline.train.symbolic.table_view import Ask, Col, Speak, View
from sightline.train.symbolic.table_words import NUMBER_NAMES, chance, pick, plural_of, some

PRICE = Speak(
    noun=("price", "cost"),
    money=True,
    adj=("expensive", "more expensive", "most expensive", "cheaper", "cheapest"),
)


def price_list(rng: Generator) -> Draft:
    """Things and what they cost, often without a head."""
    named = chance(rng, 0.55)
    group = groups()[str(pick(rng, ("shopitem", "shopitem", "food", "course")))]
    names = tuple(some(rng, group.names, int(pick(rng, (4, 5, 6, 6, 7)))))
    low, high = pick(rng, ((0.3, 4.0), (1.0, 20.0), (5.0, 90.0), (100.0, 900.0), (2000.0, 90000.0)))
    whole = high > 500 or chance(rng, 0.15)
    cells = tuple(
        f"${v:,.0f}" if whole else f"${v:,.2f}"
        for v in (float(n) for n in rng.uniform(low, high, len(names)))
    )
    head = pick(rng, ("Item", "Product", "")) if group.id == "shopitem" else group.entity[0].capitalize()
    return Draft(
        entity=group.entity,
        heads=(head, pick(rng, ("Price", "Cost", "Price ($)"))) if named else ("", ""),
        columns=(names, cells),
        speaks=(Speak(noun=group.entity[:1]), PRICE),
        roles=("name", "num"),
        at=("of", "for"),
        title=pick(rng, ("", "Price list", "Prices", "Menu", "Sale", "Corner shop")),
        topic="prices",
        absent=tuple(some(rng, [n for n in group.names if not any(n in m or m in n for m in names)], 3)),
        clean=True,
    )


def unit_price_list(rng: Generator) -> Draft:
    """Things and what a pound or a kilogram of them costs."""
    group = groups()[str(pick(rng, ("fruit", "crop")))]
    names = tuple(name.lower() for name in some(rng, group.names, int(pick(rng, (4, 5, 6)))))
    unit, units = pick(
        rng,
        (
            ("pound", "pounds"),
            ("kilogram", "kilograms"),
            ("kg", "kg"),
            ("lb", "pounds"),
            ("package", "packages"),
        ),
    )
    form = pick(rng, ("${:.2f} per {u}", "${:.2f}/{u}", "${:.2f} per {u}"))
    cells = tuple(form.format(float(v), u=unit) for v in rng.uniform(0.4, 9, len(names)))
    return Draft(
        entity=group.entity,
        heads=("", "") if chance(rng, 0.5) else (group.entity[0].capitalize(), "Price"),
        columns=(names, cells),
        speaks=(Speak(noun=group.entity[:1]), Speak(noun=("price",), money=True, unit=units)),
        roles=("name", "num"),
        at=("of", "for"),
        title=pick(rng, ("", "Prices", "Farmers' market")),
        topic="unit prices",
        clean=True,
    )


def _priced(view: View) -> tuple[Col, list[int]]:
    column = view.cols[1]
    return column, view.rows(column) if column.kind == "number" else []


def _person(rng: Generator) -> dict[str, str]:
    he = pick(rng, HE_SHE)
    return {"p": pick(rng, groups()["person"].names) if chance(rng, 0.85) else he, "he": he}


def _one(name: str) -> str:
    """A thing with its article; names of several things, and of courses, have none."""
    if name.endswith("s") or name[:1].isupper():
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _several(name: str, entity: str) -> str:
    """A thing in the plural."""
    if entity in ("food", "course"):
        return f"{'servings of' if entity == 'food' else 'places in'} {name}"
    return name if name.endswith("s") else plural_of(name)


def _cash(value: float, rng: Generator) -> str:
    return f"${value:,.2f}" if value != int(value) or chance(rng, 0.3) else f"${value:,.0f}"


def cost(view: View, rng: Generator) -> Ask | None:
    """What several pieces of one thing cost, or of two."""
    column, rows = _priced(view)
    if len(rows) < 2:
        return None
    one, two = some(rng, rows, 2)
    n, m = int(rng.integers(2, 13)), int(rng.integers(2, 10))
    family = str(pick(rng, ("cost_many", "cost_many", "cost_pair", "cost_pair", "cost_mix")))
    names = view.name.texts
    slots = {
        **_person(rng),
        "a": _one(names[one]),
        "b": _one(names[two]),
        "items": _several(names[one], view.entity[0]),
        "items2": _several(names[two], view.entity[0]),
    }
    slots["count"] = NUMBER_NAMES[n] if chance(rng, 0.3) else str(n)
    slots["count2"] = NUMBER_NAMES[m] if chance(rng, 0.3) else str(m)
    a, b = column.number(one), column.number(two)
    first = view.select(f"{column.sql} * {n}", view.cond(one))
    if family == "cost_many":
        return topic_ask(view, rng, family, first, a * n, "money", slots)
    if family == "cost_pair":
        sql = view.select(f"sum({column.sql})", view.among([one, two]))
        return topic_ask(view, rng, family, sql, a + b, "money", slots)
    sql = f"SELECT ({first}) + ({view.select(f'{column.sql} * {m}', view.cond(two))})"
    return topic_ask(view, rng, family, sql, a * n + b * m, "money", slots)


def purse(view: View, rng: Generator) -> Ask | None:
    """Whether the money is enough, what is left of it, what is missing."""
    column, rows = _priced(view)
    if len(rows) < 2:
        return None
    one, two = some(rng, rows, 2)
    a, b = column.number(one), column.number(two)
    family = str(
        pick(rng, ("enough_one", "enough_two", "enough_two", "money_left", "money_left_two", "money_short"))
    )
    pair = family.endswith("two")
    total = round(a + b if pair else a, 2)
    factor = {"money_left": (1.1, 1.3, 2.0), "money_left_two": (1.1, 1.4), "money_short": (0.5, 0.8)}.get(
        family, (0.8, 0.95, 1.05, 1.2)
    )
    cash = round(total * float(pick(rng, factor)), 2)
    cash = float(round(cash)) if chance(rng, 0.5) and cash > 3 else cash
    slots = {
        **_person(rng),
        "a": _one(view.name.texts[one]),
        "b": _one(view.name.texts[two]),
        "cash": _cash(cash, rng),
    }
    if (
        cash == total
        or (family.startswith("money_left") and cash < total)
        or (family == "money_short" and cash > total)
    ):
        return None
    number = f"{cash:.15g}"
    what = f"sum({column.sql})" if pair else column.sql
    where = view.among([one, two]) if pair else view.cond(one)
    if family.startswith("enough"):
        return topic_ask(
            view, rng, family, view.select(f"{what} <= {number}", where), total <= cash, "yes/no", slots
        )
    left = f"{what} - {number}" if family == "money_short" else f"{number} - {what}"
    return topic_ask(view, rng, family, view.select(left, where), abs(cash - total), "money", slots)


def by_weight(view: View, rng: Generator) -> Ask | None:
    """What so many pounds cost."""
    column, rows = _priced(view)
    if len(rows) < 2:
        return None
    one, two = some(rng, rows, 2)
    amounts = [float(pick(rng, (2, 3, 4, 5, 1.5, 2.5, 0.7, 3.2, 4.8, 1.1))) for _ in (1, 2)]
    names = view.name.texts
    slots = {**_person(rng), "item": names[one], "item2": names[two], "units": column.speak.unit}
    slots |= {"w": f"{amounts[0]:g}", "w2": f"{amounts[1]:g}"}
    first = view.select(f"{column.sql} * {amounts[0]:g}", view.cond(one))
    value = column.number(one) * amounts[0]
    if chance(rng, 0.6):
        return topic_ask(view, rng, "cost_weight", first, value, "money", slots)
    sql = f"SELECT ({first}) + ({view.select(f'{column.sql} * {amounts[1]:g}', view.cond(two))})"
    value += column.number(two) * amounts[1]
    return topic_ask(view, rng, "cost_weights", sql, value, "money", slots)


LIST_PRICES: dict[str, tuple[Family, float]] = {
    "cost": (cost, 25),
    "purse": (purse, 30),
    "price difference": (difference, 4),
}
LIST_PRICES |= {
    "price of two": (of_two, 3),
    "price reverse": (reverse, 1),
    "price top": (top, 2),
    "price nth": (nth, 1),
}
UNIT_PRICES: dict[str, tuple[Family, float]] = {"by_weight": (by_weight, 30)}
