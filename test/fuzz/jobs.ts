// The jobs of one round: each sends one request or one byte stream and checks its answer. The same seed creates the same jobs
// and shrinks a failing one.

import fc from "fast-check";
import { attempts, faultOfAttempt } from "./control-tokens.ts";
import { type Finding, kindOf } from "./findings.ts";
import { ask, type Job, LIMIT_MS, pathOf, type Round } from "./job.ts";
import { faultsOf } from "./oracle.ts";
import { curlOf, hexOf } from "./reproduction.ts";
import { costlyJobs } from "./requests/costly-jobs.ts";
import { hostilePrompts } from "./requests/hostile-prompts.ts";
import {
  bodyless,
  bytesOf,
  type HttpRequest,
  recipes,
  requestOf,
} from "./requests/hostile-requests.ts";
import { ENDPOINTS } from "./requests/valid-bodies.ts";
import { type Outcome, runSteps } from "./streams/connection.ts";
import { faultsOfPipeline, pipelinedStreams } from "./streams/pipelined-streams.ts";
import type { RawStream } from "./streams/raw-stream.ts";
import { changedStreams, namedStreams } from "./streams/raw-streams.ts";

const SHRINK_MS = 40_000;

const PARTS_WITHOUT_ENDPOINT = ["paths", "prompts", "raw", "tokens", "upgrades", "costly"];

export function jobsOf(round: Round): readonly Job[] {
  const { only, bodies, hasNamed } = round;
  const isOn = (part: string) => only === null || only === part;
  const isOfBodies = only === null || !PARTS_WITHOUT_ENDPOINT.includes(only);
  const share = (all: number) => Math.ceil(only === null ? bodies / all : bodies);
  const parts = [
    isOfBodies ? requestJobs(round, recipes(only), requestOf, bodies) : [],
    isOn("paths") ? requestJobs(round, bodyless(), (request) => request, share(20)) : [],
    isOn("prompts") ? requestJobs(round, hostilePrompts(), (request) => request, share(20)) : [],
    isOn("raw") ? streamJobs(round, share(10)) : [],
    isOn("raw") && hasNamed ? namedStreams().map((stream) => streamJob(round.url, stream)) : [],
    isOn("raw") ? leavingJobs(round, share(20)) : [],
    isOn("upgrades") ? upgradeJobs(round, share(10)) : [],
    isOn("tokens") ? tokenJobs(round, share(100)) : [],
    isOn("costly") ? costlyJobs(round, share(30)) : [],
  ];
  return interleave(parts);
}

/** Interleaves the parts evenly and in order, so that each runs beside all others. */
function interleave(parts: readonly (readonly Job[])[]): readonly Job[] {
  const placed = parts.flatMap((jobs) =>
    jobs.map((job, index) => ({ job, at: index / jobs.length })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ job }) => job);
}

/** Requests are created when needed, because hundreds at once may be large. */
function requestJobs<T>(
  { url, seed, onAnswer }: Round,
  cases: fc.Arbitrary<T>,
  requestFrom: (each: T) => HttpRequest,
  count: number,
): Job[] {
  return fc.sample(cases, { seed, numRuns: count }).map((each, index) => ({
    part: "bodies",
    run: async (connection) => {
      const request = requestFrom(each);
      const { faults, status, ms } = await ask(connection, request);
      if (status !== null) onAnswer({ status, ms, command: () => curlOf(request, url) });
      if (faults.length === 0) return null;
      const where = whereOf(request);
      const shrink = () =>
        shrinkCase({ cases, seed, index, kind: kindOf(where, faults) }, async (other) => {
          const found = requestFrom(other);
          return kindOf(where, (await ask(connection, found)).faults);
        });
      const reproduce = async () => {
        const found = await shrink();
        const command = curlOf(found === null ? request : requestFrom(found), url);
        return found === null ? `(not reproduced alone)\n${command}` : command;
      };
      return { where, faults, reproduce };
    },
  }));
}

function whereOf({ method, target }: HttpRequest): string {
  const path = pathOf(target);
  return ENDPOINTS.some((endpoint) => endpoint.path === path) ? `${method} ${path}` : "paths";
}

type Case<T> = {
  readonly cases: fc.Arbitrary<T>;
  readonly seed: number;
  /** Index among the cases of the seed. */
  readonly index: number;
  readonly kind: string;
};

/** Returns null if the case does not fail again. */
async function shrinkCase<T>(
  { cases, seed, index, kind }: Case<T>,
  kindNow: (each: T) => Promise<string>,
): Promise<T | null> {
  const property = fc.asyncProperty(cases, async (each) => (await kindNow(each)) !== kind);
  const details = await fc.check(property, {
    seed,
    path: `${index}`,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MS,
    markInterruptAsFailure: false,
  });
  return details.counterexample?.[0] ?? null;
}

function streamJobs({ url, seed }: Round, count: number): Job[] {
  return fc
    .sample(changedStreams(), { seed, numRuns: count })
    .map((stream) => streamJob(url, stream));
}

/** Requests whose client disconnects at any time: before, during or after the answer. */
function leavingJobs({ url, seed }: Round, count: number): Job[] {
  const way = fc.constantFrom("half-close" as const, "reset" as const);
  return fc
    .sample(fc.tuple(recipes(null), fc.nat(60), way), { seed, numRuns: count })
    .map(([recipe, pauseMs, leaving]) => {
      const steps = () => [bytesOf(requestOf(recipe)), { pauseMs }, leaving];
      const { path } = recipe.endpoint;
      const name = `${path}, disconnected after ${pauseMs} ms`;
      return streamJob(url, { name, path, maxSuccesses: 1, steps });
    });
}

/** Upgrades between and after other requests on one connection. */
function upgradeJobs({ url, seed }: Round, count: number): Job[] {
  return fc.sample(pipelinedStreams(), { seed, numRuns: count }).map((stream) => ({
    part: "raw",
    run: async () => {
      const { steps, statuses } = stream;
      const outcome = await runSteps({
        url,
        steps,
        methods: [],
        limitMs: LIMIT_MS,
        expectedAnswers: statuses.length,
      });
      const faults = faultsOfPipeline(outcome, stream);
      if (faults.length === 0) return null;
      const sent = Buffer.concat(steps.filter((step) => Buffer.isBuffer(step)));
      return { where: "upgrades", faults, reproduce: async () => hexOf(sent) };
    },
  }));
}

function streamJob(url: string, stream: RawStream): Job {
  return { part: "raw", run: () => findingOfStream(url, stream, LIMIT_MS) };
}

export async function findingOfStream(
  url: string,
  stream: RawStream,
  limitMs: number,
): Promise<Finding | null> {
  const { name, methods = [], expectedAnswers = Number.POSITIVE_INFINITY } = stream;
  const steps = typeof stream.steps === "function" ? stream.steps() : stream.steps;
  const outcome = await runSteps({ url, steps, methods, expectedAnswers, limitMs });
  const faults = faultsOfOutcome(outcome, stream);
  if (faults.length === 0) return null;
  const reproduce = async () => hexOf(Buffer.concat(steps.filter((step) => Buffer.isBuffer(step))));
  return { where: "raw", faults: [...faults, `sent: ${name}`], reproduce };
}

function faultsOfOutcome({ answers, fault }: Outcome, stream: RawStream): readonly string[] {
  const { maxSuccesses, path = "/v1/chat/completions" } = stream;
  const faults = fault === null ? [] : [fault];
  for (const answer of answers) faults.push(...faultsOf(answer, { method: "POST", path }));
  const good = answers.filter(({ status }) => status < 300).length;
  if (good > maxSuccesses)
    faults.push(`${good} successful answers; at most ${maxSuccesses} are allowed`);
  return faults;
}

function tokenJobs({ url, seed }: Round, count: number): Job[] {
  return fc.sample(attempts(), { seed, numRuns: count }).map((attempt) => ({
    part: "tokens",
    run: async () => {
      const fault = await faultOfAttempt(url, attempt).catch((error: Error) => error.message);
      if (fault === null) return null;
      return {
        where: "tokens",
        faults: [fault],
        reproduce: async () => JSON.stringify(attempt.place.body(`a${attempt.text}b`)),
      };
    },
  }));
}
