// A conversation that continues after a restart of the server, and after the worker was killed: is its prompt read again?

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CaseOptions, Figures, StandaloneCase, Target } from "../../src/bench/case.ts";
import { BenchChat, computedTokens } from "../../src/bench/clients/bench-chat.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import type { StreamResult } from "../../src/bench/clients/stream-client.ts";
import { childrenOf, isRunning } from "../../test/support/processes.ts";
import { type StartedTarget, startSluice } from "../targets/targets.ts";

const SLOTS = 1;
const DISK = "4GB";
const QUESTION_WORDS = 20;
const ANSWER_TOKENS = 8;
const LIMIT_MS = 60_000;
const POLL_MS = 50;

export const restart: StandaloneCase = {
  name: "restart",
  help: "starts Sluice with --cache-disk and one slot, and continues a conversation with a system prompt of --system words after a restart, and after the worker was killed: TTFT compared with the first turn, which reads the whole prompt. Each time another conversation has used the slot before",
  column: "sluice",
  goals: { "after a restart / uncached": "<= 0.2", "after a kill / uncached": "<= 0.2" },

  async runAlone(options) {
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
    try {
      return await measure(options, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(options: CaseOptions, folder: string): Promise<Figures> {
  const { systemWords } = options;
  const start = () => startSluice({ ...options, slots: SLOTS }, variant(folder));
  const chat = newChat(systemWords);
  const turn = (target: Target) => chat.ask(target, randomPrompt(QUESTION_WORDS), ANSWER_TOKENS);
  let started = await start();
  try {
    await useSlot(started.target, QUESTION_WORDS); // the first answers of a process are slower
    const uncached = await turn(started.target);
    await useSlot(started.target, systemWords);
    await shutDown(started);
    started = await start();
    await useSlot(started.target, QUESTION_WORDS);
    const restarted = await turn(started.target);
    await useSlot(started.target, systemWords);
    await killWorker(started.target);
    await useSlot(started.target, QUESTION_WORDS);
    const killed = await turn(started.target);
    return {
      ...figures("uncached", uncached),
      ...figures("after a restart", restarted),
      ...figures("after a kill", killed),
      "after a restart / uncached": restarted.ttftMs / uncached.ttftMs,
      "after a kill / uncached": killed.ttftMs / uncached.ttftMs,
    };
  } finally {
    started.stop();
  }
}

function variant(folder: string) {
  return { name: "restart", flags: ["--cache-disk", `${folder},${DISK}`] };
}

function newChat(systemWords: number): BenchChat {
  const system = randomPrompt(systemWords);
  return new BenchChat({ system: () => system });
}

/** Another conversation takes the slot. The state of the one before must be stored to survive. */
async function useSlot(target: Target, systemWords: number): Promise<void> {
  await newChat(systemWords).ask(target, randomPrompt(QUESTION_WORDS), ANSWER_TOKENS);
}

async function shutDown({ target: { pid } }: StartedTarget): Promise<void> {
  if (pid === null) return;
  process.kill(pid, "SIGTERM");
  await until(async () => !isRunning(pid), "the server ends");
}

/** Kills the worker, and waits until the next one has loaded the model. */
async function killWorker({ url, pid }: Target): Promise<void> {
  const workerOf = () =>
    childrenOf(pid ?? 0).find(({ command, isZombie }) => !isZombie && command.includes("worker"));
  const old = workerOf();
  if (!old) throw new Error("the server has no worker");
  process.kill(old.pid, "SIGKILL");
  await until(async () => {
    const worker = workerOf();
    return worker !== undefined && worker.pid !== old.pid && (await fetch(`${url}/ready`)).ok;
  }, "the next worker is ready");
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

function figures(when: string, result: StreamResult): Figures {
  return {
    [`${when} TTFT ms`]: result.ttftMs,
    [`${when} computed tokens`]: computedTokens(result),
  };
}
