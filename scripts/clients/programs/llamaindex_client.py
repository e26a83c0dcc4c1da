"""LlamaIndex, through OpenAI's API or Ollama's (SLUICE_API)."""

from llama_index.core.tools import FunctionTool
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, first_of, refused, run


def llm(max_tokens=64):
    if API == "ollama":
        from llama_index.llms.ollama import Ollama

        return Ollama(model=MODEL, base_url=URL, additional_kwargs={"num_predict": max_tokens})
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        model=MODEL, api_base=f"{URL}/v1", api_key=KEY, max_tokens=max_tokens,
        is_chat_model=True, is_function_calling_model=True, max_retries=0,
    )


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


def prompt():
    expect(llm().complete(ASK).text, "an answer")


def stream():
    expect("".join(chunk.delta or "" for chunk in llm().stream_complete(ASK)), "a streamed answer")


def tools():
    tool = FunctionTool.from_defaults(get_weather)
    result = llm().predict_and_call([tool], user_msg=ASK_WEATHER, tool_required=True)
    expect("sunny" in str(result), f"a tool call: {result}")


def stop():
    first_of(llm(2000).stream_complete(ASK_LONG))


def overflow():
    refused(lambda: llm().complete(TOO_LONG))


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
