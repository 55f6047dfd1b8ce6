"""Names of a query's parts in other APIs, with their names here. Pure."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from app.columns.column import Column
from app.datasets.schema import DatasetSchema
from app.records.query.functions import COUNT, PERIODS, can_group, periods_of
from app.records.query.hints.operator_idioms import Idiom, advise, find_column, find_condition, translate_operator

# What a parameter or a member is about, by its names in small letters without signs.
_TOPICS: dict[str, tuple[str, ...]] = {
    "limit": (
        *("limit", "size", "perpage", "pagesize", "pagelimit", "top", "first", "take", "max", "maxresults", "rows"),
        *("numresults", "itemsperpage", "resultsperpage", "paginationlimit", "paginationpagesize", "batchsize", "n"),
    ),
    "cursor": (
        *("offset", "skip", "page", "pagenumber", "pageindex", "pageno", "pageoffset", "start", "startindex", "from"),
        *("paginationpage", "paginationstart", "end", "p", "cursor", "next", "after", "before", "startingafter"),
        *("pagetoken", "nextpagetoken", "continuationtoken", "pageafter", "pagebefore", "pagecursor", "last"),
    ),
    "count": (
        *("count", "total", "withcount", "includetotal", "includecount", "totalcount", "meta", "returntotal"),
        *("paginationwithcount", "inlinecount", "tracktotalhits"),
    ),
    "sort": (
        *("sort", "order", "orderby", "ordering", "sortby", "sortorder", "orderdir", "dir", "direction", "sortdir"),
        *("sortdesc", "sortasc", "orderbydesc", "desc", "asc", "sorting"),
    ),
    "select": (
        "select",
        "fields",
        "columns",
        "attributes",
        "cols",
        "props",
        "source",
        "fl",
        "field",
        "only",
        "exclude",
    ),
    "q": ("q", "search", "query", "term", "keyword", "keywords", "text", "fulltext", "fts", "s", "querystring"),
    "where": ("where", "filter", "filters", "conditions", "condition", "criteria", "predicate"),
    "or": ("or", "and", "not", "nor"),
    "distinct": ("distinct", "distincton", "unique", "facet", "facets", "facetby", "nofacet"),
    "aggregate": (
        *("aggregate", "aggregates", "agg", "aggs", "group", "groupby", "sum", "avg", "min", "mean", "apply", "bins"),
        *("groups", "metrics"),
    ),
    "having": ("having",),
    "embed": (
        *("embed", "expand", "include", "populate", "with", "relations", "join", "depth", "lookup", "preload"),
        *("related", "includes", "embedded"),
    ),
    "format": ("format", "accept", "output", "contenttype", "alt", "csv", "outputformat"),
    "api key": ("apikey", "token", "accesstoken", "authtoken", "auth", "authorization", "xapikey", "secret"),
    "key": ("key", "id", "pk", "ids", "keys", "primarykey"),
}
_BY_NAME = {name: topic for topic, names in _TOPICS.items() for name in names}
# For each word of a hint a column is looked for among all of a dataset's.
_MOST_WORDS = 20
# What a key-value dataset has no part of.
_RELATIONAL = ("count", "q", "or", "distinct", "aggregate", "having", "embed")


def topic_of(name: str) -> str | None:
    """The subject of another API's name."""
    plain = re.sub(r"[^a-z]", "", name[:100].lower())
    head = re.sub(r"[^a-z]", "", re.split(r"[\[.]", name[:100].lower())[0])
    return _BY_NAME.get(plain) or _BY_NAME.get(head)


def explain_parameter(schema: DatasetSchema, members: Sequence[str], name: str, value: str) -> str | None:
    """The hint for a parameter that only other APIs have: how the same is asked for here."""
    topic = topic_of(name)
    if topic is None:
        return None
    if not schema.can.queries and topic in _RELATIONAL:
        return f"'{schema.name}' is in the key-value store, which reads records by their key and has none of that."
    if topic == "api key":
        return "An API key is sent as a header: Authorization: Bearer tolva_…; never in the URL, which logs keep."
    hint = _sort_hint(schema, members, name, value) if topic == "sort" else _hint(schema, members, name, value)
    return hint and hint[:300]


def _hint(schema: DatasetSchema, members: Sequence[str], name: str, value: str) -> str | None:
    address = f"/datasets/{schema.name}"
    words = quote(value[:60]) if value.strip() else "words"
    hints = {
        "limit": f"Write it as _limit={value if re.fullmatch('[1-9][0-9]{0,5}', value) else 50}.",
        "cursor": "Pages are not numbered: send `next` of a page as _cursor, or follow its header Link; see _limit.",
        "where": _filter_hint(schema, value),
        "key": f"A record by its key: GET {address}/records/{{key}}; several: POST {address}/records/get.",
        "count": "Write it as _count=exact, or _count=estimated.",
        "q": f"Write it as _q={words}.",
        "or": f'POST {address}/records/query takes {{"where": {{"_or": [{{…}}, {{…}}]}}}}, and _and and _not.',
        "embed": _embed_hint(schema),
        "format": "Use the header Accept: application/json, text/csv or application/x-ndjson.",
        "select": f"Write it as _select={_listed(schema, value)}.",
        "distinct": f"GET {address}/aggregate?_group={_grouped(schema, value)} has each value once, and its count.",
        "aggregate": f"GET {address}/aggregate?{_computed(schema, name, value)} computes it.",
        "having": f"GET {address}/aggregate takes _aggregate and _group; its results cannot be filtered.",
    }
    return (hints if "select" in members else hints | _OF_RESULTS).get(topic_of(name) or "")


# Differences in queries for results instead of records.
_OF_RESULTS = {
    "count": "Write it as _aggregate=count.",
    "select": "Choose the members of a result with _group and _aggregate.",
    "embed": "Results embed nothing: list the records with _embed.",
    "or": "Several values of one column: column__in=a,b. Conditions are joined by `or` in POST …/records/query alone.",
    "distinct": "Write it as _group=column: each value once.",
    "aggregate": "Write it as _aggregate=count or _aggregate=column__sum, and _group=column.",
    "having": "Results cannot be filtered; they can be sorted: _sort=-count.",
}


def _embed_hint(schema: DatasetSchema) -> str:
    if schema.references:
        first = next(iter(schema.references))
        return f"Write it as _embed={first}; columns that reference others: {', '.join(schema.references)}."
    return f"No column of '{schema.name}' references another dataset, so nothing can be embedded."


def _filter_hint(schema: DatasetSchema, value: str) -> str:
    stated = re.fullmatch(r"\s*(\w+)\s*(\w+|[<>=!]+)\s*'?(.*?)'?\s*", value[:200])
    column = find_column(schema.columns, stated[1]) if stated else None
    idiom = translate_operator(column, stated[2], stated[3], "query") if stated and column is not None else None
    if idiom is not None:
        return advise(idiom, "query")
    example = Idiom(schema.columns[:2][-1], "eq", "value").spell("query") if schema.columns else "column=value"
    return (
        f"Each condition is a parameter: {example}, or column__operator=value; "
        f"JSON goes to POST /datasets/{schema.name}/records/query."
    )


def _listed(schema: DatasetSchema, value: str) -> str:
    """A list of columns as an address has it: those that a value names, or the first ones."""
    parts = [part for part in re.split(r"[,\s]+", value[:500]) if part][:_MOST_WORDS]
    named = [find_column(schema.columns, part) for part in parts]
    found = [column for column in named if column is not None]
    return ",".join(column.name for column in found or schema.columns[:2])


def _computed(schema: DatasetSchema, name: str, value: str) -> str:
    """Read an aggregate from the name and the value of another API's parameter."""
    if "group" in name.lower():
        return f"_group={_grouped(schema, value)}"
    return f"_aggregate={translate_measure(schema.columns, value or name.strip('_')) or 'count'}"


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s.():]+|__", text[:200].strip()) if word][:_MOST_WORDS]


def translate_measure(columns: Sequence[Column], text: str) -> str | None:
    """A function of a column, which another API writes as `sum(price)` or `price__mean`, as it is written here."""
    words = _words(text)
    functions = [function for word in words if (function := _FUNCTION_NAMES.get(word.lower().replace("_", "")))]
    named = [column for word in words if (column := find_column(columns, word)) is not None]
    if not named:
        return COUNT if functions[:1] == [COUNT] or text.strip() == "*" else None
    if len(functions) != 1 or functions[0] not in named[0].kind.aggregates:
        return None
    return f"{named[0].name}__{functions[0]}"


def translate_group(columns: Sequence[Column], text: str) -> str | None:
    """A group as another API writes it, `month(released)`, `released.month`, as it is written here."""
    words = _words(text)
    named = [column for word in words if (column := find_column(columns, word)) is not None]
    periods = [word.lower() for word in words if word.lower() in PERIODS]
    if len(words) != len(named) + len(periods) or len(named) != 1:
        return None
    return f"{named[0].name}__{periods[0]}" if periods and periods[0] in periods_of(named[0]) else named[0].name


_FUNCTION_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("count", "cnt", "total", "number", "size"), "count"),
    **dict.fromkeys(("countdistinct", "distinct", "nunique", "uniq", "distinctcount", "unique"), "count_distinct"),
    **dict.fromkeys(("sum", "summe"), "sum"),
    **dict.fromkeys(("avg", "average", "mean"), "avg"),
    **dict.fromkeys(("min", "minimum", "least"), "min"),
    **dict.fromkeys(("max", "maximum", "greatest"), "max"),
}
# Functions that only other APIs have: nothing near is meant by them.
ABSENT_FUNCTIONS = frozenset(
    {"median", "mode", "stddev", "std", "variance", "var", "percentile", "quantile", "first", "last", "list", "p95"}
)


def _grouped(schema: DatasetSchema, value: str) -> str:
    column = find_column(schema.columns, value)
    possible = [one for one in schema.columns if can_group(one)]
    return (column or (possible[-1] if possible else schema.columns[0])).name if schema.columns else "column"


_DESCENDING = ("desc", "descending", "-1", "d")
_ASCENDING = ("asc", "ascending", "1", "a")


def translate_sort(columns: Sequence[Column], text: str) -> str | None:
    """A sort of another API, `price.desc`, `price desc`, `desc(price)`, as it is written here."""
    terms: list[str] = []
    for part in text[:500].split(",", _MOST_WORDS)[:_MOST_WORDS]:
        if part.strip().lower() in (*_DESCENDING, *_ASCENDING) and terms:
            terms[-1] = _directed(terms[-1], part)
        else:
            terms.append(part)
    translated = [_translate_term(columns, term) for term in terms if term.strip()]
    return ",".join(term for term in translated if term) if translated and all(translated) else None


def _directed(term: str, direction: str) -> str:
    return f"-{term.strip().lstrip('-+')}" if direction.strip().lower() in _DESCENDING else term


def _translate_term(columns: Sequence[Column], term: str) -> str | None:
    words = [word for word in re.split(r"[\s.:()|\[\]\"'{}]+", term.strip()) if word]
    directions = [word for word in words if word.lower() in (*_DESCENDING, *_ASCENDING)]
    names = [word for word in words if word not in directions and not word.lower().startswith("nulls")]
    if len(names) != 1:
        return None
    column = find_column(columns, names[0].lstrip("-+"))
    if column is None:
        return None
    is_descending = names[0].startswith("-") or any(word.lower() in _DESCENDING for word in directions)
    return f"-{column.name}" if is_descending else column.name


def _sort_hint(schema: DatasetSchema, members: Sequence[str], name: str, value: str) -> str:
    if "aggregate" in members:
        return "Write it as _sort=-count: by members of the results, a - for the descending order."
    sort = translate_sort(schema.columns, value)
    if sort is not None and re.search(r"desc", name, re.IGNORECASE):
        sort = ",".join(_directed(term, "desc") for term in sort.split(","))
    if sort is None:
        possible = [column.name for column in schema.columns if column.kind.can_be_sorted]
        sort = f"-{possible[:2][-1]}" if possible else "-column"
    return f"Write it as _sort={sort}; a - before a column sorts it in descending order."


def explain_member(columns: Sequence[Column], known: Sequence[str], name: str) -> tuple[str | None, str]:
    """The member that another API's name means, if there is one, and a hint."""
    there, topic = f"It takes: {', '.join(known)}.", topic_of(name)
    if topic == "or":
        return None, f'Conditions stand in `where`: {{"where": {{"_or": [{{…}}, {{…}}]}}}}. {there}'
    if (column := find_column(columns, name)) is not None:
        return None, f'Conditions stand in `where`: {{"where": {{"{column.name}": …}}}}. {there}'
    idiom = find_condition(columns, name, "") if topic is None else None
    if idiom is not None:
        condition = f'{{"{idiom.column.name}": {{"{idiom.operator}": …}}}}'
        return None, f'Conditions stand in `where`: {{"where": {condition}}}. {there}'
    if topic in ("distinct", "aggregate", "having"):
        return None, f"GET …/aggregate groups and computes. {there}"
    if topic == "cursor":
        return topic, f"Pages are not numbered: `cursor` takes `next` of the previous page. {there}"
    return topic if topic in known else None, there


JUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(("or", "$or", "any", "anyof", "should", "||"), "_or"),
    **dict.fromkeys(("and", "$and", "all", "allof", "must", "&&"), "_and"),
    **dict.fromkeys(("not", "$not", "$nor", "nor", "mustnot", "must_not", "!"), "_not"),
}


def explain_selection(schema: DatasetSchema, name: str) -> str | None:
    """The hint for a column that another API could select: all of them, an embedded one, one under another name."""
    if name.strip() in ("*", "all"):
        return "Leave it out to have all columns."
    if not name.strip():
        return "Leave it out to have all columns; a comma stands between two names."
    function = re.match(r"(count|sum|avg|min|max)\b|.+\.(count|sum|avg|min|max)\(", name)
    if function is not None and find_column(schema.columns, name) is None:
        return f"GET /datasets/{schema.name}/aggregate computes: _aggregate=count or _aggregate=column__sum."
    parts = [part for part in re.split(r"[.():\s/]+", name[:200]) if part]
    referring = next((part for part in parts if part in schema.references), None)
    if len(parts) > 1 and referring is not None:
        return f"A referenced record is embedded whole: _embed={referring}."
    found = find_column(schema.columns, parts[0]) if len(parts) > 1 else None
    return f"Columns keep their names and are selected whole: _select={found.name}." if found is not None else None
