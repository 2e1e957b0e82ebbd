"""Timetables: what begins and ends when, which bus is where at what time."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.symbolic.table_lists import groups, names
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_questions_rows import place
from sightline.train.symbolic.table_states import Draft
from sightline.train.symbolic.table_topics_say import HE_SHE, topic_ask
from sightline.train.symbolic.table_view import Ask, Speak, View, text_literal
from sightline.train.symbolic.table_words import chance, pick, some

EVENT_NAMES = tuple(
    "Book fair;Chess club;Closing speech;Coffee break;Cooking show;Dance class;Dog show;"
    "Film about whales;First lecture;Fireworks;Guided tour;History lecture;Juggling show;"
    "Keynote;Lunch break;Magic show;Morning news;Nature film;Opening speech;Organ concert;"
    "Panel discussion;Parade;Piano recital;Poetry reading;Pony rides;Puppet show;Quiz;"
    "Registration;Robot demo;Science lab;Seal feeding;Soccer practice;Spelling bee;Swim meet;"
    "Talent show;Weather report;Wine tasting;Workshop on bees;Yoga class".split(";")
)


def clock(minutes: int, form: str) -> str:
    """A time of the day in print."""
    hour, minute = divmod(minutes % 1440, 60)
    if form == "24":
        return f"{hour:02d}:{minute:02d}"
    half = {"A.M.": ("A.M.", "P.M."), "AM": ("AM", "PM"), "am": ("am", "pm")}[form][hour >= 12]
    return f"{(hour - 1) % 12 + 1}:{minute:02d} {half}"


def event_table(rng: Generator) -> Draft:
    """Events with the times at which they begin and end."""
    count = int(rng.integers(4, 9))
    chosen = tuple(some(rng, EVENT_NAMES, count))
    form = str(pick(rng, ("A.M.", "A.M.", "AM", "am", "24")))
    now, begins, ends = int(rng.integers(80, 130)) * 5, [], []
    for _ in range(count):
        begins.append(clock(now, form))
        now += int(rng.integers(3, 18)) * 5
        ends.append(clock(now, form))
        now += int(rng.integers(1, 4)) * 5
    return Draft(
        entity=("event", "events"),
        heads=(
            pick(rng, ("Event", "Program", "What", "Activity")),
            pick(rng, ("Begin", "Start", "From")),
            pick(rng, ("End", "Until", "To")),
        ),
        columns=(chosen, tuple(begins), tuple(ends)),
        speaks=(Speak(noun=("event",)), Speak(noun=("start",)), Speak(noun=("end",))),
        roles=("name", "time", "time"),
        title=pick(rng, ("", "Schedule", "Program", "Saturday's program", "Conference")),
        intro=("Look at the following schedule.",) if chance(rng, 0.4) else (),
        topic="events",
        clean=True,
    )


def timed(view: View, rng: Generator) -> Ask | None:
    """When an event begins or ends, and which does at a time."""
    ends, back = chance(rng, 0.45), chance(rng, 0.5)
    column, row = view.cols[2 if ends else 1], int(rng.integers(view.size))
    if not column.texts[row] or not view.is_key(row) or column.texts.count(column.texts[row]) > 1:
        return None
    slots = {"n": view.name.texts[row], "t": column.texts[row], "event": ("event", "activity", "one")}
    if back:
        sql = view.select(view.name.sql, f"{column.sql} = {text_literal(column.texts[row])}")
        return topic_ask(
            view, rng, "ends_at" if ends else "begins_at", sql, view.name.texts[row], "name", slots
        )
    sql = view.select(column.sql, view.cond(row))
    return topic_ask(view, rng, "end" if ends else "begin", sql, column.texts[row], "text", slots)


def stop_table(rng: Generator) -> Draft:
    """Stops, and the times of some trains at each."""
    stops = tuple(some(rng, [*names()["station"], *groups()["town"].names], int(rng.integers(3, 7))))
    trips = int(rng.integers(2, 5))
    form = str(pick(rng, ("A.M.", "A.M.", "A.M.", "AM", "24")))
    starts = sorted(int(n) * 5 for n in rng.choice(range(70, 200), trips, replace=False))
    ways = [0, *(int(n) for n in rng.integers(2, 14, len(stops) - 1).cumsum() * 5)]
    times = [tuple(clock(start + way, form) for way in ways) for start in starts]
    line = pick(rng, ("train", "bus", "ferry", "tram", "boat"))
    return Draft(
        entity=("stop", "stops"),
        heads=("", *("" for _ in times)),
        columns=(stops, *times),
        speaks=(Speak(noun=("stop",)), *(Speak(noun=(line,)) for _ in times)),
        roles=("name", *("time" for _ in times)),
        title=pick(rng, ("", f"{line.capitalize()} schedule", "Timetable")),
        intro=(line, "Look at the following schedule."),
        topic="stops",
        clean=True,
    )


def ride(view: View, rng: Generator) -> Ask | None:
    """When the train is at another stop, when the next one leaves, when the first."""
    line, he = view.intro[0], pick(rng, HE_SHE)
    one, two = sorted(some(rng, range(view.size), 2))
    trip = int(rng.integers(1, len(view.cols)))
    times = [c.texts for c in view.cols[1:]]
    stops = view.name.texts
    family = str(
        pick(rng, ("stop_arrival", "stop_arrival", "stop_departure", "stop_next", "stop_next", "stop_first"))
    )
    start, end = times[trip - 1][one], times[trip - 1][two]
    slots = {
        "p": pick(rng, groups()["person"].names),
        "he": he,
        "line": line,
        "n": stops[one],
        "n2": stops[two],
    }
    slots["t"] = end if family == "stop_departure" else start
    at = {name: f"row_name = {text_literal(name)}" for name in stops}
    wanted, known = (one, two) if family == "stop_departure" else (two, one)
    from_cells = f"FROM {view.cells} WHERE"
    if family == "stop_first":
        sql, expect = view.select(view.cols[1].sql, view.cond(one)), times[0][one]
    elif family == "stop_next":
        if trip == len(times):
            return None
        found = f"SELECT cell {from_cells} {at[stops[one]]} AND text = {text_literal(start)}"
        sql, expect = f"SELECT text {from_cells} cell = ({found}) + 1", times[trip][one]
    else:
        found = f"SELECT column_name {from_cells} {at[stops[known]]} AND text = {text_literal(slots['t'])}"
        sql = f"SELECT text {from_cells} {at[stops[wanted]]} AND column_name = ({found})"
        expect = times[trip - 1][wanted]
    slim = View(**{**view.__dict__, "intro": view.intro[1:]})
    return topic_ask(slim, rng, family, sql, expect, "text", slots)


EVENTS: dict[str, tuple[Family, float]] = {"timed": (timed, 5), "event place": (place, 1)}
STOPS: dict[str, tuple[Family, float]] = {"ride": (ride, 1)}
