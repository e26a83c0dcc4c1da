"""Instructor in its default mode, which forces a tool call."""

import instructor
from openai import OpenAI
from pydantic import BaseModel
from steps import ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, first_of, refused, run

client = instructor.from_openai(OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0))


class Weather(BaseModel):
    city: str


def options(text):
    return {
        "model": MODEL,
        "response_model": Weather,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": text}],
    }


def prompt():
    expect(client.chat.completions.create(**options(ASK_WEATHER)), "an object")


def stream():
    parts = list(client.chat.completions.create_partial(**options(ASK_WEATHER)))
    expect(parts, "a growing object")


def stop():
    first_of(client.chat.completions.create_partial(**options(ASK_WEATHER)), 1)


def overflow():
    refused(lambda: client.chat.completions.create(**options(TOO_LONG), max_retries=0))


run(prompt=prompt, stream=stream, tools=prompt, stop=stop, overflow=overflow)
