"""Tables with questions of their own: frequencies, prices, times, ledgers, markets, stems and leaves."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from sightline.train.symbolic.table_lists import groups
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_states import Draft
from sightline.train.symbolic.table_topics_prices import LIST_PRICES, UNIT_PRICES, price_list, unit_price_list
from sightline.train.symbolic.table_topics_say import HE_SHE, topic_ask
from sightline.train.symbolic.table_topics_stems import STEMS
from sightline.train.symbolic.table_topics_times import EVENTS, STOPS, event_table, stop_table
from sightline.train.symbolic.table_view import Ask, Speak, View
from sightline.train.symbolic.table_words import chance, pick, some

FREQUENT = (
    ("Pets", "pets", "own", "owned", "students"),
    ("Movies seen", "movies", "see", "saw", "friends"),
    ("Goals", "goals", "score", "scored", "players"),
    ("Trips to the beach", "trips", "make", "made", "families"),
    ("Books read", "books", "read", "read", "readers"),
    ("Cups of tea", "cups of tea", "drink", "drank", "employees"),
    ("Siblings", "siblings", "have", "had", "pupils"),
    ("Cavities", "cavities", "have", "had", "patients"),
    ("Museum visits", "museum visits", "make", "made", "tourists"),
    ("Apples eaten", "apples", "eat", "ate", "campers"),
    ("Bicycles", "bicycles", "own", "owned", "households"),
    ("Emails sent", "emails", "send", "sent", "clerks"),
    ("Fish caught", "fish", "catch", "caught", "anglers"),
    ("Sick days", "sick days", "take", "took", "workers"),
    ("Laps", "laps", "swim", "swam", "swimmers"),
    ("Stars given", "stars", "give", "gave", "guests"),
)


def frequency_table(rng: Generator) -> Draft:
    """How often each small number came up."""
    head, many, base, past, whom = pick(rng, FREQUENT)
    first, count = int(rng.integers(0, 2)), int(rng.integers(4, 8))
    frequencies = tuple(str(int(n)) for n in rng.integers(0, 22, count))
    asker = pick(rng, ("A survey", "A club", "A researcher", "Somebody"))
    asked = pick(rng, ("asked", "counted for"))
    story = f"{asker} {asked} some {whom} how many {many} they {past}."
    return Draft(
        entity=("row", "rows"),
        heads=(head, pick(rng, ("Frequency", "Frequency", f"Number of {whom}", whom.capitalize()))),
        columns=(tuple(str(first + n) for n in range(count)), frequencies),
        speaks=(Speak(noun=(many,), many=many, verb=(base, past)), Speak(noun=(whom,))),
        roles=("name", "frequency"),
        title=pick(rng, ("", head, f"{head} per person")),
        intro=(story,),
        topic="frequency",
        clean=True,
    )


def frequency(view: View, rng: Generator) -> Ask | None:
    """How many did more or less than so much."""
    what, often = view.cols
    if often.kind != "number" or what.kind != "number":
        return None
    family = str(pick(rng, ("freq_more", "freq_fewer", "freq_least", "freq_exactly", "freq_total")))
    value = pick(rng, what.numbers[1:-1] or what.numbers)
    sign = {"freq_more": ">", "freq_fewer": "<", "freq_least": ">=", "freq_exactly": "="}.get(family, "")
    pairs = list(zip(what.numbers, often.numbers, strict=True))
    said = f"{value:.0f}"
    slots = {
        "v": said,
        "whom": often.speak.noun,
        "many": what.speak.many,
        "did": (what.speak.verb or ("", ""))[1],
    }
    if family == "freq_total":
        sql, expect = view.select(f"sum({often.sql})"), sum(often.numbers)
    elif family == "freq_exactly":
        sql, expect = view.select(often.sql, f"{what.sql} = {said}"), dict(pairs)[value]
    else:
        sql = view.select(f"sum({often.sql})", f"{what.sql} {sign} {said}")
        tests = {">": value.__lt__, "<": value.__gt__, ">=": value.__le__}
        expect = sum(n for k, n in pairs if tests[sign](k))
    return topic_ask(view, rng, family, sql, expect, "number", slots)


OUTLAYS = (
    "rent,groceries,a haircut,concert tickets,gas,new shoes,a birthday gift,a phone bill,lunch,cat food,"
    "a bus pass,a used bike,books,soap,paint,a raincoat,flowers,a repair".split(",")
)
INCOMES = (
    "babysitting,mowing lawns,a bake sale,walking dogs,a yard sale,tutoring,an allowance,washing cars,"
    "a refund,selling lemonade".split(",")
)


def ledger(rng: Generator) -> Draft:
    """Money that comes in and goes out, and what is left."""
    person = pick(rng, groups()["person"].names)
    balance, rows = round(float(rng.uniform(20, 400)), 2), []
    balance0 = balance
    day = int(rng.integers(1, 5))
    names = [*some(rng, OUTLAYS, int(rng.integers(2, 5))), *some(rng, INCOMES, int(rng.integers(1, 4)))]
    month = pick(rng, groups()["month"].names)
    for name in some(rng, names, len(names)):
        amount = (
            round(float(rng.uniform(0.1, 0.8)) * min(balance, 90), 2)
            if name in OUTLAYS
            else round(float(rng.uniform(5, 90)), 2)
        )
        balance = round(balance + (amount if name in INCOMES else -amount), 2)
        money = f"${amount:,.2f}"
        rows.append(
            (
                f"{month} {day}",
                name,
                money if name in INCOMES else "",
                money if name in OUTLAYS else "",
                f"${balance:,.2f}",
            )
        )
        day += int(rng.integers(1, 5))
    opening = (f"{month} {max(day - 20, 1)}", "Opening balance", "", "", f"${balance0:,.2f}")
    if chance(rng, 0.5):
        rows.insert(0, opening)
    columns = tuple(zip(*rows, strict=True))
    return Draft(
        entity=("entry", "entries"),
        heads=(
            "Date",
            "Description",
            pick(rng, ("Received", "Income", "Deposits")),
            pick(rng, ("Expenses", "Spent", "Paid")),
            pick(rng, ("Available Funds", "Balance", "Available")),
        ),
        columns=columns,
        speaks=(
            Speak(noun=("date",)),
            Speak(noun=("description",)),
            *(Speak(noun=(n,), money=True) for n in ("income", "expenses", "balance")),
        ),
        roles=("day", "name", "money", "money", "money"),
        key=1,
        title=pick(rng, (f"{person}'s account", f"Funds of {person}", "")),
        intro=(
            f"This is {person}'s {pick(rng, ('account', 'financial record', 'cash book'))} for {month}.",
            person,
        ),
        topic="ledger",
        clean=True,
    )


def booked(view: View, rng: Generator) -> Ask | None:
    """A balance, an amount, a total of a ledger."""
    _, name, income, outlay, balance = view.cols
    if any(c.kind != "number" for c in (income, outlay, balance)):
        return None
    family = str(
        pick(
            rng,
            (
                "balance_after",
                "balance_after",
                "spent_on",
                "earned_by",
                "total_spent",
                "total_earned",
                "saved",
                "last_balance",
            ),
        )
    )
    column = {"balance_after": balance, "spent_on": outlay, "earned_by": income}.get(family)
    he = pick(rng, HE_SHE)
    slots = {"p": view.intro[1] if chance(rng, 0.7) else he, "he": he}
    slim = replace(view, intro=view.intro[:1])
    if column is not None:
        rows = [n for n in view.rows(column) if name.texts[n] != "Opening balance"]
        if not rows:
            return None
        row = pick(rng, rows)
        slots["n"] = name.texts[row]
        return topic_ask(
            slim, rng, family, view.select(column.sql, view.cond(row)), column.values[row], "money", slots
        )
    if family == "last_balance":
        sql = view.select(balance.sql, "", "ORDER BY row_no DESC LIMIT 1")
        return topic_ask(slim, rng, family, sql, balance.values[-1], "money", slots)
    if family == "saved":
        if sum(income.numbers) <= sum(outlay.numbers):
            return None
        sql = view.select(f"sum({income.sql}) - sum({outlay.sql})")
        return topic_ask(slim, rng, family, sql, sum(income.numbers) - sum(outlay.numbers), "money", slots)
    column = outlay if family == "total_spent" else income
    return topic_ask(
        slim, rng, family, view.select(f"sum({column.sql})"), sum(column.numbers), "money", slots
    )


def market(rng: Generator) -> Draft:
    """What is wanted and what is offered at some prices."""
    count, step = int(rng.integers(4, 7)), int(pick(rng, (5, 10, 20, 50)))
    first = step * int(rng.integers(1, 12))
    high, fall = int(rng.integers(200, 900)) * 10, int(rng.integers(3, 15)) * 10
    low, rise = int(rng.integers(20, 200)) * 10, int(rng.integers(3, 15)) * 10
    demand = [max(high - fall * n * int(rng.integers(2, 4)), 10) for n in range(count)]
    supply = [low + rise * n * int(rng.integers(2, 9)) for n in range(count)]
    if chance(rng, 0.4):
        middle = count // 2
        supply[middle] = demand[middle]
    prices = [f"${first + step * n}" for n in range(count)]
    thing = pick(rng, ("jackets", "kayaks", "bicycles", "lamps", "watches", "rugs", "printers", "helmets"))
    return Draft(
        entity=("price", "prices"),
        heads=("Price", "Quantity demanded", "Quantity supplied"),
        columns=(tuple(prices), tuple(f"{n:,}" for n in demand), tuple(f"{n:,}" for n in supply)),
        speaks=(
            Speak(noun=("price",), money=True),
            Speak(noun=("quantity demanded",)),
            Speak(noun=("quantity supplied",)),
        ),
        roles=("name", "quantity", "quantity"),
        title=f"Market for {thing}" if chance(rng, 0.4) else "",
        intro=(f"An economist studied the market for {thing}.",),
        topic="market",
        clean=True,
    )


def at_price(view: View, rng: Generator) -> Ask | None:
    """Whether there is a shortage or a surplus at a price, and how large it is."""
    _, demand, supply = view.cols
    rows = view.rows(demand, supply)
    if not rows:
        return None
    row = pick(rng, rows)
    a, b = demand.number(row), supply.number(row)
    slots = {"v": view.name.texts[row]}
    same = [n for n in rows if demand.number(n) == supply.number(n)]
    family = str(pick(rng, ("shortage", "shortage", "shortage", "surplus", "gap_at_price", "equilibrium")))
    if family == "equilibrium":
        if len(same) != 1:
            return None
        sql = view.select(view.name.sql, f"{demand.sql} = {supply.sql}")
        return topic_ask(view, rng, family, sql, view.name.values[same[0]], "money", slots)
    if family == "gap_at_price":
        sql = view.select(f"abs({demand.sql} - {supply.sql})", view.cond(row))
        return topic_ask(view, rng, family, sql, abs(a - b), "number", slots)
    sign = ">" if family == "shortage" else "<"
    sql = view.select(f"{demand.sql} {sign} {supply.sql}", view.cond(row))
    return topic_ask(view, rng, family, sql, a > b if sign == ">" else a < b, "yes/no", slots)


MAKERS = (
    frequency_table,
    price_list,
    price_list,
    unit_price_list,
    event_table,
    stop_table,
    ledger,
    market,
)

TOPICS: dict[str, dict[str, tuple[Family, float]]] = {
    "stem": STEMS,
    "frequency": {"frequency": (frequency, 1)},
    "prices": LIST_PRICES,
    "unit prices": UNIT_PRICES,
    "events": EVENTS,
    "stops": STOPS,
    "ledger": {"booked": (booked, 1)},
    "market": {"at_price": (at_price, 1)},
}
"""Of each kind of table its families, and how often each is asked."""


def topic_table(rng: Generator) -> Draft:
    """A table of one of these kinds; stem-and-leaf plots are drawn apart."""
    return pick(rng, MAKERS)(rng)
