"""Inspect evaluates one sample, through SLUICE_API (openai, anthropic or gemini)."""

import os

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import ToolFunction, tool
from steps import API, ASK, ASK_WEATHER, KEY, MODEL, TOO_LONG, URL, expect, run

NAMES = {
    "openai": (f"openai-api/sluice/{MODEL}", f"{URL}/v1"),
    "anthropic": (f"anthropic/{MODEL}", URL),
    "gemini": (f"google/{MODEL}", URL),
}


@tool
def get_weather():
    async def execute(city: str):
        """The weather of a city.

        Args:
            city: its name
        """
        return f"It is sunny in {city}."

    return execute


def evaluate(text, solver):
    name, base_url = NAMES[API]
    model = get_model(name, base_url=base_url, api_key=KEY, config=GenerateConfig(max_tokens=64, max_retries=0))
    task = Task(dataset=[Sample(input=text, target="sunny")], solver=solver, scorer=includes())
    return eval(task, model=model, display="none", log_dir=os.environ["HOME"])[0]


def prompt():
    log = evaluate(ASK, [generate()])
    expect(log.status == "success", log.error and log.error.message)


def tools():
    log = evaluate(ASK_WEATHER, [use_tools(get_weather(), tool_choice=ToolFunction("get_weather")), generate()])
    expect(log.status == "success", log.error and log.error.message)
    expect(any(each.role == "tool" for each in log.samples[0].messages), "a tool call")


def overflow():
    log = evaluate(TOO_LONG, [generate()])
    expect(log.samples, log.error and log.error.message)
    output = log.samples[0].output
    print(f"{log.status}, stop reason {output.stop_reason}: {(log.error and log.error.message) or output.completion}"[:300])
    expect(output.stop_reason == "model_length", "stop reason model_length")


run(prompt=prompt, tools=tools, overflow=overflow)
