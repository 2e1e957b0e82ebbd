"""A user's own function as a tool: its signature is the schema, its docstring what planners read.

    @tool
    def brightness(picture: Picture, region: Box | None = None, *, scale: float = 1.0) -> float:
        '''Measures how bright a region is, from 0 to `scale`.'''

    Agent(tools=default_tools() | {"brightness": brightness})

`Args:` of its docstring (Google style) say what each argument is. It runs in the caller's process;
`@tool(in_process=False)` gives it a process of its own, which can be killed, where it is importable by name.
"""

from __future__ import annotations

import hashlib
import inspect
import types
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, Union, get_args, get_origin, overload

from sightline.errors import ConfigError
from sightline.tools.base import Tool
from sightline.tools.signature import Signature, hints_of, named_type, signature_of
from sightline.tools.worker import Worker
from sightline.types import Fact, Finding, ToolResult


class FunctionTool(Tool):
    """A tool made by `tool`. Calling it calls the function."""

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
        _check_return(function)
        self._signature = signature_of(function)
        self._version = version
        self._worker = None if in_process else Worker(_LOADER, *_importable(function))

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """What the function returns."""
        if self._worker is None:
            return self.function(*positional, **named)
        return self._worker.call(positional, named)

    @property
    def signature(self) -> Signature:
        """Of the function."""
        return self._signature

    @cached_property
    def version(self) -> str:
        """As given, or the name and a hash of the source."""
        return self._version or f"{self.name} {_source_hash(self.function)}"

    def warm(self) -> None:
        """Start its process, where it has one. Raises `WorkerFailed` where that fails."""
        if self._worker is not None:
            self._worker.warm()

    def close(self) -> None:
        """Kill its process, where it has one."""
        if self._worker is not None:
            self._worker.close()


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
    Returns: `float`, `int`, `bool` and `str` become one fact, `Fact`, several of them and every finding of
    `sightline.types` stay what they are, and None is `empty`.

    Raises:
        ConfigError: the function cannot be a tool; the line says which parameter, and what can be one.
    """
    if function is not None:
        return FunctionTool(function, in_process=in_process, version=version)
    return lambda decorated: FunctionTool(decorated, in_process=in_process, version=version)


def _check_return(function: Callable[..., Any]) -> None:
    """Raises `ConfigError` where the function returns what is no finding."""
    returns = hints_of(function).get("return")
    if returns is None or not _is_finding(returns):
        raise ConfigError(
            f"{function.__name__} returns {named_type(returns or 'nothing')}; a tool returns float, int, "
            "bool, str, Fact, Facts, another finding of sightline.types or a ToolResult, "
            "or None beside one of them"
        )


def _is_finding(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return all(_is_finding(part) for part in get_args(hint))
    if get_origin(hint) in (list, tuple):
        return {part for part in get_args(hint) if part is not Ellipsis} == {Fact}
    if hint in (bool, int, float, str, Fact, ToolResult, type(None)):
        return True
    return isinstance(hint, type) and issubclass(hint, Finding)


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


def load_function(module: str, name: str) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """The worker's side: the decorated function, called with positional and named arguments."""
    found = getattr(import_module(module), name)
    function = found.function if isinstance(found, FunctionTool) else found

    def call(positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return function(*positional, **named)

    return call
