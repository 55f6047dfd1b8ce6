from typing import Any

import pytest

from app.cli.display.typescript import declare
from app.columns.json_schema import image_schemas


def _declare(record: dict[str, Any], **schemas: Any) -> str:
    """Declare a dataset whose records have this schema."""
    return declare({"components": {"schemas": {"a_record": record, **schemas}}, "paths": {}}, "a")


class TestDeclare:
    @pytest.mark.parametrize(
        ("schema", "text"),
        [
            ({"type": "string"}, "string"),
            ({"type": ["integer", "null"]}, "number | null"),
            ({"enum": ["x", 1, True]}, '"x" | 1 | true'),
            ({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "string"}]}, "string | null"),
            ({"type": "array", "items": {"type": "string"}}, "readonly string[]"),
            ({"type": "array", "items": {"type": ["string", "null"]}}, "readonly (string | null)[]"),
            ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}, "readonly [string, number]"),
            ({"type": "object"}, "Record<string, unknown>"),
            ({"type": "object", "additionalProperties": {"type": "string"}}, "Record<string, string>"),
            ({"$ref": "#/components/schemas/Elsewhere"}, "unknown"),
            ({}, "unknown"),
        ],
    )
    def test_a_schema_is_a_type(self, schema: dict[str, Any], text: str) -> None:
        assert f"export type ARecord = {text};" in _declare(schema)

    def test_an_image_has_a_type_of_its_own(self) -> None:
        record = {"anyOf": [{"$ref": "#/components/schemas/Image"}, {"type": "null"}]}
        declared = _declare(record, **image_schemas())
        assert "export type ARecord = Image | null;" in declared
        assert "  alt: string | null;\n" in declared
        assert "  variants: {\n" in declared
        assert '    "256": string;\n' in declared

    def test_members_that_need_not_be_there_say_so(self) -> None:
        members = {"b": {"type": "string", "description": "of */ it"}, "c-d": {"type": "number"}}
        assert _declare({"type": "object", "properties": members, "required": ["b"]}).endswith(
            'ARecord = {\n  /** of * / it */\n  b: string;\n  "c-d"?: number;\n};\n'
        )

    def test_what_a_schema_takes_from_others_is_its_own(self) -> None:
        base = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}
        record = {"allOf": [{"$ref": "#/components/schemas/base"}], "properties": {"c": {"type": "number"}}}
        assert "ARecord = {\n  b: string;\n  c?: number;\n};" in _declare(record, base=base)

    def test_no_two_types_have_the_same_name(self) -> None:
        record = {"anyOf": [{"$ref": "#/components/schemas/x_y"}, {"$ref": "#/components/schemas/x.y"}]}
        declared = _declare(record, **{"x_y": {"type": "string"}, "x.y": {"type": "number"}})
        assert "ARecord = XY | XY_2;" in declared

    def test_schemas_that_refer_to_each_other(self) -> None:
        schemas = {
            "a_record": {"allOf": [{"$ref": "#/components/schemas/a_view"}], "required": ["x"]},
            "a_view": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/a.x"}, "y-z": {}}},
            "a.x": {"type": ["array", "null"], "items": {"type": "object"}},
        }
        document = {"components": {"schemas": schemas}, "paths": {}}
        assert declare(document, "a").split("\n\n", 1)[1] == (
            'export type ARecord = {\n  x: AX;\n  "y-z"?: unknown;\n};\n\n'
            'export type AView = {\n  x?: AX;\n  "y-z"?: unknown;\n};\n\n'
            "export type AX = readonly (Record<string, unknown>)[] | null;\n"
        )
