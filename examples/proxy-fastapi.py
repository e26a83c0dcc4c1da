"""Your own proxy in front of the server (POST /chat/stream, POST /chat). A client that disconnects stops the model.
Run: python examples/proxy-fastapi.py, then curl -N 127.0.0.1:3000/chat/stream -H 'content-type: application/json' -d '{"message": "Hi"}'
"""
import asyncio
import json
import os

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

headers = {"authorization": f"Bearer {os.environ.get('SLUICE_API_KEY', 'none')}"}  # stays on this server
url = os.environ.get("SLUICE_URL", "http://127.0.0.1:8080")
client = httpx.AsyncClient(base_url=url, headers=headers, timeout=300)
app = FastAPI()


class Question(BaseModel):
    message: str


def ask(question: Question, stream: bool):
    messages = [{"role": "user", "content": question.message}]
    body = {"messages": messages, "max_tokens": 1500, "temperature": 0, "stream": stream}
    return client.build_request("POST", "/v1/chat/completions", json=body)


def refusal(answer: httpx.Response):
    return JSONResponse({"error": answer.json()["error"]["message"]}, answer.status_code)


@app.post("/chat/stream")
async def chat_stream(question: Question):
    answer = await client.send(ask(question, True), stream=True)
    if answer.is_error and await answer.aread():
        return refusal(answer)
    headers = {"content-type": "text/event-stream", "cache-control": "no-cache, no-transform"}
    return StreamingResponse(frames(answer), headers=headers)


async def frames(answer: httpx.Response):
    try:
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                yield f"{line}\n\n"  # heartbeats and the queue position
            elif line.startswith("data: "):
                if message := simplified(line.removeprefix("data: ")):
                    yield f"data: {json.dumps(message)}\n\n"
    finally:
        await answer.aclose()  # runs when the client disconnects too, so that the server stops


def simplified(data: str):
    if data == "[DONE]":
        return {"done": True}
    chunk = json.loads(data)
    if "error" in chunk:
        return {"error": chunk["error"]["message"]}
    content = chunk["choices"][0]["delta"].get("content")
    return {"content": content} if content else None


@app.post("/chat")
async def chat(question: Question, request: Request):
    asking = asyncio.create_task(client.send(ask(question, False)))
    while not asking.done():
        await asyncio.wait([asking], timeout=0.1)
        if await request.is_disconnected():
            asking.cancel()  # closes the connection
            return JSONResponse({"error": "the client has left"}, 499)
    answer = asking.result()
    if answer.is_error:
        return refusal(answer)
    return {"content": answer.json()["choices"][0]["message"]["content"]}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", 3000)), log_level="warning")
