"""What tables speak of: goods, subjects, names of rows. Everyday words written for this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.lexicon import COMPANY_WORDS, FIRST_NAMES, LAST_NAMES, MONTHS, invented_word
from sightline.train.worlds.nouns import plural


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("|"))


GOODS = _split(
    """map of Norway|box of pencils|jar of honey|desk lamp|wooden chair|garden hose|picture frame|
    pair of gloves|pair of scissors|set of spanners|bag of sand|bottle of ink|roll of tape|packet of seeds|
    book about trees|book about planets|tin of paint|chess board|rain coat|school bag|steel kettle|tea pot|
    bread knife|frying pan|football|tennis racket|bicycle pump|bicycle bell|sleeping bag|hiking stick|
    alarm clock|wall clock|phone case|camera strap|pocket torch|radio|record player|music stand|guitar string|
    piano lesson|swimming lesson|ticket for a concert|ticket for a play|ticket to the circus|bus ticket|
    train ticket|boat trip|museum pass|rose bush|apple tree|flower pot|bird house|dog collar|cat basket|
    fish tank|toy train|toy truck|teddy bear|jigsaw puzzle|card game|kite|sledge|pair of skates|snow shovel|
    notebook|eraser|ruler|sheet of gold paper|bunch of tulips|loaf of bread|cheese roll|cup of cocoa|
    slice of melon|bowl of soup|plate of pasta|fruit salad|oat biscuit|muffin|carpet|armchair|bookshelf|
    coffee table|bed frame|mirror|curtain rod|door handle|paint brush|hammer|saw|tool box|ladder|bucket"""
)
COLOUR_GOODS = _split(
    "shirt|scarf|hat|dress|jumper|blanket|ribbon|candle|mug|vase|cushion|towel|envelope|folder|balloon|bead|marble"
)
ADJECTIVES = _split(
    "red|blue|green|yellow|white|black|striped|small|large|woollen|cotton|silver|old|plain|long"
)
BY_UNIT = {
    "kilogram": _split(
        "rice|flour|lentils|oats|sugar|dried figs|cashews|cherries|plums|red onions|green beans|minced beef|"
        "salmon|goat cheese|potting soil|gravel|washing powder|birdseed"
    ),
    "pound": _split(
        "almonds|walnuts|raisins|liquorice|toffee|ground coffee|black tea|cheddar|smoked ham|white beans|"
        "apricots|grapes|carrots|mushrooms|trail mix|copper wire|nails"
    ),
    "litre": _split(
        "milk|olive oil|orange juice|apple juice|vinegar|lamp oil|white paint|blue paint|liquid soap|diesel|"
        "lemonade|maple syrup"
    ),
    "metre": _split(
        "cotton cloth|silk|velvet|linen|rope|chain|lace|garden fence|copper pipe|wool yarn|wallpaper|cable"
    ),
}


def goods(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different things to buy, singular."""
    if chance(rng, 0.3):
        noun = pick(rng, COLOUR_GOODS)
        return [f"{adjective} {noun}" for adjective in shuffled(rng, ADJECTIVES)[:count]]
    found = shuffled(rng, GOODS)[: count - 1]
    return [*found, f"{pick(rng, ADJECTIVES)} {pick(rng, COLOUR_GOODS)}"]


def many(phrase: str) -> str:
    """The plural of a phrase, at its head: `boxes of pencils`, `tickets to the circus`."""
    for link in (" of ", " about ", " for ", " to "):
        head, found, tail = phrase.partition(link)
        if found:
            return plural(head) + found + tail
    return plural(phrase)


def single(phrase: str) -> str:
    """The singular of a regular plural of this module."""
    return _SINGLE.get(phrase, phrase[:-1])


_SINGLE = {
    "boxes": "box",
    "buses": "bus",
    "classes": "class",
    "people": "person",
    "families": "family",
    "libraries": "library",
    "children": "child",
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was counted: plural things and what was done to them, past tense and participle alike."""

    things: str
    done: str


def _subjects(text: str) -> tuple[Subject, ...]:
    pairs = (part.rsplit(" ", 1) for part in _split(text))
    return tuple(Subject(things=things, done=done) for things, done in pairs)


SUBJECTS = {
    "name": _subjects(
        "pages read|stickers collected|emails answered|goals scored|songs practised|puzzles solved|"
        "shells found|"
        "photos printed|letters posted|push-ups counted|points scored|cards traded|words learned|"
        "maps coloured|"
        "bracelets crafted|birds spotted|laps finished|apples picked|coins saved|tests passed|"
        "bottles returned"
    ),
    "shop": _subjects(
        "balloons sold|tickets sold|parcels shipped|orders packed|calls answered|bicycles rented|"
        "lamps repaired|"
        "cars washed|pizzas delivered|shirts ironed|loaves baked|kites sold|invoices filed|clocks repaired|"
        "keys copied|books printed|mattresses sold"
    ),
    "town": _subjects(
        "trees planted|houses sold|benches painted|street lamps installed|bicycles registered|"
        "festivals planned|"
        "buses ordered|schools opened|potholes filled|permits issued|playgrounds renewed"
    ),
}
YEARLY = _subjects(
    "matches played|members registered|flights booked|concerts staged|volunteers trained|goats raised|"
    "prizes awarded|employees hired|rooms rented|chapters finished|trees felled|ships launched|"
    "visitors counted"
)
_ROWS_OF = {
    "name": ("name",),
    "shop": ("shop",),
    "town": ("town",),
    "day": ("name", "shop"),
    "month": ("name", "shop", "town"),
}
AT = {
    "name": "by {}",
    "shop": "by {}",
    "town": "in {}",
    "day": "on {}",
    "month": "in {}",
    "year": "in {}",
    "stop": "at {}",
}
DAYS = _split("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday")
TOWNS = _split(
    "Ashford|Briar Hill|Cloverdale|Dunmore|Eastham|Fernley|Glen Ridge|Harwick|Ironbridge|Juniper Bay|Kelso|"
    "Larkspur|Millbrook|Northgate|Oakham|Pinehurst|Quarry Town|Redcliff|Stonefield|Thornbury|Upton|Vale End|"
    "Westbrook|Yarrow"
)
STOPS = _split(
    "city hall|harbour|museum|old bridge|zoo|town square|botanical garden|stadium|university|airport|castle|"
    "market hall|north station|hospital|lighthouse|library|fairground|river park|opera house|science centre"
)


def subject(
    rng: np.random.Generator, rows: Sequence[str] = ("name", "shop", "town", "day", "month")
) -> tuple[Subject, str, str]:
    """What was counted, the noun of a row, and how a row stands in a sentence."""
    row = pick(rng, rows)
    return pick(rng, SUBJECTS[pick(rng, _ROWS_OF[row])]), row, AT[row]


def row_names(rng: np.random.Generator, row: str, count: int) -> list[str]:
    """`count` different names of rows; days, months and years follow one another."""
    if row in ("day", "month"):
        names = DAYS if row == "day" else MONTHS
        start = span(rng, 0, len(names) - 1)
        return [names[(start + i) % len(names)] for i in range(min(count, len(names)))]
    if row == "year":
        first, step = span(rng, 1980, 2018), pick(rng, (1, 1, 5))
        return [str(first + step * i) for i in range(count)]
    if row == "shop":
        return shops(rng, count)
    if row == "name" and chance(rng, 0.25):
        titles = ("Mr.", "Mrs.", "Ms.", "Dr.")
        return [f"{pick(rng, titles)} {last}" for last in shuffled(rng, LAST_NAMES)[:count]]
    return shuffled(rng, {"name": FIRST_NAMES, "town": TOWNS, "stop": STOPS}[row])[:count]


def shops(rng: np.random.Generator, count: int) -> list[str]:
    """Names of companies, one in five with an invented word."""
    ends = shuffled(
        rng,
        (
            "Bakery",
            "Cycles",
            "Corner",
            "Works",
            "Trading",
            "& Sons",
            "Group",
            "Stores",
            "Foods",
            "Labs",
            "Media",
            "Motors",
            "Partners",
            "Press",
        ),
    )
    starts = shuffled(rng, COMPANY_WORDS)
    return [
        f"{invented_word(rng, 2).title() if chance(rng, 0.2) else starts[i]} {ends[i]}" for i in range(count)
    ]


TWO_WAY = (
    ("beanbags", ("filled with foam", "filled with beads", "filled with wool"), ("blue", "green", "grey")),
    ("bicycles", ("new", "used", "repaired"), ("red", "black", "white")),
    ("books", ("paperback", "hardback", "leather-bound"), ("new", "used", "signed")),
    ("pupils", ("in the choir", "in the chess club", "in the band"), ("in year 5", "in year 6", "in year 7")),
    ("mugs", ("striped", "dotted", "plain"), ("small", "medium", "large")),
    (
        "tickets",
        ("for adults", "for children", "for seniors"),
        ("sold online", "sold by phone", "given away"),
    ),
    ("shirts", ("long-sleeved", "short-sleeved", "sleeveless"), ("cotton", "linen", "silk")),
    ("cars", ("electric", "petrol-driven", "diesel-driven"), ("rented", "sold", "parked")),
    (
        "cakes",
        ("round", "square", "heart-shaped"),
        ("filled with nuts", "filled with cream", "filled with jam"),
    ),
)
FREQUENCIES = (
    ("films", "families", "watched"),
    ("bus rides", "pupils", "booked"),
    ("museum trips", "people", "made"),
    ("cups of tea", "guests", "ordered"),
    ("pets", "children", "owned"),
    ("letters", "clerks", "posted"),
    ("books", "members", "borrowed"),
    ("goals", "players", "scored"),
    ("phone calls", "managers", "answered"),
    ("eggs", "hens", "laid"),
    ("swims", "visitors", "planned"),
)
STEMS = (
    ("peaches", "boxes"),
    ("pages", "books"),
    ("members", "clubs"),
    ("seats", "buses"),
    ("points", "players"),
    ("pupils", "classes"),
    ("floors", "towers"),
    ("benches", "parks"),
    ("problems", "tests"),
    ("computers", "libraries"),
    ("cows", "farms"),
    ("marbles", "jars"),
    ("lamps", "streets"),
    ("actors", "plays"),
)
EVENTS = (
    (
        "Class schedule",
        "class",
        _split("Geography|Latin|Chemistry|Pottery|Algebra|Drama|World History|Spanish|Swimming|Music"),
    ),
    (
        "Festival schedule",
        "event",
        _split(
            "sack race|puppet show|pie contest|dog parade|folk dance|magic show|raffle|brass band|fireworks"
        ),
    ),
    (
        "Cinema schedule",
        "film",
        _split(
            "The Last Lantern|Moon Harbour|Two Foxes|Paper Kings|A Winter Road|Robot Summer|The Quiet Sea"
        ),
    ),
    (
        "Conference schedule",
        "talk",
        _split(
            "opening speech|soil and water|city traffic|solar roofs|coffee break|clean rivers|panel "
            "debate|closing"
        ),
    ),
    (
        "Radio schedule",
        "programme",
        _split("morning news|farm hour|jazz hour|quiz time|weather report|book corner|chess talk|late songs"),
    ),
)
RIDES = ("train", "bus", "ferry", "tram", "boat")
HOLDERS = (
    ("box", "pens"),
    ("vase", "tulips"),
    ("basket", "apples"),
    ("van", "people"),
    ("shelf", "jars"),
    ("pack", "batteries"),
    ("tray", "muffins"),
    ("crate", "bottles"),
    ("team", "players"),
    ("bag", "oranges"),
    ("table", "chairs"),
    ("bouquet", "roses"),
    ("drawer", "spoons"),
    ("tent", "campers"),
    ("carton", "eggs"),
)
VOTES = (
    ("Election results", "candidate", "votes", _split("Amara|Bruno|Chiyo|Dmitri|Elsa|Farah|Gustav|Hana")),
    ("Favourite lunch", "lunch", "guests", _split("soup|pasta|fish|curry|salad|omelette|dumplings")),
    ("Way to work", "way", "people", _split("bus|train|bicycle|car|on foot|ferry|tram")),
    ("Favourite sport", "sport", "pupils", _split("tennis|football|rowing|judo|hockey|chess|running")),
    ("Pets at home", "pet", "children", _split("dog|cat|rabbit|goldfish|parrot|tortoise|hamster")),
    ("Favourite season", "season", "readers", _split("spring|summer|autumn|winter")),
)
JOBS = _split("mowing lawns|walking dogs|washing cars|babysitting|selling lemonade|raking leaves|tutoring")
SPENDING = _split(
    "cinema|new shoes|birthday present|bus pass|notebooks|haircut|swimming pool|lunch|phone card|stamps"
)
CHANGES = (
    ("town", "Temperature (C)", TOWNS),
    ("dog", "Weight change (g)", _split("Rex|Bella|Pepper|Biscuit|Nero|Luna|Scout")),
    ("player", "Change in points", FIRST_NAMES),
    (
        "place",
        "Height above sea level (m)",
        _split("salt lake|old mine|hill fort|sea cave|lookout|quarry|marsh"),
    ),
    ("share", "Change in price (cents)", _split("Alder|Basalt|Cobalt|Dover|Ember|Flint|Garnet")),
)
