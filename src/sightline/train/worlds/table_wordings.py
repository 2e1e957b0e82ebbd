"""How people ask about a table; `phrasing` says what a line is. Slots stand in `table_questions`."""

from __future__ import annotations

from sightline.train.worlds.phrasing import Lines, Phrasebook

_TABLE = "[the table|this table|the list|the figures|the grid]"
_GIVE = "[Give|Find|State|Work out|Write down|Tell me|Say]"
_SEE = "[Look at the table. |Use the table. |According to the table, |From the table: |||||]"

TRAIN: Lines = {
    "cost": (
        "How much [money |]does {name} need to buy {basket}?",
        "How much [does it cost|would it cost|will it cost] to buy {basket}?",
        "{name} buys {basket}. [How much does that cost|How much is that|What does {name} pay|What "
        "is the price]?",
        "What is the [total |full |]price of {basket}?",
        "What is the [total |]cost of {basket}?",
        "[What do|How much do] {basket} cost [together|in all|altogether]?",
        "{name} [wants|would like|plans] to buy {basket}. How much [money will be spent|will that be]?",
        f"{_GIVE} the price of {{basket}}.",
        "I [want|need] {basket}. How much [must I pay|is that|do I pay]?",
        "[Add up|Work out] the bill for {basket}.",
    ),
    "difference price": (
        "How much more does {a} cost than {b}?",
        "How much more [expensive is|do you pay for] {a} than {b}?",
        "What is the difference [in price |]between {a} and {b}?",
        "By how much is {b} cheaper than {a}?",
        "[{name} buys {a} instead of {b}. How much more is that|How much dearer is {a} than {b}]?",
        f"{_GIVE} the price difference of {{a}} and {{b}}.",
    ),
    "left": (
        "{name} has {money}. How much [money |]will [{name} have left|be left] [after buying|if "
        "{name} buys] {basket}?",
        "How much of {money} is left [after buying|once one has bought] {basket}?",
        "{name} [pays|buys] {basket} [with|out of] {money}. [What remains|How much is left|How much "
        "change is there]?",
        "With {money} [in hand|to spend], {name} takes {basket}. How much [is left|money is left over]?",
        "What [change|remainder] does {name} get from {money} for {basket}?",
    ),
    "afford": (
        "{name} has {money}. [Is that enough|Is it enough|Does {name} have enough] to buy {basket}?",
        "Is {money} enough [for|to buy|to pay for] {basket}?",
        "Can {name} [afford|buy|pay for] {basket} with {money}?",
        "Do {basket} cost no more than {money} [in all|together]?",
        "{name} [saved|brought|carries] {money}. Can {name} [afford|pay for|buy] {basket}?",
        "Will {money} [do|suffice|be enough] for {basket}?",
    ),
    "extremum price": (
        "Which {row} [is|comes out] the {dearest}?",
        "[What|Which {row}] has the {highest} price?",
        "Which {row} costs the {most}?",
        f"{_GIVE} the {{dearest}} {{row}}.",
        f"What is the {{dearest}} {{row}} [in|on] {_TABLE}?",
        f"{_SEE}which {{row}} [is sold at|goes for|has] the {{highest}} price?",
    ),
    "lookup price": (
        "How much [is|does one pay for|is to be paid for] {a}?",
        "[What is|What's] the price of {a}?",
        "How much does {a} cost?",
        "What does {a} cost?",
        f"{_GIVE} the price of {{a}}.",
        f"{_SEE}how much is {{a}}?",
    ),
    "lookup": (
        "How many {things} were {did} {a}?",
        f"{_SEE}how many {{things}} were {{did}} {{a}}?",
        "What [is|was] the number of {things} {did} {a}?",
        f"{_GIVE} the number of {{things}} {{did}} {{a}}.",
        f"How many {{things}} does {_TABLE} [show|give|report] as {{did}} {{a}}?",
        "{things} {did} {a}: how many?",
    ),
    "difference": (
        "How many more {things} were {did} {a} than {b}?",
        f"{_SEE}how many more {{things}} were {{did}} {{a}} than {{b}}?",
        "How many fewer {things} were {did} {b} than {a}?",
        "By how many did the {things} {did} {a} [exceed|pass|beat] those {did} {b}?",
        "What is the difference between the {things} {did} {a} and those {did} {b}?",
        "Subtract the {things} {did} {b} from those {did} {a}. [What is left|What do you get]?",
    ),
    "total": (
        "How many {things} were {did} [in all|in total|altogether] {both}?",
        "How many {things} were {did} {both} [combined|together|in all]?",
        "What is the total number of {things} {did} {both}?",
        f"{_GIVE} the [sum|total] of {{things}} {{did}} {{both}}.",
        "[Add up|Sum up|Add] the {things} {did} {both}.",
        "[In all|In total|Altogether], how many {things} were {did} {both}?",
    ),
    "extremum": (
        "{which} were the {most} {things} {did}{on}?",
        f"{_SEE}{{which}} were the {{most}} {{things}} {{did}}{{on}}?",
        "Which {row} [has|shows|comes with] the {most} {things} {did}{on}?",
        "For which {row} is the number of {things} {did}{on} the {highest}?",
        "[Name|Find|Give] the {row} with the {most} {things} {did}{on}.",
        "{which} was the number of {things} {did}{on} {highest}?",
    ),
    "compare": (
        "Were {more} {things} {did} {a} or {b}?",
        f"{_SEE}were {{more}} {{things}} {{did}} {{a}} or {{b}}?",
        "{which} were {more} {things} {did}, {a} or {b}?",
        "Which {row} has {more} {things} {did}, {alone} or {other}?",
        "{alone} or {other}: which has {more} {things} {did}?",
    ),
    "mean": (
        "What is the mean of the numbers[ of {things}|]?",
        "What is the average number of {things} {did}?",
        "Find the [mean|average] of the numbers[ in the table|].",
        "[On average|On the average], how many {things} were {did} per {row}?",
        "How many {things} per {row} is that on average?",
        "Add the numbers and divide by how many there are. What is the mean?",
    ),
    "median": (
        "What is the median of the numbers[ of {things}|]?",
        "What is the median number of {things} {did}?",
        "Find the median[ of the numbers| of the column|].",
        "Sort the numbers of {things}. [What is in the middle|Which is the middle value]?",
        "Which number is the median of the {things} {did}?",
    ),
    "mode": (
        "What is the mode of the numbers[ of {things}|]?",
        "Which number of {things} [occurs|appears|comes up] most often?",
        "Find the mode[ of the numbers| of the column|].",
        "What is the most common number of {things} {did}?",
        "Which number is the mode of the {things} {did}?",
    ),
    "range": (
        "What is the range of the numbers[ of {things}|]?",
        "Find the range[ of the numbers| of the column|].",
        "How far apart are the largest and the smallest number of {things}?",
        "What is the difference between the largest and the smallest number of {things}?",
        "Which number is the range of the {things} {did}?",
    ),
    "rate": (
        "[According to the table, what|What] [is|was] the rate of change between {a} and {b}?",
        "What [is|was] the rate of change from {a} to {b}?",
        "By how many {things} a {row} did the number change from {a} to {b}?",
        "Find the rate of change between {a} and {b}.",
        "How many {things} a {row} does the number [change by|gain or lose] between {a} and {b}?",
    ),
    "fraction": (
        "What fraction of [the|all] {things} [is|stands] for {a}? [Simplify your answer.|Simplify.|]",
        "What [part|share] of all {things} does {a} have, as a fraction?",
        "Give the fraction of {things} for {a} in lowest terms.",
        "As a fraction of all {things}, how many are for {a}?",
        "{a} stands for which fraction of the {things}?",
    ),
    "probability": (
        "What is the probability that a [randomly chosen|randomly selected|random] {thing} is {a} and {b}? "
        "[Simplify any fractions.|]",
        "One of the {things} is [picked|drawn|chosen] at random. What is the probability that it is "
        "{a} and {b}?",
        "How likely is it that a {thing} taken at random is {a} and {b}? [Answer with a fraction.|"
        "Give a fraction.]",
        "Give the probability that one of the {things}, chosen blindly, is {a} and {b}.",
    ),
    "lookup two_way": (
        "How many {things} are {a} and {b}?",
        "How many of the {things} are both {a} and {b}?",
        "What is the number of {things} that are {a} and {b}?",
        "[Count|Find] the {things} that are {a} and {b}.",
    ),
    "total two_way": (
        "How many {things} are {a} [in all|in total|altogether]?",
        "What is the total number of {things} that are {a}?",
        "[In all|Altogether|In total], how many {things} are {a}?",
        "Add up the {things} that are {a}. How many are there?",
    ),
    "between": (
        "How many {who} {have} {bound} {things}?",
        f"{_SEE}how many {{who}} {{have}} {{bound}} {{things}}?",
        "What is the number of {who} that {have} {bound} {things}?",
        f"{_GIVE} the number of {{who}} that {{have}} {{bound}} {{things}}.",
        "Count the {who} that {have} {bound} {things}.",
    ),
    "between all": (
        "How many {who} are there [in all|in total|altogether]?",
        "[What is|Find] the total number of {who}.",
        "How many {who} [does the table cover|were asked about|are in the table] in all?",
        "[In all|Altogether], how many {who} are there?",
    ),
    "edge": (
        "What is the {largest} number of {things}?",
        "What is the {largest} number of {things} that {one} {have}?",
        "Find the {largest} number of {things}.",
        "How many {things} does the {who_one} with the {most} {things} have?",
    ),
    "lookup begin": (
        "When does {a} {begin}?",
        "At what time does {a} {begin}?",
        "What time does {a} {begin}?",
        "[Look at the schedule. |Look at the following schedule. ]When does {a} {begin}?",
        "[Tell me|Say|Find out] when {a} {begin}s.",
    ),
    "named": (
        "Which {row} {begin}s at {time}?",
        "What {row} {begin}s at {time}?",
        "[Look at the schedule. |Look at the following schedule. ]Which {row} {begin}s at {time}?",
        "Name the {row} that {begin}s at {time}.",
        "It is {time}. Which {row} {begin}s now?",
    ),
    "lookup stop": (
        "When does the {ride} {arrive} {a}?",
        "At what time does the {ride} {arrive} {a}?",
        "What time does the {ride} {arrive} {a}?",
        "[Look at the schedule. |Look at the following schedule. ]When does the {ride} {arrive} {a}?",
        "[Tell me|Say|Find out] when the {ride} is to {arrive} {a}.",
    ),
    "named stop": (
        "Which stop does the {ride} {arrive} at {time}?",
        "What stop does the {ride} {arrive} at {time}?",
        "[Look at the schedule. |Look at the following schedule. ]Which stop does the {ride} "
        "{arrive} at {time}?",
        "Name the stop that the {ride} is to {arrive} at {time}.",
    ),
    "following": (
        "{name} just missed the {time} {ride} at {a}. [What time is|When is] the next {ride}?",
        "The {time} {ride} has just left {a}. When does the next one [leave|go|come]?",
        "When is the next {ride} at {a} after the {time} one?",
        "[Look at the schedule. |]{name} missed the {time} {ride} at {a}. When does the next one [leave|go]?",
    ),
    "wait": (
        "{name} just missed the {time} {ride} at {a}. How long [must {name} wait|is the wait] for "
        "the next {ride}?",
        "The {time} {ride} has just left {a}. How long [is it|does one wait] until the next one?",
        "How long is the wait at {a} between the {time} {ride} and the next one?",
    ),
    "arrival": (
        "{name} got on the {ride} at {a} at {time}. [What time will it|When does it] get to {b}?",
        "{name} takes the {time} {ride} from {a}. When does it [arrive at|reach|get to] {b}?",
        "When does the {ride} that leaves {a} at {time} [arrive at|reach|get to] {b}?",
        "I leave {a} with the {time} {ride}. When am I at {b}?",
    ),
    "multiples": (
        "Each {row} has {each} {things}. How many {things} are in {n} {rows}?",
        "How many {things} are [there |]in {n} {rows}?",
        "How many {things} [do|would] {n} {rows} hold?",
        "[Complete the table: how many|Go on with the table. How many] {things} are in {n} {rows}?",
        "[There are {n} {rows}|Take {n} {rows}]. How many {things} is that?",
    ),
    "market": (
        "[Look at the table. Then answer the question. |]At a price of {price}, is there a shortage "
        "or a surplus?",
        "Is there a shortage or a surplus at a price of {price}?",
        "At {price}, do we have a surplus or a shortage?",
        "If the price is {price}, is there a shortage or a surplus?",
        "[Shortage or surplus|Surplus or shortage] at a price of {price}?",
    ),
    "linear": (
        "The table shows a function. Is the function linear or nonlinear?",
        "Is the function [in the table |of the table |shown here |given here |]linear or nonlinear?",
        "Is this a linear or a nonlinear function?",
        "[Linear or nonlinear|Nonlinear or linear]: which is this function?",
        "[Say|Tell me] whether the function is linear or nonlinear.",
    ),
    "is_function": (
        "Look at this table. Is this relation a function?",
        "Is this relation a function?",
        "Is the relation [in the table|shown here|given here] a function?",
        "Does the table show a function?",
        "Does each x have only one y?",
        "[Is y a function of x|Is this y a function of x]?",
    ),
    "farthest": (
        "Which {row}'s number is {further} from zero?",
        "Which {row} has the {larger} {things}, whatever its sign?",
        "Whose {things} is {further} from zero?",
        "Leave the sign out: which {row} has the {larger} number?",
    ),
    "lookup ledger": (
        "How much [money |]was {moved} {a}?",
        "What [sum|amount] was {moved} {a}?",
        f"{_SEE}how much was {{moved}} {{a}}?",
        "How much does the record show as {moved} {a}?",
    ),
    "lookup funds": (
        "How much money was [left|available] after {a}?",
        "What were the available funds after {a}?",
        "How much was there after {a}?",
        "What does the record give as funds after {a}?",
    ),
}
HELD_OUT: Lines = {
    "cost": ("What would {name} be charged for {basket}?", "Compute what {basket} come to."),
    "difference price": (
        "How far apart are {a} and {b} in price?",
        "What does one save by taking {b} over {a}?",
    ),
    "left": (
        "Out of {money}, what stays in the purse after paying for {basket}?",
        "{name} spends part of {money} on {basket}; what is still there?",
    ),
    "afford": ("Does {money} cover {basket}?", "Could {name} get {basket} for {money}?"),
    "extremum price": ("Of all on offer, what is the {dearest}?", "Point out the {row} of {highest} price."),
    "lookup price": ("What would I be charged for {a}?", "At what price is {a} offered?"),
    "lookup": ("State how many {things} got {did} {a}.", "What count of {things} got {did} {a}?"),
    "difference": (
        "How much larger is the count of {things} {did} {a} than {b}?",
        "What is the gap from {things} {did} {b} up to {a}?",
    ),
    "total": (
        "What do the {things} {did} {both} come to?",
        "Put together, how many {things} got {did} {both}?",
    ),
    "extremum": (
        "{which} did the number of {things} {did}{on} turn out {highest}?",
        "Point out the {row} of the {most} {things} {did}{on}.",
    ),
    "compare": (
        "{a} or {b}, where do you see {more} {things} {did}?",
        "Setting {alone} against {other}, which comes out with {more} {things} {did}?",
    ),
    "mean": (
        "Compute the arithmetic mean.",
        "What would each {row} have if the {things} were shared evenly?",
    ),
    "median": ("Compute the median value.", "With the {things} in order, what value splits them in half?"),
    "mode": ("Compute the mode value.", "Which value is found most frequently?"),
    "range": ("Compute the range of values.", "How wide is the spread from lowest to highest?"),
    "rate": (
        "How fast did the number of {things} change from {a} until {b}?",
        "Compute the change per {row} over {a} to {b}.",
    ),
    "fraction": ("Write {a} as a fraction of the whole.", "Of all {things}, {a} makes up what fraction?"),
    "probability": (
        "Someone grabs one of the {things} unseen. With what probability is it {a} and {b}?",
        "Compute the chance of a {thing} being {a} and {b}.",
    ),
    "lookup two_way": (
        "State how many {things} happen to be {a} and {b}.",
        "What count of {things} is {a} as well as {b}?",
    ),
    "total two_way": (
        "What do all the {things} that are {a} come to?",
        "Taking every column, how many {things} happen to be {a}?",
    ),
    "between": (
        "What count of {who} {have} {bound} {things}?",
        "State how many of the {who} {have} {bound} {things}.",
    ),
    "between all": ("What do all the {who} come to?", "Over all rows, what count of {who} is there?"),
    "edge": ("State the {largest} entry.", "Among all entries, what is the {largest}?"),
    "lookup begin": ("What is the hour at which {a} {begin}s?", "By the clock, {a} {begin}s when?"),
    "named": ("At {time}, what is it that {begin}s?", "Of all entries, which is due to {begin} at {time}?"),
    "lookup stop": (
        "By the clock, when will the {ride} {arrive} {a}?",
        "What is the hour for the {ride} to {arrive} {a}?",
    ),
    "named stop": (
        "By the schedule, at {time} the {ride} should {arrive} what stop?",
        "Of all stops, which does the {ride} {arrive} at {time}?",
    ),
    "following": (
        "Which departure comes after the {time} {ride} at {a}?",
        "Too late for the {time} {ride} at {a}: what time can {name} leave?",
    ),
    "wait": (
        "Too late for the {time} {ride} at {a}: how long before another?",
        "What time passes at {a} from the {time} {ride} to the one behind it?",
    ),
    "arrival": (
        "Aboard the {time} {ride} from {a}, {name} will be at {b} when?",
        "Taking the {time} {ride} from {a}, what is the arrival time at {b}?",
    ),
    "multiples": (
        "What count of {things} would fill {n} {rows}?",
        "With {n} {rows}, one has how many {things}?",
    ),
    "market": (
        "Does a price of {price} bring a surplus or a shortage?",
        "What results from a price of {price}, shortage or surplus?",
    ),
    "linear": (
        "Would you call this function linear or nonlinear?",
        "Do these points make a linear or a nonlinear function?",
    ),
    "is_function": ("May one call this relation a function?", "Does this relation pass as a function?"),
    "farthest": (
        "On a number line, which {row} lies {further} from zero?",
        "By absolute value, which {row} is {larger}?",
    ),
    "lookup ledger": ("What money got {moved} {a}?", "State the sum {moved} {a}."),
    "lookup funds": ("Once {a} was booked, what money remained?", "State the balance following {a}."),
}
BOOK = Phrasebook(train=TRAIN, held_out=HELD_OUT)
