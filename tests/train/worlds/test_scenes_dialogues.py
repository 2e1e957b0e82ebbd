"""Dialogues: replies are derived again from the notes' text, and notes read as the real types write them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.train.worlds.nouns import HELD_OUT_NOUNS
from sightline.train.worlds.scene_dialogues import (
    describe,
    describe_dialogue,
    description_pairs,
    direct_dialogue,
    planner_dialogue,
    preference_pairs,
    reply_from,
    scene_question,
    unseen_question,
)
from sightline.train.worlds.scenes import COLOURS, HELD_OUT, SHAPES, SIZES, Split, make_scene
from sightline.types import Box, Detection, Detections, Frame, ToolResult

FRAME = Frame(image="0" * 64, width=100, height=100)
COLOUR = "|".join((*COLOURS, "white", "grey"))
LINE = re.compile(rf"(?:(small|large) )?(?:({COLOUR}) )?(.+?) <(\d\d)><(\d\d)> (\d\d)%")

DIGEST = """
import hashlib
import numpy as np
from sightline.train.worlds import scene_dialogues as made
digest = hashlib.sha256()
for split in ("train", "heldout"):
    rng = np.random.default_rng(4)
    for make in (made.direct_dialogue, made.describe_dialogue, made.planner_dialogue) * 3:
        dialogue = make(rng, split)
        digest.update(dialogue.images[0].tobytes())
        digest.update(repr((dialogue.tools, dialogue.branches)).encode())
    for _ in range(5):
        pair = made.preference_pairs(rng, split)
        digest.update(repr((pair.dialogue.branches, pair.rejected)).encode())
print(digest.hexdigest())
"""


def branches(count: int, split: Split = "train", seed: int = 0) -> list[Branch]:
    rng = np.random.default_rng(seed)
    return [b for _ in range(count) for b in planner_dialogue(rng, split).branches]


def bin_place(box: Box) -> str:
    x, y = box.center
    return f"<{int(100 * x / box.frame.width):02d}><{int(100 * y / box.frame.height):02d}>"


def box_at(x: int, y: int) -> Box:
    """A box whose centre lies in the middle of the bins."""
    return Box(x1=x - 2, y1=y - 2, x2=x + 3, y2=y + 3, frame=FRAME)


def rows(note: str) -> list[tuple[dict[str, str], str, int, int]]:
    """(attributes, label, x bin, y bin) of each line of a note that found something."""
    found = []
    for line in note.split("\n")[1:]:
        match = LINE.fullmatch(line)
        assert match, line
        size, colour, label, x, y, _ = match.groups()
        found.append(({k: v for k, v in (("size", size), ("colour", colour)) if v}, label, int(x), int(y)))
    return found


def read_reply(branch: Branch) -> str:
    """The answer, from the texts of the question and its notes."""
    texts = [note.text for note in branch.notes]
    if any(t.split(":")[0] not in ("ok", "empty") for t in texts):
        return "cannot tell"
    found = [rows(t) for t in texts]
    question, family = branch.question.lower(), branch.task.removeprefix("read_")
    if family == "exist":
        return "yes" if found[0] else "no"
    if family == "count":
        return re.findall(r": (\d+) found", texts[0])[0]
    if family == "compare_counts":
        a, b = len(found[0]), len(found[1])
        even = re.search(r"\b(as many|same number)\b", question)
        true = a == b if even else a < b if re.search(r"\b(fewer|less|smaller)\b", question) else a > b
        return "yes" if true else "no"
    if not all(found):
        return "cannot tell"
    if family == "attribute":
        rest = question.replace(branch.notes[0].call.args[0][1], "@")
        attributes, label, _, _ = found[0][0]
        if re.search(r"\bshape|\bform\b|what is the @", rest):
            return label
        asked = "size" if re.search(r"\b(size|big|large|small)\b", rest) else "colour"
        return attributes.get(asked, "cannot tell")
    first, second = (note.call.args[0][1] for note in branch.notes)
    between = question[question.index(first) + len(first) :]
    between = between[: between.index(second)]
    axis = 2 if re.search("left|right", between) else 3
    a, b = found[0][0][axis], found[1][0][axis]
    return "yes" if (a < b if re.search(r"left|above|higher|over|\bup\b", between) else a > b) else "no"


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    said = [
        subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said[0] == said[1]
    assert re.fullmatch("[0-9a-f]{64}\n", said[0])
    assert said[0] != hashlib.sha256().hexdigest() + "\n"


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_a_reply_follows_its_notes(split: Split) -> None:
    read = [b for b in branches(120, split) if b.notes]
    assert len(read) > 700
    for branch in read:
        assert branch.reply.answer == read_reply(branch), branch


def test_a_detector_without_mistakes_leads_to_the_truth() -> None:
    rng = np.random.default_rng(2)
    for _ in range(600):
        scene = make_scene(rng)
        question, results = scene_question(rng, scene, "train", noise=0.0)
        assert reply_from(question, results).answer == question.answer, question


def test_a_mistaken_detector_sometimes_leads_away_from_it() -> None:
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(400):
        question, results = scene_question(rng, make_scene(rng), "train", noise=1.0)
        wrong += reply_from(question, results).answer != question.answer
    assert 40 < wrong < 300


def test_thoughts_state_what_the_notes_say() -> None:
    related = compared = 0
    for branch in branches(80):
        thought, texts = branch.reply.thought, [n.text for n in branch.notes]
        looked_up = [n.call.args[0][1] for n in branch.notes]
        if branch.task == "read_relation" and thought:
            (_, _, xa, ya), (_, _, xb, yb) = (rows(t)[0] for t in texts)
            first, second = f"<{xa:02d}><{ya:02d}>", f"<{xb:02d}><{yb:02d}>"
            said = f"the {looked_up[0]} is at {first} and the {looked_up[1]} at {second}; "
            assert thought.startswith(said)
            match = re.fullmatch(r"<(\d\d)> is (.*) <(\d\d)>; asked: (.*)", thought.removeprefix(said))
            assert match, thought
            a, than, b, asked = match.groups()
            assert (int(a), int(b)) in ((xa, xb), (ya, yb))
            assert than == ("less than" if a < b else "more than" if a > b else "equal to")
            assert branch.reply.answer == ("yes" if than == asked else "no")
            related += 1
        elif branch.task == "read_compare_counts" and thought:
            a, b = (len(rows(t)) for t in texts)
            than = "less than" if a < b else "more than" if a > b else "equal to"
            said, asked = thought.split("; asked: ")
            assert said == f"{a} {looked_up[0]} and {b} {looked_up[1]}; {a} is {than} {b}"
            assert branch.reply.answer == ("yes" if than == asked else "no")
            compared += 1
        else:
            assert not thought
    assert min(related, compared) > 30


def test_notes_read_as_tool_results_do() -> None:
    checked = 0
    for note in (n for b in branches(60) for n in b.notes):
        assert note.places
        if note.text.split(":")[0] not in ("ok", "empty"):
            continue
        scores = [int(score) / 100 for score in re.findall(r"(\d\d)%", note.text)]
        items = [
            Detection(label=label, score=score, attributes=attributes, box=box_at(x, y))
            for (attributes, label, x, y), score in zip(rows(note.text), scores, strict=True)
        ]
        result = ToolResult(
            status="ok" if items else "empty",
            payload=Detections(query=note.call.args[0][1], items=tuple(items)),
        )
        assert result.to_text(place=bin_place) == note.text
        assert scores == sorted(scores, reverse=True)
        checked += 1
    assert checked > 300


def test_calls_copy_each_noun_phrase_once_and_in_order() -> None:
    rng = np.random.default_rng(8)
    for _ in range(60):
        dialogue = planner_dialogue(rng)
        params = {spec.name: [name for name, _ in spec.params] for spec in dialogue.tools}
        calls = [b for b in dialogue.branches if b.task == "call"]
        reads = [b for b in dialogue.branches if b.task.startswith("read_")]
        assert [b.question for b in calls] == [b.question for b in reads]
        for call, read in zip(calls, reads, strict=True):
            said = [c.args[0][1] for c in call.reply.calls]
            at = [call.question.lower().index(s) for s in said]
            assert at == sorted(at) or said[0] in said[1], call
            assert len(set(said)) == len(said)
            assert all([name for name, _ in c.args] == params[c.name] for c in call.reply.calls)
            assert call.reply.answer is None
            assert [n.call for n in read.notes] == list(call.reply.calls)
            assert [n.id for n in read.notes] == [f"e{i + 1}" for i in range(len(read.notes))]
            assert read.reply.cites
            assert set(read.reply.cites) <= {n.id for n in read.notes}


def test_many_planner_questions_are_about_unseen_nouns() -> None:
    calls = [b.reply.calls for b in branches(150) if b.task == "call"]
    known = {*SHAPES, *(f"{s}s" for s in SHAPES), "crosses"}
    known |= {word for noun in ("thing", "object", "shape") for word in (noun, noun + "s")}
    unseen = [c for c in calls if c[0].args[0][1].split()[-1] not in known]
    assert 0.34 < len(unseen) / len(calls) < 0.5
    assert not any(c.args[0][1] in HELD_OUT_NOUNS for cs in unseen for c in cs)


def test_failures_name_what_failed_and_are_cited() -> None:
    rng = np.random.default_rng(3)
    failures = set()
    for _ in range(1500):
        question, results = unseen_question(rng, "train")
        reply = reply_from(question, results)
        failed = tuple(f"e{i + 1}" for i, r in enumerate(results) if r.failure)
        if failed:
            assert reply == Reply(answer="cannot tell", cites=failed)
        for result in results:
            failures.add(result.failure.split(":")[0])
            if result.failure.startswith("unsupported"):
                match = re.fullmatch(r'unsupported: no class for "(.+)"; it knows (.+)', result.failure)
                assert match
                assert match[1] not in match[2].split(", ")
    assert failures == {"", "unsupported", "timeout", "error"}


def test_a_description_names_every_thing_in_raster_order() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        scene = make_scene(rng)
        said = [
            re.fullmatch(r"<(\d\d)><(\d\d)> (\w+) (\w+) (\w+)", part)
            for part in describe(scene.things).split("; ")
        ]
        read = [(int(m[1]), int(m[2]), m[3], m[4], m[5]) for m in said if m]
        assert read == sorted(read, key=lambda r: r[:2])
        truth = [(int(100 * t.y), int(100 * t.x), t.colour, t.size, t.shape) for t in scene.things]
        assert sorted(read) == sorted(truth)


def test_a_description_of_few_things_names_no_more() -> None:
    rng = np.random.default_rng(2)
    for most in (1, 3):
        counts = set()
        for _ in range(60):
            (branch,) = describe_dialogue(rng, "train", most=most).branches
            counts.add(len((branch.reply.answer or "").split("; ")))
        assert counts == set(range(1, most + 1))


def test_description_pairs_differ_in_one_thing_of_a_description() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        pair = description_pairs(rng)
        (branch,) = pair.dialogue.branches
        assert branch.task == "describe"
        _one_mistake((branch.reply.answer or "").split("; "), (pair.rejected.answer or "").split("; "))


def test_direct_and_description_dialogues_hold_an_image_and_no_tools() -> None:
    rng = np.random.default_rng(6)
    for make in (direct_dialogue, describe_dialogue):
        dialogue = make(rng, "train")
        assert not dialogue.tools
        (image,) = dialogue.images
        assert isinstance(image, np.ndarray)
        assert (image.shape, image.dtype) == ((128, 128, 3), np.uint8)
    tasks = {b.task for _ in range(40) for b in direct_dialogue(rng, "train", questions=4).branches}
    assert tasks == {"exist", "count", "attribute", "relation", "compare_counts", "unanswerable"}
    assert len(direct_dialogue(rng, "train", questions=5).branches) == 5


def test_training_text_never_names_a_held_out_pair() -> None:
    rng = np.random.default_rng(12)
    for _ in range(300):
        dialogues = [direct_dialogue(rng), describe_dialogue(rng), planner_dialogue(rng)]
        pair = preference_pairs(rng)
        said = repr([d.branches for d in (*dialogues, pair.dialogue)]) + repr(pair.rejected)
        for colour, shape in HELD_OUT:
            assert not re.search(rf"{colour} ((small|large) )?{shape}", said)


def test_the_rejected_side_is_wrong_and_like_the_chosen_one() -> None:
    rng = np.random.default_rng(7)
    tasks = set()
    for _ in range(600):
        pair = preference_pairs(rng)
        (branch,) = pair.dialogue.branches
        chosen, rejected = branch.reply, pair.rejected
        tasks.add(branch.task.split("_")[0])
        assert chosen != rejected
        assert len(chosen.calls) == len(rejected.calls)
        if branch.task == "call":
            changed = [c for c, r in zip(chosen.calls, rejected.calls, strict=True) if c != r]
            assert len(changed) == 1
            continue
        assert replace(rejected, answer=chosen.answer) == chosen
        if branch.task == "describe":
            _one_mistake((chosen.answer or "").split("; "), (rejected.answer or "").split("; "))
        elif chosen.answer != "cannot tell":
            assert _kind(rejected.answer) == _kind(chosen.answer)
    assert tasks == {
        "describe",
        "exist",
        "count",
        "attribute",
        "relation",
        "compare",
        "unanswerable",
        "call",
        "read",
    }


def _one_mistake(chosen: list[str], rejected: list[str]) -> None:
    lost, made_up = set(chosen) - set(rejected), set(rejected) - set(chosen)
    assert (len(lost), len(made_up)) in ((1, 0), (0, 1), (1, 1))
    if lost and made_up:
        a, b = lost.pop().split(), made_up.pop().split()
        assert sum(x != y for x, y in zip(a, b, strict=True)) == 1


def _kind(answer: str | None) -> str:
    kinds = {"yes": "bool", "no": "bool"} | dict.fromkeys(COLOURS, "colour")
    kinds |= dict.fromkeys(SHAPES, "shape") | dict.fromkeys(SIZES, "size")
    return "number" if (answer or "").isdigit() else kinds.get(answer or "", "other")


def test_a_dialogue_of_another_split_uses_other_words() -> None:
    def words(dialogues: list[Dialogue]) -> set[str]:
        return {b.question for d in dialogues for b in d.branches}

    rng = np.random.default_rng(5)
    train = words([describe_dialogue(rng, "train") for _ in range(100)])
    held_out = words([describe_dialogue(rng, "heldout") for _ in range(100)])
    assert len(train) >= 12
    assert not train & held_out
