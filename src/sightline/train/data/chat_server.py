"""A client of any chat server that speaks OpenAI's protocol: `POST {url}/chat/completions`.

Waits are tenacity's: longer after each failure, and as long as the server says where it says so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sightline.errors import SightlineError
from sightline.train.data.pictures import data_uri

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

_AGAIN = frozenset({408, 409, 425, 429})


class _Again(Exception):
    """A failure that may pass. `wait_s`: what the server asked for, 0 where it did not say."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, kw_only=True)
class ChatServer:
    """Where a model is served.

    Args:
        url: up to `/v1`, such as `http://127.0.0.1:8000/v1`.
        model: the name that the server knows it by.
        key: sent as a bearer token; empty sends none. Never printed.
        timeout_s: of connecting, and between two pieces of an answer.
        tries: of one question, the first among them.
        wait_s: before the second try; doubled before each further one.
        longest_wait_s: the longest wait, whatever the server asks for.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 120.0
    tries: int = 5
    wait_s: float = 1.0
    longest_wait_s: float = 60.0

    def ask(
        self, prompt: str, *, images: Sequence[bytes] = (), system: str = "", temperature: float = 0.0
    ) -> str:
        """What the model says.

        Args:
            prompt: the user's text.
            images: bytes of image files, shown before it.
            system: the system's text, where there is any.
            temperature: of sampling; 0 takes the likeliest.

        Raises:
            SightlineError: the server refused, or did not answer in `tries` tries.
        """
        import tenacity

        body = {
            "model": self.model,
            "temperature": temperature,
            "messages": _messages(prompt, images, system),
        }
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(self.tries),
            wait=self._wait,
            reraise=True,
        )
        try:
            return retrying(self._once, body)
        except _Again as error:
            raise SightlineError(f"{self.url}: no answer in {self.tries} tries: {error}") from error

    def _wait(self, state: RetryCallState) -> float:
        """Seconds before the next try."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_s if isinstance(error, _Again) else 0.0
        doubled = self.wait_s * 2.0 ** (state.attempt_number - 1)
        return min(asked or doubled, self.longest_wait_s)

    def _once(self, body: dict[str, Any]) -> str:
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            response = httpx.post(
                f"{self.url.rstrip('/')}/chat/completions", json=body, headers=headers, timeout=self.timeout_s
            )
        except httpx.TransportError as error:
            raise _Again(f"{type(error).__name__}: {error}") from error
        except httpx.InvalidURL as error:
            raise SightlineError(f"not a URL: {self.url}") from error
        if response.status_code in _AGAIN or response.status_code >= 500:
            raise _Again(f"status {response.status_code}", _retry_after(response))
        if response.status_code != 200:
            said = " ".join(response.text[:300].split())
            raise SightlineError(f"{self.url}: status {response.status_code}: {said}")
        return _said(response)


def _messages(prompt: str, images: Sequence[bytes], system: str) -> list[dict[str, Any]]:
    shown = [{"type": "image_url", "image_url": {"url": data_uri(data)}} for data in images]
    content: Any = [*shown, {"type": "text", "text": prompt}] if shown else prompt
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": content}]


def _retry_after(response: httpx.Response) -> float:
    """Seconds that the server asked to wait, by number or by date; 0 where it did not."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        return max(float(value) if value else 0.0, 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0


def _said(response: httpx.Response) -> str:
    """The text of the first choice. Raises `_Again` for an answer that is not of the protocol."""
    try:
        content = response.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _Again(f"an answer that is not of the protocol: {response.text[:120]!r}") from error
    if not isinstance(content, str):
        raise _Again(f"an answer without text: {response.text[:120]!r}")
    return content
