"""LiteLLM, through each of the four APIs (SLUICE_API)."""

import litellm
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, first_of, refused, run

litellm.suppress_debug_info = True
TARGETS = {
    "openai": {"model": f"openai/{MODEL}", "api_base": f"{URL}/v1"},
    "anthropic": {"model": f"anthropic/{MODEL}", "api_base": URL},
    "gemini": {"model": f"gemini/{MODEL}", "api_base": f"{URL}/v1beta"},
    "ollama": {"model": f"ollama_chat/{MODEL}", "api_base": URL},
}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def complete(messages, **options):
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    options = {"max_tokens": 64, **options}
    return litellm.completion(messages=messages, api_key=KEY, num_retries=0, **TARGETS[API], **options)


def prompt():
    expect(complete(ASK).choices[0].message.content, "an answer")


def stream():
    text = "".join(chunk.choices[0].delta.content or "" for chunk in complete(ASK, stream=True))
    expect(text, "a streamed answer")


def tools():
    question = {"role": "user", "content": ASK_WEATHER}
    choice = {"type": "function", "function": {"name": "get_weather"}}
    message = complete([question], tools=[TOOL], tool_choice=choice).choices[0].message
    if API == "ollama" and not message.tool_calls:
        return print("the model did not call")  # LiteLLM cannot force a call there
    expect(message.tool_calls, "a tool call")
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "name": "get_weather", "content": "sunny"}
    answer = complete([question, message.model_dump(), result], tools=[TOOL]).choices[0].message
    expect(answer.content or answer.tool_calls, "an answer after the result")


def stop():
    first_of(complete(ASK_LONG, stream=True, max_tokens=2000))


def overflow():
    refused(lambda: complete(TOO_LONG), None if API == "ollama" else "ContextWindowExceededError")


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
