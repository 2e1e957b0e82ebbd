"""How people ask about a chart; `phrasing` says what a line is. Slots stand in `chart_questions`."""

from __future__ import annotations

from sightline.train.worlds.phrasing import Lines, Phrasebook

_GIVE = "[Give|Find|State|Tell me|Read off|Say]"
_SEE = "[According to the chart, |In the chart, |Based on the graph, ||||]"

TRAIN: Lines = {
    "retrieve": (
        "What was the {m} {a}?",
        f"{_SEE}what was the {{m}} {{a}}?",
        "How [high|large] was the {m} {a}?",
        f"{_GIVE} the {{m}} {{a}}.",
        "What is the value of the {m} {a}?",
        "What {m} does the chart [give|show|report] {a}?",
        "What did the {m} {a} [amount to|come to]?",
        "{m} {a}?",
        "[What is|What's] the {m} {a}{unit}?",
    ),
    "find_category": (
        "{asks} was the {m} {v}{on}?",
        f"{_SEE}{{asks}} was the {{m}} {{v}}{{on}}?",
        "Which {noun} [had|has|shows] {am} of {v}{on}?",
        "What {noun} [had|has|shows] {am} of {v}{on}?",
        "Which {noun} stands at {v}{on}?",
        "[Name|Find] the {noun} with {am} of {v}{on}.",
    ),
    "extremum": (
        "{asks} was the {m} the {highest}{on}?",
        f"{_SEE}{{asks}} was the {{m}} the {{highest}}{{on}}?",
        "Which {noun} [had|has|shows] the {highest} {m}{on}?",
        "What {noun} [had|has|shows] the {highest} {m}{on}?",
        "[Name|Find] the {noun} with the {highest} {m}{on}.",
        "{asks} did the {m}{on} reach its {peak}?",
        "Which {noun} [comes|ranks] {first} by {m}{on}?",
    ),
    "extremum value": (
        "What was the {highest} {m}{on}?",
        f"{_SEE}what was the {{highest}} {{m}}{{on}}?",
        "What is the {highest} value[ of the {m}|]{on}?",
        f"{_GIVE} the {{highest}} {{m}}{{on}}.",
        "What is the {peak} of the {m}{on}?",
    ),
    "order": (
        "{asks} was the {m} the {nth} {highest}{on}?",
        "Which {noun} [had|has|shows] the {nth} {highest} {m}{on}?",
        "What {noun} [had|has|shows] the {nth} {highest} {m}{on}?",
        "[Name|Find] the {noun} with the {nth} {highest} {m}{on}.",
        "Which {noun} [ranks|comes] {nth}{on}, counted from the {highest} {m}?",
    ),
    "count above": (
        "How many {nouns} [had|have|show] {am} {above} {v}{on}?",
        f"{_SEE}how many {{nouns}} [had|have|show] {{am}} {{above}} {{v}}{{on}}?",
        "In how many cases is the {m}{on} {above} {v}?",
        "Count the {nouns} with {am} {above} {v}{on}.",
        "How many {marks} are {above} {v}{on}?",
    ),
    "count shown": (
        "How many {nouns} [are shown|are there|does the chart show|are compared|are in the chart]?",
        "Count the {nouns} in the chart.",
        "What is the number of {nouns} [shown|in the chart]?",
        "The chart shows how many {nouns}?",
    ),
    "count colours": (
        "How many [different |]colours are used for the {marks}?",
        "How many [different |]colours do the {marks} have?",
        "Count the colours of the {marks}.",
        "In how many [different |]colours are the {marks} drawn?",
    ),
    "compare": (
        "Was the {m} {a} {higher} than {b}?",
        f"{_SEE}was the {{m}} {{a}} {{higher}} than {{b}}?",
        "Is the {m} {a} {higher} than {b}?",
        "Is it true that the {m} {a} was {higher} than {b}?",
        "Does the chart show a {higher} {m} {a} than {b}?",
        "[Tell me|Say] whether the {m} {a} was {higher} than {b}.",
    ),
    "sum": (
        "What is the sum of the {m} {both}?",
        "What is the {m} {both} [added up|added together|taken together|in total]?",
        "Add up the {m} {both}.",
        "What [do you get|does it make] when you add the {m} {both}?",
        "How much is the {m} {both} combined?",
    ),
    "sum stack": (
        "What is the total {m} {a}[, all {series} taken together|, all parts added]?",
        "How high is the whole bar {a}?",
        "What is the sum of all {series} {a}?",
        "Add up the {series} {a}. What is the {m}?",
    ),
    "difference": (
        "What is the difference between the {m} {a} and {b}?",
        "How much higher was the {m} {a} than {b}?",
        "By how much [did|does] the {m} {a} [exceed|surpass] that {b}?",
        "How much lower was the {m} {b} than {a}?",
        "[Find|Compute] the difference [of|between] the {m} {a} and {b}.",
        "By how much did the {m} {a} and {b} differ?",
    ),
    "difference ends": (
        "What is the difference between the highest and the lowest {m}{on}?",
        "How far is the highest {m}{on} from the lowest?",
        "How much [higher|larger] is the highest {m}{on} than the lowest?",
        "Subtract the lowest {m}{on} from the highest.",
    ),
    "difference gap": (
        "{asks} was the difference between {a} and {b} the largest?",
        "{asks} were {a} and {b} furthest apart?",
        "Which {noun} shows the largest gap between {a} and {b}?",
        "[Find|Name] the {noun} with the largest difference between {a} and {b}.",
    ),
    "average": (
        "What is the average of the {m} {both}?",
        "What is the mean of the {m} {both}?",
        "[Find|Compute] the average {m} {both}.",
        "What was the {m} {both} on average?",
        "Average the {m} {both}.",
    ),
    "average all": (
        "What is the average {m}{on} [over|across] all {nouns}{rounded}?",
        "What is the mean {m}{on} [of|over] the {nouns} shown{rounded}?",
        "[Find|Compute] the average {m}{on} of all {nouns}{rounded}.",
        "On average over the {nouns}, what was the {m}{on}{rounded}?",
    ),
    "ratio": (
        "How many times as high [is|was] the {m} {a} as {b}{rounded}?",
        "What is the ratio of the {m} {a} to that {b}{rounded}?",
        "[Divide|Please divide] the {m} {a} by that {b}. What do you get{rounded}?",
        "By what factor is the {m} {a} larger than {b}{rounded}?",
        "How many times the {m} {b} is the {m} {a}{rounded}?",
    ),
    "trend": (
        "Did the {m} {fixed} {up} or {down} from {x} to {y}?",
        "From {x} to {y}, did the {m} {fixed} {down} or {up}?",
        "Between {x} and {y}, did the {m} {fixed} {up} or {down}?",
        "Does the {m} {fixed} {up} or {down} between {x} and {y}?",
        "What did the {m} {fixed} do from {x} to {y}: {up} or {down}?",
    ),
    "trend steady": (
        "Did the {m} {fixed} {up} every {noun}?",
        "Did the {m} {fixed} {up} [without a break|steadily|all the time]?",
        "Does the {m} {fixed} {up} from each {noun} to the next?",
        "Is it true that the {m} {fixed} did {up} every {noun}?",
    ),
    "colour name": (
        "What does the {colour} {mark} [stand for|show|represent|mean]?",
        "[Which|What] {noun} is [drawn|shown|coloured] in {colour}?",
        "Which {noun} [is|belongs to] the {colour} {mark}?",
        "What is shown in {colour}?",
        "[Name|Find] the {noun} in {colour}.",
        "The {colour} {mark} [stands for|shows] which {noun}?",
    ),
    "colour of": (
        "[What|Which] colour is the {mark} for {name}?",
        "[What|Which] colour stands for {name}?",
        "In [what|which] colour is {name} [drawn|shown|coloured]?",
        "[Name|Find] the colour of {name}.",
        "What is the colour of the {mark} for {name}?",
    ),
    "colour value": (
        "What is the value of the {colour} {mark}{on}?",
        "How [high|large] is the {colour} {mark}{on}?",
        "What value does the {colour} {mark} [have|reach|show]{on}?",
        f"{_GIVE} the value of the {{colour}} {{mark}}{{on}}.",
    ),
}
HELD_OUT: Lines = {
    "retrieve": (
        "How much did they report as {m} {a}?",
        "Reading the chart, what {m} is found {a}?",
        "Which figure is given as {m} {a}?",
    ),
    "find_category": ("To which {noun} belongs {am} of {v}{on}?", "For what {noun} do you read {v}{on}?"),
    "extremum": (
        "Of all {nouns}, which leads with the {highest} {m}{on}?",
        "The {highest} {m}{on} is found for which {noun}?",
    ),
    "extremum value": ("How {far} does the {m}{on} go?", "Which value marks the {peak} of the {m}{on}?"),
    "order": (
        "Sorted by {m}{on}, which {noun} is the {nth} {highest}?",
        "The {nth} {highest} {m}{on} is found for which {noun}?",
    ),
    "count above": (
        "What count of {nouns} has {am} {above} {v}{on}?",
        "For how many {nouns} do you see {am} {above} {v}{on}?",
    ),
    "count shown": ("What count of {nouns} do you see?", "Over how many {nouns} does the chart run?"),
    "count colours": ("What count of colours do the {marks} come in?", "The {marks} take how many colours?"),
    "compare": ("Would you read a {higher} {m} {a} than {b}?", "Has the {m} {a} been {higher} than {b}?"),
    "sum": ("Put the {m} {both} together: what comes out?", "Taken as one, how much is the {m} {both}?"),
    "sum stack": (
        "Up to what value does the stack {a} reach?",
        "Counting every part, how much is the {m} {a}?",
    ),
    "difference": (
        "How wide is the gap from the {m} {b} up to {a}?",
        "What separates the {m} {a} from that {b}?",
    ),
    "difference ends": (
        "How wide is the span of the {m}{on}?",
        "What separates the top {m}{on} from the bottom one?",
    ),
    "difference gap": (
        "Where along the {nouns} do {a} and {b} differ most?",
        "The widest gap of {a} to {b} is at which {noun}?",
    ),
    "average": (
        "Halfway, so to speak: what is the {m} {both} averaged?",
        "What would the {m} {both} be if levelled out?",
    ),
    "average all": (
        "Levelled out over the {nouns}, what is the {m}{on}{rounded}?",
        "Which value averages the {m}{on} of the {nouns}{rounded}?",
    ),
    "ratio": (
        "The {m} {a} is what multiple of that {b}{rounded}?",
        "Set {a} against {b}: what is the quotient of the {m}{rounded}?",
    ),
    "trend": (
        "Over {x} to {y}, is {up} or {down} the word for the {m} {fixed}?",
        "Which is it for the {m} {fixed} over {x} to {y}, {down} or {up}?",
    ),
    "trend steady": (
        "At each step, did the {m} {fixed} {up}?",
        "Is there no {noun} in which the {m} {fixed} failed to {up}?",
    ),
    "colour name": (
        "Whose {mark} has been painted {colour}?",
        "Behind the {colour} {mark}, what {noun} do you find?",
    ),
    "colour of": ("How has {name} been coloured?", "What colour has {name} been given?"),
    "colour value": (
        "Up to what value does the {colour} {mark}{on} go?",
        "Reading the {colour} {mark}{on}, what number do you get?",
    ),
}
BOOK = Phrasebook(train=TRAIN, held_out=HELD_OUT)
