"""lm-evaluation-harness: a task of two questions, asked through Chat Completions."""

import json
import os
import subprocess
import sys
from pathlib import Path

from steps import KEY, MODEL, URL, expect, run

HOME = Path(os.environ["HOME"])
TASK = """task: sluice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 32}}
metric_list: [{{metric: exact_match}}]
"""


def prompt():
    data = HOME / "questions.jsonl"
    rows = [{"question": "Hello, who are you?", "answer": "a model"}, {"question": "Count to 3.", "answer": "1, 2, 3"}]
    data.write_text("\n".join(map(json.dumps, rows)))
    (HOME / "sluice.yaml").write_text(TASK.format(data=data))
    options = f"model={MODEL},base_url={URL}/v1/chat/completions,num_concurrent=1,max_retries=1"
    words = ["run", "--model", "local-chat-completions", "--model_args", options, "--tasks", "sluice"]
    words += ["--include_path", HOME, "--apply_chat_template", "--output_path", HOME / "results"]
    env = {**os.environ, "OPENAI_API_KEY": KEY, "HF_HUB_OFFLINE": "1"}
    program = [Path(sys.executable).parent / "lm_eval", *words]
    ended = subprocess.run(program, env=env, capture_output=True, text=True)
    expect(ended.returncode == 0, (ended.stdout + ended.stderr)[-400:])
    expect("exact_match" in ended.stdout, "a score")


run(prompt=prompt)
