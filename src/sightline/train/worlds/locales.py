"""How countries print money, dates, times, telephone numbers and tax ids."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from sightline.train.worlds.dice import chance, digits, pick, span, weighted
from sightline.train.worlds.lexicon import AREAS, CITIES, FIRST_NAMES, LAST_NAMES, MONTHS, STREETS

_FLOORS = (
    "Ground Floor",
    "1st Floor",
    "City Mall",
    "Shopping Centre",
    "Retail Park",
    "Level 2",
    "Shop 14",
    "Unit 3",
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class Country:
    """`currencies`: what may stand before or after an amount; `step`: cash is rounded to it, minor units."""

    code: str
    currencies: tuple[str, ...]
    decimals: int
    tax_names: tuple[str, ...]
    tax_rates: tuple[float, ...]
    inclusive: float
    service: float
    step: int
    cheap: int
    month_first: bool = False
    comma: bool = False
    grouped: bool = False


COUNTRIES: dict[Country, float] = {
    Country(
        code="MY",
        currencies=("RM", "RM", "MYR"),
        decimals=2,
        tax_names=("GST", "GST", "SST", "Service Tax", "GST"),
        tax_rates=(6, 6, 10),
        inclusive=0.6,
        service=0.15,
        step=5,
        cheap=150,
    ): 0.38,
    Country(
        code="SG",
        currencies=("$", "S$", "SGD"),
        decimals=2,
        tax_names=("GST",),
        tax_rates=(7, 8, 9),
        inclusive=0.5,
        service=0.3,
        step=5,
        cheap=150,
    ): 0.08,
    Country(
        code="UK",
        currencies=("£", "£", "GBP"),
        decimals=2,
        tax_names=("VAT",),
        tax_rates=(20, 20, 5),
        inclusive=0.8,
        service=0.1,
        step=1,
        cheap=90,
    ): 0.1,
    Country(
        code="US",
        currencies=("$", "$", "USD"),
        decimals=2,
        tax_names=("Tax", "Sales Tax", "TAX 1", "State Tax"),
        tax_rates=(6, 6.25, 7.5, 8.25, 8.875),
        inclusive=0.0,
        service=0.05,
        step=1,
        cheap=100,
        month_first=True,
    ): 0.14,
    Country(
        code="DE",
        currencies=("EUR", "€", "EUR"),
        decimals=2,
        tax_names=("MwSt", "MwSt.", "USt", "VAT"),
        tax_rates=(19, 7),
        inclusive=0.95,
        service=0.0,
        step=1,
        cheap=90,
        comma=True,
    ): 0.09,
    Country(
        code="IN",
        currencies=("Rs", "Rs.", "INR", "INR "),
        decimals=2,
        tax_names=("GST", "CGST+SGST", "IGST", "VAT"),
        tax_rates=(5, 12, 18),
        inclusive=0.4,
        service=0.2,
        step=100,
        cheap=2000,
    ): 0.08,
    Country(
        code="ID",
        currencies=("Rp", "Rp.", "IDR"),
        decimals=0,
        tax_names=("PB1", "PPN", "Pajak", "Tax"),
        tax_rates=(10, 11),
        inclusive=0.3,
        service=0.2,
        step=100,
        cheap=5000,
        grouped=True,
    ): 0.07,
    Country(
        code="AU",
        currencies=("$", "A$", "AUD"),
        decimals=2,
        tax_names=("GST",),
        tax_rates=(10,),
        inclusive=0.9,
        service=0.0,
        step=5,
        cheap=120,
    ): 0.06,
}


@dataclass(frozen=True, kw_only=True)
class Money:
    """One page's way to print an amount.

    `separators`: thousands and decimal; `currency` may be empty; `before`: it stands before the amount.
    """

    decimals: int
    separators: tuple[str, str]
    currency: str
    before: bool
    tail: str = ""

    def number(self, minor: int) -> str:
        """The bare number, such as `1,234.50`."""
        sign, minor = ("-" if minor < 0 else ""), abs(minor)
        whole, cents = divmod(minor, 10**self.decimals)
        text = f"{whole:,}".replace(",", self.separators[0])
        return sign + (f"{text}{self.separators[1]}{cents:0{self.decimals}}" if self.decimals else text)


def make_money(rng: Generator, country: Country) -> Money:
    """How one shop prints money: with the currency or (most often) without."""
    comma = country.comma and chance(rng, 0.8)
    thousands = pick(rng, (".", " ", "")) if comma else pick(rng, (",", ",", ""))
    if country.grouped:
        thousands = pick(rng, (".", ",", ""))
    currency = pick(rng, country.currencies) if chance(rng, 0.5) else ""
    if currency and chance(rng, 0.35):
        currency += " "
    before = not (country.comma and chance(rng, 0.7))
    tail = weighted(rng, {"": 0.85, " SR": 0.04, " S": 0.04, "*": 0.03, " T": 0.04})
    return Money(
        decimals=country.decimals,
        separators=(thousands, "," if comma else "."),
        currency=currency,
        before=before,
        tail=tail,
    )


@dataclass(frozen=True, kw_only=True)
class Day:
    """A calendar day."""

    year: int
    month: int
    day: int

    @property
    def weekday(self) -> int:
        """0 for Monday. Source: Zeller's congruence."""
        month, year = (self.month, self.year) if self.month > 2 else (self.month + 12, self.year - 1)
        century = year // 100
        zeller = self.day + 13 * (month + 1) // 5 + year % 100 + year % 100 // 4 + century // 4 + 5 * century
        return (zeller + 5) % 7


def make_day(rng: Generator, first: int = 2008, last: int = 2026) -> Day:
    """A day from the years `first` to `last`."""
    month = span(rng, 1, 12)
    longest = 28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    return Day(year=span(rng, first, last), month=month, day=span(rng, 1, longest))


DATE_FORMS: dict[str, float] = {
    "d/m/Y": 0.26,
    "d-m-Y": 0.12,
    "d/m/y": 0.1,
    "d-m-y": 0.04,
    "d.m.Y": 0.06,
    "d.m.y": 0.02,
    "Y-m-d": 0.08,
    "Y/m/d": 0.03,
    "Ymd": 0.02,
    "d b Y": 0.08,
    "d-b-Y": 0.05,
    "d-b-y": 0.03,
    "d b y": 0.02,
    "d/b/Y": 0.02,
    "b d, Y": 0.04,
    "d B Y": 0.03,
    "B d, Y": 0.02,
    "j/n/Y": 0.06,
    "j/n/y": 0.02,
}


def date_form(rng: Generator, country: Country) -> str:
    """A pattern for `write_date`: d, m with zeros, j, n without, b, B month names, y, Y years."""
    form = weighted(rng, DATE_FORMS)
    if country.code == "DE" and chance(rng, 0.7):
        form = pick(rng, ("d.m.Y", "d.m.Y", "d.m.y"))
    if country.month_first and chance(rng, 0.85):
        swap = {"d": "m", "m": "d", "j": "n", "n": "j"}
        if form[0] in "dj" and "b" not in form and "B" not in form:
            form = "".join(swap.get(c, c) for c in form)
    return form


def write_date(form: str, day: Day) -> str:
    """`day` in the pattern `form`."""
    values = {
        "d": f"{day.day:02}",
        "m": f"{day.month:02}",
        "j": str(day.day),
        "n": str(day.month),
        "b": MONTHS[day.month - 1][:3],
        "B": MONTHS[day.month - 1],
        "y": f"{day.year % 100:02}",
        "Y": str(day.year),
    }
    return "".join(values.get(c, c) for c in form)


def write_time(rng: Generator) -> str:
    """A time of day in one of the usual forms."""
    hour, minute, second = span(rng, 7, 22), span(rng, 0, 59), span(rng, 0, 59)
    twelve, half = (hour - 1) % 12 + 1, "AM" if hour < 12 else "PM"
    forms = {
        f"{hour:02}:{minute:02}": 0.3,
        f"{hour:02}:{minute:02}:{second:02}": 0.32,
        f"{twelve}:{minute:02} {half}": 0.08,
        f"{twelve:02}:{minute:02} {half}": 0.08,
        f"{twelve:02}:{minute:02}{half}": 0.05,
        f"{twelve}:{minute:02}:{second:02} {half}": 0.08,
        f"{twelve:02}:{minute:02}:{second:02}{half.lower()}": 0.05,
        f"{hour:02}{minute:02}": 0.02,
        f"{hour:02}.{minute:02}": 0.02,
    }
    return weighted(rng, forms)


def write_phone(rng: Generator, country: Country) -> str:
    """A telephone number in the country's manner."""
    n = digits
    makers = {
        "MY": (
            f"0{pick(rng, '345679')}-{n(rng, 4, '23456789')} {n(rng, 4)}",
            f"0{pick(rng, '345679')}-{n(rng, 8, '23456789')}",
            f"01{pick(rng, '0234679')}-{n(rng, 3, '23456789')} {n(rng, 4)}",
            f"603-{n(rng, 4, '23456789')}{n(rng, 4)}",
        ),
        "SG": (f"6{n(rng, 3)} {n(rng, 4)}", f"+65 6{n(rng, 7)}"),
        "UK": (f"01{n(rng, 3)} {n(rng, 6)}", f"020 {n(rng, 4)} {n(rng, 4)}", f"07{n(rng, 9)}"),
        "US": (
            f"({n(rng, 3, '2356789')}) {n(rng, 3)}-{n(rng, 4)}",
            f"{n(rng, 3, '2356789')}-{n(rng, 3)}-{n(rng, 4)}",
        ),
        "DE": (f"0{n(rng, 3)}/{n(rng, 6)}", f"0{n(rng, 2)} {n(rng, 7)}", f"+49 {n(rng, 3)} {n(rng, 6)}"),
        "IN": (f"{n(rng, 5, '6789')} {n(rng, 5)}", f"0{n(rng, 2)}-{n(rng, 8)}", f"+91 {n(rng, 10, '6789')}"),
        "ID": (f"021-{n(rng, 7)}", f"(021) {n(rng, 7)}", f"08{n(rng, 2)}-{n(rng, 4)}-{n(rng, 4)}"),
        "AU": (f"(0{pick(rng, '2378')}) {n(rng, 4)} {n(rng, 4)}", f"1300 {n(rng, 3)} {n(rng, 3)}"),
    }
    return pick(rng, makers[country.code])


def write_address(rng: Generator, country: Country) -> list[str]:
    """One to four lines of an address."""
    code = country.code
    number = pick(
        rng,
        (
            f"{span(rng, 1, 250)}",
            f"No. {span(rng, 1, 99)}",
            f"No.{span(rng, 1, 99)}",
            f"Lot {span(rng, 1, 999)}",
        ),
    )
    street = pick(rng, STREETS[code])
    if code in ("MY", "ID"):
        tail = pick(
            rng,
            (
                "",
                "",
                f" {span(rng, 1, 9)}",
                f" {span(rng, 1, 9)}/{span(rng, 1, 30)}",
                f" {span(rng, 1, 30)}/{span(rng, 1, 9)}A",
            ),
        )
        lines = [f"{number}, {street}{tail},"]
    elif code == "DE":
        lines = [f"{street} {span(rng, 1, 180)}"]
    else:
        lines = [f"{span(rng, 1, 990)} {street}" + pick(rng, ("", ","))]
    if chance(rng, 0.45 if code == "MY" else 0.15):
        lines.append(pick(rng, AREAS if code == "MY" else _FLOORS) + ",")
    city = pick(rng, CITIES[code])
    if code == "MY" and chance(rng, 0.4):
        city += ", " + pick(
            rng,
            (
                "Selangor",
                "Johor",
                "W.P. Kuala Lumpur",
                "Perak",
                "Pulau Pinang",
                "Kedah",
                "Selangor Darul Ehsan",
            ),
        )
    lines.append(city + pick(rng, ("", "", ".")))
    return [", ".join(line.rstrip(",") for line in lines)] if chance(rng, 0.12) else lines


def write_name(rng: Generator) -> str:
    """A person's name: one name, or two."""
    first = pick(rng, FIRST_NAMES)
    return first if chance(rng, 0.5) else f"{first} {pick(rng, LAST_NAMES)}"
