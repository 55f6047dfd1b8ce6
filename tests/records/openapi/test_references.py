import json
from typing import Any

from app.records.openapi.references import references_in, used_components

SCHEMAS = "#/components/schemas/"
COMPONENTS: dict[str, dict[str, Any]] = {
    "schemas": {
        "A": {"items": {"$ref": f"{SCHEMAS}B"}},
        "B": {"anyOf": [{"$ref": f"{SCHEMAS}A"}, {"$ref": f"{SCHEMAS}Elsewhere"}]},
        "C": {},
    },
    "parameters": {"p.x": {"schema": {"$ref": f"{SCHEMAS}C"}}},
}


class TestReferencesIn:
    def test_each_is_found_by_kind_and_name(self) -> None:
        document = {"a": [{"$ref": "#/components/parameters/p.x"}, {"$ref": f"{SCHEMAS}A"}], "$ref": "other.json"}
        wanted = {("parameters", "p.x"), ("schemas", "A")}
        assert references_in(json.dumps(document).encode()) == wanted
        assert references_in(json.dumps(document, separators=(",", ":")).encode()) == wanted


class TestUsedComponents:
    def test_what_they_refer_to_is_used_too(self) -> None:
        used, others = used_components([("schemas", "A")], COMPONENTS)
        assert (list(used["schemas"]), list(used["parameters"])) == (["A", "B"], [])
        assert others == {("schemas", "Elsewhere")}

    def test_by_way_of_other_kinds(self) -> None:
        used, others = used_components([("parameters", "p.x")], COMPONENTS)
        assert (list(used["schemas"]), list(used["parameters"]), others) == (["C"], ["p.x"], frozenset())

    def test_of_nothing_there_is_nothing(self) -> None:
        assert used_components([], COMPONENTS) == ({"schemas": {}, "parameters": {}}, frozenset())
