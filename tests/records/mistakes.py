"""Habits of users of other APIs, and the hint that each answer must have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# Sentences of the framework, its parts and the database.
FOREIGN = (
    *("Input should", "Field required", "Value error", "should be a valid", "should have", "Extra inputs", "pydantic"),
    *("Not Found", "Method Not Allowed", "asyncpg", "syntax error", "invalid input syntax", "does not exist in"),
    *("Traceback", "Object of type", "expected string", "unexpected keyword"),
)
D = "/datasets/products"
R = f"{D}/records"
A = f"{D}/aggregate"
Q = f"{R}/query"


@dataclass(frozen=True)
class QueryError:
    """A request, and what its answer must say and must not say."""

    method: str
    address: str
    status: int
    words: Sequence[str]
    body: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    never: Sequence[str] = ()


def _get(address: str, *words: str, status: int = 400, never: Sequence[str] = ()) -> QueryError:
    return QueryError("GET", address, status, words, never=never)


def _filters(*pairs: tuple[str, str]) -> list[QueryError]:
    return [_get(f"{R}?{asked}", words) for asked, words in pairs]


def _queries(*pairs: tuple[Any, str]) -> list[QueryError]:
    return [QueryError("POST", Q, 400, [words], body=body) for body, words in pairs]


def _sent(*triples: tuple[Any, int, str]) -> list[QueryError]:
    return [QueryError("POST", R, status, [words], body=body) for body, status, words in triples]


def _with_type(name: str) -> dict[str, Any]:
    return {"name": "a", "columns": [{"name": "x", "type": name}]}


NAMES = _filters(
    ("SKU=3", "Did you mean 'sku'?"),
    ("Sku__in=1,2", "Write it as sku__in=1,2."),
    ("Weight%20(kg)=1", "Did you mean 'weight_kg'?"),
    ("Product%20name=x", "Did you mean 'name'?"),
    ("product name=x", "Did you mean 'name'?"),
    ("prise=3", "Did you mean 'price'?"),
    ("colour=red", "The columns are: sku, name"),
    ("_limts=3", "Did you mean '_limit'?"),
    ("_select=Price", "Did you mean 'price'?"),
    ("_sort=Price", "Write it as _sort=price"),
)
OPERATORS = _filters(
    ("price[gt]=3", "Write it as price__gt=3."),
    ("price[$gte]=3", "Write it as price__gte=3."),
    ("filter[price]=3", "Write it as price=3."),
    ("filter[price][_gt]=3", "Write it as price__gt=3."),
    ("filters[price][$lt]=3", "Write it as price__lt=3."),
    ("q[price_gteq]=3", "Write it as price__gte=3."),
    ("filter[name][contains]=a", "Write it as name__contains=a."),
    ("price.gt=3", "Write it as price__gt=3."),
    ("price:gt=3", "Write it as price__gt=3."),
    ("price_gte=3", "Write it as price__gte=3."),
    ("min_price=3", "Write it as price__gte=3."),
    ("price=gt.3", "Write it as price__gt=3."),
    ("price=eq.3", "Write it as price=3."),
    ("price=neq.3", "Write it as price__ne=3."),
    ("price=in.(1,2)", "Write it as price__in=1,2."),
    ("price=is.null", "Write it as price__isnull=true."),
    ("price=not.is.null", "Write it as price__isnull=false."),
    ("price=>3", "Write it as price__gt=3."),
    ("price=>=3", "Write it as price__gte=3."),
    ("price>3", "Write it as price__gt=3."),
    ("price>=3", "Write it as price__gte=3."),
    ("price<3", "Write it as price__lt=3."),
    ("price!=3", "Write it as price__ne=3."),
    ("price=gt:3", "Write it as price__gt=3."),
    ("price=[gte]3", "Write it as price__gte=3."),
    ('price={"gt":3}', "Write it as price__gt=3."),
    ("price=1..5", "Write it as price__between=1,5."),
    ("price__$gt=3", "Write it as price__gt=3."),
    ("price__GTE=3", "Write it as price__gte=3."),
    ("price__not=3", "Write it as price__ne=3."),
    ("price__range=3,5", "Write it as price__between=3,5."),
    ("price__exact=3", "Write it as price=3."),
    ("price__null=true", "Write it as price__isnull=true."),
    ("price__exists=true", "Write it as price__isnull=false."),
    ("name__icontains=lamp", "name__ilike=%25lamp%25"),
    ("name__iexact=lamp", "Write it as name__ilike=lamp."),
    ("name__istartswith=la", "name__ilike=la%25"),
    ("name__endswith=p", "name__like=%25p"),
    ("name__regex=x", "There are no regular expressions"),
    ("name__search=x", "_q=words"),
    ("name__ncontains=x", "_not"),
    ("released__year=2024", "released__gte=2024-01-01&released__lt=2025-01-01"),
    ("price__foo=1", "'price' takes: eq, ne"),
    ("price__sum__gt=3", "Results of functions cannot be filtered"),
)
PARAMETERS = _filters(
    ("_or=(price.gt.3)", "POST /datasets/products/records/query"),
    ("or=(price.gt.3)", "_or"),
    ("and=(a)", "_and"),
    ("_offset=10", "_cursor"),
    ("_page=2", "_cursor"),
    ("page=2", "_cursor"),
    ("skip=5", "_cursor"),
    ("from=20", "_cursor"),
    ("page[number]=2", "_cursor"),
    ("after=x", "_cursor"),
    ("limit=10", "Write it as _limit=10."),
    ("per_page=20", "Write it as _limit=20."),
    ("page[size]=20", "Write it as _limit=20."),
    ("pagination[pageSize]=20", "Write it as _limit=20."),
    ("size=20", "Write it as _limit=20."),
    ("first=20", "Write it as _limit=20."),
    ("$top=20", "Write it as _limit=20."),
    ("$skip=20", "_cursor"),
    ("$orderby=price%20desc", "Write it as _sort=-price"),
    ("$filter=price%20gt%203", "Write it as price__gt=3."),
    ("$select=sku", "Write it as _select=sku."),
    ("$count=true", "_count=exact"),
    ("$expand=name", "No column of 'products' references another dataset"),
    ("order=price.desc", "Write it as _sort=-price"),
    ("sort=price:desc", "Write it as _sort=-price"),
    ("order_by=price", "Write it as _sort=price"),
    ("ordering=-price", "Write it as _sort=-price"),
    ("_order=desc", "Write it as _sort="),
    ("_sort_desc=price", "Write it as _sort=-price"),
    ("_sort=price:desc", "Write it as _sort=-price"),
    ("_sort=price%20desc", "Write it as _sort=-price"),
    ("_sort=price,desc", "Write it as _sort=-price"),
    ("_sort=desc(price)", "Write it as _sort=-price"),
    ("_sort=tags", "These have one: sku"),
    ("fields=sku,price", "Write it as _select=sku,price."),
    ("select=sku", "Write it as _select=sku."),
    ("columns=sku", "Write it as _select=sku."),
    ("fields[products]=sku", "Write it as _select=sku."),
    ("_select=", "Leave it out to have all columns"),
    ("_select=sku,", "Leave it out to have all columns"),
    ("_select=*", "Leave it out to have all columns"),
    ("_select=count()", "/aggregate"),
    ("search=lamp", "Write it as _q=lamp."),
    ("q=lamp", "Write it as _q=lamp."),
    ("_search=lamp", "Write it as _q=lamp."),
    ("filter=x", "column__operator=value"),
    ("where={}", "column__operator=value"),
    ("_distinct=category", "/aggregate?_group=category"),
    ("distinct=category", "/aggregate?_group=category"),
    ("_facet=category", "/aggregate?_group=category"),
    ("_group=category", "/aggregate?_group=category"),
    ("group_by=category", "/aggregate?_group=category"),
    ("count=true", "_count=exact"),
    ("_count=true", "It takes: none, exact, estimated."),
    ("include=x", "references another dataset"),
    ("_embed=nme", "Columns that can be embedded: none."),
    ("format=csv", "Accept: application/json, text/csv"),
    ("_limit=5000", "Follow `next`"),
    ("_limit=0", "_count=exact"),
    ("_limit=all", "text/csv"),
    ("api_key=tolva_x", "Authorization: Bearer"),
    ("id=3", "GET /datasets/products/records/{key}"),
)
VALUES = _filters(
    ("price=null", "price__isnull=true"),
    ("price=None", "price__isnull=true"),
    ("price=undefined", "price__isnull=true"),
    ("price=", "price__isnull=true"),
    ("price__ne=null", "price__isnull=false"),
    ("price=12,5", "Did you mean '12.5'?"),
    ("price=$1,228.55", "Did you mean '1228.55'?"),
    ("price=1.228,55", "Did you mean '1228.55'?"),
    ("price=1,228", "Several values: price__in=1,228."),
    ("price=cheap", "nothing between the digits"),
    ("stock=1,2,3", "Several values: stock__in=1,2,3."),
    ("stock=007", "Did you mean '7'?"),
    ("stock=3.0", "Did you mean '3'?"),
    ("stock__between=3", "Give the least and the greatest."),
    ("active=1", "Did you mean 'true'?"),
    ("active=yes", "Did you mean 'true'?"),
    ("active=TRUE", "Did you mean 'true'?"),
    ("price__isnull=1", "Did you mean true?"),
    ("released=01/02/2024", "2026-01-31"),
    ("released=31/01/2024", "Did you mean '2024-01-31'?"),
    ("released=2024-1-2", "Did you mean '2024-01-02'?"),
    ("released=today", "2026-01-31"),
    ("updated_at=01/02/2024", "2026-01-31T12:00:00Z"),
    ("updated_at=1704067200", "Did you mean '2024-01-01T00:00:00Z'?"),
    ("category=toys", "Did you mean 'Toys'?"),
    ("category=Toys,Garden", "Several values: category__in=Toys,Garden."),
    ("tags=x", "'tags' takes: isnull, contains."),
)
AGGREGATES = [
    _get(f"{A}?{asked}", words, never=never)
    for asked, words, never in [
        ("count__gt=170", "Results cannot be filtered", ()),
        ("_having=count", "Results cannot be filtered", ()),
        ("_aggregate=price__median", "'price' takes: count", ["Did you mean"]),
        ("_aggregate=price__mean", "Write it as price__avg", ()),
        ("_aggregate=sum(price)", "Write it as _aggregate=price__sum", ()),
        ("_aggregate=price.sum", "Write it as _aggregate=price__sum", ()),
        ("_aggregate=sum", "column__sum", ()),
        ("_group=month(released)", "Write it as _group=released__month", ()),
        ("_group=released__week", "'released' takes: day, month, year.", ()),
        ("_group=tags", "Columns to group by: sku", ()),
        ("group_by=category", "_group=", ()),
        ("_select=sku", "_group and _aggregate", ()),
        ("_sort=price", "They have: count", ()),
        ("order=count", "_sort=-count", ()),
        ("_count=exact", "_aggregate=count", ()),
        ("_limit=5000", "Follow `next`", ()),
        ("_offset=5", "_cursor", ()),
    ]
]
BODIES = [
    *_queries(
        ({"filter": {}}, "Did you mean 'where'?"),
        ({"where": {"price": {"$gt": 3}}}, '{"price": {"gt": 3}}'),
        ({"where": {"price__gt": 3}}, '{"price": {"gt": 3}}'),
        ({"where": {"$or": []}}, "Did you mean '_or'?"),
        ({"where": {"OR": []}}, "Did you mean '_or'?"),
        ({"where": {"_or": []}}, "at least one object"),
        ({"where": [{"price": 3}]}, "_and"),
        ({"where": "price > 3"}, '{"price": {"gte": 10}}'),
        ({"where": {"SKU": "x"}}, "Did you mean 'sku'?"),
        ({"where": {"price": [1, 2]}}, '{"price": {"in": [1, 2]}}'),
        ({"where": {"price": None}}, '{"price": {"isnull": true}}'),
        ({"where": {"price": {"ne": None}}}, '{"price": {"isnull": false}}'),
        ({"where": {"stock": "3"}}, "Did you mean 3?"),
        ({"where": {"sku": 364}}, 'Did you mean "364"?'),
        ({"where": {"active": "true"}}, "Did you mean true?"),
        ({"where": {"name": {"icontains": "a"}}}, '{"name": {"ilike": "%a%"}}'),
        ({"where": {"stock": {"in": 5}}}, '{"stock": {"in": [5]}}'),
        ({"_or": [{}]}, "where"),
        ({"price": 3}, "where"),
        ({"orderBy": "price"}, "Did you mean 'sort'?"),
        ({"sort": "price"}, '["-price", "name"]'),
        ({"sort": ["price desc"]}, '["-price"]'),
        ({"sort": [{"price": "desc"}]}, '["-price", "name"]'),
        ({"select": "sku"}, '["sku", "price"]'),
        ({"limit": "5"}, 'not "5"'),
        ({"offset": 5}, "Did you mean 'cursor'?"),
        ({"search": "x"}, "Did you mean 'q'?"),
        ({"size": 5}, "Did you mean 'limit'?"),
        ([], '{"where": {"price": {"gte": 10}}}'),
    ),
    QueryError("POST", f"{R}/get", 400, ['{"keys": [1, 2]}'], body=["000364"]),
    QueryError("POST", f"{R}/get", 400, ["it takes an array of keys"], body={"ids": [1]}),
    QueryError("POST", f"{R}/get", 400, ['Did you mean "364"?'], body={"keys": [364]}),
]
RECORDS = [
    *_sent(
        ([], 422, "The array is empty"),
        ({"sku": 364}, 422, 'Did you mean "364"?'),
        ({"sku": "1", "price": "12,5"}, 422, 'Did you mean "12.5"?'),
        ({"sku": "1", "price": "$1,228.55"}, 422, 'Did you mean "1228.55"?'),
        ({"sku": "1", "stock": "5"}, 422, "Did you mean 5?"),
        ({"sku": "1", "active": "yes"}, 422, "Did you mean true?"),
        ({"sku": "1", "active": 1}, 422, "Did you mean true?"),
        ({"sku": "1", "released": "2024-1-2"}, 422, 'Did you mean "2024-01-02"?'),
        ({"sku": "1", "released": "01/02/2024"}, 422, "2026-01-31"),
        ({"sku": "1", "updated_at": "2024-01-02T10:00:00"}, 422, "needs its zone, as Z or +02:00"),
        ({"sku": "1", "updated_at": "2024-01-02"}, 422, "2024-01-02T00:00:00Z"),
        ({"sku": "1", "Weight (kg)": 5}, 422, "Did you mean 'weight_kg'?"),
        ({"sku": "1", "stok": 5}, 422, "Did you mean 'stock'?"),
        ({"data": {"sku": "1"}}, 422, "without 'data' around"),
        ({"sku": None}, 422, "a value is required"),
        ("x", 422, "a record is an object"),
    ),
    *(
        QueryError("POST", R, 400, [words], content=content, headers={"Content-Type": "application/json"})
        for content, words in [
            (b'{"sku": "1",}', "Remove the comma before the closing bracket."),
            (b"{'sku': '1'}", "double quotes"),
            (b"{sku: 1}", 'Put it in double quotes: "sku".'),
            (b'{"sku": NaN}', "NaN is not JSON"),
            (b'{"active": True}', "Write true in place of True."),
            (b'{"sku": "1"}\n{"sku": "2"}', "one array"),
            (b'{"sku": "1"', "missing at the end"),
            (b"", "no body"),
        ]
    ),
    QueryError("POST", R, 415, ["-H"], content=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    QueryError("POST", R, 415, ["application/json"], content=b"a", headers={"Content-Type": "text/plain"}),
    QueryError("DELETE", f"{R}?category=Toys", 405, ["by its key: DELETE /datasets/products/records/{key}"]),
    QueryError("PUT", R, 405, ["by its key: PUT /datasets/products/records/{key}"], body=[]),
    QueryError("POST", f"{R}/000364", 405, ["POST /datasets/products/records"], body={}),
    QueryError("PATCH", f"{R}/000364", 400, ["with its quotes"], body={}, headers={"If-Match": "abc"}),
    QueryError("POST", R, 400, ["1 to 255"], body={"sku": "9"}, headers={"Idempotency-Key": "x" * 256}),
    QueryError("GET", R, 400, ["records/query"], content=b'{"where": {}}'),
    _get(f"{R}/364", "Did you mean 000364?", status=404),
    _get(f"{R}/AB-1", "Did you mean ab-1?", status=404),
    _get(f"{R}/000364/", "Did you mean 000364?", status=404),
    _get(f"{R}/query", "POST /datasets/products/records/query", status=404),
    _get(f"{R}/", "without the slash", status=404),
    QueryError("PATCH", f"{R}/364", 404, ["Did you mean 000364?"], body={"stock": 1}),
    QueryError("DELETE", f"{R}/364", 404, ["Did you mean 000364?"]),
]
ROUTES = [
    _get(address, words, status=404)
    for address, words in [
        ("/products", "/datasets/products/records"),
        ("/products/records", "/datasets/products/records"),
        ("/api/products", "/datasets/products/records"),
        ("/api/v1/datasets/products/records", "Did you mean '/datasets/products/records'?"),
        ("/datasets/products/record", "Did you mean '/datasets/products/records'?"),
        ("/datasets/products/rows", "Did you mean '/datasets/products/records'?"),
        ("/datasets/", "Did you mean 'datasets'?"),
        ("/datasets/products/", "Did you mean '/datasets/products'?"),
        ("/datasets/products/aggregates", "Did you mean '/datasets/products/aggregate'?"),
        ("/datasets/products/schema", "Did you mean '/datasets/products'?"),
        ("/import/1", "Did you mean '/imports/1'?"),
        ("/graphql", "records/query"),
        ("/swagger.json", "Did you mean 'openapi.json'?"),
    ]
] + [
    _get("/imports/123", "UUID", status=400),
    _get("/datasets?limit=5", "_limit", status=400),
    _get("/datasets?_limit=0", "1", status=400),
    _get("/datasets/product", "Did you mean 'products'?", status=404),
    QueryError("DELETE", "/datasets", 405, ["DELETE /datasets/{dataset}"]),
    QueryError("DELETE", "/keys/abc", 400, ["UUID"]),
]
CATALOGUE = [
    QueryError("POST", f"{D}/imports", 422, ["It takes: filename"], body={}),
    QueryError("POST", f"{D}/imports", 422, ["Did you mean 'filename'?"], body={"file_name": "x.csv"}),
    QueryError("POST", f"{D}/imports", 422, ["append, upsert, replace"], body={"filename": "x", "mode": "overwrite"}),
    QueryError("POST", f"{D}/imports", 422, ["It takes an object"], body=[]),
    QueryError("POST", "/datasets", 422, ["no body", "It takes: name"]),
    QueryError("POST", "/datasets", 422, ["It takes: name"], body={"title": "x"}),
    QueryError("POST", "/datasets", 422, ["'my_data' would do"], body={"name": "My data"}),
    QueryError("POST", "/datasets", 422, ["relational, keyvalue"], body={"name": "a", "store": "sql"}),
    QueryError("POST", "/datasets", 422, ["it takes an array, not 'sku'"], body={"name": "a", "key": "sku"}),
    QueryError("POST", "/keys", 422, ["read, write, admin"], body={"name": "a", "scopes": ["delete"]}),
    QueryError("POST", "/keys", 422, ["Z"], body={"name": "a", "scopes": ["read"], "expires_at": "2030-01-01"}),
    *(
        QueryError("POST", "/datasets", 422, [f"Did you mean {near}?"], body=_with_type(name))
        for name, near in [
            ("string", "'text'"),
            ("varchar", "'text'"),
            ("varchar(20)", "'text'"),
            ("float", "'number' or 'decimal'"),
            ("double", "'number' or 'decimal'"),
            ("int", "'integer'"),
            ("int64", "'integer' or 'bigint'"),
            ("timestamp", "'datetime'"),
            ("jsonb", "'json'"),
            ("numeric", "'decimal'"),
            ("numeric(8,2)", "'decimal'"),
            ("bool", "'boolean'"),
            ("guid", "'uuid'"),
            ("TEXT", "'text'"),
            ("txet", "'text'"),
        ]
    ),
]


_EVENTS: list[tuple[str, str, int, list[str], Any]] = [
    ("GET", "/records?Device=a", 400, ["Did you mean 'device'?"], None),
    ("GET", "/records?device[eq]=a", 400, ["Write it as device=a."], None),
    ("GET", "/records?device=a&page=2", 400, ["_cursor"], None),
    ("GET", "/records?device=a&search=x", 400, ["key-value store"], None),
    ("GET", "/records?device=a&order=day.desc", 400, ["Write it as _sort=-day"], None),
    ("GET", "/records?device=a&day__gt=01/02/2024", 400, ["2026-01-31"], None),
    ("GET", "/records/a", 400, ["{device},{day}"], None),
    ("GET", "/records/", 400, ["{device},{day}"], None),
    ("GET", "/records/A,2024-01-31", 404, ["Did you mean a, 2024-01-31?"], None),
    ("GET", "/records/a,2024-1-31", 400, ["Did you mean 2024-01-31?"], None),
    ("DELETE", "/records/A,2024-01-31", 404, ["Did you mean a, 2024-01-31?"], None),
    ("POST", "/records", 422, ["The array is empty"], []),
    ("POST", "/records", 422, ["Did you mean"], {"device": 5, "day": "2024-01-31"}),
    ("POST", "/records/query", 400, ["Did you mean 'where'?"], {"filter": {}}),
    ("GET", "/aggregate", 422, ["computes no aggregates"], None),
]
KEYVALUE = [
    QueryError(method, f"/datasets/events{rest}", status, words, body=body)
    for method, rest, status, words, body in _EVENTS
]
ALL = {
    "names": NAMES, "operators": OPERATORS, "parameters": PARAMETERS, "values": VALUES, "aggregates": AGGREGATES,
    "bodies": BODIES, "records": RECORDS, "routes": ROUTES, "catalogue": CATALOGUE, "keyvalue": KEYVALUE,
}  # fmt: skip
