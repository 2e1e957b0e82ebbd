"""The one way in which tools are run, by the agent and by every door.

A call is checked before it runs and its result after it; what a tool raises becomes an `error`. Experts
watch their own time, in processes that can be killed. One that does not is left alone in its thread, and
its caller goes on with a `timeout`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel, ValidationError

from sightline.images import Picture
from sightline.tools.base import Tool, why_refused
from sightline.tools.cache import Cache
from sightline.tools.worker import START_LIMIT_S
from sightline.types import Box, Frame, ToolResult

_log = logging.getLogger(__name__)

GRACE_S = 0.5
"""What a tool that watches its own time may take beyond it before its caller stops waiting."""

_EDGE_PX = 1.0
"""How far beyond its frame a box may reach, for rounding."""


def guarded_run(
    tool: Tool,
    picture: Picture,
    arguments: Mapping[str, Any],
    *,
    timeout_s: float,
    load_s: float = START_LIMIT_S,
    cache: Cache | None = None,
) -> ToolResult:
    """One call. Never raises, and comes back soon after its time.

    Args:
        tool: if it was not used before, it loads first.
        picture: handed to the tool.
        arguments: typed, as `arguments.typed` makes them.
        timeout_s: for the call itself, or what is left of `load_s`, whichever is less.
        load_s: for loading, and for all together.
        cache: asked before the tool is loaded, and told afterwards; None for no cache.

    Returns:
        What the tool returned, with its name, version, weights and seconds. `refused`: the arguments are
        not what it takes. `error`: it could not be loaded, it raised, or what it returned is malformed.
        `timeout`: it did not come back.
    """
    began = time.monotonic()
    loaded, results = threading.Event(), list[ToolResult]()

    def work() -> None:
        try:
            results.append(
                _carried_out(tool, picture, dict(arguments), timeout_s, began + load_s, loaded, cache)
            )
        except (Exception, SystemExit) as error:
            _log.exception("tool %s failed", tool.name)
            results.append(ToolResult(status="error", message=said(error)))
        finally:
            loaded.set()

    thread = threading.Thread(target=work, daemon=True, name=f"sightline-{tool.name}")
    thread.start()
    late = "" if loaded.wait(load_s) else f"not loaded within {load_s:.1f} s"
    if not late:
        thread.join(timeout_s + GRACE_S)
        late = f"not answered within {timeout_s:.1f} s"
    result = results[0] if results else ToolResult(status="timeout", message=late)
    return result.model_copy(update={"tool": tool.name, "seconds": time.monotonic() - began})


def said(error: BaseException) -> str:
    """An exception in one line."""
    text = "; ".join(e["msg"] for e in error.errors()) if isinstance(error, ValidationError) else str(error)
    text = " ".join(text.split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _carried_out(
    tool: Tool,
    picture: Picture,
    arguments: dict[str, Any],
    timeout_s: float,
    deadline: float,
    loaded: threading.Event,
    cache: Cache | None,
) -> ToolResult:
    """The result of the cache or of the tool, checked, with its maker. Raises whatever the tool raises."""
    if reason := why_refused(tool, picture, arguments):
        return ToolResult(status="refused", message=reason)
    key = cache.key(tool, picture, arguments) if cache is not None else ""
    if cache is not None and (known := cache.get(key)) is not None:
        return known
    tool.warm()
    loaded.set()
    left = min(timeout_s, deadline - time.monotonic())
    result = checked(tool.run(picture, arguments, timeout_s=max(left, 0.0)), picture.frame)
    maker = {"version": result.version or tool.version, "weights": result.weights or tool.weights}
    result = result.model_copy(update=maker)
    if cache is not None:
        cache.put(key, result)
    return result


def checked(result: object, frame: Frame) -> ToolResult:
    """The result, or the `error` that it is where it is malformed.

    Every number of a finding must be finite; every box must stand on the image of `frame`, inside its own
    frame.
    """
    if not isinstance(result, ToolResult):
        return ToolResult(status="error", message=f"it returned a {type(result).__name__}, not a ToolResult")
    fault = next(_faults(result.payload, frame), "")
    return ToolResult(status="error", message=f"it returned {fault}") if fault else result


def _faults(value: object, frame: Frame) -> Iterator[str]:
    """What is malformed in a finding and in all that it holds."""
    if isinstance(value, float):
        if not isfinite(value):
            yield f"the number {value}"
    elif isinstance(value, Box):
        yield from _box_faults(value, frame)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _faults(getattr(value, name), frame)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _faults(one, frame)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _faults(one, frame)


def _box_faults(box: Box, frame: Frame) -> Iterator[str]:
    corners = (box.x1, box.y1, box.x2, box.y2)
    where = "(" + ", ".join(f"{n:g}" for n in corners) + ")"
    width, height = box.frame.width + _EDGE_PX, box.frame.height + _EDGE_PX
    if not all(map(isfinite, corners)):
        yield f"a box that is not finite: {where}"
    elif not (-_EDGE_PX <= box.x1 <= box.x2 <= width and -_EDGE_PX <= box.y1 <= box.y2 <= height):
        yield f"a box outside its frame of {box.frame.width}x{box.frame.height} px: {where}"
    elif box.frame.image != frame.image:
        yield f"a box on another image: {box.frame.image[:12]}"
