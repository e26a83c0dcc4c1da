// Runs the steps of one client: a prompt and its stream, a tool loop, a stop, an overflow.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Client, STEPS, type Step, type StepResult, type Target } from "./client.ts";
import { CACHE, type Installed } from "./install.ts";
import {
  failed,
  judgeOverflow,
  judgePrompt,
  judgeStream,
  judgeTools,
  type Outcome,
  ok,
} from "./judge.ts";
import type { RecordingProxy } from "./proxy.ts";
import { lastLines, type RunningProgram, runProgram } from "./run-program.ts";

export type Place = {
  readonly client: Client;
  readonly installed: Installed;
  readonly nodeBin: string;
  /** In front of the server. */
  readonly proxy: RecordingProxy;
  /** In front of one with a small context; null: agents skip the overflow. */
  readonly smallProxy: RecordingProxy | null;
  readonly model: string;
  readonly context: number;
  readonly limitMs: number;
  readonly report: (step: Step, result: StepResult) => void;
};

type Results = Partial<Record<Step, StepResult>>;

const PROGRAMS = path.join(import.meta.dirname, "programs");
const STOP_MS = 10_000;
const SMALL_CONTEXT = 4096;
const ASK = "Hello, who are you?";
const ASK_TOOL = "What files are here?";
const ASK_LONG = "Count from 1 to 500, and write every number.";
/** More than the small context holds, and short enough for an argument. */
const TOO_LONG = `What is this? ${"The cat sat on the mat. ".repeat(2_000)}`;

export async function runSteps(place: Place): Promise<Results> {
  const home = mkdtempSync(path.join(CACHE, `home-${place.client.id}-`));
  try {
    return place.client.prompt ? await runAgent(place, home) : await runFramework(place, home);
  } finally {
    await delay(1_000); // its children end
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runAgent(place: Place, home: string): Promise<Results> {
  const { client, report } = place;
  const results: Results = {};
  const note = (step: Step, result: StepResult) => {
    results[step] = result;
    report(step, result);
  };
  const has = (step: Step) => client.steps?.includes(step) ?? true;
  const target = targetOf(place, place.proxy, home);
  await prepare(place, target);
  const first = await ask(place, target, ASK);
  note("prompt", judgePrompt(first));
  note("stream", judgeStream(first));
  if (client.tools) note("tools", judgeTools(await ask(place, target, ASK_TOOL, client.tools)));
  if (has("stop")) {
    const canStop = results.prompt?.state === "ok";
    note("stop", canStop ? await stopAgent(place, target) : { state: "-", note: "no answer" });
  }
  const { smallProxy } = place;
  if (!has("overflow") || smallProxy === null) return results;
  const small = targetOf(place, smallProxy, home, SMALL_CONTEXT);
  await prepare(place, small);
  note("overflow", judgeOverflow(await ask(place, small, TOO_LONG, [], smallProxy)));
  return results;
}

/** A program of ours around a library: it runs all steps itself, and prints a line for each. */
async function runFramework(place: Place, home: string): Promise<Results> {
  const results: Results = {};
  const target = targetOf(place, place.proxy, home);
  await prepare(place, target);
  place.proxy.begin([]);
  const { code, isLate, output } = await outcomeOf(start(place, target, []), place.proxy);
  for (const [, line = ""] of output.matchAll(/^(\{"step":.*\})$/gm)) {
    const { step, state, note } = JSON.parse(line) as StepResult & { step: Step };
    const kindOfError = note.split(":")[0] ?? "";
    results[step] = { state, note: state === "ok" ? kindOfError : note };
    place.report(step, results[step]);
  }
  if (code === 0) return results;
  const reason = isLate ? "still running at the limit" : `ended with ${code}`;
  const next = (place.client.steps ?? STEPS).find((step) => results[step] === undefined);
  if (next) {
    results[next] = failed(`${reason}\n${lastLines(output)}`);
    place.report(next, results[next]);
  }
  return results;
}

function targetOf(
  place: Place,
  proxy: RecordingProxy,
  home: string,
  context = place.context,
): Target {
  return { url: proxy.url, model: place.model, context, home };
}

async function prepare(place: Place, target: Target): Promise<void> {
  const { client } = place;
  const work = path.join(target.home, "work");
  mkdirSync(work, { recursive: true });
  writeFileSync(path.join(work, "hello.txt"), "Hello from the file.\n");
  for (const [name, text] of Object.entries(client.files?.(target) ?? {})) {
    const file = path.join(target.home, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (client.setup) await start({ ...place, limitMs: 60_000 }, target, client.setup(target)).ended;
}

function start(place: Place, target: Target, args: readonly string[]): RunningProgram {
  const { client, installed, nodeBin, limitMs } = place;
  const isOurs = /\.(py|mjs)$/.test(client.program);
  const interpreter = client.program.endsWith(".py")
    ? path.join(installed.bin, "python")
    : path.join(nodeBin, "node");
  return runProgram({
    file: isOurs ? interpreter : path.join(installed.bin, client.program),
    args: isOurs ? [path.join(PROGRAMS, client.program), ...args] : args,
    cwd: path.join(target.home, "work"),
    env: {
      PATH: `${installed.bin}:${nodeBin}:/usr/local/bin:/usr/bin:/bin`,
      HOME: target.home,
      XDG_CONFIG_HOME: path.join(target.home, ".config"),
      LANG: "C.UTF-8",
      TERM: "dumb",
      PYTHONUNBUFFERED: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      SLUICE_URL: target.url,
      SLUICE_MODEL: target.model,
      SLUICE_CONTEXT: String(target.context),
      MODULES: path.dirname(installed.bin),
      ...client.env?.(target),
    },
    limitMs,
  });
}

async function ask(
  place: Place,
  target: Target,
  text: string,
  tools: readonly string[] = [],
  proxy = place.proxy,
): Promise<Outcome> {
  proxy.begin(tools);
  return outcomeOf(start(place, target, place.client.prompt?.(text, target) ?? []), proxy);
}

async function outcomeOf(run: RunningProgram, proxy: RecordingProxy): Promise<Outcome> {
  const { code, isLate } = await run.ended;
  return { exchanges: [...proxy.exchanges()], output: run.output(), code, isLate };
}

/** Ctrl-C as soon as the answer has begun: then the server has nothing left to do. */
async function stopAgent(place: Place, target: Target): Promise<StepResult> {
  place.proxy.begin([]);
  const args = place.client.prompt?.(ASK_LONG, target) ?? [];
  const run = start(place, target, args);
  const isOver = { value: false };
  void run.ended.then(() => {
    isOver.value = true;
  });
  while (
    !isOver.value &&
    !place.proxy.exchanges().some(({ answer }) => /delta|"text"|"message"|"content"/.test(answer))
  )
    await delay(20);
  const wasRunning = place.proxy
    .exchanges()
    .some(({ isEnded, status }) => status === 200 && !isEnded);
  run.interrupt();
  const late = delay(STOP_MS).then(() => "late" as const);
  const hasEnded = (await Promise.race([run.ended, late])) !== "late";
  run.kill();
  const idle = await untilIdle(place.proxy.url, hasEnded ? "" : "Ctrl-C alone did not end it");
  return wasRunning || idle.state === "FAILED" ? idle : ok("the answer ended before the stop");
}

/** The server must have no request left. */
async function untilIdle(url: string, note: string): Promise<StepResult> {
  const end = performance.now() + STOP_MS;
  while (performance.now() < end) {
    const { data } = (await (await fetch(`${url}/v1/requests`)).json()) as { data: unknown[] };
    if (data.length === 0) return ok(note);
    await delay(100);
  }
  return failed("the server's request did not end");
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
