// Runs one test: starts everything, runs the phases one after another, and stops everything in any case.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { findProgram } from "../../support/programs/debian-program.ts";
import { OptionError } from "../options.ts";
import { faultsOfGrowth, growthIn } from "../report/growth.ts";
import { resourceUseOf, type SoakServer, startServer } from "../server.ts";
import type { AbuseOptions } from "./abuse-options.ts";
import { type AbuseRun, phasesOf } from "./abuse-report.ts";
import { Abusers } from "./abusers.ts";
import { HonestClients } from "./honest-clients.ts";
import { KeyFile } from "./key-file.ts";
import { type AbusedNginx, startNginx } from "./nginx.ts";
import { type OpenFiles, openFilesOf } from "./open-files.ts";
import * as verdict from "./verdict.ts";
import { Watcher } from "./watcher.ts";

/** Data is kept only for a short time, so that the quiet phase at the end shows that it is freed. */
const SERVER_FLAGS = [
  "--slots",
  "5",
  "--trust-proxy",
  "loopback",
  "--drain-timeout",
  "5",
  "--stall-timeout",
  "5",
  "--receive-timeout",
  "20",
  "--resume-grace",
  "5",
  "--response-ttl",
  "20",
  "--response-store",
  "16777216",
  "--resume-buffer",
  "16777216",
];
const ALONE_MS = 60_000;
const ALONE_SHARE = 0.1;
const QUIET_MS = 60_000;
/** A server with more memory endangers the machine; the run ends. */
const MOST_MB = 3_000;
const SAMPLES = 200;
const LEAST_SAMPLE_MS = 2_000;
const LOOK_MS = 250;
/** Interval of key changes, and the cycle in which a key is revoked and added again. */
const KEY_TICK_MS = 5_000;
const KEY_TICKS = 4;
const REPORT_EVERY_MS = 15_000;
const SETTLED_MS = 20_000;
/** Far longer than --drain-timeout. */
const STOP_MS = 30_000;

type Setup = {
  readonly keys: KeyFile;
  readonly server: SoakServer;
  readonly nginx: AbusedNginx | null;
  readonly ca: Buffer;
};

/** @param names kinds of abuse to run. @throws OptionError if the machine lacks a program */
export async function runAbuse(options: AbuseOptions, names: readonly string[]): Promise<AbuseRun> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-abuse-"));
  process.once("exit", () => remove(folder));
  const certificate = makeCertificate(folder, "server");
  if (!certificate) throw new OptionError("openssl is required to create a certificate");
  const nginxFile = { name: "nginx", file: "usr/sbin/nginx", versionFlag: "-v", folder };
  const program = options.hasNginx ? findProgram(nginxFile) : null;
  if (options.hasNginx && program === null)
    throw new OptionError("nginx was not found; use --no-nginx to run without it");
  const keys = new KeyFile(folder);
  const tls = ["--tls-cert", certificate.cert, "--tls-key", certificate.key];
  const server = await startServer([...SERVER_FLAGS, ...tls, "--keys-file", keys.path]);
  const port = Number(new URL(server.url).port);
  const nginx = program ? await startNginx({ program, folder, port, certificate }) : null;
  const ca = readFileSync(certificate.cert);
  return new RunningAbuse(options, names, { keys, server, nginx, ca }).run();
}

/** Retries, because nginx may remove one of its files at the same time. */
function remove(folder: string): void {
  for (let times = 0; times < 3 && existsSync(folder); times++)
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // retry
    }
}

class RunningAbuse {
  readonly #options: AbuseOptions;
  readonly #names: readonly string[];
  readonly #setup: Setup;
  readonly #watcher: Watcher;
  readonly #honest: HonestClients;
  readonly #faults: string[] = [];
  readonly #startedAtMs = performance.now();
  #abusers: Abusers | null = null;
  #reportDueMs = 0;

  constructor(options: AbuseOptions, names: readonly string[], setup: Setup) {
    this.#options = options;
    this.#names = names;
    this.#setup = setup;
    const { server, keys, ca, nginx } = setup;
    this.#watcher = new Watcher({ server, key: keys.watcher, ca, now: this.#now });
    const ports = [Number(new URL(server.url).port), nginx?.port ?? null] as const;
    this.#honest = new HonestClients({ keys: keys.honest, ports, ca, now: this.#now });
  }

  async run(): Promise<AbuseRun> {
    const { server, nginx } = this.#setup;
    const durationMs = this.#options.minutes * 60_000;
    try {
      await this.#watcher.ask("/v1/embeddings", { body: { input: "a" } }); // this starts the process for embeddings
      const filesAtFirst = openFilesOf(server.pid);
      await this.#honest.learn();
      this.#watcher.begin();
      this.#honest.begin();
      await this.#watch("alone", Math.min(ALONE_MS, ALONE_SHARE * durationMs));
      const before = await this.#memory();
      const abuseFromMs = this.#now();
      await this.#abuse(durationMs);
      const abuseToMs = this.#now();
      await this.#watch("quiet", Math.min(QUIET_MS, durationMs));
      await this.#honest.end();
      await nginx?.close();
      console.log("the clients and nginx have ended; checking for leftovers");
      const after = await this.#memory();
      await this.#watcher.end(); // so that its connections do not count as open files
      await this.#checkEnd(filesAtFirst);
      const { beside } = phasesOf({ abuseFromMs, abuseToMs }, this.#samples);
      const growth = growthIn(verdict.minimumPerWindow(beside), 0);
      const seen = { answers: this.#honest.answers, probes: this.#watcher.probes, growth };
      const times = { abuseFromMs, abuseToMs, endMs: this.#now() };
      const abuses = this.#abusers?.abuses ?? [];
      const run = { ...this.#options, ...times, ...seen, abuses, samples: this.#samples };
      const memory = { before, after };
      return { ...run, memory, faults: this.#faultsOf({ ...run, memory }) };
    } finally {
      await this.#abusers?.end();
      await this.#honest.end();
      await this.#watcher.end();
      await nginx?.close();
      await stopped(server);
    }
  }

  readonly #now = (): number => performance.now() - this.#startedAtMs;

  get #samples() {
    return this.#watcher.samples;
  }

  async #abuse(durationMs: number): Promise<void> {
    const { server, nginx, keys } = this.#setup;
    const { seed, abusers: count } = this.#options;
    const direct = Number(new URL(server.url).port);
    const ports = nginx ? { direct, nginx: nginx.port } : { direct };
    const orders = { seed, abusers: count, names: this.#names, ports };
    const abusers = new Abusers(orders, keys.abusers, this.#now);
    this.#abusers = abusers;
    let tick = 0;
    const changing = setInterval(() => {
      tick += 1;
      if (tick % KEY_TICKS === 0) keys.addAgain();
      if (tick % KEY_TICKS === KEY_TICKS - 1) keys.revoke();
      abusers.changeKeys(keys.abusers);
    }, KEY_TICK_MS);
    try {
      await this.#watch("abuse", durationMs);
    } finally {
      clearInterval(changing);
      await abusers.end();
      this.#faults.push(...new Set(abusers.faults));
    }
  }

  /** Ends early if the server ends. */
  async #watch(phase: string, durationMs: number): Promise<void> {
    const { server } = this.#setup;
    const endsAtMs = this.#now() + durationMs;
    const everyMs = Math.max(LEAST_SAMPLE_MS, durationMs / SAMPLES);
    let dueMs = this.#now();
    while (this.#now() < endsAtMs && !server.isGone()) {
      await sleep(Math.min(LOOK_MS, endsAtMs - this.#now()));
      if (this.#now() < dueMs) continue;
      dueMs = this.#now() + everyMs;
      const sample = await this.#watcher.look();
      if (this.#now() > this.#reportDueMs) this.#reportProgress(phase);
      if (!sample || sample.serverMb < MOST_MB) continue;
      this.#faults.push(
        `the server uses ${sample.serverMb.toFixed(0)} MB: the ${phase} phase was ended`,
      );
      break;
    }
    if (server.isGone()) this.#recordServerEnd();
  }

  /** Records once which abuse was running when the server ended. */
  #recordServerEnd(): void {
    if (this.#faults.some((fault) => fault.startsWith("the server process ended"))) return;
    const now = this.#now();
    const running = verdict.abusesAt(this.#abusers?.abuses ?? [], now - LOOK_MS, now);
    this.#faults.push(
      `the server process ended at ${(now / 1000).toFixed(1)} s; running abuse: ${running.join(", ")}`,
    );
  }

  #reportProgress(phase: string): void {
    this.#reportDueMs = this.#now() + REPORT_EVERY_MS;
    const sample = this.#samples.at(-1);
    const bad = this.#honest.answers.filter(({ fault }) => fault !== null).length;
    console.log(
      `${Math.round(this.#now() / 1000)} s, ${phase}: ${this.#honest.answers.length} honest answers, ${bad} of them wrong; ${this.#abusers?.abuses.length ?? 0} abuses; server ${sample?.serverMb.toFixed(0)} MB, ${sample?.descriptors} open files`,
    );
  }

  /** The lowest of several samples. Null if the server has ended. */
  async #memory(): Promise<number | null> {
    const looks: number[] = [];
    for (let time = 0; time < 3; time++) {
      const sample = await this.#watcher.look();
      if (sample) looks.push(sample.serverMb);
      await sleep(1_000);
    }
    return looks.length > 0 ? Math.min(...looks) : null;
  }

  async #checkEnd(filesAtFirst: OpenFiles): Promise<void> {
    const { server } = this.#setup;
    if (!server.isGone()) {
      this.#faults.push(...(await this.#settle(filesAtFirst)));
      const { restarts, uncaught } = await this.#watcher.metrics();
      const { zombies } = resourceUseOf(server.pid);
      this.#faults.push(...verdict.faultsOfAccidents({ restarts, uncaught, zombies }));
    }
    console.log("stopping the server");
    await this.#watcher.end();
    const wasGone = server.isGone();
    const code = await stopped(server); // then its log is complete
    if (code === "late")
      this.#faults.push(`the server did not end within ${STOP_MS / 1000} s after it was stopped`);
    else if (code !== 0 && !wasGone)
      this.#faults.push(`the server ended with ${code} after it was stopped`);
    this.#faults.push(...verdict.faultsOfComplaints(server.complaints));
  }

  /** Waits for leftovers to disappear. @returns the remaining ones */
  async #settle(files: OpenFiles): Promise<readonly string[]> {
    const deadlineMs = this.#now() + SETTLED_MS;
    for (;;) {
      const left = verdict.faultsOfLeftovers({ files }, await this.#finalState());
      if (left.length === 0 || this.#now() > deadlineMs) return left;
      await sleep(LOOK_MS);
    }
  }

  async #finalState(): Promise<verdict.FinalState> {
    const { server, keys } = this.#setup;
    const { busy, waiting } = await this.#watcher.metrics();
    const listed: string[] = [];
    // One after the other, because concurrent requests would open more connections, which are counted.
    for (const key of [...keys.honest, ...Object.values(keys.abusers)]) {
      const { text } = await this.#watcher.ask("/v1/requests", { key });
      const { data = [] } = JSON.parse(text) as { data?: readonly { id: string }[] };
      listed.push(...data.map(({ id }) => id));
    }
    return { busy, waiting, listed, files: openFilesOf(server.pid) };
  }

  #faultsOf(run: Omit<AbuseRun, "faults">): readonly string[] {
    const answers = phasesOf(run, run.answers);
    const probes = phasesOf(run, run.probes);
    const { before, after } = run.memory;
    return [
      ...this.#faults,
      ...verdict.faultsOfAnswers(run.answers),
      ...verdict.faultsOfLateness(answers.alone, answers.beside),
      ...verdict.faultsOfSilence(probes.beside),
      ...(before !== null && after !== null ? verdict.faultsOfMemory(before, after) : []),
      ...faultsOfGrowth(run.growth, verdict.MOST_GROWTH_MB),
      ...verdict.faultsOfAbuses(run.abuses),
    ];
  }
}

/** @returns its exit code, or `late` if it had to be killed */
async function stopped(server: SoakServer): Promise<number | null | "late"> {
  const late = new AbortController();
  const stopping = server.stop();
  const code = await Promise.race([
    stopping,
    sleep(STOP_MS, "late" as const, { signal: late.signal }),
  ]);
  late.abort();
  if (code !== "late") return code;
  if (!server.isGone()) process.kill(server.pid, "SIGKILL");
  await stopping;
  return code;
}
