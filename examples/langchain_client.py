"""LangChain for Python: a streaming chain, a streamed tool call, and an answer that follows a JSON schema.
Run: python examples/langchain_client.py
"""
import os

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

url = os.environ.get("SLUICE_URL", "http://127.0.0.1:8080")
model = ChatOpenAI(
    model=os.environ.get("SLUICE_MODEL", "builtin"),
    api_key=os.environ.get("SLUICE_API_KEY", "none"),
    base_url=f"{url}/v1",
    max_tokens=120,
    temperature=0,
    max_retries=0,
)

print("-- a chain")
chain = ChatPromptTemplate.from_messages([("user", "What is {topic}?")]) | model | StrOutputParser()
pieces = 0
for text in chain.stream({"topic": "streaming"}):
    print(text, end="", flush=True)
    pieces += 1
assert pieces > 3, "the answer came all at once"


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city"""
    return f"21 degrees and sunny in {city}"


print("\n-- a tool")
question = {"role": "user", "content": "What is the weather in Paris?"}
with_tool = model.bind_tools([get_weather])
message = None  # the sum of all chunks
for chunk in with_tool.stream([question]):
    message = chunk if message is None else message + chunk
[call] = message.tool_calls
assert call["args"] == {"city": "Paris"}, call
result = get_weather.invoke(call)
answer = with_tool.invoke([question, message, result])
print(call["name"], call["args"], "->", result.content, "->", answer.content)
assert answer.content, "the answer has no text"


class Person(BaseModel):
    name: str = Field(max_length=30)
    age: int = Field(ge=0, le=150)
    city: str = Field(max_length=30)


print("-- a schema")
structured = model.with_structured_output(Person, method="json_schema")
anna = structured.invoke("Turn this into JSON: Anna is 31 years old and lives in Oslo.")
print(repr(anna))
assert anna.name == "Anna", anna
