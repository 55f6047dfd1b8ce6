"""An application as a developer would write it by hand over the same table, for `benchmarks.records`: FastAPI, asyncpg,
one model."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel

COLUMNS = "id, name, price, quantity, active, released, updated_at, latitude, longitude, category, code, notes"
POOL_SIZE = 5


class Product(BaseModel):
    id: int
    name: str | None
    price: Decimal | None
    quantity: int | None
    active: bool | None
    released: date | None
    updated_at: datetime | None
    latitude: float | None
    longitude: float | None
    category: str | None
    code: str | None
    notes: str | None


class ProductPage(BaseModel):
    data: list[Product]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["TOLVA_DATABASE_URL"], min_size=POOL_SIZE, max_size=POOL_SIZE) as pool:
        app.state.pool = pool
        yield


def demand_key(authorization: Annotated[str, Header()] = "") -> None:
    if authorization != f"Bearer {os.environ['TOLVA_ADMIN_KEY']}":
        raise HTTPException(401)


app = FastAPI(lifespan=lifespan, dependencies=[Depends(demand_key)])


@app.get("/products/{product_id}")
async def get_product(product_id: int, request: Request) -> Product:
    row = await request.app.state.pool.fetchrow(f"SELECT {COLUMNS} FROM data.pinned WHERE id = $1", product_id)
    if row is None:
        raise HTTPException(404)
    return Product(**row)


@app.get("/products")
async def list_products(category: str, active: bool, request: Request, limit: int = 50) -> ProductPage:
    rows = await request.app.state.pool.fetch(
        f"SELECT {COLUMNS} FROM data.pinned WHERE category = $1 AND active = $2 ORDER BY price DESC, id LIMIT $3",
        category,
        active,
        limit,
    )
    return ProductPage(data=[Product(**row) for row in rows])


@app.post("/products", status_code=201)
async def create_product(body: Product, request: Request) -> Product:
    values: list[Any] = list(body.model_dump().values())
    marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    row = await request.app.state.pool.fetchrow(
        f"INSERT INTO data.pinned ({COLUMNS}) VALUES ({marks}) RETURNING {COLUMNS}", *values
    )
    return Product(**row)
