"""Datasets in which every type, constraint and kind of key is met, each with some records."""

from typing import Any

Document = dict[str, Any]

MAKERS: Document = {
    "name": "makers",
    "title": "Makers",
    "key": ["code"],
    "columns": [{"name": "code", "type": "text"}, {"name": "name", "type": "text", "label": "Name of the maker"}],
}
EVERYTHING: Document = {
    "name": "everything",
    "title": "Everything",
    "description": "A column of every type.",
    "key": ["code"],
    "columns": [
        {"name": "code", "type": "text", "max_length": 20},
        {"name": "maker", "type": "text", "references": "makers"},
        {"name": "stock", "type": "integer", "required": True},
        {"name": "ean", "type": "bigint", "unique": True},
        {"name": "weight", "type": "number", "label": "Weight (kg)"},
        {"name": "price", "type": "decimal", "precision": 8, "scale": 2, "description": "Without tax."},
        {"name": "size", "type": "text", "one_of": ["S", "M", "L"]},
        {"name": "active", "type": "boolean"},
        {"name": "released", "type": "date"},
        {"name": "updated", "type": "datetime"},
        {"name": "batch", "type": "uuid"},
        {"name": "details", "type": "json"},
        {"name": "photo", "type": "image"},
    ],
    "indexes": [{"columns": ["price"]}, {"search": True}],
}
CONSTRAINED: Document = {
    "name": "constrained",
    "key": ["number"],
    "columns": [
        {"name": "number", "type": "integer", "min": 1, "max": 1000},
        {"name": "size", "type": "text", "one_of": ["S", "M", "L"], "required": True},
        {"name": "short", "type": "text", "max_length": 5},
        {"name": "plate", "type": "text", "pattern": "[A-Z]{2}-[0-9]{3}"},
        {"name": "price", "type": "decimal", "precision": 6, "scale": 2, "min": 0, "max": "999.99"},
        {"name": "rate", "type": "decimal", "precision": 3, "scale": 1, "one_of": ["0.0", "7.0", "19.0"]},
        {"name": "level", "type": "number", "min": -1.5, "max": 1.5},
        {"name": "step", "type": "integer", "one_of": [1, 2, 3]},
        {"name": "large", "type": "bigint", "min": 0},
        {"name": "day", "type": "date", "min": "2020-01-01", "max": "2029-12-31"},
        {"name": "time", "type": "datetime", "min": "2020-01-01T00:00:00Z"},
        {"name": "agreed", "type": "boolean", "one_of": [True], "required": True},
    ],
}
PAIRS: Document = {
    "name": "pairs",
    "key": ["region", "year"],
    "columns": [
        {"name": "region", "type": "text"},
        {"name": "year", "type": "integer"},
        {"name": "people", "type": "bigint", "required": True},
    ],
}
NUMBERED: Document = {
    "name": "numbered",
    "columns": [{"name": "word", "type": "text", "unique": True}, {"name": "count", "type": "integer"}],
}
MOMENTS: Document = {
    "name": "moments",
    "key": ["at"],
    "columns": [{"name": "at", "type": "datetime"}, {"name": "value", "type": "number", "required": True}],
}
BATCHES: Document = {
    "name": "batches",
    "key": ["id"],
    "columns": [{"name": "id", "type": "uuid"}, {"name": "made", "type": "date", "required": True}],
}
STORED: Document = {
    "name": "stored",
    "store": "keyvalue",
    "key": ["code"],
    "columns": [
        {"name": "code", "type": "text", "max_length": 20},
        {"name": "stock", "type": "integer", "required": True},
        {"name": "ean", "type": "bigint"},
        {"name": "weight", "type": "number"},
        {"name": "price", "type": "decimal", "precision": 8, "scale": 2},
        {"name": "size", "type": "text", "one_of": ["S", "M", "L"]},
        {"name": "active", "type": "boolean"},
        {"name": "released", "type": "date"},
        {"name": "updated", "type": "datetime"},
        {"name": "batch", "type": "uuid"},
        {"name": "details", "type": "json"},
        {"name": "photo", "type": "image"},
    ],
}
READINGS: Document = {
    "name": "readings",
    "store": "keyvalue",
    "key": ["station", "taken"],
    "columns": [
        {"name": "station", "type": "text"},
        {"name": "taken", "type": "datetime"},
        {"name": "value", "type": "number", "required": True},
    ],
}
EMPTY: Document = {"name": "empty", "title": "Not imported yet"}

# A picture of each dataset with images has this name.
PICTURE = "lamp.jpg"

# In an order in which each refers to those before it.
DATASETS = (MAKERS, EVERYTHING, CONSTRAINED, PAIRS, NUMBERED, MOMENTS, BATCHES, STORED, READINGS, EMPTY)

RECORDS: dict[str, list[Document]] = {
    "makers": [{"code": "acme", "name": "Acme"}, {"code": "a/b,c", "name": None}],
    "everything": [
        {
            "code": "A1",
            "maker": "acme",
            "stock": 3,
            "ean": "9007199254740993",
            "weight": 1.5,
            "price": "0.10",
            "size": "M",
            "active": True,
            "released": "2024-02-29",
            "updated": "2024-02-29T12:00:00.5+02:00",
            "batch": "01234567-89ab-cdef-0123-456789abcdef",
            "details": {"color": "red", "sizes": [1, 2.50]},
            "photo": PICTURE,
        },
        {"code": "A2", "stock": 0, "weight": "NaN"},
        {"code": "A3", "maker": "a/b,c", "stock": -1, "price": "-999999.99"},
    ],
    "constrained": [{"number": 1, "size": "S", "plate": "AB-123", "rate": "7.0", "step": 2, "agreed": True}],
    "pairs": [{"region": "north, east", "year": 2024, "people": 12}, {"region": "south", "year": 2024, "people": "7"}],
    "numbered": [{"word": "one", "count": 1}, {"word": "two", "count": None}],
    "moments": [{"at": "2024-01-01T00:00:00Z", "value": 1.5}],
    "stored": [
        {
            "code": "A1",
            "stock": 3,
            "ean": "9007199254740993",
            "price": "0.10",
            "details": {"sizes": [1, 2.50]},
            "photo": PICTURE,
        },
        {"code": "a/b,c", "stock": 0, "weight": "NaN", "active": True, "released": "2024-02-29"},
    ],
    "readings": [
        {"station": "north, east", "taken": "2024-01-01T00:00:00Z", "value": 1.5},
        {"station": "north, east", "taken": "2024-01-02T00:00:00.5Z", "value": -1},
    ],
    "batches": [{"id": "01234567-89ab-cdef-0123-456789abcdef", "made": "2024-01-01"}],
}
