"""LiteLLM: the same code for Sluice's OpenAI and Anthropic APIs, with a streamed answer and a tool call.
Run: python examples/litellm_client.py
"""
import json
import os

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # do not download the price list
import litellm

litellm.suppress_debug_info = True

url = os.environ.get("SLUICE_URL", "http://127.0.0.1:8080")
model = os.environ.get("SLUICE_MODEL", "builtin")
api_key = os.environ.get("SLUICE_API_KEY", "none")
providers = {"openai": f"{url}/v1", "anthropic": url}


def ask(provider: str, content: str, **more):
    return litellm.completion(
        model=f"{provider}/{model}",
        api_base=providers[provider],
        api_key=api_key,
        messages=[{"role": "user", "content": content}],
        max_tokens=120,
        temperature=0,
        **more,
    )


for provider in providers:
    print(f"-- {provider}")
    pieces = 0
    for chunk in ask(provider, "What is streaming?", stream=True):
        text = chunk.choices[0].delta.content or ""
        print(text, end="", flush=True)
        pieces += text != ""
    print()
    assert pieces > 3, "the answer came all at once"

    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = {"name": "get_weather", "description": "Get the weather of a city", "parameters": parameters}
    answer = ask(provider, "What is the weather in Paris?", tools=[{"type": "function", "function": function}])
    [call] = answer.choices[0].message.tool_calls
    print(call.function.name, call.function.arguments)
    assert json.loads(call.function.arguments) == {"city": "Paris"}
