import json
import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/hook")
async def hook(events: list[dict]):
    with open(os.environ["STORE"], "a") as file:
        for event in events:
            file.write(json.dumps(event) + "\n")
    return {"status": "ok"}


uvicorn.run(app, port=0)
