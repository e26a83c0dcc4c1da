"""Haystack's chat generators, through OpenAI's API or Ollama's (SLUICE_API)."""

import os

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
from haystack.dataclasses import ChatMessage  # noqa: E402
from haystack.tools import Tool  # noqa: E402
from haystack.utils import Secret  # noqa: E402
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, refused, run  # noqa: E402

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = Tool("get_weather", "The weather of a city", SCHEMA, function=lambda city: f"It is sunny in {city}.")


def generator(max_tokens=64, **options):
    if API == "ollama":
        from haystack_integrations.components.generators.ollama import OllamaChatGenerator

        return OllamaChatGenerator(
            model=MODEL, url=URL, generation_kwargs={"num_predict": max_tokens}, max_retries=0, **options
        )
    from haystack.components.generators.chat import OpenAIChatGenerator

    return OpenAIChatGenerator(
        api_key=Secret.from_token(KEY), model=MODEL, api_base_url=f"{URL}/v1",
        generation_kwargs={"max_tokens": max_tokens}, max_retries=0, **options,
    )


def ask(text, max_tokens=64, **options):
    return generator(max_tokens, **options).run([ChatMessage.from_user(text)])["replies"][0]


def prompt():
    expect(ask(ASK).text, "an answer")


def stream():
    chunks = []
    ask(ASK, streaming_callback=chunks.append)
    expect(len(chunks) > 1, "a streamed answer")


def tools():
    question = ChatMessage.from_user(ASK_WEATHER)
    choice = {} if API == "ollama" else {"tool_choice": "required"}
    reply = generator(tools=[TOOL]).run([question], generation_kwargs=choice)["replies"][0]
    if API == "ollama" and not reply.tool_calls:
        return print("the model did not call")  # Ollama's API cannot force a call
    call = reply.tool_calls[0]
    result = ChatMessage.from_tool(TOOL.invoke(**call.arguments), origin=call)
    after = generator().run([question, reply, result])["replies"][0]
    expect(after.text, "an answer after the result")


def stop():
    def leave(_):
        raise KeyboardInterrupt

    try:
        ask(ASK_LONG, 2000, streaming_callback=leave)
    except KeyboardInterrupt:
        pass


def overflow():
    refused(lambda: ask(TOO_LONG))


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
