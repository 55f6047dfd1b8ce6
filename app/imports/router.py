"""Imports over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.deps import CurrentCaller
from app.access.errors import KeyMissing, ScopeMissing
from app.core.aws.storage import PresignedUpload, find_object, read_object
from app.core.database.sessions import Session
from app.core.errors import ParameterInvalid, UnknownParameter
from app.core.http.body import BODY_PROBLEMS
from app.core.http.cursors import decode_newest, encode_newest
from app.core.http.idempotency import IDEMPOTENCY_PROBLEMS
from app.core.http.lists import LIST_PROBLEMS, Cursor, Limit, Page, paginate, refuse_unknown_parameters
from app.core.http.problem_documents import problem_responses
from app.core.http.uploads import Upload
from app.datasets.deps import DatasetFromPath, WritableDataset
from app.datasets.errors import DatasetNotFound
from app.imports import parts, repository, service
from app.imports.deps import IdempotentInDataset, IdempotentOnImport, ImportFromPath, WritableImport
from app.imports.errors import (
    DatasetWithoutKey,
    FileTooLarge,
    ImportCommitting,
    ImportFinished,
    ImportNotFound,
    KeyColumnsInvalid,
    PartInvalid,
    PartsMissing,
    RejectionsNotReady,
    UploadNotInParts,
    UploadOver,
)
from app.imports.models import (
    FINISHED,
    REJECTION_FIELDS,
    ArrivedParts,
    ImportCreate,
    ImportCreated,
    ImportPublic,
    PartsWanted,
    PartUploads,
    UploadParts,
    rejections_key,
)
from app.imports.sent_file import SendableRoute, describe_sent_file, find_sent_file
from app.imports.spreadsheet import make_safe

CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": "One line a rejection", "content": {"text/csv": {"schema": {"type": "string"}}}}
}

PARTS_PROBLEMS = (UploadNotInParts, UploadOver)

Spreadsheet = Annotated[
    bool,
    Query(
        alias="_spreadsheet",
        description="No value is taken for a formula, and letters of every language are read as what they are.",
    ),
]

router = APIRouter(route_class=SendableRoute, tags=["imports"], responses=problem_responses(KeyMissing, ScopeMissing))


@router.post(
    "/datasets/{dataset}/imports",
    status_code=201,
    dependencies=[IdempotentInDataset],
    responses=problem_responses(
        *(DatasetNotFound, ParameterInvalid, UnknownParameter, *BODY_PROBLEMS, DatasetWithoutKey, KeyColumnsInvalid),
        *(FileTooLarge, *IDEMPOTENCY_PROBLEMS),
    ),
    openapi_extra=describe_sent_file(),
)
async def create_import(
    dataset: WritableDataset,
    body: ImportCreate,
    caller: CurrentCaller,
    session: Session,
    *,
    request: Request,
    response: Response,
) -> ImportCreated:
    """Announce a file as JSON, and send it as `upload` says: its arrival starts the import. Or send the file itself,
    as `text/csv` or in a form, with what the JSON would say as parameters: then the import starts at once.
    """
    # The upload's address is all that one needs to send the file.
    response.headers["Cache-Control"] = "no-store"
    sent = find_sent_file(request)
    upload = plan = None
    if sent is None:
        row, found = await service.create_import(session, dataset, body, caller)
        plan = found if isinstance(found, UploadParts) else None
        upload = Upload.of(found) if isinstance(found, PresignedUpload) else None
    else:
        row = await service.import_sent_file(session, dataset, body, caller, sent.content)
    response.headers["Location"] = str(request.url_for("get_import", **{"import": row.id}))
    return ImportCreated(**ImportPublic.of(row).model_dump(), upload=upload, parts=plan)


@router.get("/datasets/{dataset}/imports", responses=problem_responses(DatasetNotFound, *LIST_PROBLEMS))
async def list_imports(
    request: Request, dataset: DatasetFromPath, session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[ImportPublic]:
    """List the imports into a dataset. The newest comes first."""
    refuse_unknown_parameters(request, ("_limit", "_cursor"))
    query = ["imports", str(dataset.id)]
    rows = await repository.list_page(session, dataset.id, limit + 1, after=decode_newest(cursor, query))
    data, following = paginate(rows, limit, lambda row: encode_newest(row.created_at, row.id, query))
    return Page(data=[ImportPublic.of(row) for row in data], next=following)


@router.get("/imports/{import}", responses=problem_responses(ParameterInvalid, ImportNotFound))
async def get_import(row: ImportFromPath) -> ImportPublic:
    """Show an import: how far it is, what it found in the file, what it did not accept."""
    return ImportPublic.of(row)


@router.get(
    "/imports/{import}/rejections",
    response_class=StreamingResponse,
    responses={
        **CSV_RESPONSE,
        **problem_responses(ParameterInvalid, UnknownParameter, ImportNotFound, RejectionsNotReady),
    },
)
async def get_rejections(request: Request, row: ImportFromPath, spreadsheet: Spreadsheet = False) -> Response:
    """Download every rejection as CSV: line, record, offset, column, value, code and message."""
    refuse_unknown_parameters(request, ("_spreadsheet",))
    if row.status not in FINISHED:
        raise RejectionsNotReady(f"The import is {row.status}.", hint="Ask again once it has ended.")
    headers = {"Content-Disposition": f'attachment; filename="rejections-{row.id}.csv"'}
    stored = await find_object(rejections_key(row.id))
    if stored is None:
        return Response(",".join(REJECTION_FIELDS) + "\n", media_type="text/csv", headers=headers)
    blocks = read_object(stored)
    return StreamingResponse(make_safe(blocks) if spreadsheet else blocks, media_type="text/csv", headers=headers)


@router.get("/imports/{import}/parts", responses=problem_responses(ParameterInvalid, ImportNotFound, *PARTS_PROBLEMS))
async def get_parts(row: WritableImport) -> ArrivedParts:
    """Show which parts of a file have arrived: after an upload that broke off, only the others are missing."""
    return await parts.show_parts(row)


@router.post(
    "/imports/{import}/parts",
    responses=problem_responses(ParameterInvalid, ImportNotFound, PartInvalid, *PARTS_PROBLEMS, *BODY_PROBLEMS),
)
async def sign_parts(row: WritableImport, body: PartsWanted, *, response: Response) -> PartUploads:
    """Ask for the requests that upload parts of a file, in any order and also again."""
    response.headers["Cache-Control"] = "no-store"
    return PartUploads(data=await parts.sign_parts(row, body.parts))


@router.post(
    "/imports/{import}/complete",
    responses=problem_responses(ParameterInvalid, ImportNotFound, PartsMissing, *PARTS_PROBLEMS),
)
async def complete_upload(row: WritableImport) -> ImportPublic:
    """Complete the upload of a file in parts: its arrival starts the import."""
    await parts.complete(row)
    return ImportPublic.of(row)


@router.post(
    "/imports/{import}/cancel",
    dependencies=[IdempotentOnImport],
    responses=problem_responses(ImportNotFound, ImportFinished, ImportCommitting, *IDEMPOTENCY_PROBLEMS),
)
async def cancel_import(row: WritableImport, session: Session) -> ImportPublic:
    """Cancel an import that has not ended. Nothing of it is loaded."""
    return ImportPublic.of(await service.cancel_import(session, row.id))
