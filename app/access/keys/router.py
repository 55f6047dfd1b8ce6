"""Keys over HTTP: make, list, revoke. All of it needs the scope admin on everything."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.access.deps import AdminOnly, IdempotentSecret
from app.access.errors import KeyMissing, KeyNotFound, ScopeMissing
from app.access.keys import replica, repository
from app.access.keys.models import ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyPublic
from app.access.keys.secrets import format_key, hash_secret, new_secret
from app.core.database.sessions import Session
from app.core.errors import ParameterInvalid
from app.core.http.body import BODY_PROBLEMS, JsonRoute
from app.core.http.cursors import decode_newest, encode_newest
from app.core.http.idempotency import IDEMPOTENCY_PROBLEMS
from app.core.http.lists import LIST_PROBLEMS, Cursor, Limit, Page, paginate, refuse_unknown_parameters
from app.core.http.problem_documents import problem_responses

LIST = "keys"

router = APIRouter(
    prefix="/keys",
    route_class=JsonRoute,
    tags=["keys"],
    dependencies=[AdminOnly],
    responses=problem_responses(KeyMissing, ScopeMissing),
)


@router.post(
    "",
    status_code=201,
    dependencies=[IdempotentSecret],
    responses=problem_responses(*BODY_PROBLEMS, *IDEMPOTENCY_PROBLEMS),
)
async def create_key(body: ApiKeyCreate, session: Session, response: Response) -> ApiKeyCreated:
    """Make a key. Its text is in this response and nowhere else."""
    response.headers["Cache-Control"] = "no-store"
    secret = new_secret()
    key = ApiKey(
        name=body.name,
        secret_hash=hash_secret(secret),
        scopes=sorted(set(body.scopes)),
        datasets=body.datasets,
        expires_at=body.expires_at,
    )
    await repository.add_key(session, key)
    public = ApiKeyPublic.model_validate(key)
    missing = await repository.find_missing_datasets(session, body.datasets or ())
    warnings = [f"There is no dataset '{name}' yet: the key opens it once there is." for name in missing]
    return ApiKeyCreated(**public.model_dump(), key=format_key(key.id, secret), warnings=warnings)


@router.get("", responses=problem_responses(*LIST_PROBLEMS))
async def list_keys(request: Request, session: Session, limit: Limit = 50, cursor: Cursor = None) -> Page[ApiKeyPublic]:
    """List the keys. The newest comes first; revoked and expired ones are among them."""
    refuse_unknown_parameters(request, ("_limit", "_cursor"))
    rows = await repository.list_page(session, limit + 1, decode_newest(cursor, LIST))
    data, following = paginate(rows, limit, lambda key: encode_newest(key.created_at, key.id, LIST))
    return Page(data=[ApiKeyPublic.model_validate(key) for key in data], next=following)


@router.delete("/{key}", status_code=204, responses=problem_responses(KeyNotFound, ParameterInvalid))
async def revoke_key(key: Annotated[UUID, Path(description="the key's id")], session: Session) -> None:
    """Revoke a key: it stops working at once and stays in the list."""
    # Key-value requests look here first: a key that is revoked in the catalogue must work nowhere.
    await replica.mark_revoked((await repository.get_key(session, key)).row)
    await repository.revoke_key(session, key)
