"""Pydantic AI: its default output is a forced tool call (SLUICE_API is openai, anthropic or gemini)."""

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, refused, run


class Weather(BaseModel):
    city: str


def model():
    if API == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(MODEL, provider=AnthropicProvider(base_url=URL, api_key=KEY))
    if API == "gemini":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        return GoogleModel(MODEL, provider=GoogleProvider(base_url=URL, api_key=KEY))
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=f"{URL}/v1", api_key=KEY))


def agent(max_tokens=64, **options):
    return Agent(model(), model_settings={"max_tokens": max_tokens}, **options)


def prompt():
    expect(agent().run_sync(ASK).output, "an answer")


def stream():
    async def read():
        async with agent().run_stream(ASK) as result:
            return "".join([text async for text in result.stream_text(delta=True)])

    expect(asyncio.run(read()), "a streamed answer")


def tools():
    expect(isinstance(agent(output_type=Weather, retries=3).run_sync(ASK_WEATHER).output, Weather), "a call")


def stop():
    async def read():
        async with agent(2000).run_stream(ASK_LONG) as result:
            async for _ in result.stream_text(delta=True):
                break

    asyncio.run(read())


def overflow():
    refused(lambda: agent().run_sync(TOO_LONG))


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
