"""Names of categories between those that a chart prints."""

from __future__ import annotations

from sightline.tools.chart_sequences import filled


def test_years_between() -> None:
    assert filled(["2020", "", "", "2017", "2016"], [0, 10, 20, 30, 40]) == [
        "2020",
        "2019",
        "2018",
        "2017",
        "2016",
    ]


def test_months_between_in_the_form_of_the_others() -> None:
    texts = ["Nov '17", "", "Jan'18", "", "Mar 18"]

    assert filled(texts, [0, 1, 2, 3, 4]) == ["Nov '17", "Dec '17", "Jan'18", "Feb '18", "Mar 18"]
    assert filled(["January 2018", "", "March 2018", "April 2018"], range(4))[1] == "February 2018"


def test_a_bar_of_nothing_leaves_its_place_free() -> None:
    assert filled(["2010", "2011", "", "2014", "2015"], [0, 10, 20, 40, 50])[2] == "2012"


def test_nothing_is_made_up() -> None:
    for texts in (
        ["2010", "", "2013", "2014"],  # uneven
        ["2010", "", "2012"],  # too few
        ["Ants", "", "Bees", "Cats"],
        ["2010", "", "2012", "Total"],
        ["10", "", "12", "13"],  # no years
        ["", "", ""],
    ):
        assert filled(texts, range(len(texts))) == texts
