"""A dataset of the key-value store, and its refusals."""

from typing import Any

from httpx import Response

COLUMNS: list[dict[str, Any]] = [
    {"name": "station", "type": "text", "max_length": 20},
    {"name": "taken", "type": "integer"},
    {"name": "value", "type": "decimal", "precision": 6, "scale": 2, "min": 0, "one_of": ["1.5", "2"]},
]
READINGS = {"name": "readings", "store": "keyvalue", "key": ["station", "taken"], "columns": COLUMNS}


def refused(response: Response) -> str:
    """The detail of the store's refusal."""
    assert (response.status_code, response.json()["type"]) == (422, "/problems/not-supported-by-store"), response.text
    assert response.json()["hint"]
    return str(response.json()["detail"])
