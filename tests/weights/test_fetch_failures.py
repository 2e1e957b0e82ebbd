"""Fetches that fail: one line that says why and what mends it, and nothing half written."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import venv
from pathlib import Path

import pytest
from tests.weights.conftest import MODEL, python_with_pip
from tests.weights.serving import WHEEL, Runner, Site, built_wheel, sha256

MENDS = "run `sightline weights fetch model`\n"


def assert_refused(done: subprocess.CompletedProcess[str], runner: Runner, *, says: str) -> str:
    """The last line says why and what mends it; nothing of the entry is there, nor on the way to it."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    first, last = done.stderr.splitlines(keepends=True)
    assert first.startswith("sightline: fetching model")
    assert last.startswith("sightline: cannot fetch model: ")
    assert last.endswith(MENDS)
    assert says in last
    assert runner.files() == set()
    assert not (runner.store / ".fetching").exists()
    return last


def unused_address() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}/simple/"


def test_another_wheel_than_the_pinned_one(runner: Runner, site: Site, wheel: bytes) -> None:
    other = built_wheel(WHEEL, {"pinned_files/model.bin": b"changed", "pinned_files/names.txt": b""})
    site.publish(WHEEL, other)
    last = assert_refused(runner.run("fetch"), runner, says="wrong hash: pinned-files 1.0")
    assert f"should have the sha256 {sha256(wheel)}, and has {sha256(other)}" in last


def test_another_member_than_the_pinned_one(runner: Runner) -> None:
    text = runner.manifest.read_text()
    runner.manifest.write_text(text.replace(sha256(MODEL), "0" * 64))
    last = assert_refused(runner.run("fetch"), runner, says="wrong hash: model.bin")
    assert f"should have the sha256 {'0' * 64}, and has {sha256(MODEL)}" in last


def test_a_member_that_is_not_there(runner: Runner) -> None:
    text = runner.manifest.read_text()
    runner.manifest.write_text(text.replace("pinned_files/model.bin", "pinned_files/gone.bin"))
    assert_refused(runner.run("fetch"), runner, says="the wheel holds no file pinned_files/gone.bin")


def test_no_network(runner: Runner) -> None:
    done = runner.run("fetch", PIP_INDEX_URL=unused_address(), UV_HTTP_RETRIES="0", PIP_RETRIES="0")
    assert_refused(done, runner, says="no network: Connection refused; connect, ")


def test_no_proxy(runner: Runner) -> None:
    env = {"PIP_INDEX_URL": "http://index.invalid/simple/", "HTTP_PROXY": unused_address(), "NO_PROXY": ""}
    few = {"UV_HTTP_RETRIES": "0", "PIP_RETRIES": "0"}
    done = runner.run("fetch", **env, **few, PIP_TRUSTED_HOST="index.invalid")
    assert_refused(done, runner, says="no network: Connection refused")


def test_a_server_without_a_certificate(uv_runner: Runner) -> None:
    """Of a machine that is not this one, pip wants https."""
    pip = Runner((python_with_pip(),), uv_runner.env, uv_runner.manifest)
    done = pip.run("fetch", PIP_INDEX_URL="http://index.invalid/simple/")
    assert_refused(done, pip, says="the server has no certificate that is trusted; set PIP_CERT")


def test_an_index_without_the_package(runner: Runner, site: Site) -> None:
    site.files.clear()
    assert_refused(runner.run("fetch"), runner, says="pinned-files 1.0 is not there; name an index")


def test_an_index_that_wants_a_password(runner: Runner, site: Site) -> None:
    site.refuses = 403
    assert_refused(runner.run("fetch"), runner, says="the server answered 403 ")


def test_a_password_is_not_told(runner: Runner, tmp_path: Path) -> None:
    """What no rule of ours knows is told in the words of the fetcher."""
    index = "gopher://user:hunter2@127.0.0.1/simple/"
    done = runner.run("fetch", PIP_INDEX_URL=index)
    assert done.returncode == 1
    assert "hunter2" not in done.stderr


def test_a_disk_that_is_full(runner: Runner, tmp_path: Path) -> None:
    """A file system of 256 kB, in a name space of its own where the kernel lets users have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=256k none "{disk}" && exec "$@"'
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*own, "true"], capture_output=True).returncode:
        pytest.skip("this kernel gives no mount name space to users")
    full = Runner((*own, *runner.python), {**runner.env, "SIGHTLINE_HOME": str(disk)}, runner.manifest)
    assert_refused(full.run("fetch"), full, says=f"disk full: no room left in {full.store}; free ")


def test_a_limit_on_the_size_of_files(runner: Runner) -> None:
    limit = ("bash", "-c", 'ulimit -f 64; exec "$@"', "bash")
    limited = Runner((*limit, *runner.python), runner.env, runner.manifest)
    assert_refused(limited.run("fetch"), limited, says=f"disk full: no room left in {limited.store}; free ")


def test_a_store_that_cannot_be_made(uv_runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = uv_runner.run("fetch", SIGHTLINE_HOME=str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Not a directory ({tmp_path / 'file/weights'})" in done.stderr


def test_a_server_that_stops_sending(runner: Runner, site: Site) -> None:
    site.holds = WHEEL
    assert_refused(runner.run("fetch", SIGHTLINE_FETCH_TIMEOUT="1"), runner, says="nothing arrived for 1 s; ")


def test_a_timeout_that_is_no_number(uv_runner: Runner) -> None:
    done = uv_runner.run("fetch", SIGHTLINE_FETCH_TIMEOUT="soon")
    assert done.returncode == 2
    assert done.stderr.endswith("sightline: SIGHTLINE_FETCH_TIMEOUT is a number of seconds, not 'soon'\n")


def test_neither_pip_nor_uv(runner: Runner, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    bare = Runner((str(tmp_path / "bare/bin/python"),), {**runner.env, "PATH": "/nowhere"}, runner.manifest)
    done = bare.run("fetch")
    assert_refused(done, bare, says="neither pip nor uv is here to fetch it; install one of them, then ")


@pytest.mark.parametrize("variable", ["SIGHTLINE_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline(uv_runner: Runner, site: Site, variable: str) -> None:
    for arguments in (["fetch"], ["path", "model"]):
        done = uv_runner.run(*arguments, **{variable: "1"})
        assert done.returncode == 1
        assert done.stderr == (
            f"sightline: cannot fetch model: 400 kB are not here, and {variable} forbids it; "
            f"unset {variable}, then {MENDS}"
        )
    assert not uv_runner.store.exists()
    assert site.asked == []


def test_killed_while_it_fetches(runner: Runner, site: Site) -> None:
    site.holds = WHEEL
    process = runner.start("fetch")
    assert site.held.wait(60)
    process.kill()
    process.communicate()
    assert not any(name.startswith("model") for name in runner.files())
    assert (runner.store / ".fetching").exists()
    site.holds = "nothing"
    site.go_on.set()
    again = runner.run("fetch")
    assert again.returncode == 0, again.stderr
    assert (runner.store / "model/model.bin").read_bytes() == MODEL
    assert not list((runner.store / ".fetching").glob("*/wheel/*"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_it_fetches(runner: Runner, site: Site, number: signal.Signals, code: int) -> None:
    site.holds = WHEEL
    process = runner.start("fetch")
    assert site.held.wait(60)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    assert runner.files() == set()
    assert not (runner.store / ".fetching").exists()


def test_an_unknown_name_lists_the_known(uv_runner: Runner) -> None:
    done = uv_runner.run("fetch", "nothing")
    assert done.returncode == 2
    assert done.stderr == "sightline: no weights are called 'nothing'; there are model, both\n"
