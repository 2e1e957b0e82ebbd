"""A user's own function as a tool: its signature is the schema, its docstring what planners read.

    @tool
    def brightness(picture: Picture, region: Box | None = None, *, scale: float = 1.0) -> float:
        '''Measures how bright a region is, from 0 to `scale`.'''

    Agent(tools=default_tools() | {"brightness": brightness})

`Args:` of its docstring (Google style) say what each argument is.
What it returns becomes a finding: a number, a bool or a text is one fact under the function's name. What
it raises is an `error` that says so. It runs in the caller's process; `@tool(in_process=False)` gives it
a process of its own, which can be killed, where it is importable by name.
"""

from __future__ import annotations

import hashlib
import inspect
import time
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, Union, get_args, get_origin, overload

import numpy as np

from sightline.errors import ConfigError
from sightline.tools.base import Kind, Parameter, Picture, finish, why_refused
from sightline.tools.guard import said
from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout
from sightline.types import Box, Fact, Facts, Payload, Point, Status, ToolResult, map_box

_KINDS: dict[Any, Kind] = {
    str: "text",
    float: "number",
    int: "number",
    bool: "choice",
    Box: "region",
    tuple[Box, ...]: "regions",
    list[Box]: "regions",
    Sequence[Box]: "regions",
    tuple[Point, ...]: "points",
    list[Point]: "points",
    Sequence[Point]: "points",
}
_PAYLOADS = get_args(get_args(Payload)[0])
_RETURNS = (bool, int, float, str, Fact, Facts, ToolResult, type(None), *_PAYLOADS)
_TAKEN = (
    "it takes Picture, Box, tuple[Box, ...], tuple[tuple[float, float], ...], str, float, int, bool and "
    "Literal of texts, each of them | None where it has the default None"
)
_YES_NO = ("yes", "no")


class FunctionTool:
    """A tool made by `tool`. Calling it calls the function."""

    weights = ""

    def __init__(self, function: Callable[..., Any], *, in_process: bool = True, version: str = "") -> None:
        """Read the signature.

        Args:
            function: typed, with a docstring.
            in_process: False for a process of its own, which is started at the first call.
            version: of what it computes; empty for a hash of the function's source, which does not see what
                it calls.

        Raises:
            ConfigError: the signature has no meaning as a tool's, there is no docstring, or the function
                cannot be imported by name where it needs to be.
        """
        self.function = function
        self.name = function.__name__
        self._hints = _hints(function)
        self.doc, docs = _docs(function)
        self._picture, self.parameters = _parameters(function, self._hints, docs)
        self._version = version
        self._worker = None if in_process else Worker(_LOADER, *_importable(function))

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """The function itself."""
        return self.function(*positional, **named)

    @cached_property
    def version(self) -> str:
        """As given, or the name and a hash of the source."""
        return self._version or f"{self.name} {_source_hash(self.function)}"

    def covers(self) -> str:
        """In one line, what it does."""
        return self.doc

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Call the function, with regions carried to the frame of `picture`.

        In the caller's process it takes as long as it takes, whatever `timeout_s` is.
        """
        started = time.monotonic()
        try:
            if reason := why_refused(self, picture, arguments) or self._not_whole(arguments):
                return finish(self, started, "refused", message=reason)
            named = self._named(picture, arguments)
            if self._worker is None:
                value = self.function(**named)
            else:
                value = self._worker.call(named, timeout_s=timeout_s)
            return self._finding(value, started)
        except WorkerTimeout as error:
            return finish(self, started, "timeout", message=str(error))
        except WorkerFailed as error:
            return finish(self, started, "error", message=str(error))
        except Exception as error:
            return finish(self, started, "error", message=said(error))

    def warm(self) -> None:
        """Start its process, where it has one. Raises `WorkerFailed` where that fails."""
        if self._worker is not None:
            self._worker.warm()

    def close(self) -> None:
        """Kill its process, where it has one."""
        if self._worker is not None:
            self._worker.close()

    def _not_whole(self, arguments: Mapping[str, Any]) -> str:
        """Why a number is none of the integers that the function takes; empty where all are."""
        for name, value in arguments.items():
            if value is not None and self._hints[name] is int and value != int(value):
                return f"{name} must be a whole number"
        return ""

    def _named(self, picture: Picture, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function names and types them."""
        named = {
            name: _meant(self._hints[name], value, picture)
            for name, value in arguments.items()
            if value is not None
        }
        return named | ({self._picture: picture} if self._picture else {})

    def _finding(self, value: Any, started: float) -> ToolResult:
        """What the function returned, as a result. Raises `TypeError` for what is no finding."""
        if isinstance(value, ToolResult):
            return value
        if value is None:
            return finish(self, started, "empty")
        payload = _payload(self.name, value)
        status: Status = "empty" if isinstance(payload, Facts) and not payload.items else "ok"
        return finish(self, started, status, payload)


@overload
def tool(function: Callable[..., Any], /) -> FunctionTool: ...
@overload
def tool(*, in_process: bool = True, version: str = "") -> Callable[[Callable[..., Any]], FunctionTool]: ...
def tool(
    function: Callable[..., Any] | None = None, /, *, in_process: bool = True, version: str = ""
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a tool of a typed function: `@tool`, or `@tool(in_process=False)`. See `FunctionTool`.

    Parameters: `Picture` (at most one; no argument of the tool) is what the call looks at. `Box`, several
    boxes, points, `str`, `float`, `int`, `bool` and `Literal["a", "b"]` are arguments; one with a default
    may be left out, and may then be `| None`. Boxes come in the picture's frame.
    Returns: `float`, `int`, `bool` and `str` become one fact, `Fact`, `Facts` and every other finding of
    `sightline.types` stay what they are, and None is `empty`.

    Raises:
        ConfigError: the function cannot be a tool; the line says which parameter, and what can be one.
    """
    if function is not None:
        return FunctionTool(function, in_process=in_process, version=version)
    return lambda decorated: FunctionTool(decorated, in_process=in_process, version=version)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations, without `| None`. Raises `ConfigError` where one of them names nothing."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError) as error:
        raise ConfigError(f"the annotations of {function.__name__} cannot be read: {error}") from error
    if hints.get("return", None) is None or not _is_finding(hints["return"]):
        said_by = hints.get("return", "nothing")
        raise ConfigError(
            f"{function.__name__} returns {_named_type(said_by)}; a tool returns float, int, bool, str, "
            "Fact, Facts, another finding of sightline.types or a ToolResult, or None beside one of them"
        )
    return {name: hint if name == "return" else _without_none(hint) for name, hint in hints.items()}


def _is_finding(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return all(_is_finding(part) for part in get_args(hint))
    if get_origin(hint) in (list, tuple):
        return {part for part in get_args(hint) if part is not Ellipsis} == {Fact}
    return hint in _RETURNS


def _without_none(hint: Any) -> Any:
    """`X` for `X | None`; other unions stay as they are."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ()
    rest = [part for part in parts if part is not type(None)]
    return rest[0] if len(rest) == 1 and len(parts) == 2 else hint


def _named_type(hint: Any) -> str:
    return hint if isinstance(hint, str) else getattr(hint, "__name__", None) or str(hint)


def _docs(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first line of the docstring, and what its `Args` say of each parameter (Google style)."""
    lines = (inspect.getdoc(function) or "").splitlines()
    if not lines or not lines[0].strip():
        raise ConfigError(f"{function.__name__} has no docstring: its first line tells planners what it does")
    docs: dict[str, str] = {}
    name = ""
    inside = False
    for line in lines[1:]:
        if line.strip() and not line.startswith(" "):
            inside = line.strip() == "Args:"
        elif inside and line.strip():
            deep = len(line) - len(line.lstrip()) > 4
            if not deep:
                name, _, line = line.strip().partition(":")
                name = name.split(" ")[0].lstrip("*")
            docs[name] = " ".join(filter(None, (docs.get(name, ""), line.strip())))
    return lines[0].strip().rstrip("."), docs


def _parameters(
    function: Callable[..., Any], hints: Mapping[str, Any], docs: Mapping[str, str]
) -> tuple[str, tuple[Parameter, ...]]:
    """The name of the parameter that takes the picture (empty: none does), and all the others."""
    picture, parameters = "", []
    for name, parameter in inspect.signature(function).parameters.items():
        where = f"{function.__name__}({name})"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigError(f"{where} cannot be given by name, which a tool's arguments are")
        if name not in hints:
            raise ConfigError(f"{where} has no annotation: {_TAKEN}")
        if hints[name] is Picture:
            if picture:
                raise ConfigError(f"{where}: a tool looks at one Picture, and {picture} is one already")
            picture = name
            continue
        parameters.append(_parameter(where, parameter, hints[name], docs.get(name, "")))
    return picture, tuple(parameters)


def _parameter(where: str, parameter: inspect.Parameter, hint: Any, doc: str) -> Parameter:
    """One argument. Raises `ConfigError` for an annotation without a meaning."""
    options: tuple[str, ...] = _YES_NO if hint is bool else ()
    if get_origin(hint) is Literal and all(isinstance(option, str) for option in get_args(hint)):
        kind: Kind | None = "choice"
        options = get_args(hint)
    else:
        kind = _kind_of(hint)
    if kind is None:
        raise ConfigError(f"{where} is a {_named_type(hint)}: {_TAKEN}")
    return Parameter(
        name=parameter.name,
        kind=kind,
        doc=doc or parameter.name.replace("_", " "),
        required=parameter.default is parameter.empty,
        options=options,
    )


def _kind_of(hint: Any) -> Kind | None:
    return next((kind for known, kind in _KINDS.items() if known == hint), None)


def _meant(hint: Any, value: Any, picture: Picture) -> Any:
    """A value of a tool's argument as the function's annotation has it."""
    if hint is bool:
        return value == "yes"
    if hint in (int, float):
        return hint(value)
    if isinstance(value, Box):
        return map_box(value, picture.frame)
    if isinstance(value, tuple):
        values = [map_box(one, picture.frame) if isinstance(one, Box) else one for one in value]
        return values if get_origin(hint) is list else tuple(values)
    return value


def _payload(name: str, value: Any) -> Any:
    """What a function returned, as a finding. Raises `TypeError` for what is none."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return Facts(items=(Fact(name=name.replace("_", " "), value=value),))
    if isinstance(value, Fact):
        return Facts(items=(value,))
    if isinstance(value, list | tuple) and all(isinstance(one, Fact) for one in value):
        return Facts(items=tuple(value))
    if isinstance(value, _PAYLOADS):
        return value
    raise TypeError(f"it returned a {type(value).__name__}, which is no finding")


def _source_hash(function: Callable[..., Any]) -> str:
    """12 hex digits of the source, or of the byte code where there is no source."""
    try:
        code = inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = function.__code__.co_code
    return hashlib.sha256(code).hexdigest()[:12]


# The child's side.

_LOADER = "sightline.tools.function_tool:load_function"


def _importable(function: Callable[..., Any]) -> tuple[str, str]:
    """Module and name of a function that a child can import. Raises `ConfigError` where it cannot."""
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or "." in name:
        raise ConfigError(
            f"{name} of {module} cannot be imported by name, which a process of its own needs: "
            "move it to the top of a module"
        )
    return module, name


def load_function(module: str, name: str) -> Callable[[dict[str, Any]], Any]:
    """The worker's side: the decorated function, called with named arguments."""
    found = getattr(import_module(module), name)
    function = found.function if isinstance(found, FunctionTool) else found

    def expert(named: dict[str, Any]) -> Any:
        return function(**named)

    return expert
