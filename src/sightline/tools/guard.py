"""The one way in which tools are run: by the agent, by every interface, and by tools that use other tools.

Arguments are checked before a call and the result after it; what a tool raises becomes a status. Tools with
models watch their own time, in processes that can be killed. One that does not is left alone in its thread,
and its caller goes on with a `timeout`.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from math import isfinite
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from sightline.errors import InputError, SightlineError
from sightline.images import Picture
from sightline.tools.arguments import typed
from sightline.tools.base import Tool, Unsupported
from sightline.tools.cache import Cache
from sightline.tools.clock import Clock, current
from sightline.tools.worker import START_LIMIT_S, WorkerFailed, WorkerTimeout
from sightline.types import Box, Fact, Facts, Finding, Frame, ToolResult

_log = logging.getLogger(__name__)

GRACE_S = 0.5
"""What a tool that watches its own time may take beyond it before its caller stops waiting."""

_EDGE_PX = 1.0
"""How far beyond its frame a box may reach, for rounding."""

_cache: ContextVar[Cache | None] = ContextVar("sightline_cache", default=None)
"""Of the call that runs in this thread, for the tools that it uses."""

F = TypeVar("F", bound=Finding)


def run(
    tool: Tool,
    picture: Picture,
    arguments: Mapping[str, Any],
    *,
    timeout_s: float,
    within_s: float | None = None,
    cache: Cache | None = None,
) -> ToolResult:
    """One call. Never raises, and comes back soon after its time.

    Args:
        tool: if it was not used before, it loads first.
        picture: handed to the tool.
        arguments: by name, as `arguments.typed` takes them.
        timeout_s: for the call itself; loading, and waiting for a busy process, are not its time.
        within_s: for all together; None for `timeout_s` and the time that loading may take.
        cache: asked before the tool is loaded, and told afterwards; None for no cache.

    Returns:
        What the tool found, with its name, version, weights and seconds. `refused`: the arguments are
        not what it takes. `unsupported`: it has no way to tell. `error`: it could not be loaded, it raised,
        or what it returned is malformed. `timeout`: it did not come back.
    """
    began = time.monotonic()
    clock = Clock(timeout_s, until=began + (timeout_s + START_LIMIT_S if within_s is None else within_s))
    done, results = threading.Event(), list[ToolResult]()

    def work() -> None:
        current.set(clock)
        _cache.set(cache)
        try:
            results.append(_caught(tool, picture, arguments))
        finally:
            done.set()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True, name=f"sightline-{tool.name}").start()
    while not done.wait(min(clock.left() + GRACE_S, clock.until + GRACE_S - time.monotonic())):
        if clock.left() <= 0:
            break
    result = results[0] if results else ToolResult(status="timeout", message=_late(clock))
    maker = {"tool": tool.name, "version": result.version or _version(tool)}
    return result.model_copy(update=maker | {"seconds": time.monotonic() - began})


def use(tool: Tool, picture: Picture, returns: type[F], /, **arguments: Any) -> F:
    """What another tool finds, for a tool that stands on it; from the cache of the call where it is known.

    Args:
        tool: the other one.
        picture: what it looks at.
        returns: the class of the finding.
        arguments: of the call, by name; what is None is left out.

    Raises:
        InputError, Unsupported, WorkerTimeout, WorkerFailed: the call did not succeed, or found nothing
            that it could return. Raised on, they end the caller's own call in the same way.
    """
    result = _or_raised(_performed(tool, picture, arguments, _cache.get()))
    if result.payload is None and result.status == "empty":
        raise Unsupported(f"{tool.name}: {result.message or 'nothing was found'}")
    if not isinstance(result.payload, returns):
        raise TypeError(f"{tool.name} returned {type(result.payload).__name__}, not {returns.__name__}")
    return result.payload


def said(error: BaseException) -> str:
    """An exception in one line."""
    text = "; ".join(e["msg"] for e in error.errors()) if isinstance(error, ValidationError) else str(error)
    text = " ".join(text.split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _version(tool: Tool) -> str:
    """Of a tool whose call failed; empty where that is what it failed at."""
    try:
        return tool.version
    except Exception as error:
        _log.warning("the version of %s is not known: %s", tool.name, error)
        return ""


def _late(clock: Clock) -> str:
    if clock.is_paused:
        return "not loaded, or busy with other calls, within its time"
    return f"not answered within {clock.seconds:.1f} s"


def _caught(tool: Tool, picture: Picture, arguments: Mapping[str, Any]) -> ToolResult:
    """The result of a call; whatever is raised becomes a status."""
    try:
        return _performed(tool, picture, arguments, _cache.get())
    except InputError as error:
        return ToolResult(status="refused", message=str(error) or "refused")
    except Unsupported as error:
        return ToolResult(status="unsupported", message=str(error) or "unsupported")
    except (WorkerTimeout, TimeoutError) as error:
        return ToolResult(status="timeout", message=str(error) or "not done in time")
    except (WorkerFailed, SightlineError) as error:
        return ToolResult(status="error", message=str(error) or "failed")
    except (Exception, SystemExit) as error:
        _log.exception("tool %s failed", tool.name)
        return ToolResult(status="error", message=said(error))


def _performed(tool: Tool, picture: Picture, arguments: Mapping[str, Any], cache: Cache | None) -> ToolResult:
    """The result of the cache or of the tool, checked, with its maker. Raises whatever the tool raises."""
    values = typed(tool, arguments, picture.frame)
    key = cache.key(tool, picture, values) if cache is not None else ""
    if cache is not None and (known := cache.get(key)) is not None:
        return known
    clock = current.get()
    if clock is None:
        tool.warm()
    else:
        with clock.paused():
            tool.warm()
    pictures = {tool.signature.picture: picture} if tool.signature.picture else {}
    result = _result(tool, _called(tool, pictures | values), picture.frame)
    if cache is not None and tool.keeps_results:
        cache.put(key, result)
    return result


def _called(tool: Tool, arguments: dict[str, Any]) -> Any:
    try:
        return tool(**arguments)
    except Unsupported as error:  # as true tomorrow as it is today: kept by the cache
        return ToolResult(status="unsupported", message=str(error) or "unsupported")


def _or_raised(result: ToolResult) -> ToolResult:
    """The result; one that failed is raised, so that a tool that stands on it ends like it."""
    match result.status:
        case "ok" | "empty":
            return result
        case "unsupported":
            raise Unsupported(result.message)
        case "refused":
            raise InputError(result.message)
        case "timeout":
            raise WorkerTimeout(result.message)
        case "error":
            raise WorkerFailed(result.message)


def _result(tool: Tool, returned: object, frame: Frame) -> ToolResult:
    """What a tool returned, as a result that is checked and names its maker."""
    result = returned if isinstance(returned, ToolResult) else as_result(tool.name, returned)
    maker = {"tool": tool.name}
    maker |= {"version": result.version or tool.version, "weights": result.weights or tool.weights}
    return checked(result, frame).model_copy(update=maker)


def as_result(name: str, value: object) -> ToolResult:
    """A finding, a number, a bool, a text, facts or None as a result. Raises `TypeError` for all else.

    A plain value is one fact under the tool's `name`.
    """
    if value is None:
        return ToolResult(status="empty")
    payload = _finding(name.replace("_", " "), value)
    return ToolResult(status="empty" if payload.is_empty else "ok", payload=payload)


def _finding(name: str, value: object) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Finding):
        return value
    if isinstance(value, bool | int | float | str):
        return Facts(items=(Fact(name=name, value=value),))
    if isinstance(value, Fact):
        return Facts(items=(value,))
    if isinstance(value, list | tuple) and all(isinstance(one, Fact) for one in value):
        return Facts(items=tuple(value))
    raise TypeError(f"it returned a {type(value).__name__}, which is no finding")


def checked(result: ToolResult, frame: Frame) -> ToolResult:
    """The result, or the `error` that it is where it is malformed.

    Every number of a finding must be finite; every box must stand on the image of `frame`, inside its own
    frame.
    """
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
