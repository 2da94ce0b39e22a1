import json
import os

from flask import Flask, request

app = Flask(__name__)


@app.post("/hook")
def hook():
    with open(os.environ["STORE"], "a") as file:
        for event in request.get_json():
            file.write(json.dumps(event) + "\n")
    return "", 200


app.run(port=0)
