"""Episodes over objects: what queries give, what phrases find, and that replies are well formed."""

import re
from collections import Counter
from functools import cache

import numpy as np
import pytest

from sightline.tools.detect import _why
from sightline.tools.nouns import resolve_among
from sightline.train.symbolic.episode import Branch, Episode, run_query
from sightline.train.symbolic.object_questions_all import MOST, PHOTO, episode_of
from sightline.train.symbolic.object_wordings import lines
from sightline.train.symbolic.objects import COCO, DRAWN_WORDS, SHAPES, Picture, evidence, new_frame
from sightline.train.symbolic.photos import photo_episode, photo_stage
from sightline.train.symbolic.shapes import scene_episode, scene_stage
from sightline.types import Detections, Evidence, Facts, ToolResult

REFERENCE = re.compile(
    r"(count of|exists in|value of|color of|size of|place of|label of|text of) e\d$"
    r"|field of e\d: .+|quote of e\d: .+"
    r"|cannot tell: (not there|ambiguous|no tool|failed|not about the picture)$"
)
CALL = re.compile(
    r'(detect|count)\(query="[^"]+"\)|query\(sql=SELECT .+\)|describe\(\)|caption\(\)|read_text\(\)'
    r'|classify\((region=e\d\.\d)?\)|measure\(regions=\[e2\.1(, e3\.1)?\], what="\w+"\)'
)


@cache
def episodes() -> tuple[tuple[Picture, Episode], ...]:
    rng = np.random.default_rng(7)
    made = []
    for _ in range(300):
        stage, families = scene_stage(rng) if rng.random() < 0.5 else (photo_stage(rng), PHOTO)
        made.append((stage.picture, episode_of(stage, families)))
    return tuple(made)


def branches() -> list[tuple[Picture, Branch]]:
    return [(picture, branch) for picture, episode in episodes() for branch in episode.branches]


def test_queries_give_what_the_engine_gives() -> None:
    seen: Counter[str] = Counter()
    for picture, branch in branches():
        for one in branch.evidence:
            task = branch.task.replace(" again", "").replace(" respelled", "")
            if one.call.name != "query" or one.result.status == "timeout" or seen[task] or len(seen) > 60:
                continue
            if (
                one.result.status in ("error", "unsupported")
                and "More than one row" not in one.result.message
            ):
                continue
            seen[task] += 1
            found = ToolResult(status="ok", payload=picture.everything, tool="detect")
            got = run_query(one.call.arguments["sql"], [evidence(2, "detect", {"query": "objects"}, found)])
            assert got.to_text() == one.result.to_text(), (branch.question, one.call.arguments["sql"])
    assert len(seen) > 50


def test_replies_are_calls_or_references() -> None:
    for _, branch in branches():
        kind, _, said = branch.reply.partition(": ")
        assert kind in ("number", "yes/no", "name", "text", "date", "list", "place", "color", "description")
        parts = said.split("; ") if "sql=" not in said else [said]
        assert REFERENCE.fullmatch(said) or all(CALL.fullmatch(part) for part in parts), branch.reply


def test_phrases_are_runs_of_the_question() -> None:
    for _, branch in branches():
        for phrase in re.findall(r'(?:detect|count)\(query="([^"]+)"\)', branch.reply):
            assert re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", branch.question), branch


def test_references_point_at_what_is_there() -> None:
    for _, branch in branches():
        given = {one.id: one.result for one in branch.evidence}
        assert [one.id for one in branch.evidence] == [f"e{n + 2}" for n in range(len(branch.evidence))]
        said = branch.reply.partition(": ")[2]
        if found := re.match(r"(color|size|place|label) of (e\d)", said):
            payload = given[found[2]].payload
            assert isinstance(payload, Detections)
            assert payload.items
            if found[1] == "color":
                assert len({one.attributes["color"] for one in payload.items}) == 1
        if found := re.match(r"field of (e\d): (.+)", said):
            payload = given[found[1]].payload
            assert isinstance(payload, Facts)
            assert found[2] in [fact.name for fact in payload.items]
        if found := re.match(r"(?:value|count|exists|text) (?:of|in) (e\d)", said):
            assert given[found[1]].status in ("ok", "empty")


def test_needs_name_the_tools_that_are_called() -> None:
    for _, episode in episodes():
        called = {one.call.name for branch in episode.branches for one in branch.evidence}
        assert called <= set(episode.needs)
        assert "look" in episode.needs
        assert [one.id for one in episode.evidence] == ["e1"]
        assert 1 <= len(episode.branches) <= MOST + 1


@pytest.mark.parametrize("make", [photo_episode, scene_episode])
def test_the_same_seed_gives_the_same_episode(make) -> None:  # type: ignore[no-untyped-def]
    one, two = (make(np.random.default_rng(11)) for _ in range(2))
    assert one == two
    assert one != make(np.random.default_rng(12))


def test_yes_and_no_are_both_common() -> None:
    said: Counter[bool] = Counter()
    for _, branch in branches():
        if branch.reply == "yes/no: value of e2":
            said[branch.evidence[0].result.to_text().startswith("ok: yes")] += 1
    assert 0.3 < said[True] / said.total() < 0.7


class _Vocabulary:
    def __init__(self, classes: tuple[str, ...], world: str) -> None:
        self._classes, self.world = classes, world

    def classes(self) -> tuple[str, ...]:
        return self._classes


@pytest.mark.parametrize(("medium", "look"), [("photo", "photograph"), ("drawing", "drawn")])
@pytest.mark.parametrize("phrase", ["helicopters", "crcles", "red girafe", "unicorn", "hexagons"])
def test_a_refusal_is_what_detect_says(medium, look, phrase) -> None:  # type: ignore[no-untyped-def]
    frame = new_frame(np.random.default_rng(1), 200, 200)
    got = Picture(frame=frame, found=(), words=DRAWN_WORDS, medium=medium).detect(phrase)
    known = [_Vocabulary(SHAPES, "drawn"), _Vocabulary(COCO, "photograph")]
    wanted = resolve_among(phrase, (SHAPES, COCO))
    assert got.status == "unsupported"
    assert got.message == _why(wanted, known, look)  # type: ignore[arg-type]


def test_every_wording_is_asked_somewhere() -> None:
    used = {branch.task for _, branch in branches()}
    assert len(used) > 100
    assert all(lines().values())


def test_evidence_is_real() -> None:
    for _, branch in branches():
        assert all(isinstance(one, Evidence) and one.result.to_text(400) for one in branch.evidence)
