"""JSON schema of config classes, for forms and completion: enums by name, references and defaults as they would be written."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from nbasset.definitions.config_written import digestible
from nbasset.secrets import EnvVar


class FormSchema(GenerateJsonSchema):
    """pydantic's generator, with the forms that a config really takes."""

    def enum_schema(self, schema: core_schema.EnumSchema) -> dict[str, Any]:
        """The names of the members: a config gives an enum by name."""
        out: dict[str, Any] = {"type": "string", "title": schema["cls"].__name__, "enum": [member.name for member in schema["members"]]}
        description = schema["cls"].__doc__
        if description and description not in ("An enumeration.", "Create a collection of name/value pairs."):
            out["description"] = description.strip().split("\n")[0]
        return out

    def encode_default(self, dft: Any) -> Any:
        """The default as it would be written in YAML."""
        if isinstance(dft, EnvVar):
            return dft.as_data()
        return _without_marks(digestible(dft))


def _without_marks(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_marks(value) for key, value in data.items() if key != "$"}
    return [_without_marks(item) for item in data] if isinstance(data, list) else data
