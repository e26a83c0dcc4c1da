// Runs the code of "Show request" against fakes of curl and the openai packages, which return what was sent.
// Plain JavaScript, because the page's type configuration has no Node types.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const KEY = "sk-'\"$x";

const FAKE_NODE_PACKAGE = `
export default class OpenAI {
  constructor(options) { this.options = options; }
  chat = { completions: { create: async (body) => {
    console.log(JSON.stringify({ options: this.options, body }));
    const message = { content: "ok" };
    return body.stream
      ? (async function* () { yield { choices: [{ delta: message }] }; yield { choices: [] }; })()
      : { choices: [{ message }] };
  } } };
}
`;

const FAKE_PYTHON_PACKAGE = `
import json
from types import SimpleNamespace as Space

class OpenAI:
    def __init__(self, **options):
        def create(model, messages, **more):
            body = {"model": model, "messages": messages, **more}
            print(json.dumps({"options": options, "body": body}))
            message = Space(content="ok", tool_calls=None)
            if body.get("stream"):
                return iter([Space(choices=[Space(delta=message)]), Space(choices=[])])
            return Space(choices=[Space(message=message)])
        self.chat = Space(completions=Space(create=create))
`;

/** @returns the arguments passed to `curl` */
export function runShell(code) {
  const script = `curl() { for each in "$@"; do printf '%s\\0' "$each"; done; }\n${code}`;
  const given = execFileSync("sh", ["-c", script], { encoding: "utf8", env: environment() });
  return given.split("\0").slice(0, -1);
}

/** @returns the client's options, the body, and what the code printed */
export function runNode(code) {
  return inFolder((folder) => {
    const home = path.join(folder, "node_modules/openai");
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, "package.json"), '{"type": "module", "exports": "./index.js"}');
    writeFileSync(path.join(home, "index.js"), FAKE_NODE_PACKAGE);
    writeFileSync(path.join(folder, "request.mjs"), code);
    return outcome(run(process.execPath, folder, "request.mjs"));
  });
}

export function runPython(code) {
  return inFolder((folder) => {
    writeFileSync(path.join(folder, "openai.py"), FAKE_PYTHON_PACKAGE);
    writeFileSync(path.join(folder, "request.py"), code);
    return outcome(run("python3", folder, "request.py"));
  });
}

export function hasPython() {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function run(command, cwd, file) {
  return execFileSync(command, [file], { cwd, encoding: "utf8", env: environment() });
}

function environment() {
  return { ...process.env, SLUICE_API_KEY: KEY, PYTHONUTF8: "1", NODE_OPTIONS: "" };
}

function outcome(printed) {
  const [first = "", ...rest] = printed.split("\n");
  return { ...JSON.parse(first), printed: rest.join("\n") };
}

function inFolder(action) {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-request-code-"));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
