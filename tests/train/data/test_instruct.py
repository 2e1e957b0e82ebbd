"""A teacher over HTTP: a real server on this machine that speaks the protocol, and breaks it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.train.data.conftest import image

from sightline.errors import SightlineError
from sightline.train.data.chat_server import ChatServer
from sightline.train.data.faults import Tally
from sightline.train.data.instruct import (
    Described,
    Rating,
    corrections,
    feedback,
    instruct,
    preferences,
    prompt,
)
from sightline.train.data.readers import Source, read_rows, write_rows
from sightline.train.data.rows import Row, Turn, ask
from sightline.train.data.segments import join, split
from sightline.train.evaluation.judge import Duel, compare

Answer = tuple[int, dict[str, str], bytes]


class Teacher:
    """Gives the answers in turn, and keeps what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Answer] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def say(self, text: str) -> None:
        said = {"choices": [{"message": {"role": "assistant", "content": text}}]}
        self.answers.append((200, {}, json.dumps(said).encode()))

    def fail(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.answers.append((status, {k.replace("_", "-"): v for k, v in headers.items()}, body))

    def server(self, **changes: Any) -> ChatServer:
        return ChatServer(**{"url": self.url, "model": "tiny", "wait_s": 0.01, "tries": 3} | changes)


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            known.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            known.keys.append(self.headers["Authorization"])
            status, headers, body = known.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Teacher(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_sent(teacher: Teacher) -> None:
    teacher.say("A star.")
    server = teacher.server(key="secret")
    assert server.ask("What?", images=[b"\x89PNG..."], system="Be short.") == "A star."
    (body,) = teacher.asked
    assert body["model"] == "tiny"
    assert body["messages"][0] == {"role": "system", "content": "Be short."}
    shown, text = body["messages"][1]["content"]
    assert shown["image_url"]["url"].startswith("data:image/png;base64,")
    assert text == {"type": "text", "text": "What?"}
    assert teacher.keys == ["Bearer secret"]
    assert "secret" not in repr(server)


@pytest.mark.parametrize(
    "fail",
    [
        lambda t: t.fail(429),
        lambda t: t.fail(503),
        lambda t: t.fail(200, b"<html>not json"),
        lambda t: t.fail(200, b'{"choices": []}'),
        lambda t: t.fail(200, b'{"choices": [{"message": {"content": null}}]}'),
    ],
)
def test_what_may_pass_is_tried_again_and_not_for_ever(
    teacher: Teacher, fail: Callable[[Teacher], None]
) -> None:
    fail(teacher)
    teacher.say("late")
    assert teacher.server().ask("?") == "late"
    for _ in range(3):
        fail(teacher)
    with pytest.raises(SightlineError, match="no answer in 3 tries"):
        teacher.server().ask("?")
    assert len(teacher.asked) == 5


def test_retry_after_is_heeded(teacher: Teacher, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    for value in ("7.5", "3600", formatdate(time.time() + 500, usegmt=True), "soon", "-3"):
        teacher.fail(429, Retry_After=value)
        teacher.say("now")
        assert teacher.server(longest_wait_s=1000, wait_s=0.5).ask("?") == "now"
    seconds, capped, date, unreadable, negative = waits
    assert (seconds, capped, unreadable, negative) == (7.5, 1000, 0.5, 0.5)
    assert 300 < date <= 500
    waits.clear()
    for _ in range(3):
        teacher.fail(500)
    teacher.say("now")
    assert teacher.server(tries=4, wait_s=2, longest_wait_s=5).ask("?") == "now"
    assert waits == [2, 4, 5]


def test_what_will_not_pass_is_said_at_once(teacher: Teacher) -> None:
    teacher.fail(401, b'{"error": "bad key"}')
    with pytest.raises(SightlineError, match=r"status 401.*bad key"):
        teacher.server().ask("?")
    assert len(teacher.asked) == 1
    with pytest.raises(SightlineError, match="no answer in 2 tries: ConnectError"):
        ChatServer(url="http://127.0.0.1:9/v1", model="x", tries=2, wait_s=0.01).ask("?")


def described() -> Described:
    return Described(id="d", image=image(0), text="A red star and two $5 notes.")


def test_questions_from_a_description(teacher: Teacher) -> None:
    teacher.say('```json\n[{"question": "What is red?", "answer": "The star."}]\n```')
    teacher.say("Sure! Here is your list: []")
    teacher.say('[{"question": "What?"}, {"question": "How many?", "answer": "2"}, "x"]')
    teacher.say('{"question": "What?", "answer": "one"}')
    teacher.say('[{"question": "Is <image> it?", "answer": "no"}]')
    tally = Tally(on_fault="skip")
    rows = list(instruct(teacher.server(), [described()] * 5, tally, questions=3))
    assert [row.exchanges for row in rows] == [
        (("<image>\nWhat is red?", "The star."),),
        (("<image>\nHow many?", "2"),),
    ]
    assert [(f.line, f.kind) for f in tally.first] == [
        (2, "bad_json"),
        (3, "missing_field"),
        (3, "wrong_type"),
        (4, "wrong_type"),
        (5, "image_marks"),
    ]
    asked = teacher.asked[0]["messages"][0]["content"]
    assert "A red star and two $5 notes." in asked
    assert "Write 3 questions" in asked


def test_a_prompt_takes_its_own_fields_alone() -> None:
    with pytest.raises(AssertionError, match="description"):
        prompt("instruct", description="x")


def rated(*scores: int) -> str:
    return json.dumps([{"helpfulness": s, "faithfulness": s, "ethics": 5} for s in scores])


def test_every_untied_pair(teacher: Teacher) -> None:
    row = Row(id="q", images=(image(0),), turns=(Turn(role="user", text="<image>\nWhat?"),))
    teacher.say(rated(2, 5, 2, 4))
    teacher.say(rated(2, 5))
    teacher.say(rated(1, 2, 3, 6))
    tally = Tally(on_fault="skip")
    answers = ["a", "b", "c", "d"]
    pairs = list(feedback(teacher.server(), [(row, "A star.", answers)] * 3, tally))
    assert {(p.chosen, p.rejected) for p in pairs} == {
        ("b", "a"),
        ("b", "c"),
        ("b", "d"),
        ("d", "a"),
        ("d", "c"),
    }
    assert [(f.line, f.kind) for f in tally.first] == [(2, "wrong_type"), (3, "wrong_type")]
    asked = teacher.asked[0]["messages"][0]["content"]
    assert "Somebody asked: What?\n" in asked
    assert "[4] d\n" in asked
    assert preferences(row, ["a", "b"], [Rating(helpfulness=1, faithfulness=2, ethics=3)] * 2) == []


def test_corrected_segments_become_rlhf_v_rows(teacher: Teacher, tmp_path: Path, images: Path) -> None:
    row = ask("q", "What is there?", "Two dogs and a cat.", image(0))
    good = [
        {"said": "Two", "corrected": "Three"},
        {"said": " dogs and a cat.", "corrected": " dogs and a cat."},
    ]
    same = [{"said": "Two dogs and a cat.", "corrected": "Two dogs and a cat."}]
    for items in (good, same, good[:1]):
        teacher.say(json.dumps(items))
    tally = Tally(on_fault="skip")
    found = list(corrections(teacher.server(), [(row, "Three dogs, a cat.")] * 3, tally))
    ((pair, segments),) = found
    assert (pair.chosen, pair.rejected) == ("Three dogs and a cat.", "Two dogs and a cat.")
    assert [segment.changed for segment in segments] == [True, False]
    assert [(f.line, f.kind) for f in tally.first] == [(3, "wrong_type")]
    assert "<image>" not in teacher.asked[0]["messages"][0]["content"]
    write_rows([pair], tmp_path / "a.json", "rlhf-v-segments", images=images)
    record = json.loads((tmp_path / "a.json").read_text())[0]
    assert record["segments"][0] == {"rejected": "Two", "chosen": "Three"}
    assert list(read_rows(Source(path=tmp_path / "a.json", images=images))) == [pair]


def test_a_server_judges_an_evaluation(teacher: Teacher) -> None:
    duel = Duel(question="What?", reference="a cat", first="a cat", second="a dog")
    for said in ("It agrees.\n[[A]]", "It agrees.\n[[B]]", "[[A]]", "[[A]]"):
        teacher.say(said)
    assert compare(duel, teacher.server().ask) == "first"
    assert compare(duel, teacher.server().ask) == "none"  # always the first place
    assert "<answer A>\na dog" in teacher.asked[1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("chosen", "rejected", "changed"),
    [
        ("a b c d", "a b c e", [(" d", " e")]),
        ("a b c", "x y z", [("a b c", "x y z")]),
        (
            "x a b c",
            "a b c",
            [("x a b c", "a b c")],
        ),  # words carry their spaces
        ("", "a", [("", "a")]),
        ("one a b x", "two a b y", [("one a b x", "two a b y")]),  # 2 words in common are too few
    ],
)
def test_segments(chosen: str, rejected: str, changed: list[tuple[str, str]]) -> None:
    segments = split(chosen, rejected)
    assert join(segments) == (chosen, rejected)
    assert [(s.chosen, s.rejected) for s in segments if s.changed] == changed
