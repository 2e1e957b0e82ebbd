"""Why a fetch failed, in one line, out of what pip, uv, the hub's client or the system said."""

from __future__ import annotations

import errno
import os
import re
import signal
from pathlib import Path

# What pip, uv and huggingface_hub say, in the words of their present and recent versions.
_HASHES = re.compile(
    r"expected:?\s+sha256[ :]([0-9a-f]{64}).*?(?:got|computed):?\s+(?:sha256:)?([0-9a-f]{64})", re.I | re.S
)
_FULL = re.compile(r"no space left on device|file too large|disk quota exceeded", re.I)
_NETWORK = re.compile(
    r"connection (?:refused|reset|aborted)|name or service not known|temporary failure in name resolution|"
    r"nodename nor servname provided|dns error|network is unreachable|no route to host|timed out|"
    r"cannot connect to proxy|tunnel error|all connection attempts failed|offline ?mode ?is ?enabled|"
    r"failed to establish a new connection|network (?:connectivity )?(?:is|was) disabled",
    re.I,
)
_UNTRUSTED = re.compile(
    r"certificate.?verify.?failed|invalid peer certificate|confirming the ssl certificate|"
    r"not a trusted or secure host",
    re.I,
)
_REFUSED = re.compile(
    r"\b(?:401|403|407|429|5\d\d) (?:client error|server error|unauthorized|forbidden|too many requests|"
    r"proxy authentication required|internal server error|bad gateway|service unavailable|gateway timeout)",
    re.I,
)
_ABSENT = re.compile(
    r"no matching distribution found|was not found in the (?:package registry|provided package locations)|"
    r"there (?:is|are) no versions? of|repositorynotfound|(?<!local)entrynotfound|revisionnotfound|"
    r"404 (?:client error|not found)",
    re.I,
)
_FULL_CODES = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
# User and password in the address of an index.
_SECRET = re.compile(r"(?<=://)[^/\s@]+@")


class FetchFailure(Exception):
    """A fetch that failed.

    Args:
        reason: what went wrong, in one line.
        first: what to do before trying again; empty where trying again is all there is.
    """

    def __init__(self, reason: str, first: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.first = first


def wrong_hash(what: str, expected: str, got: str) -> FetchFailure:
    """What came is not what is pinned."""
    reason = f"wrong hash: {what} should have the sha256 {expected}, and has {got}"
    return FetchFailure(reason, "use another index or mirror")


def of_process(code: int, said: str, what: str) -> FetchFailure | OSError:
    """Why a process that fetched `what` ended with `code`, after it said what it said."""
    if found := _HASHES.search(said):
        return wrong_hash(what, *found.groups())
    if _FULL.search(said) or code == -signal.SIGXFSZ:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if words := _NETWORK.findall(said):
        proxy = ", by way of a proxy" if re.search("proxy|tunnel", said, re.I) else ""
        return FetchFailure(f"no network: {words[-1]}{proxy}", "connect, or name a mirror that is in reach")
    if _UNTRUSTED.search(said):
        mends = "set PIP_CERT or SSL_CERT_FILE to the certificates, or PIP_TRUSTED_HOST"
        return FetchFailure("the server has no certificate that is trusted", mends)
    if words := _REFUSED.findall(said):
        return FetchFailure(f"the server answered {words[-1]}", "see to the access, or name another mirror")
    if _ABSENT.search(said):
        return FetchFailure(f"{what} is not there", "name an index that has it")
    return FetchFailure(_gist(said) or f"the process that fetched it ended with code {code}")


def of_system(error: OSError, folder: Path, size: int) -> FetchFailure:
    """Why the system refused to keep about `size` bytes in `folder`."""
    if error.errno in _FULL_CODES:
        return FetchFailure(f"disk full: no room left in {folder}", f"free {megabytes(2 * size)} there")
    at = f" ({error.filename})" if error.filename else ""
    mends = "mend that, or set SIGHTLINE_HOME to another folder"
    return FetchFailure(f"{error.strerror or error}{at}", mends)


def megabytes(size: int) -> str:
    """A size in bytes as people say it: `75 MB`."""
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_each:
            digits = 0 if size >= 10 * bytes_each else 1
            return f"{size / bytes_each:.{digits}f} {unit}"
    return f"{size} bytes"


def _gist(said: str) -> str:
    """The last line that tells of an error, else the last line; without the passwords of an index."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.match("error|caused by", line, re.I)]
    line = re.sub(r"^(?:error|caused by):\s*", "", (telling or lines or [""])[-1], flags=re.I)
    return _SECRET.sub("***@", line)[:300]
