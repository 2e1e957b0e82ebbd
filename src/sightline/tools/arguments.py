"""Arguments of tools: their JSON schema, and typed values from texts, from JSON and from ids of evidence.

Whoever asks for a call hands over what it has: a command line `region=10,20,80,90`, a client a JSON list,
a planner `e1 e3`, the boxes that these calls found. `typed` makes of it what the tool takes, or says in
one line what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from sightline.errors import InputError
from sightline.tools.base import Tool
from sightline.tools.signature import Places
from sightline.types import Box, Frame


class _Plain(GenerateJsonSchema):
    """As language models read it best: no titles, no null, no default that says nothing."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") in (None, ()):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(tool: Tool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments: an object that takes no others."""
    made = tool.signature.model.model_json_schema(schema_generator=_Plain)
    return {
        "type": "object",
        "properties": made.get("properties", {}),
        "required": made.get("required", []),
        "additionalProperties": False,
    }


def split_pairs(texts: Sequence[str]) -> dict[str, str]:
    """`name=value` of a command line, by name. Raises `InputError` for another form or a name said twice."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InputError(f'an argument is name=value, not "{text[:60]}"')
        if name.strip() in pairs:
            raise InputError(f"{name.strip()} is given twice")
        pairs[name.strip()] = value.strip()
    return pairs


def typed(
    tool: Tool,
    given: Mapping[str, Any],
    frame: Frame,
    named: Mapping[str, Sequence[Box]] | None = None,
) -> dict[str, Any]:
    """The arguments as the tool takes them; what is None is left out.

    Args:
        tool: whose signature says what each is.
        given: texts (`10,20,80,90`, `3,4;5,6`, `2.5`), or JSON (`[10, 20, 80, 90]`), by name.
        frame: in which coordinates are given and boxes come back.
        named: boxes by the id of the evidence that holds them, where ids may be given: a region is the
            first box of `e1`, regions are all boxes of `e1 e3`.

    Raises:
        InputError: an argument is unknown, missing, or not what the tool takes.
    """
    said = {name: value for name, value in given.items() if value is not None}
    try:
        model = tool.signature.model.model_validate(said, context=Places(frame=frame, named=named))
    except ValidationError as error:
        raise InputError(_line(tool, error.errors()[0])) from error
    return {name: getattr(model, name) for name in type(model).model_fields if name in said}


def _line(tool: Tool, error: ErrorDetails) -> str:
    """What is wrong with one argument, in one line."""
    name, kind, message = str(error["loc"][0])[:60], error["type"], str(error["msg"])
    limits = error.get("ctx", {})
    match kind:
        case "missing":
            return f"{tool.name} needs {name}"
        case "extra_forbidden":
            return f"{tool.name} takes no argument {name}"
        case "string_type" | "string_too_short":
            return f"{name} must be a text that is not empty"
        case "string_too_long":
            return f"{name} is longer than {limits['max_length']} characters"
        case "literal_error":
            options = next(p.options for p in tool.parameters if p.name == name)
            return f"{name} must be one of {', '.join(options)}"
        case "value_error":
            said = message.removeprefix("Value error, ")
            return f"{name}{said}" if said.startswith(":") else f"{name} {said}"
        case "greater_than_equal":
            return f"{name} must be at least {limits['ge']:g}"
        case "less_than_equal":
            return f"{name} must be at most {limits['le']:g}"
        case "bool_parsing" | "bool_type":
            return f"{name} must be yes or no"
        case "int_from_float" | "int_parsing" | "int_type":
            return f"{name} must be a whole number{_not(error)}"
        case "float_parsing" | "float_type" | "finite_number":
            return f"{name} must be a number{_not(error)}"
        case _:
            return f"{name}: {message[:1].lower()}{message[1:]}"


def _not(error: ErrorDetails) -> str:
    given = error["input"]
    return f', not "{given[:60]}"' if isinstance(given, str) else ""


def dump_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Typed arguments as JSON, boxes with their frames, in the order of their names.

    `typed` reads them again: that the state of a run may hold them.
    """
    return {name: _dumped(value) for name, value in sorted(arguments.items())}


def _dumped(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    return [_dumped(one) for one in value] if isinstance(value, tuple | list) else value
