"""What people do to a question: typos, capitals, politeness, a story before it, quotes round a name."""

from __future__ import annotations

import re
from collections.abc import Callable

from numpy.random import Generator

POLITE = (
    "Please tell me: {q}",
    "Please tell me, {lower}",
    "Please answer: {q}",
    "Quick question: {q}",
    "quick question: {lower}",
    "Quick one: {lower}",
    "Could you tell me {lower}",
    "Can you help? {q}",
    "Help me out here. {q}",
    "Question: {q}",
    "Q: {q}",
    "Hi! {q}",
    "Hello, {lower}",
    "hey, {lower}",
    "Hey there! {q}",
    "Good morning. {q}",
    "So, {lower}",
    "ok so {lower}",
    "OK, next one: {q}",
    "Okay, {lower}",
    "Just wondering: {lower}",
    "I was wondering, {lower}",
    "I'd like to know: {lower}",
    "I need to know this: {q}",
    "I can't make it out. {q}",
    "I can't read this myself. {q}",
    "Sorry to bother you, {lower}",
    "Sorry, {lower}",
    "One more: {lower}",
    "Another one. {q}",
    "Have a look: {lower}",
    "Look closely. {q}",
    "Take a look and tell me: {lower}",
    "Look at the picture and answer: {q}",
    "Answer the following question: {q}",
    "Answer briefly. {q}",
    "In one word: {lower}",
    "For my homework: {lower}",
    "For a report I am writing: {lower}",
    "We were just talking about this. {q}",
    "Can you check something for me? {q}",
    "Tell me please, {lower}",
    "My friend wants to know: {lower}",
    "Based on this picture, {lower}",
    "From the image: {lower}",
    "Judging by the image, {lower}",
    "User: {q}",
    "- {q}",
    "1. {q}",
    "3) {q}",
    "<image> {q}",
)
"""Preambles; `{lower}` is the question with a small first letter where its first word is a common one."""

STORIES = (
    "I have been sent this picture by a colleague who is on holiday and does not pick up the phone. {q}",
    "My daughter has to hand this in tomorrow and we cannot agree on one of the answers. {q}",
    "I left my glasses at home, and the print is far too small for me. {q}",
    "There was a quiz at the pub last night, and this was one of the pictures they showed us. {q}",
    "We are preparing a presentation and want to be sure that we quote the right thing. {q}",
    "My teacher put this on the board, but I sat at the back and could not see it well. {q}",
    "I found this while I was cleaning up my old laptop and got curious. {q}",
    "Someone posted this in our group chat and now everybody argues about it. {q}",
    "I took this photo with my phone, so please excuse the quality. {q}",
    "I'm going through a whole folder of these for work and it takes forever. {q}",
    "My grandmother asked me about this on the phone, and I did not know what to say. {q}",
    "Yesterday I was told something quite different, so I would rather check. {q}",
    "You are a careful assistant who only says what can be seen. {q}",
    "This was on the last page of a brochure that came with the mail. {q}",
)

THANKS = (
    " Thanks!",
    " Thanks",
    " thx",
    " Thank you.",
    " Thank you!",
    " Thanks in advance!",
    " Please.",
    " please",
    " Cheers!",
    " Many thanks.",
    " Any idea?",
    " Be brief.",
    " Just the answer, please.",
    " Answer in one word.",
    " Keep it short.",
)

_NEXT = {
    pair[0]: pair[2:]
    for pair in (
        "a:sqz b:vng c:xvd d:sfe e:wrd f:dgr g:fhb h:gjn i:uok j:hkn k:jlm l:kop m:nkj "
        "n:bmh o:ipl p:ol q:wa r:etf s:adw t:ryg u:yij v:cbf w:qes x:zcs y:tuh z:xas"
    ).split()
}
"""Keys beside each other."""

_COMMON = frozenset(
    "what which who whose whom where when why how is are was were do does did has have had can could the in "
    "on of at for from by to if there these this that count name list find give show tell say add compute "
    "determine identify calculate between among according looking during after before with a an".split()
)
"""First words that may be written small."""


def noisy(question: str, rng: Generator) -> str:
    """The question as somebody may write it; three in five stay as they are.

    A typo strikes one word of four small letters or more; words with capitals or digits are left alone, so
    that names and numbers stay findable.
    """
    roll = float(rng.random())
    if roll < 0.6:
        return question
    changes: list[Callable[[str, Generator], str]] = []
    if roll < 0.70:
        changes = [_typo]
    elif roll < 0.75:
        changes = [_small]
    elif roll < 0.78:
        changes = [_unmarked]
    elif roll < 0.80:
        changes = [_small, _unmarked]
    elif roll < 0.815:
        changes = [_capitals]
    elif roll < 0.83:
        changes = [_quoted]
    elif roll < 0.90:
        changes = [_polite]
    elif roll < 0.92:
        changes = [_story]
    elif roll < 0.95:
        changes = [_thanks]
    elif roll < 0.97:
        changes = [_typo, _small, _unmarked]
    elif roll < 0.985:
        changes = [_typo, _polite]
    else:
        changes = [_polite, _thanks]
    for change in changes:
        question = change(question, rng)
    return question


def lower_first(question: str) -> str:
    """With a small first letter where the first word is a common one, not a name."""
    first = question.split(" ", 1)[0].rstrip(",:").casefold()
    return question[:1].lower() + question[1:] if first in _COMMON else question


def typo(word: str, rng: Generator) -> str:
    """A word with two letters swapped, one lost, doubled, or hit beside its key."""
    at = int(rng.integers(1, max(len(word) - 1, 2)))
    kind = int(rng.integers(4))
    if kind == 0 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    near = _NEXT.get(word[at], "")
    return word[:at] + near[int(rng.integers(len(near)))] + word[at + 1 :] if near else word


def _typo(question: str, rng: Generator) -> str:
    words = [m for m in re.finditer(r"(?<![\w'\"-])[a-z]{4,}(?![\w'\"-])", question)]
    if not words:
        return question
    one = words[int(rng.integers(len(words)))]
    return question[: one.start()] + typo(one.group(), rng) + question[one.end() :]


def _small(question: str, rng: Generator) -> str:
    return question.lower()


def _capitals(question: str, rng: Generator) -> str:
    return question.upper()


def _unmarked(question: str, rng: Generator) -> str:
    return question.rstrip("?. ")


def _quoted(question: str, rng: Generator) -> str:
    """Quotes round a name: a run of words with capitals that is not at the beginning."""
    names = [
        m for m in re.finditer(r"(?<= )[A-Z][\w.&-]+(?: [A-Z][\w.&-]+)*", question) if '"' not in question
    ]
    if not names:
        return question
    one = names[int(rng.integers(len(names)))]
    marks = (('"', '"'), ("'", "'"), ("“", "”"))[int(rng.integers(3))]
    return question[: one.start()] + marks[0] + one.group() + marks[1] + question[one.end() :]


def _polite(question: str, rng: Generator) -> str:
    said = POLITE[int(rng.integers(len(POLITE)))]
    return said.format(q=question, lower=lower_first(question))


def _story(question: str, rng: Generator) -> str:
    return STORIES[int(rng.integers(len(STORIES)))].format(q=question)


def _thanks(question: str, rng: Generator) -> str:
    return question + THANKS[int(rng.integers(len(THANKS)))]
