"""`sightline weights list` and what a terminal shows."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import pytest
from tests.weights.serving import WHEEL, Runner, Site


def states(runner: Runner) -> dict[str, str]:
    return {row["name"]: row["state"] for row in json.loads(runner.run("list", "--json").stdout)}


def test_list_shows_what_there_is_and_what_is_here(uv_runner: Runner) -> None:
    assert uv_runner.run("fetch").returncode == 0
    done = uv_runner.run("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "name size license state for",
        "model 400 kB license of model here purpose of model",
        "both 1.0 kB license of both not fetched purpose of both",
        "",
        f"in {uv_runner.store}",
        "no tool needs both yet",
    ]


def test_list_as_json_names_every_file_and_its_source(uv_runner: Runner) -> None:
    rows = json.loads(uv_runner.run("list", "--json").stdout)
    assert [(row["name"], row["state"], row["needed"]) for row in rows] == [
        ("model", "not fetched", True),
        ("both", "not fetched", False),
    ]
    first = rows[0]["files"][0]
    assert (first["name"], first["member"]) == ("model.bin", "pinned_files/model.bin")
    assert (first["source"]["distribution"], first["source"]["version"]) == ("pinned-files", "1.0")
    assert rows[0]["folder"] == str(uv_runner.store / "model")


def test_list_shows_damage(uv_runner: Runner) -> None:
    assert uv_runner.run("fetch").returncode == 0
    (uv_runner.store / "model/names.txt").unlink()
    assert states(uv_runner) == {"model": "damaged", "both": "not fetched"}


def test_a_terminal_shows_a_bar(uv_runner: Runner, site: Site) -> None:
    site.holds = WHEEL
    ours, theirs = pty.openpty()
    env = {**uv_runner.env, "TERM": "xterm"}
    process = subprocess.Popen(uv_runner.command("fetch"), env=env, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    shown = ""
    while "kB" not in shown:  # the bar says how much of how much is here
        shown += os.read(ours, 4096).decode()
    assert "fetching model" in shown
    site.go_on.set()
    while f"fetched model; in {uv_runner.store}" not in shown:
        shown += os.read(ours, 4096).decode()
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert (process.returncode, out) == (0, b"")


@pytest.mark.parametrize("here", [True, False])
def test_what_is_here_is_made_ready_and_nothing_is_fetched_for_it(
    monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    from sightline import cli_weights, weights
    from sightline.mllm import prepared as planner
    from sightline.tools import prepared_networks as networks

    made: list[str] = []
    monkeypatch.setattr(networks, "detector_network", lambda: made.append("detector"))
    monkeypatch.setattr(networks, "classifier_network", lambda: made.append("classifier"))
    monkeypatch.setattr(planner, "prepare", lambda: made.append("planner"))
    monkeypatch.setattr(planner, "can_prepare", lambda: here)
    monkeypatch.setattr(weights, "available", lambda name: here)
    cli_weights.prepare()
    assert made == (["detector", "classifier", "planner"] if here else ["detector"])
