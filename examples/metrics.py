"""A streamed answer with its time to first token, total and tokens per second (OpenAI's SDK for Python).
Run: python examples/metrics.py
"""
import os
import time

from openai import OpenAI

url = os.environ.get("SLUICE_URL", "http://127.0.0.1:8080")
client = OpenAI(base_url=f"{url}/v1", api_key=os.environ.get("SLUICE_API_KEY", "none"))

start = time.perf_counter()
first_text = usage = None
stream = client.chat.completions.create(
    model=os.environ.get("SLUICE_MODEL", "builtin"),
    messages=[{"role": "user", "content": "Count from 1 to 100."}],
    max_tokens=200,
    temperature=0,
    stream=True,
    stream_options={"include_usage": True},  # sends token counts in a last chunk without choices
)
for chunk in stream:
    text = chunk.choices[0].delta.content if chunk.choices else None
    if text:
        first_text = first_text or time.perf_counter()
        print(text, end="", flush=True)
    usage = chunk.usage or usage
end = time.perf_counter()

if first_text is None or usage is None:
    raise SystemExit("\nFAILED: no text, or no usage")
print(f"\nfirst text   {1000 * (first_text - start):8.0f} ms")
print(f"total        {1000 * (end - start):8.0f} ms")
print(f"tokens       {usage.completion_tokens:8d}")
print(f"per second   {usage.completion_tokens / (end - start):8.0f}")
if first_text >= end:
    raise SystemExit("FAILED: the text came all at once")
