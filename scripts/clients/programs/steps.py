"""What the programs here have in common: where the server is, how its steps are run, and how one fails."""

import contextlib
import gc
import io
import json
import os
import sys
import time
import urllib.request

URL = os.environ["SLUICE_URL"]
MODEL = os.environ["SLUICE_MODEL"]
API = os.environ.get("SLUICE_API", "openai")
KEY = "none"
ASK = "Hello, who are you?"
ASK_LONG = "Count from 1 to 500, and write every number."
ASK_WEATHER = "What is the weather in Paris?"
TOO_LONG = "What is this? " + "The cat sat on the mat. " * (int(os.environ["SLUICE_CONTEXT"]) // 4)


def expect(is_true, what):
    if not is_true:
        sys.exit(f"FAILED: {what}")


def first_of(stream, count=3):
    """Reads the beginning of a stream, then closes it."""
    for number, chunk in enumerate(stream, 1):
        if number == count:
            break
    close = getattr(stream, "close", None)
    if close:
        close()


def refused(call, wanted=None):
    """The call must fail with an error of that name; prints what a user of the library reads."""
    try:
        call()
    except Exception as error:
        print(f"{type(error).__name__}: {error}".replace("\n", " ")[:400])
        names = [each.__name__ for each in type(error).__mro__]
        expect(wanted is None or wanted in names, f"expected {wanted}")
        return
    sys.exit("FAILED: the prompt was not refused")


def run(**steps):
    """Runs every step, and prints one line of JSON for each."""
    for name, step in steps.items():
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                step()
            gc.collect()  # some libraries close a connection only then
            if name == "stop":
                wait_until_idle()
            report(name, "ok", said.getvalue())
        except (Exception, SystemExit) as error:
            report(name, "FAILED", f"{said.getvalue()}{type(error).__name__}: {error}")
    os._exit(0)  # some libraries leave threads that wait


def wait_until_idle():
    """The server must have nothing left to do."""
    for _ in range(100):
        with urllib.request.urlopen(f"{URL}/v1/requests") as answer:
            if not json.load(answer)["data"]:
                return
        time.sleep(0.1)
    sys.exit("the server's request did not end")


def report(step, state, note):
    print(json.dumps({"step": step, "state": state, "note": note.strip()[:400]}), flush=True)
