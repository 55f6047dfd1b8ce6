"""Six products of three makers, for lists and queries."""

from typing import Any

PRODUCTS: dict[str, Any] = {
    "sku": {"type": "text", "required": True},
    "name": "text",
    "maker": {"type": "text", "references": "makers"},
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "stock": {"type": "integer", "required": True},
    "tags": "json",
}
LIST = "/datasets/products/records"

MAKERS = [("m1", "León"), ("m2", None), ("m3", "Oslo")]
ROWS = [
    ("A1", "Garden chair", "m1", 24, 3, '{"color": "red"}'),
    ("A2", "Garden table, round", "m1", 89.5, 0, '{"color": "red", "size": [1, 2]}'),
    ("B1", "Lamp", "m2", None, 12, None),
    ("B2", "100% wool_socks", None, 12.5, 12, "[1, 2]"),
    ("C1", None, "m3", 12.5, 7, "null"),
    ("C2", "Lámpara de jardín", "m3", 5, 1, '"red"'),
]
