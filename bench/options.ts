// Parses and checks the command line.

import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Case, CaseOptions } from "../src/bench/case.ts";
import { BenchError } from "./bench-error.ts";
import { CASES } from "./cases.ts";
import { FLAGS, helpText } from "./flags.ts";
import type { SluiceOptions, Variant } from "./targets/targets.ts";

type TargetOption = {
  readonly name: string;
  readonly url: string;
  readonly pid: number | null;
};

export type BenchOptions = {
  readonly cases: readonly Case[];
  readonly rounds: number;
  /** Every Sluice to start; the others are compared with the first one. */
  readonly sluices: readonly Variant[];
  readonly targets: readonly TargetOption[];
  readonly sluice: SluiceOptions;
  readonly caseOptions: CaseOptions;
  /** JSON file to write. */
  readonly out: string | null;
};

export type Command =
  | { readonly type: "help"; readonly text: string }
  | { readonly type: "compare"; readonly before: string; readonly after: string }
  | { readonly type: "bench"; readonly options: BenchOptions };

/** @throws BenchError */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { type: "help", text: helpText() };
  if (values.compare.length > 0) return compareCommand([...values.compare, ...positionals]);
  if (positionals.length > 0) {
    throw new BenchError(`unexpected argument ${positionals[0]} (see --help)`);
  }
  return { type: "bench", options: benchOptions(values) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: joined(args), options: FLAGS, allowPositionals: true });
  } catch (error) {
    const [reason] = (error as Error).message.split(/\. |\n/);
    throw new BenchError(`${reason} (see --help)`);
  }
}

/** The value of --sluice-flags begins with a dash, which parseArgs only accepts after `=`. */
function joined(args: readonly string[]): string[] {
  const at = args.indexOf("--sluice-flags");
  if (at < 0 || args[at + 1] === undefined) return [...args];
  return [...args.slice(0, at), `${args[at]}=${args[at + 1]}`, ...args.slice(at + 2)];
}

type Values = ReturnType<typeof parse>["values"];

function compareCommand(files: readonly string[]): Command {
  const [before, after] = files;
  if (!before || !after || files.length > 2) {
    throw new BenchError("--compare needs two files: --compare before.json after.json");
  }
  for (const file of files) {
    if (!existsSync(file)) throw new BenchError(`--compare: there is no file ${file}`);
  }
  return { type: "compare", before, after };
}

function benchOptions(values: Values): BenchOptions {
  const modelPath = path.resolve(values.model);
  if (!existsSync(modelPath)) throw new BenchError(`--model: there is no file ${modelPath}`);
  if (values.out !== undefined && !values.out.endsWith(".json")) {
    throw new BenchError(`--out is ${values.out}; it must end in .json`);
  }
  const threads = values.threads === undefined ? null : count("threads", values.threads);
  const contextTokens = count("context", values.context);
  const cases = selectCases(values.case);
  if (values["no-sluice"] && values.target.length === 0 && !cases.every(isStandalone)) {
    throw new BenchError("--no-sluice needs at least one --target");
  }
  return {
    cases,
    rounds: count("rounds", values.rounds),
    sluices: sluices(values),
    targets: targets(values),
    sluice: { modelPath, slots: count("slots", values.slots), contextTokens, threads },
    caseOptions: {
      streams: counts("streams", values.streams),
      promptWords: count("prompt", values.prompt),
      longWords: count("long", values.long),
      systemWords: count("system", values.system),
      tokens: count("tokens", values.tokens),
      rates: numbers("rate", values.rate),
      modelPath,
      contextTokens,
      threads,
    },
    out: values.out ?? null,
  };
}

function selectCases(given: string): readonly Case[] {
  if (given === "all") return CASES;
  return given.split(",").map((wanted) => {
    const found = CASES.find(({ name }) => name === wanted.trim());
    if (found) return found;
    const allowed = CASES.map(({ name }) => name).join(", ");
    throw new BenchError(`--case is ${wanted}; use all, or some of ${allowed}`);
  });
}

function isStandalone(each: Case): boolean {
  return "column" in each;
}

function sluices(values: Values): readonly Variant[] {
  const variants = values.variant.map((given) => {
    const { name, rest } = named("variant", given, 'NAME="--flag value"');
    return { name, flags: words(rest) };
  });
  if (values["no-sluice"]) {
    const isContrary = variants.length > 0 || values["sluice-flags"] !== "";
    if (isContrary)
      throw new BenchError("--no-sluice cannot be combined with --variant or --sluice-flags");
    return [];
  }
  return [{ name: "sluice", flags: words(values["sluice-flags"]) }, ...variants];
}

function targets(values: Values): readonly TargetOption[] {
  const pids = new Map(
    values.pid.map((given) => {
      const { name, rest } = named("pid", given, "NAME=1234");
      return [name, count("pid", rest)];
    }),
  );
  const found = values.target.map((given) => {
    const { name, rest: url } = named("target", given, "NAME=http://host:port");
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new BenchError(`--target is ${given}; use NAME=http://host:port`);
    }
    return { name, url, pid: pids.get(name) ?? null };
  });
  const variants = values.variant.map((given) => given.split("=")[0] ?? "");
  const names = ["sluice", "raw", ...variants, ...found.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice)
    throw new BenchError(
      `two columns are named ${twice}; give every --target and --variant its own name`,
    );
  const stray = [...pids.keys()].find((name) => !found.some((target) => target.name === name));
  if (stray) throw new BenchError(`--pid: there is no --target named ${stray}`);
  return found;
}

function named(flag: string, given: string, allowed: string): { name: string; rest: string } {
  const at = given.indexOf("=");
  if (at < 1) throw new BenchError(`--${flag} is ${given}; use ${allowed}`);
  return { name: given.slice(0, at), rest: given.slice(at + 1) };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function count(flag: string, given: string): number {
  if (/^\d{1,9}$/.test(given.trim()) && Number(given) > 0) return Number(given);
  throw new BenchError(`--${flag} is ${given}; use a whole number above 0`);
}

function counts(flag: string, given: string): readonly number[] {
  return given.split(",").map((each) => count(flag, each));
}

function numbers(flag: string, given: string): readonly number[] {
  return given.split(",").map((each) => {
    if (Number(each) > 0 && Number(each) < 1e6) return Number(each);
    throw new BenchError(`--${flag} is ${given}; use numbers above 0, separated by commas`);
  });
}
