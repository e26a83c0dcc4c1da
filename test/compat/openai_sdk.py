"""What the official Python SDK of OpenAI can do with Sluice. Run against a running server:

    pip install openai            # or openai==1.12 with httpx<0.28, for the oldest still in use
    python test/compat/openai_sdk.py http://127.0.0.1:8080/v1

For a server with --api-key, set OPENAI_API_KEY. Prints a line for each check, and exits with 1 if one fails. Checks that an SDK is too old for are skipped.
"""
import json
import os
import sys

import openai
from openai import OpenAI

if sys.argv[1:2] in (["-h"], ["--help"]):
    print(__doc__)
    sys.exit(0)
base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080/v1"
key = os.environ.get("OPENAI_API_KEY", "none")
client = OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=60)
model = client.models.list().data[0].id
version = tuple(int(part) for part in openai.__version__.split(".")[:2])
failed = []

messages = [{"role": "user", "content": "What is the weather in Paris?"}]
plain = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 120}
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


def check(since=(1, 12)):
    def run(test):
        if version < since:
            print(f"skip  {test.__name__} (from openai {since[0]}.{since[1]})")
            return test
        try:
            test()
            print(f"ok    {test.__name__}")
        except Exception as error:  # every failure is printed and counted
            failed.append(test.__name__)
            print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}")
        return test

    return run


@check()
def chat():
    answer = client.chat.completions.create(**plain)
    assert answer.choices[0].message.content and answer.usage.prompt_tokens > 0


@check()
def streamed_equals_buffered():
    whole = client.chat.completions.create(**plain).choices[0].message.content
    parts = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(stream=True, **plain)]
    assert "".join(parts) == whole, (parts, whole)


@check()
def completion():
    answer = client.completions.create(model=model, prompt="One two", max_tokens=3, echo=True, logprobs=1)
    assert answer.choices[0].text.startswith("One two")
    assert answer.choices[0].logprobs.token_logprobs[0] is None


@check()
def tool_call():
    call = client.chat.completions.create(tools=tools, tool_choice="required", **plain).choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather" and "city" in json.loads(call.function.arguments)


@check()
def streamed_tool_call():
    name, arguments = None, ""
    for chunk in client.chat.completions.create(tools=tools, tool_choice="required", stream=True, **plain):
        for call in chunk.choices[0].delta.tool_calls or []:
            name = call.function.name or name
            arguments += call.function.arguments or ""
    assert name == "get_weather" and "city" in json.loads(arguments)


@check()
def tool_result():
    call = client.chat.completions.create(tools=tools, tool_choice="required", **plain).choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "18 degrees and sunny"}
    asked = [*messages, call, result]
    answer = client.chat.completions.create(**{**plain, "messages": asked}, tools=tools)
    assert "18" in (answer.choices[0].message.content or "")


@check()
def logprobs():
    answer = client.chat.completions.create(logprobs=True, top_logprobs=2, **plain)
    assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2


@check()
def choices():
    answer = client.chat.completions.create(n=2, **{**plain, "temperature": 1, "max_tokens": 10})
    assert [choice.index for choice in answer.choices] == [0, 1]


@check()
def embeddings():
    data = client.embeddings.create(model=model, input=["one", "two"]).data
    assert len(data) == 2 and len(data[0].embedding) > 0


@check()
def bad_request():
    try:
        client.chat.completions.create(**{**plain, "temperature": 9})
    except openai.BadRequestError as error:
        assert error.param == "temperature"
        return
    raise AssertionError("was not refused")


@check()
def unknown_model():
    try:
        client.chat.completions.create(**{**plain, "model": "no-such-model"})
    except openai.NotFoundError as error:
        assert error.code == "model_not_found"
        return
    raise AssertionError("was not refused")


@check(since=(1, 92))
def parse():
    from typing import Literal

    from pydantic import BaseModel

    class Thing(BaseModel):
        color: Literal["red", "green"]
        count: int

    answer = client.chat.completions.parse(response_format=Thing, **plain)
    assert isinstance(answer.choices[0].message.parsed, Thing)


@check(since=(1, 92))
def stream_helper():
    with client.chat.completions.stream(tools=tools, tool_choice="required", **plain) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "tool_calls"


@check(since=(1, 87))
def responses():
    asked = {"model": model, "input": "What is streaming?", "temperature": 0, "max_output_tokens": 60}
    whole = client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        numbers = [event.sequence_number for event in stream]
        final = stream.get_final_response()
    assert whole.output_text and final.output_text == whole.output_text, (whole, final)
    assert numbers == list(range(len(numbers))), numbers


@check(since=(1, 87))
def kept_responses():
    asked = {"model": model, "input": "What is streaming?", "temperature": 0, "max_output_tokens": 60}
    first = client.responses.create(**asked)
    second = client.responses.create(**asked, previous_response_id=first.id)
    said = client.responses.input_items.list(second.id, order="asc").data
    assert [item.role for item in said] == ["user", "assistant", "user"], said
    assert client.responses.retrieve(second.id).output_text == second.output_text
    client.responses.delete(first.id)
    try:
        client.responses.retrieve(first.id)
        raise AssertionError("it was deleted")
    except openai.NotFoundError:
        pass


@check(since=(1, 87))
def background_responses():
    asked = {"model": model, "input": "What is streaming?", "temperature": 0, "max_output_tokens": 60}
    whole = client.responses.create(**asked)
    numbers = []
    for event in client.responses.create(**asked, background=True, stream=True):
        if event.type == "response.created":
            response_id = event.response.id
        numbers.append(event.sequence_number)
        if len(numbers) == 8:
            break
    for event in client.responses.retrieve(response_id, stream=True, starting_after=numbers[-1]):
        numbers.append(event.sequence_number)
    assert numbers == list(range(len(numbers))), numbers
    assert event.response.output_text == whole.output_text, event
    endless = client.responses.create(**{**asked, "max_output_tokens": 3000}, background=True, extra_body={"ignore_eos": True})
    assert client.responses.cancel(endless.id).status == "cancelled"


print(f"openai {openai.__version__}: {len(failed)} failed")
sys.exit(1 if failed else 0)
