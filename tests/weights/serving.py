"""A package index and a model hub on this machine, what they serve, and `sightline weights` as a process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import re
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WHEEL = "pinned_files-1.0-py3-none-any.whl"
SECOND = "more_pinned_files-2.0-py3-none-any.whl"
# Where it is run, it leaves a file: nothing of a package may be run.
CODE = "import os, pathlib\npathlib.Path(os.environ['RAN']).touch()\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

DRIVER = """
import sys
from pathlib import Path
from sightline.weights import manifest
manifest.MANIFEST = Path(sys.argv.pop(1))
from sightline import cli_weights
from sightline.cli import main
cli_weights.prepare = lambda: None
sys.argv[0] = "sightline"
main()
"""
ROOT = Path(__file__).resolve().parents[2]


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress, so that a wheel is as large as what is in it."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def built_wheel(name: str, files: dict[str, bytes]) -> bytes:
    """A wheel of that file name with these members, and code that must not run."""
    distribution, version = name.split("-")[:2]
    info = f"{distribution}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {distribution.replace('_', '-')}\nVersion: {version}\n"
    members = {
        **files,
        f"{distribution}/__init__.py": CODE.encode(),
        f"{info}/METADATA": about.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{distribution} = {distribution}:main\n".encode(),
    }
    record = "".join(f"{path},,\n" for path in (*members, f"{info}/RECORD"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in {**members, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(path, data)
    return out.getvalue()


@dataclass
class Site:
    """What a server serves, and how it behaves. `asked` holds the requests so far, as `GET /path`."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    url: str = ""
    # Of a file whose path ends so, half is sent; then the server waits for `go_on` ...
    holds: str = "nothing"
    held: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    # ... or hangs up, so many times.
    cuts: int = 0
    # The status of every answer, where it is not 200 or 404.
    refuses: int = 0

    @property
    def index(self) -> str:
        return f"{self.url}/simple/"

    def publish(self, name: str, wheel: bytes) -> None:
        """Serve a wheel as a package index does: a page of links, the file, and its metadata beside it."""
        project = name.split("-")[0].replace("_", "-")
        link = f'<a href="/files/{name}" data-core-metadata="true" data-dist-info-metadata="true">{name}</a>'
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            (about,) = (path for path in archive.namelist() if path.endswith("METADATA"))
            metadata = archive.read(about)
        self.files |= {
            f"/simple/{project}/": f"<!DOCTYPE html><html><body>{link}</body></html>".encode(),
            f"/files/{name}": wheel,
            f"/files/{name}.metadata": metadata,
        }

    def publish_on_hub(self, repo: str, member: str, data: bytes) -> None:
        self.files[f"/{repo}/resolve/{COMMIT}/{member}"] = data

    def fetched(self, name: str) -> int:
        """How often a file was asked for."""
        return sum(line.startswith("GET") and line.endswith(name) for line in self.asked)


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `asked` has it."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        site, path = self.site, self.path.partition("?")[0]
        site.asked.append(f"{self.command} {path}")
        data = site.files.get(path)
        if data is None or site.refuses:
            self.send_error(site.refuses or 404)
            return
        start = self._start()
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/octet-stream")
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{sha256(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            with contextlib.suppress(ConnectionError):  # whoever asked was killed
                self._send(path, data[start:])

    def _start(self) -> int:
        """Only the hub's client goes on where it stopped; this package index cannot, and says so by a 200."""
        asked = re.fullmatch(r"bytes=(\d+)-.*", self.headers.get("Range", ""))
        if asked is None or "/resolve/" not in self.path:
            return 0
        self.site.ranges.append(self.headers["Range"])
        return int(asked[1])

    def _send(self, path: str, data: bytes) -> None:
        site = self.site
        if not path.endswith(site.holds):
            self.wfile.write(data)
            return
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        if site.cuts:
            site.cuts -= 1
            self.close_connection = True
            return
        site.held.set()
        site.go_on.wait()
        self.wfile.write(data[len(data) // 2 :])


@contextlib.contextmanager
def serving() -> Iterator[Site]:
    """A server on this machine, for as long as the block lasts."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Runner:
    """`sightline weights ...` with a manifest of the test's own, as a process."""

    python: tuple[str, ...]
    env: dict[str, str]
    manifest: Path

    def command(self, *arguments: str) -> list[str]:
        return [*self.python, "-c", DRIVER, str(self.manifest), "weights", *arguments]

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments)
        return subprocess.run(command, env={**self.env, **env}, capture_output=True, text=True, timeout=120)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        # A shell that puts these tests in the background has them, and their children, ignore Ctrl-C.
        heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(self.command(*arguments), env={**self.env, **env}, preexec_fn=heeds, **pipes)

    @property
    def store(self) -> Path:
        return Path(self.env["SIGHTLINE_HOME"]) / "weights"

    def files(self) -> set[str]:
        """What lies in the store, but for the lock."""
        found = (str(p.relative_to(self.store)) for p in self.store.rglob("*") if not p.is_dir())
        return set(found) - {".lock"}


def clean_environment(folder: Path) -> dict[str, str]:
    """Ours without what says where packages come from; nothing is read or written outside `folder`."""
    ours = re.compile(r"(PIP|UV|HF|TRANSFORMERS|SIGHTLINE)_|UV$|.*_proxy$|COV_|PYTEST", re.I)
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return {
        **kept,
        "HOME": str(folder / "home"),
        "SIGHTLINE_HOME": str(folder / "store"),
        "HF_HOME": str(folder / "hf"),
        "PIP_CONFIG_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "RAN": str(folder / "ran"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *(p for p in sys.path if p.endswith("-packages"))]),
        "COLUMNS": "100",
    }
