"""AIPerf measures two streams. Its tokenizer is usually downloaded: LiteLLM's package brings the same file."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from steps import MODEL, URL, expect, run


def stream():
    tokenizers = Path(find_spec("litellm").origin).parent / "litellm_core_utils/tokenizers"
    words = ["profile", "--model", MODEL, "--url", URL, "--endpoint-type", "chat", "--streaming"]
    words += ["--tokenizer", "builtin", "--request-count", "2", "--concurrency", "1", "--isl", "50", "--osl", "16"]
    program = [Path(sys.executable).parent / "aiperf", *words]
    env = {**os.environ, "TIKTOKEN_CACHE_DIR": str(tokenizers)}
    ended = subprocess.run(program, env=env, capture_output=True, text=True)
    expect(ended.returncode == 0, ended.stdout[-400:])


run(stream=stream)
