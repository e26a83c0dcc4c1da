"""What the programs here have in common: where the server is, the step to run, and how a step fails."""

import os
import sys

URL = os.environ["SLUICE_URL"]
MODEL = os.environ["SLUICE_MODEL"]
API = os.environ.get("SLUICE_API", "openai")
KEY = "none"
ASK = "Hello, who are you?"
ASK_LONG = "Count from 1 to 500, and write every number."
ASK_WEATHER = "What is the weather in Paris?"
TOO_LONG = "What is this? " + "The cat sat on the mat. " * 2000


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
    steps[sys.argv[1]]()
    sys.stdout.flush()
    os._exit(0)  # some libraries leave threads that wait
