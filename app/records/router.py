"""Records over HTTP. Their JSON comes from the database as text and is passed on as it is."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.core.db import Session
from app.core.errors import CursorInvalid, ParameterInvalid, UnknownParameter, did_you_mean
from app.core.http import Cursor, problem_responses, refuse_unknown_parameters
from app.core.paging import decode_cursor, encode_cursor
from app.core.settings import get_settings
from app.datasets.deps import DatasetFromPath
from app.datasets.errors import DatasetNotFound
from app.datasets.models import Dataset
from app.keys.errors import KeyMissing, ScopeMissing
from app.records import keys, relational
from app.records.errors import RecordKeyInvalid, RecordNotFound

PARAMETERS = ("_limit", "_cursor")

PageLimit = Annotated[int, Query(alias="_limit", ge=1, description="How many at most.")]
RecordKey = Annotated[
    str, Path(alias="key", description="the key's value, or its values joined by commas; each percent-encoded")
]

router = APIRouter(
    prefix="/datasets/{dataset}/records",
    tags=["records"],
    responses=problem_responses(KeyMissing, ScopeMissing, DatasetNotFound),
)


@router.get("", response_class=Response, responses=problem_responses(ParameterInvalid, CursorInvalid))
async def list_records(
    request: Request, dataset: DatasetFromPath, session: Session, limit: PageLimit = 50, cursor: Cursor = None
) -> Response:
    """List records in the order of their key."""
    _check_parameters(request, dataset)
    _check_limit(limit)
    query = [str(dataset.id), dataset.key]
    after = decode_cursor(cursor, query, length=len(dataset.key_columns)) if cursor is not None else None
    page = await relational.list_page(session, dataset, limit=limit, after=after)
    following = encode_cursor(page.last, query) if page.last is not None else None
    headers = {"Link": _link(request, dataset, following)} if following is not None else None
    text = f'{{"data":[{",".join(page.records)}],"next":{json.dumps(following)}}}'
    return Response(text, media_type="application/json", headers=headers)


@router.get("/{key:path}", response_class=Response, responses=problem_responses(RecordNotFound, RecordKeyInvalid))
async def get_record(request: Request, dataset: DatasetFromPath, key: RecordKey, session: Session) -> Response:
    """Get a record by its key."""
    refuse_unknown_parameters(request, ())
    columns = dataset.key_columns
    texts = keys.split_key(request.scope.get("raw_path"), key, len(columns))
    record = await relational.get_record(session, dataset, keys.parse_key(texts, columns))
    etag = hashlib.md5(record.encode(), usedforsecurity=False).hexdigest()
    return Response(record, media_type="application/json", headers={"ETag": f'"{etag}"'})


def _check_parameters(request: Request, dataset: Dataset) -> None:
    known = [*PARAMETERS, *(column["name"] for column in dataset.columns)]
    for name in request.query_params:
        if name in PARAMETERS:
            continue
        if name in known:
            raise UnknownParameter(f"Records cannot be filtered by '{name}' in this version.")
        kind = "parameter" if name.startswith("_") else "column"
        raise UnknownParameter(f"There is no {kind} '{name}'.{did_you_mean(name, known)}")


def _check_limit(limit: int) -> None:
    most = get_settings().max_page_size
    if limit > most:
        raise ParameterInvalid(f"'_limit' is {limit}; the most is {most}.", hint="Follow `next` to get more.")


def _link(request: Request, dataset: Dataset, cursor: str) -> str:
    url = request.url_for("list_records", dataset=dataset.name)
    parameters = {**request.query_params, "_cursor": cursor}
    return f'<{url.include_query_params(**parameters)}>; rel="next"'
