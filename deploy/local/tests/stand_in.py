"""A small real application that stands for a service where a test is about the stack and not about services.

It answers /ready/, tells its own environment, keeps a number in its database, and has a child process of its own.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # Like the vision worker's decoders: shares our session, would not end by itself.
    subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    if url := os.environ.get("DATABASE_URL"):
        app.state.connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await app.state.connection.execute("CREATE TABLE IF NOT EXISTS numbers (number int)")
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/ready/")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.get("/environment/")
async def environment() -> dict[str, str]:
    return dict(os.environ)


@app.post("/numbers/{number}/")
async def remember(number: int) -> None:
    await app.state.connection.execute("INSERT INTO numbers VALUES ($1)", number)


@app.get("/numbers/")
async def numbers() -> list[int]:
    rows = await app.state.connection.fetch("SELECT number FROM numbers ORDER BY number")
    return [row["number"] for row in rows]
