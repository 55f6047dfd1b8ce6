"""Hooks of schemathesis for this API: rules that documents cannot express, and replacements of some checks.

A valid request may be refused for what no JSON schema can express, and for nothing else: `BEYOND_SCHEMAS` is the list.
"""

import re
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.conformance.datasets import DATASETS

# The problems that may answer a request which is valid by the document.
BEYOND_SCHEMAS = {
    "query-contradictory": "two parameters that exclude each other",
    "query-too-large": "more parameters, or deeper conditions, than the settings allow",
    "cursor-invalid": "a cursor that no page gave out",
    "idempotency-key-reused": "the key of a request with another body",
    "precondition-failed": "a record in another state than the headers say",
    "image-too-large": "the settings have the most bytes",
    "key-columns-invalid": "a file for a dataset that has another key",
}
# The mistakes in a record that may be made within its schema.
BEYOND_RECORDS = {
    "min": "JSON schemas compare numbers; dates and exact decimals are strings",
    "max": "as min",
    "not_decimal": "`multipleOf` of a fraction is wrong wherever numbers are binary, so no document says it",
    "key_not_addressable": "where a key has a pattern of its own, there is no room for another one",
    **dict.fromkeys(("image_missing", "image_external"), "a text names an image or none"),
    "other_key": "the key is in the address too, and has to be the same",
}
# Parameters and members of a body that may be refused with a valid value.
BEYOND_PARAMETERS = {
    **dict.fromkeys(("_limit", "limit"), "the settings have the most"),
    **dict.fromkeys(("_sort", "sort"), "a column in both directions, or what another parameter leaves out"),
    **dict.fromkeys(
        ("_select", "select", "_embed", "embed", "_group", "_aggregate"),
        "a name twice: of a list of different ones, some generators make a set",
    ),
    **dict.fromkeys(("_count", "count", "_cursor", "cursor", "_spreadsheet", "spreadsheet"), "Accept decides"),
    **dict.fromkeys(
        ("options/date_format", "options/encoding", "options/timezone", "options/units"), "the names of a long list"
    ),
    "_unused": "only the images of one dataset can be told to be unused",
    **dict.fromkeys(("h", "fit"), "a crop needs both, and sides of a ratio"),
    "filename": "a character of any script may be one that cannot be shown",
    "expires_at": "it is in the future",
}
# The routes of any dataset do not know its columns, and those that define one not its parts.
UNTYPED = {
    "/datasets/{dataset}/": (
        "unknown-parameter",
        "parameter-invalid",
        "query-invalid",
        "record-key-invalid",
        "record-invalid",
    ),
    "/datasets": ("request-invalid", "column-not-found", "reference-invalid", "store-not-available"),
}

schemathesis.openapi.format(
    "json", st.sampled_from(["null", "true", "7", '"a"', "[]", "[1]", '{"a": 1}', '{"a": [1, null]}'])
)
schemathesis.openapi.format("int64", st.integers(-(2**63), 2**63 - 1).map(str))


class ValidRequestRefused(Failure):
    """A request that the document allows was refused for something that the document could have said."""


# Their documents have one way to write a value, as a text; the API takes numbers too.
EXACT = {
    column["name"]
    for dataset in DATASETS
    for column in dataset.get("columns", [])
    if column["type"] in ("bigint", "decimal")
}


class StatusUndocumented(Failure):
    """An answer has a status that the document has only as `default`."""


@schemathesis.check
def valid_requests_are_served(_: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """In place of positive_data_acceptance, which knows statuses only: here a refusal has a reason."""
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_valid or not _fits_header_patterns(case) or response.status_code not in (400, 406, 412, 413, 415, 422):
        return None
    problem = response.json()
    if all(_is_beyond(case.operation.path, problem, mistake) for mistake in _mistakes(problem)):
        return None
    raise ValidRequestRefused(
        operation=case.operation.label, title="Valid request refused", message=f"{problem['type']}: {problem['detail']}"
    )


def _fits_header_patterns(case: Case[Any]) -> bool:
    """Return whether the headers fit the document: schemathesis sends a plain `0` for a quoted tag.

    And two that exclude each other, which no document can say.
    """
    declared = case.operation.definition.raw.get("parameters", [])
    patterns = {given["name"]: given["schema"].get("pattern", "") for given in declared if given.get("in") == "header"}
    sent = {name: str(value) for name, value in case.headers.items() if name in patterns}
    return len(sent) < 2 and all(re.search(patterns[name], value) for name, value in sent.items())


def _mistakes(problem: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from problem.get("errors") or [{}]


def _is_beyond(path: str, problem: dict[str, Any], mistake: dict[str, Any]) -> bool:
    """Return whether a valid request may be refused for this."""
    slug = problem["type"].rpartition("/")[2]
    if slug in BEYOND_SCHEMAS or mistake.get("code") in BEYOND_RECORDS:
        return True
    # In an address, a comma within a text separates and a quote before it quotes.
    if str(mistake.get("path")).endswith("__between") or str(mistake.get("message")).startswith("The quote at"):
        return True
    # The options of a column must be consistent: its type, its constraints and its format.
    if path.endswith("/imports") and str(mistake.get("path")).startswith("columns/"):
        return True
    untyped = next((slugs for start, slugs in UNTYPED.items() if path.startswith(start)), ())
    return mistake.get("path") in BEYOND_PARAMETERS or slug in untyped


@schemathesis.check
def invalid_requests_are_refused(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """As negative_data_rejection, except for numbers if an exact value is documented as a string."""
    try:
        return negative_data_rejection(context, response, case)
    except Failure as failure:
        said = re.search(r"Invalid component: in body - (.*): Incorrect type", failure.message)
        if said is None or EXACT.isdisjoint(re.findall(r"\w+", said[1])):
            raise
    return None


@schemathesis.check
def statuses_are_documented(_: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """As status_code_conformance, for which `default` would cover everything."""
    declared = case.operation.definition.raw["responses"]
    if case.method.lower() != case.operation.method or str(response.status_code) in declared:
        return None
    raise StatusUndocumented(
        operation=case.operation.label,
        title="Undocumented status",
        message=f"{response.status_code} is not among {', '.join(declared)}: {response.text[:300]}",
    )
