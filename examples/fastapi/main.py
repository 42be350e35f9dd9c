import asyncio
import os

from fastapi import FastAPI

app = FastAPI()
region = os.environ.get("FLY_REGION", "nowhere")


@app.get("/")
async def root():
    return {"hello": "from FastAPI", "region": region, "machine": os.environ.get("FLY_MACHINE_ID", "this computer")}


@app.get("/health")
async def health():
    return "ok"


@app.get("/slow")
async def slow(seconds: float = 1.0):
    await asyncio.sleep(min(seconds, 60))
    return {"slept": seconds}
