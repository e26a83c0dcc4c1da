"""What the official Python SDK of Anthropic can do with Sluice. Run against a running server:

    pip install anthropic pydantic     # or anthropic==0.18 with httpx<0.28, for the oldest still in use
    python test/compat/anthropic_sdk.py http://127.0.0.1:8080

Prints a line for each check, and exits with 1 if one fails. Checks that an SDK is too old for are skipped.
"""
import json
import sys
from urllib.request import urlopen

import anthropic
from anthropic import Anthropic

base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
client = Anthropic(base_url=base_url, api_key="none", max_retries=0, timeout=60)
model = json.load(urlopen(f"{base_url}/v1/models"))["data"][0]["id"]
version = tuple(int(part) for part in anthropic.__version__.split(".")[:2])
failed = []

messages = [{"role": "user", "content": "What is the weather in Paris?"}]
# Sent as further fields of the body, because the newest SDKs have no argument for it.
cold = {"extra_body": {"temperature": 0}}
plain = {"model": model, "messages": messages, "max_tokens": 120, **cold}
tools = [
    {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
call_now = {"tools": tools, "tool_choice": {"type": "any"}}


def check(since=(0, 18)):
    def run(test):
        if version < since:
            print(f"skip  {test.__name__} (from anthropic {since[0]}.{since[1]})")
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
def create():
    answer = client.messages.create(system="Be brief.", **plain)
    assert answer.type == "message" and answer.content[0].text and answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0


@check()
def streamed_equals_buffered():
    whole = client.messages.create(**plain).content[0].text
    events = list(client.messages.create(stream=True, **plain))
    parts = [event.delta.text for event in events if event.type == "content_block_delta"]
    assert "".join(parts) == whole, (parts, whole)
    assert events[0].type == "message_start" and events[-1].type == "message_stop"


@check()
def stream_helper():
    with client.messages.stream(**plain) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text and final.content[0].text == text and final.stop_reason == "end_turn"


@check()
def stop_sequence():
    whole = client.messages.create(**plain).content[0].text
    word = whole.split()[1]
    answer = client.messages.create(stop_sequences=[word], **plain)
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", word)


@check()
def prefill():
    begun = [*messages, {"role": "assistant", "content": "The weather in"}]
    answer = client.messages.create(**{**plain, "messages": begun, "max_tokens": 5})
    assert answer.stop_reason in ("max_tokens", "end_turn")


@check()
def bad_request():
    try:
        client.messages.create(**{**plain, "max_tokens": 0})
    except anthropic.BadRequestError as error:
        assert error.body["error"]["param"] == "max_tokens"
        return
    raise AssertionError("was not refused")


@check()
def unknown_model():
    try:
        client.messages.create(**{**plain, "model": "no-such-model"})
    except anthropic.NotFoundError as error:
        assert error.body["error"]["type"] == "not_found_error"
        return
    raise AssertionError("was not refused")


@check(since=(0, 30))
def tool_call():
    answer = client.messages.create(**call_now, **plain)
    assert answer.stop_reason == "tool_use"
    assert answer.content[0].name == "get_weather" and "city" in answer.content[0].input


@check(since=(0, 30))
def streamed_tool_call():
    with client.messages.stream(**call_now, **plain) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use" and "city" in final.content[0].input


@check(since=(0, 30))
def tool_result():
    call = client.messages.create(**call_now, **plain)
    result = {"type": "tool_result", "tool_use_id": call.content[0].id, "content": "18 degrees and sunny"}
    asked = [*messages, {"role": "assistant", "content": call.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(**{**plain, "messages": asked}, tools=tools)
    assert "18" in answer.content[0].text


@check(since=(0, 41))
def count_tokens():
    count = client.messages.count_tokens(model=model, messages=messages)
    usage = client.messages.create(**{**plain, "max_tokens": 1}).usage
    assert count.input_tokens == usage.input_tokens + usage.cache_read_input_tokens


@check(since=(0, 49))
def thinking():
    asked = [{"role": "user", "content": "What is 2 + 3?"}]
    with client.messages.stream(
        **{**plain, "messages": asked, "max_tokens": 2000}, thinking={"type": "enabled", "budget_tokens": 1024}
    ) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"], final.content


@check(since=(0, 77))
def parse():
    from typing import Literal

    from pydantic import BaseModel

    class Thing(BaseModel):
        color: Literal["red", "green"]
        is_big: bool

    answer = client.messages.parse(output_format=Thing, **plain)
    assert isinstance(answer.parsed_output, Thing)


@check(since=(0, 77))
def tool_runner():
    from anthropic import beta_tool

    asked = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Get the weather of a city."""
        asked.append(city)
        return "18 degrees and sunny"

    answer = client.beta.messages.tool_runner(tools=[get_weather], **plain).until_done()
    assert len(asked) == 1 and "18" in answer.content[0].text


print(f"anthropic {anthropic.__version__}: {len(failed)} failed")
sys.exit(1 if failed else 0)
