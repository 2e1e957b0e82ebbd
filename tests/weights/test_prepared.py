"""What is made once: all of it or nothing, and anew where it is damaged."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from sightline.errors import WeightsError
from sightline.weights import prepared


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path))
    return tmp_path


def write(to: Path) -> None:
    (to / "one.bin").write_bytes(b"abc")
    (to.parent / "besides").mkdir()


def made(make=write, name: str = "thing") -> Path:
    folder = prepared.folder_of(name, "hash", "format-1")
    return prepared.made(folder, make, what="the thing", takes="no time", about={"of": "hash"})


def test_it_is_made_once_and_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made()
    assert folder.parent == home / "models"
    assert capsys.readouterr().err == "sightline: preparing the thing (once, no time) ...\n"
    told = json.loads((folder / prepared.MANIFEST).read_text())
    assert told["of"] == "hash"
    assert told["files"]["one.bin"][1] == 3
    assert {p.name for p in (home / "models").iterdir()} == {folder.name, f"{folder.name}.lock"}
    assert made(lambda to: pytest.fail("made twice")) == folder
    assert capsys.readouterr().err == ""


def test_another_source_or_way_is_another_folder() -> None:
    folders = {prepared.folder_of("thing", *of) for of in [("a", "1"), ("a", "2"), ("b", "1")]}
    assert len(folders) == 3


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest"])
def test_what_is_damaged_is_made_anew(damage: str) -> None:
    folder = made()
    if damage == "cut":
        (folder / "one.bin").write_bytes(b"a")
    elif damage == "gone":
        (folder / "one.bin").unlink()
    else:
        (folder / prepared.MANIFEST).write_text("[]")
    assert not prepared.is_made(folder)
    made()
    assert (folder / "one.bin").read_bytes() == b"abc"


def test_a_failure_leaves_nothing_and_the_next_try_clears_what_was_killed(home: Path) -> None:
    def fail(to: Path) -> None:
        write(to)
        raise WeightsError("no")

    with pytest.raises(WeightsError, match=r"^no$"):
        made(fail)
    folder = prepared.folder_of("thing", "hash", "format-1")
    assert [p.name for p in (home / "models").iterdir()] == [f"{folder.name}.lock"]
    left = home / "models" / f".{folder.name}-x" / "made"
    left.mkdir(parents=True)
    made()
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_one_line(home: Path) -> None:
    (home / "models").write_text("a file")
    with pytest.raises(WeightsError, match=r"the thing could not be prepared in .*SIGHTLINE_HOME names"):
        made()


def test_one_makes_it_and_the_others_wait(capsys: pytest.CaptureFixture[str]) -> None:
    began, go_on, made_by = threading.Event(), threading.Event(), []

    def slowly(to: Path) -> None:
        made_by.append(to)
        began.set()
        assert go_on.wait(60)
        write(to)

    threads = [threading.Thread(target=made, args=(slowly,)) for _ in range(2)]
    threads[0].start()
    assert began.wait(60)
    threads[1].start()
    err = ""
    while "waiting for another process" not in err:
        err += capsys.readouterr().err
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(made_by) == 1


def test_a_module_that_fails_is_its_last_line() -> None:
    with pytest.raises(WeightsError, match=r"^the thing could not be prepared: .*no_such_module"):
        prepared.run_module("sightline.no_such_module", what="the thing")
