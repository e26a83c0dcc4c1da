// `sluice bench`: runs cases of the benchmark on running servers, Sluice or others with OpenAI's API.

import type { ServerCase, Target, UrlOptions } from "../bench/case.ts";
import { listedModels } from "../bench/listed-models.ts";
import { type Progress, type RunOptions, runCases } from "../bench/run.ts";
import { table } from "../bench/tables.ts";
import { URL_CASES } from "../bench/url-cases.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { readAddress } from "./server/call-server.ts";
import { wrapped } from "./text/wrapped.ts";

type Env = Readonly<NodeJS.ProcessEnv>;

const DEFAULTS = {
  case: "latency,throughput",
  rounds: "3",
  streams: "1,2,4",
  tokens: "96",
  prompt: "20",
  long: "1200",
  context: "2048",
  rate: "2",
} as const;
type WithDefault = keyof typeof DEFAULTS;
const OPTIONS = [...(Object.keys(DEFAULTS) as WithDefault[]), "model", "key"] as const;
type Values = { readonly [name in (typeof OPTIONS)[number]]?: string };

/** Case → column → figure → one value per round. */
type Figures = Record<string, Record<string, Record<string, number[]>>>;

/** @throws CommandError also if a case has no figures, after the others are printed */
export async function runBench(args: readonly string[], env: Env): Promise<void> {
  const program = programName(env);
  const { values, positionals } = readWords(args, {
    name: "bench",
    options: OPTIONS,
    switches: ["json"],
    program,
  });
  if (values.help) return console.log(helpText(program));
  const run = readRun(values);
  const targets = await targetsAt(positionals, { values, env, program });
  const figures: Figures = {};
  const failures = await measure({ ...run, targets, progress: progressLines() }, figures);
  const names = targets.map(({ name, url, model }) => ({ name, url, model }));
  if (values.json)
    console.log(JSON.stringify({ targets: names, rounds: run.rounds, cases: figures, failures }));
  else for (const text of tablesOf(run.cases, figures)) console.log(`${text}\n`);
  if (failures.length > 0) throw new CommandError(failures.join("; "));
}

type Run = Pick<RunOptions<UrlOptions>, "rounds" | "caseOptions"> & {
  readonly cases: readonly ServerCase<UrlOptions>[];
};

/** @throws CommandError */
function readRun(values: Values): Run {
  const textOf = (name: WithDefault) => values[name] ?? DEFAULTS[name];
  const whole = (name: WithDefault) => wholeNumber(name, textOf(name));
  return {
    cases: textOf("case").split(",").map(caseNamed),
    rounds: whole("rounds"),
    caseOptions: {
      streams: textOf("streams")
        .split(",")
        .map((each) => wholeNumber("streams", each)),
      rates: textOf("rate")
        .split(",")
        .map((each) => positive("rate", each)),
      tokens: whole("tokens"),
      promptWords: whole("prompt"),
      longWords: whole("long"),
      contextTokens: whole("context"),
    },
  };
}

function caseNamed(given: string): ServerCase<UrlOptions> {
  const found = URL_CASES.find(({ name }) => name === given.trim());
  if (found) return found;
  const known = URL_CASES.map(({ name }) => name).join(", ");
  throw new CommandError(`--case is ${given}: allowed are ${known}`);
}

function positive(name: string, given: string): number {
  if (Number(given) > 0 && Number(given) < 1e6) return Number(given);
  throw new CommandError(`--${name} is ${given}: allowed are numbers above 0`);
}

function wholeNumber(name: string, given: string): number {
  const value = positive(name, given);
  if (Number.isInteger(value)) return value;
  throw new CommandError(`--${name} is ${given}: allowed are whole numbers above 0`);
}

type AddressWords = {
  readonly values: Values;
  readonly env: Env;
  readonly program: string;
};

/** @param urls none for the default address. @throws CommandError */
async function targetsAt(urls: readonly string[], words: AddressWords): Promise<Target[]> {
  const given = urls.length > 0 ? urls : [undefined];
  const targets = await Promise.all(given.map((url) => targetAt(url, words)));
  const twice = targets.find(
    ({ name }, index) => targets.findIndex((t) => t.name === name) < index,
  );
  if (twice) throw new CommandError(`${twice.name} is named twice`);
  return targets;
}

async function targetAt(given: string | undefined, words: AddressWords): Promise<Target> {
  const { values } = words;
  const { url, key } = readAddress({
    ...words,
    values: { ...(given !== undefined && { url: given }), ...(values.key && { key: values.key }) },
  });
  const apiKey = key ?? null;
  const models = await listedModels({ url, apiKey }).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const model = values.model ?? models[0];
  if (model === undefined) throw new CommandError(`${url} lists no model: name one with --model`);
  const name = new URL(url).host;
  return { name, url, model, apiKey, pid: null, isSluice: false, bulkyModel: null };
}

/** @returns the cases without figures, with the reason */
async function measure(options: RunOptions<UrlOptions>, figures: Figures): Promise<string[]> {
  const failures: string[] = [];
  try {
    await runCases(options, {
      figures: (name, column, measured) => {
        figures[name] ??= {};
        const columns = figures[name];
        columns[column] ??= {};
        const rounds = columns[column];
        for (const [figure, value] of Object.entries(measured))
          if (Number.isFinite(value)) rounds[figure] = [...(rounds[figure] ?? []), value];
      },
      failure: (text) => failures.push(text),
    });
  } catch (error) {
    throw new CommandError(`warming up failed: ${(error as Error).message}`);
  }
  return failures;
}

/** One line for each measurement on the standard error, so that the tables can go into a file. */
function progressLines(): Progress {
  let total = 0;
  return {
    begin: (count) => {
      total = count;
      console.error("warming up");
    },
    measure: (done, what) => console.error(`${done + 1}/${total} ${what}`),
    end: () => {},
  };
}

function tablesOf(cases: readonly ServerCase<UrlOptions>[], figures: Figures): readonly string[] {
  return cases.flatMap(({ name }) => {
    const columns = figures[name];
    return columns ? [table(name, columns, {})] : []; // its goals are ours for Sluice on a small machine
  });
}

function helpText(program: string): string {
  const cases = URL_CASES.map(({ name, help }) => `  ${name}\n${wrapped(help, 6)}`).join("\n");
  return `Measure a running server as its clients see it, or several side by side.

usage: ${program} bench [URL...] [options]

URL is the address of Sluice, or of another server with OpenAI's API that can write past the end
of an answer, so that all answers have the same length (llama-server, vLLM); the default is
http://127.0.0.1:8080. With several servers, each round measures all of them in turn, and the
tables show the ratio of the first to the others. Nothing else should run on these machines.

Options
  --case A,B        cases to run (default: ${DEFAULTS.case})
  --model NAME      model to ask for (default: the first one that the server lists)
  --rounds N        rounds; the tables show medians (default: ${DEFAULTS.rounds})
  --streams A,B     levels of concurrency in throughput (default: ${DEFAULTS.streams})
  --tokens N        tokens per answer, always generated in full (default: ${DEFAULTS.tokens})
  --prompt N        words per prompt (default: ${DEFAULTS.prompt})
  --long N          words of the long prompt (default: ${DEFAULTS.long})
  --context N       tokens per slot of the server, which limit some chats (default: ${DEFAULTS.context})
  --rate A,B        requests per second in arrival-rate; several find the knee (default: ${DEFAULTS.rate})
  --json            print one JSON object with every figure of every round
  --key KEY         API key, where a server requires one (default: SLUICE_API_KEY,
                    or SLUICE_API_KEY_FILE)
  --help            print this

Cases
${cases}`;
}
