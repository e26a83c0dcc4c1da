"""OpenAI Agents, through Responses or Chat Completions (SLUICE_API is responses or openai)."""

import asyncio

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, refused, run

set_tracing_disabled(True)


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


def agent(max_tokens=64, tools=(), **settings):
    client = AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
    kind = OpenAIResponsesModel if API == "responses" else OpenAIChatCompletionsModel
    return Agent(
        name="sluice",
        model=kind(MODEL, client),
        tools=list(tools),
        model_settings=ModelSettings(max_tokens=max_tokens, **settings),
    )


def prompt():
    expect(Runner.run_sync(agent(), ASK).final_output, "an answer")


def stream():
    async def read():
        result = Runner.run_streamed(agent(), ASK)
        deltas = [event async for event in result.stream_events() if event.type == "raw_response_event"]
        expect(deltas and result.final_output, "a streamed answer")

    asyncio.run(read())


def tools():
    result = Runner.run_sync(agent(tools=[get_weather], tool_choice="required"), ASK_WEATHER, max_turns=6)
    expect(any(each.type == "tool_call_output_item" for each in result.new_items), "a tool call")
    expect(result.final_output, "an answer after the result")


def stop():
    async def read():
        result = Runner.run_streamed(agent(2000), ASK_LONG)
        async for event in result.stream_events():
            if event.type == "raw_response_event" and "delta" in str(event.data.type):
                result.cancel()
        await asyncio.sleep(1)

    asyncio.run(read())


def overflow():
    refused(lambda: Runner.run_sync(agent(), TOO_LONG))


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
