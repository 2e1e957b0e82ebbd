"""Files of a model hub, fetched by the real client from a server on this machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.weights.conftest import MODEL, file, head
from tests.weights.serving import COMMIT, Runner, Site, clean_environment, noise, serving, sha256

OF_MODEL = {"model/model.safetensors", "model/stamp.json"}


@pytest.fixture
def hub() -> Iterator[Site]:
    with serving() as site:
        site.publish_on_hub("owner/repo", "weights/model.safetensors", MODEL)
        yield site


@pytest.fixture
def runner(tmp_path: Path, hub: Site) -> Runner:
    return runner_for(tmp_path, hub, MODEL)


def runner_for(folder: Path, hub: Site, data: bytes) -> Runner:
    """The command with one entry: that file of the hub."""
    manifest = folder / "manifest.toml"
    about = f'[sources.repo]\nrepo = "owner/repo"\nrevision = "{COMMIT}"\n'
    pinned = file("model", "repo", "weights/model.safetensors", data)
    manifest.write_text("\n".join([about, head("model", needed=True), pinned]))
    env = {**clean_environment(folder), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
    return Runner((sys.executable,), env, manifest)


def test_fetch(runner: Runner, hub: Site) -> None:
    done = runner.run("fetch")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "sightline: fetching model (400 kB of owner/repo at 0123456789ab) ...",
        f"sightline: fetched model; in {runner.store}",
    ]
    assert runner.files() == OF_MODEL
    assert (runner.store / "model/model.safetensors").read_bytes() == MODEL
    assert all(COMMIT in line for line in hub.asked)


def test_a_download_that_breaks_off_is_resumed(tmp_path: Path, hub: Site) -> None:
    """The client keeps whole blocks, of 10 MB now: what breaks off has to be larger."""
    large = noise(24 * 2**20)
    hub.publish_on_hub("owner/repo", "weights/model.safetensors", large)
    hub.holds, hub.cuts = "model.safetensors", 1
    hub.go_on.set()
    runner = runner_for(tmp_path, hub, large)
    done = runner.run("fetch")
    assert done.returncode == 0, done.stderr
    (resumed,) = hub.ranges
    assert re.fullmatch(r"bytes=[1-9]\d+-", resumed)
    assert sha256((runner.store / "model/model.safetensors").read_bytes()) == sha256(large)


def test_another_file_than_the_pinned_one(runner: Runner, hub: Site) -> None:
    other = noise(500, seed=2)
    hub.publish_on_hub("owner/repo", "weights/model.safetensors", other)
    done = runner.run("fetch")
    assert done.returncode == 1
    assert (
        f"wrong hash: model.safetensors should have the sha256 {sha256(MODEL)}, and has {sha256(other)}"
        in (done.stderr)
    )
    assert runner.files() == set()


def test_a_file_that_is_not_there(runner: Runner, hub: Site) -> None:
    hub.files.clear()
    done = runner.run("fetch")
    assert done.returncode == 1
    assert (
        "cannot fetch model: weights/model.safetensors of owner/repo at 0123456789ab is not there"
        in done.stderr
    )
    assert done.stderr.count("\n") == 2


def test_no_network(runner: Runner, hub: Site) -> None:
    done = runner.run("fetch", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "cannot fetch model: no network: Connection refused; " in done.stderr
    assert done.stderr.endswith("then run `sightline weights fetch model`\n")
    assert done.stderr.count("\n") == 2


def test_killed_while_it_fetches(runner: Runner, hub: Site) -> None:
    hub.holds = "model.safetensors"
    process = runner.start("fetch")
    assert hub.held.wait(60)
    process.kill()
    process.communicate()
    assert "model/model.safetensors" not in runner.files()
    hub.holds = "nothing"
    hub.go_on.set()
    again = runner.run("fetch")
    assert again.returncode == 0, again.stderr
    assert (runner.store / "model/model.safetensors").read_bytes() == MODEL
