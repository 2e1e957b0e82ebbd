"""What charts speak of: measures, what they are measured over, and names. Written for this package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightline.train.worlds.dice import pick, shuffled, span
from sightline.train.worlds.lexicon import MONTHS, invented_word
from sightline.train.worlds.table_words import shops


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("|"))


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """What a chart's categories or series are.

    Args:
        noun, nouns: such as `country`, `countries`.
        at: how one stands in a sentence (`in {}`); asks: how it is asked for (`in which country`).
        names: what to draw from; empty where `name_some` makes them.
        time: whether the names follow one another.
    """

    noun: str
    nouns: str
    at: str
    asks: str
    names: tuple[str, ...] = ()
    time: bool = False

    def say(self, name: str) -> str:
        """A name as it stands in a sentence: `in the United States`."""
        return self.at.format(f"the {name}" if name.startswith("United") else name)


DIMENSIONS: dict[str, Dimension] = {
    "year": Dimension(noun="year", nouns="years", at="in {}", asks="in which year", time=True),
    "quarter": Dimension(noun="quarter", nouns="quarters", at="in {}", asks="in which quarter", time=True),
    "month": Dimension(
        noun="month", nouns="months", at="in {}", asks="in which month", time=True, names=MONTHS
    ),
    "country": Dimension(
        noun="country",
        nouns="countries",
        at="in {}",
        asks="in which country",
        names=_split(
            "Argentina|Australia|Austria|Belgium|Brazil|Canada|Chile|China|Colombia|Croatia|Denmark|Egypt|Estonia|"
            "Ethiopia|Finland|France|Germany|Ghana|Greece|Hungary|Iceland|India|Indonesia|Ireland|Israel|Italy|"
            "Japan|Kenya|Latvia|Malaysia|Mexico|Morocco|Nepal|Norway|Pakistan|Peru|Poland|Portugal|Romania|"
            "Senegal|Serbia|Singapore|Slovenia|Spain|Sweden|Thailand|Tunisia|Turkey|Uruguay|Vietnam|"
            "New Zealand|South Africa|South Korea|Sri Lanka|United Kingdom|United States"
        ),
    ),
    "city": Dimension(
        noun="city",
        nouns="cities",
        at="in {}",
        asks="in which city",
        names=_split(
            "Athens|Berlin|Bergen|Boston|Cairo|Chicago|Delhi|Dublin|Geneva|Hamburg|Jakarta|Kyoto|Lagos|Lima|"
            "Lisbon|London|Lyon|Madrid|Mumbai|Nairobi|Oslo|Paris|Porto|Prague|Quito|Rome|Seattle|Seoul|Sydney|"
            "Tokyo|Turin|Vienna|Warsaw|Zurich"
        ),
    ),
    "company": Dimension(noun="company", nouns="companies", at="of {}", asks="of which company"),
    "brand": Dimension(noun="brand", nouns="brands", at="of {}", asks="of which brand"),
    "age": Dimension(
        noun="age group",
        nouns="age groups",
        at="among those aged {}",
        asks="among which age group",
        names=_split("13-17|18-24|25-34|35-44|45-54|55-64|65 and over"),
        time=False,
    ),
    "sex": Dimension(
        noun="sex", nouns="sexes", at="among {}", asks="among which sex", names=("men", "women")
    ),
    "answer": Dimension(
        noun="answer",
        nouns="answers",
        at='who said "{}"',
        asks="with which answer",
        names=_split("Very likely|Somewhat likely|Not very likely|Not at all likely|Do not know|No answer"),
    ),
    "opinion": Dimension(
        noun="answer",
        nouns="answers",
        at='who said "{}"',
        asks="with which answer",
        names=_split("Strongly agree|Agree|Neither|Disagree|Strongly disagree|Not sure"),
    ),
    "sport": Dimension(
        noun="sport",
        nouns="sports",
        at="in {}",
        asks="in which sport",
        names=_split(
            "tennis|football|rowing|judo|hockey|chess|running|cycling|swimming|golf|rugby|cricket|yoga|boxing|skiing"
        ),
    ),
    "crop": Dimension(
        noun="crop",
        nouns="crops",
        at="for {}",
        asks="for which crop",
        names=_split(
            "wheat|maize|rice|barley|oats|potatoes|soybeans|sugar beet|cotton|olives|grapes|apples|tea"
        ),
    ),
    "product": Dimension(
        noun="product",
        nouns="products",
        at="for {}",
        asks="for which product",
        names=_split(
            "coffee|tea|bottled water|fruit juice|chocolate|breakfast cereal|frozen pizza|ice cream|shampoo|"
            "toothpaste|running shoes|jeans|sunglasses|headphones|laptops|tablets|smart watches|board games|"
            "bicycles|electric cars|motorcycles"
        ),
    ),
    "source": Dimension(
        noun="source",
        nouns="sources",
        at="from {}",
        asks="from which source",
        names=_split("coal|natural gas|oil|nuclear power|hydropower|wind|solar|biomass"),
    ),
    "channel": Dimension(
        noun="channel",
        nouns="channels",
        at="through {}",
        asks="through which channel",
        names=_split(
            "online shops|supermarkets|department stores|street markets|kiosks|catalogues|own stores"
        ),
    ),
    "medium": Dimension(
        noun="medium",
        nouns="media",
        at="from {}",
        asks="from which medium",
        names=_split("television|radio|newspapers|podcasts|social media|news websites|friends|books"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A measure, the bounds of its values, and the dimensions that it is measured over.

    Args:
        measure: singular, without an article: `unemployment rate`.
        unit: in words; `%` is printed with the numbers.
        low, high: of its values, in the unit; decimals: that are printed.
        over: keys of DIMENSIONS of which one names the bars; parts: of a second one, or empty.
        adds: whether its values add up, so that they can be stacked.
    """

    measure: str
    unit: str
    low: float
    high: float
    decimals: int
    over: tuple[str, ...]
    parts: tuple[str, ...] = ()
    adds: bool = False


def _topic(line: str) -> Topic:
    measure, unit, low, high, decimals, over, parts, adds = (part.strip() for part in line.split(";"))
    return Topic(
        measure=measure,
        unit=unit,
        low=float(low),
        high=float(high),
        decimals=int(decimals),
        over=tuple(over.split()),
        parts=tuple(parts.split()),
        adds=adds == "adds",
    )


TOPICS = tuple(
    map(
        _topic,
        """unemployment rate; %; 2; 26; 1; country city; sex age;
        inflation rate; %; 0.5; 14; 1; country; ;
        economic growth; %; -6; 9; 1; country; ;
        literacy rate; %; 55; 99; 0; country; sex;
        share of forest in the land area; %; 8; 74; 0; country; ;
        share of households with internet; %; 30; 98; 0; country city; ;
        home ownership rate; %; 35; 92; 1; country; age;
        life expectancy; years; 58; 86; 1; country; sex;
        population; millions; 1; 95; 1; country; ; adds
        number of foreign visitors; thousands; 120; 9400; 0; country city; ; adds
        export value; billion U.S. dollars; 4; 480; 1; country; crop; adds
        consumption of coffee per person; kilograms; 0.8; 12; 1; country; sex;
        electricity generation; terawatt hours; 5; 420; 0; country; source; adds
        share of electricity; %; 2; 60; 0; source; ;
        rainfall; millimetres; 15; 240; 0; city; ; adds
        average rent; euros per month; 420; 2300; 0; city; ;
        number of shared bicycles; thousands; 0.6; 24; 1; city; ; adds
        revenue; million U.S. dollars; 40; 9200; 0; company; product channel; adds
        net income; million U.S. dollars; 8; 950; 1; company; ; adds
        number of employees; thousands; 0.5; 98; 1; company; sex; adds
        number of stores; ; 14; 920; 0; company; ; adds
        market share; %; 2; 48; 1; brand company; ;
        brand value; billion U.S. dollars; 1.2; 64; 2; brand; ;
        advertising spending; million euros; 3; 340; 0; company brand; medium; adds
        sales volume; million units; 0.4; 52; 1; product; channel; adds
        average price; U.S. dollars; 1.1; 240; 2; product; ;
        production; million tonnes; 0.8; 160; 1; crop; ; adds
        number of players; thousands; 14; 2600; 0; sport; sex; adds
        injury rate; per 1,000 hours; 0.4; 9; 1; sport; ;
        share of people who read a book each week; %; 9; 81; 0; age country; sex;
        share of people who cycle to work; %; 2; 62; 0; city age; sex;
        share of people who follow the news daily; %; 12; 88; 0; age; sex;
        share of respondents; %; 3; 64; 0; answer opinion; sex age;
        time spent on news; minutes a day; 4; 92; 0; medium age; sex age;""".split("\n"),
    )
)


def name_some(rng: np.random.Generator, key: str, count: int) -> tuple[str, ...]:
    """Up to `count` different names along a dimension; times, ages and answers keep their order."""
    known = DIMENSIONS[key]
    if key == "year":
        first = span(rng, 1988, 2024 - count)
        return tuple(str(first + i) for i in range(count))
    if key == "quarter":
        first, at = span(rng, 2005, 2020), span(rng, 0, 3)
        return tuple(f"Q{(at + i) % 4 + 1} {first + (at + i) // 4}" for i in range(count))
    if key == "month":
        at = span(rng, 0, 11)
        return tuple(MONTHS[(at + i) % 12] for i in range(min(count, 12)))
    if key == "company":
        return tuple(shops(rng, count))
    if key == "brand":
        return tuple(dict.fromkeys(invented_word(rng, 2).title() for _ in range(count)))
    if key in ("age", "answer", "opinion", "sex"):
        start = span(rng, 0, max(len(known.names) - count, 0))
        return known.names[start : start + count]
    return tuple(shuffled(rng, known.names)[:count])


def one_name(rng: np.random.Generator, key: str) -> str:
    """One name along a dimension."""
    return pick(rng, name_some(rng, key, 4))
