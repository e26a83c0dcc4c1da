"""What the official Python client of Ollama can do with Sluice. Run against a running server:

    pip install ollama     # or ollama==0.4.0, for the oldest that embeds and calls tools as today
    python test/compat/ollama_sdk.py http://127.0.0.1:8080

Prints a line for each check, and exits with 1 if one fails. Checks that a client is too old for are skipped.
"""
import json
import sys
from importlib.metadata import version as version_of

import ollama

base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
client = ollama.Client(host=base_url, timeout=60)
version = tuple(int(part) for part in version_of("ollama").split(".")[:2])
failed = []

model = client.list()["models"][0]["model"]
messages = [{"role": "user", "content": "What is the weather in Paris?"}]
options = {"num_predict": 120, "temperature": 0, "seed": 1, "num_ctx": 2048}
plain = {"model": model, "messages": messages, "options": options}
tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def check(since=(0, 4)):
    def run(test):
        if version < since:
            print(f"skip  {test.__name__} (from ollama {since[0]}.{since[1]})")
            return test
        try:
            test()
            print(f"ok    {test.__name__}")
        except Exception as error:  # every failure is printed and counted
            failed.append(test.__name__)
            print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}")
        return test

    return run


def refused(call):
    try:
        call()
    except ollama.ResponseError as error:
        return error
    raise AssertionError("was not refused")


@check()
def chat():
    answer = client.chat(**plain)
    assert answer["done"] and answer["done_reason"] == "stop" and answer["message"]["content"]
    assert answer["eval_count"] > 0 and answer["prompt_eval_count"] > 0 and answer["total_duration"] > 1000


@check()
def streamed_equals_whole():
    whole = client.chat(**plain)["message"]["content"]
    parts = list(client.chat(stream=True, **plain))
    assert "".join(part["message"]["content"] or "" for part in parts) == whole
    assert parts[-1]["done"] and not parts[0]["done"]


@check()
def length():
    answer = client.chat(**{**plain, "options": {**options, "num_predict": 2}})
    assert (answer["done_reason"], answer["eval_count"]) == ("length", 2)


@check(since=(0, 5))
def json_schema():
    schema = {"type": "object", "properties": {"color": {"enum": ["red", "green"]}}, "required": ["color"]}
    answer = client.chat(**plain, format=schema)
    assert json.loads(answer["message"]["content"])["color"] in ("red", "green")


@check()
def tool_call_and_its_result():
    called = client.chat(tools=tools, **plain)
    call = called["message"]["tool_calls"][0]["function"]
    assert call["name"] == "get_weather" and "city" in call["arguments"]
    result = {"role": "tool", "content": "18 degrees and sunny", "tool_name": "get_weather"}
    asked = [*messages, called["message"], result]
    answer = client.chat(**{**plain, "messages": asked}, tools=tools)
    assert answer["message"]["content"]


@check()
def streamed_tool_call():
    parts = list(client.chat(tools=tools, stream=True, **plain))
    calls = [call for part in parts for call in part["message"].get("tool_calls") or []]
    assert len(calls) == 1 and "city" in calls[0]["function"]["arguments"]


@check()
def function_as_a_tool():
    def get_weather(city: str) -> str:
        """Get the weather of a city.

        Args:
          city: Its name
        """
        return f"sunny in {city}"

    answer = client.chat(tools=[get_weather], **plain)
    assert answer.message.tool_calls[0].function.name == "get_weather"


@check(since=(0, 5))
def thinking():
    asked = [{"role": "user", "content": "What is 2 + 3?"}]
    wish = {**plain, "messages": asked, "options": {**options, "num_predict": 300}}
    answer = client.chat(think=True, **wish)
    assert answer.message.thinking and "think>" not in answer.message.content
    assert not client.chat(think=False, **wish).message.thinking


@check(since=(0, 6))
def logprobs():
    answer = client.chat(logprobs=True, top_logprobs=2, **plain)
    assert answer.logprobs and len(answer.logprobs[0].top_logprobs) == 2


@check()
def generate():
    wish = {"model": model, "prompt": "What is streaming?", "system": "Be brief.", "options": options}
    whole = client.generate(**wish)["response"]
    assert whole and "".join(part["response"] for part in client.generate(stream=True, **wish)) == whole


@check()
def load():
    assert client.generate(model=model)["done_reason"] == "load"
    assert client.chat(model=model, keep_alive=0)["done_reason"] == "unload"


@check()
def embed():
    answer = client.embed(model=model, input=["The cat sat on the mat.", "Paris is in France."])
    assert len(answer["embeddings"]) == 2
    assert abs(sum(value * value for value in answer["embeddings"][0]) - 1) < 1e-3
    assert len(client.embeddings(model=model, prompt="A cat")["embedding"]) == len(answer["embeddings"][0])


@check()
def models():
    assert client.ps()["models"][0]["model"] == model
    shown = client.show(model)
    assert shown.details.format == "gguf"
    family = shown.modelinfo["general.architecture"]
    assert shown.modelinfo[f"{family}.context_length"] > 0


@check(since=(0, 5))
def capabilities():
    assert {"completion", "tools", "thinking"} <= set(client.show(model).capabilities)


@check()
def pull():
    assert client.pull(model)["status"] == "success"
    lines = [part["status"] for part in client.pull(model, stream=True)]
    assert lines == ["pulling manifest", "success"]
    assert "short name" in refused(lambda: client.pull("no-such")).error
    assert refused(lambda: client.delete(model)).status_code == 400


@check()
def bad_requests():
    hot = refused(lambda: client.chat(**{**plain, "options": {"temperature": 5}}))
    assert hot.status_code == 400 and "options.temperature" in hot.error
    assert refused(lambda: client.chat(**{**plain, "model": "no-such-model"})).status_code == 404
    long = {**plain, "messages": [{"role": "user", "content": "word " * 6000}]}
    assert refused(lambda: list(client.chat(stream=True, **long))).status_code == 400


@check()
def leaving_a_stream():
    stream = client.chat(stream=True, **{**plain, "options": {"num_predict": 4000}})
    next(stream)
    stream.close()
    assert client.chat(**plain)["done"]


print(f"ollama {version_of('ollama')}: {len(failed)} failed")
sys.exit(1 if failed else 0)
