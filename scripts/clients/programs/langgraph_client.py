"""LangChain's chat models in a LangGraph loop, through each of the four APIs (SLUICE_API)."""

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.graph import MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from steps import API, ASK, ASK_LONG, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, first_of, refused, run


def chat(max_tokens=64):
    if API == "openai":
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(model=MODEL, base_url=f"{URL}/v1", api_key=KEY, max_tokens=max_tokens, max_retries=0)
    if API == "anthropic":
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model=MODEL, base_url=URL, api_key=KEY, max_tokens=max_tokens, max_retries=0)
    if API == "gemini":
        from langchain_google_genai import ChatGoogleGenerativeAI

        return ChatGoogleGenerativeAI(
            model=MODEL, base_url=URL, google_api_key=KEY, max_output_tokens=max_tokens, max_retries=1
        )
    from langchain_ollama import ChatOllama

    return ChatOllama(model=MODEL, base_url=URL, num_predict=max_tokens)


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


def prompt():
    expect(chat().invoke(ASK).text, "an answer")


def stream():
    expect("".join(chunk.text for chunk in chat().stream(ASK)), "a streamed answer")


def tools():
    def model(state):
        is_first = isinstance(state["messages"][-1], HumanMessage)
        options = {"tool_choice": "get_weather"} if is_first else {}
        return {"messages": [chat().bind_tools([get_weather], **options).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode([get_weather]))
    graph.set_entry_point("model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    messages = graph.compile().invoke({"messages": [("user", ASK_WEATHER)]}, {"recursion_limit": 9})["messages"]
    expect(any(each.type == "tool" for each in messages), "a tool call")
    expect(messages[-1].text, "an answer after the result")


def stop():
    first_of(chat(2000).stream(ASK_LONG))


def overflow():
    refused(lambda: chat().invoke(TOO_LONG), None if API == "ollama" else "ContextOverflowError")


run(prompt=prompt, stream=stream, tools=tools, stop=stop, overflow=overflow)
