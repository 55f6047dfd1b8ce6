"""A route as one writes it by hand: it streams an object of the bucket. Its key is in the environment."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

clients: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with aioboto3.Session().client("s3") as s3:
        clients["s3"] = s3
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/picture")
async def get_picture() -> StreamingResponse:
    """Stream the object."""
    answer = await clients["s3"].get_object(Bucket=os.environ["TOLVA_BUCKET"], Key=os.environ["BENCHMARK_PICTURE"])
    headers = {
        "Content-Length": str(answer["ContentLength"]),
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": answer["ETag"],
    }
    return StreamingResponse(answer["Body"].iter_chunks(), media_type=answer["ContentType"], headers=headers)
