// GGUF files with a header that is wrong in one or several places. The check must either refuse them or let them pass,
// without any other error. A model that passes must load and serve, or end with a one-line error.

import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { type ByteSource, WINDOW_BYTES } from "../../src/worker/model-file/byte-cursor.ts";
import { readGgufHeader } from "../../src/worker/model-file/gguf-header.ts";
import { ModelFileError } from "../../src/worker/model-file/model-file-error.ts";
import { checkLimits } from "../../src/worker/model-file/model-limits.ts";
import { writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import type { Findings } from "./findings.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const LOAD_MS = 20_000;
/** Longer than the header of either model. */
const HEADER_BYTES = 131_072;
/** Limit on reads for headers of this size. */
const MOST_READS = 64;

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  31n,
  32n,
  33n,
  255n,
  256n,
  65_535n,
  1_000_000_000n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Change =
  | {
      readonly type: "number";
      readonly bytes: 4 | 8;
      readonly place: number;
      readonly value: bigint;
    }
  | { readonly type: "bytes"; readonly place: number; readonly bytes: Uint8Array }
  | { readonly type: "insert" | "remove"; readonly place: number; readonly count: number }
  | { readonly type: "cut"; readonly place: number };

export type BrokenModel = { readonly isTiny: boolean; readonly changes: readonly Change[] };

/** @param places offsets of numbers: most changes are there, others anywhere in the header */
function changesAt(places: readonly number[]): fc.Arbitrary<Change> {
  const place = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...places) },
    { weight: 1, arbitrary: fc.nat(HEADER_BYTES) },
  );
  const count = fc.integer({ min: 1, max: 64 });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("number" as const),
        bytes: fc.constantFrom(4 as const, 8 as const),
        place,
        value: fc.constantFrom(...NUMBERS),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("bytes" as const),
        place,
        bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
      }),
    },
    fc.record({ type: fc.constantFrom("insert" as const, "remove" as const), place, count }),
    fc.record({ type: fc.constant("cut" as const), place }),
  );
}

/** Offsets of counts and of the values after each name: types, lengths, values, shapes, offsets. */
function placesIn(bytes: Buffer): readonly number[] {
  const head = bytes.subarray(0, HEADER_BYTES).toString("latin1");
  const names = /[a-z][\w.]*\.[\w.]+/g;
  const behind = [...head.matchAll(names)].flatMap(({ index, 0: { length } }) =>
    [-8, length, length + 4, length + 8, length + 12, length + 20, length + 24].map(
      (offset) => index + offset,
    ),
  );
  return [4, 8, 16, 24, ...behind];
}

function changed(bytes: Buffer, change: Change): Buffer {
  const place = Math.min(change.place, bytes.length - 8);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (change.type) {
    case "cut":
      return before;
    case "insert":
      return Buffer.concat([before, Buffer.alloc(change.count), after]);
    case "remove":
      return Buffer.concat([before, after.subarray(change.count)]);
    case "bytes":
      return Buffer.concat([before, change.bytes, after.subarray(change.bytes.length)]);
    case "number": {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(change.value);
      const written = number.subarray(0, change.bytes);
      return Buffer.concat([before, written, after.subarray(change.bytes)]);
    }
  }
}

/** Runs the check and reports anything other than refusing the model or letting it pass (`passes`). */
function checkOf(bytes: Buffer): {
  readonly faults: readonly string[];
  readonly passes: boolean;
} {
  const faults: string[] = [];
  let reads = 0;
  const source: ByteSource = {
    size: bytes.length,
    read: (position, length) => {
      reads += 1;
      if (length > WINDOW_BYTES || position < 0 || position + length > bytes.length)
        faults.push(`${length} bytes are read at ${position}`);
      return bytes.subarray(position, position + length);
    },
  };
  let passes = false;
  try {
    const header = readGgufHeader(source);
    checkLimits(header, header.tensors.count);
    passes = true;
  } catch (error) {
    if (!(error instanceof ModelFileError)) faults.push(`the check throws ${error}`);
    else if (!/^[\x20-\x7e]{10,600}$/.test(error.message))
      faults.push(`the check reports ${error.message}`);
  }
  if (reads > MOST_READS) faults.push(`the header is read in ${reads} pieces`);
  return { faults, passes };
}

export type ModelRun = {
  readonly seed: number;
  readonly checks: number;
  /** How many models that pass are loaded. */
  readonly loads: number;
  readonly folder: string;
};

/** @returns how many were checked and loaded */
export async function fuzzModels({ seed, checks, loads, folder }: ModelRun, findings: Findings) {
  const tiny = readFileSync(writeTinyBert({ pooling: "mean" }));
  const builtin = readFileSync(path.join(ROOT, "models/builtin.gguf"));
  const add = (model: BrokenModel, faults: readonly string[]) =>
    findings.add({ where: "models", faults, reproduce: async () => describe(model) });
  let loaded = 0;
  for (const model of modelsOf({ tiny, builtin, seed, count: checks })) {
    const original = model.isTiny ? tiny : builtin;
    const bytes = model.changes.reduce(changed, original);
    const { faults, passes } = checkOf(bytes);
    if (faults.length > 0) add(model, faults);
    if (!passes || bytes.equals(original) || loaded >= loads) continue;
    loaded += 1;
    const fault = await faultOfLoading(bytes, path.join(folder, "broken.gguf"));
    if (fault) add(model, [fault]);
  }
  return { checked: checks, loaded };
}

type Sampling = {
  readonly tiny: Buffer;
  readonly builtin: Buffer;
  readonly seed: number;
  readonly count: number;
};

function modelsOf({ tiny, builtin, seed, count }: Sampling): readonly BrokenModel[] {
  const of = (isTiny: boolean, bytes: Buffer) =>
    fc.record({
      isTiny: fc.constant(isTiny),
      changes: fc.array(changesAt(placesIn(bytes)), { minLength: 1, maxLength: 3 }),
    });
  const models = fc.oneof(
    { weight: 3, arbitrary: of(true, tiny) },
    { weight: 1, arbitrary: of(false, builtin) },
  );
  return fc.sample(models, { seed, numRuns: count });
}

/** Checks that the model serves or ends with a one-line error, within a time limit. */
async function faultOfLoading(bytes: Buffer, file: string): Promise<string | null> {
  writeFileSync(file, bytes);
  const flags = ["--port", "0", "--gpu", "off", "--log-level", "silent", "--model", file];
  const child = spawn(process.execPath, ["dist/main.js", ...flags], { cwd: ROOT });
  let [out, complaints] = ["", ""];
  child.stderr.on("data", (text) => (complaints += text));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LOAD_MS);
  child.stdout.on("data", (text) => {
    out += text;
    if (out.includes("OPENAI_BASE_URL")) child.kill("SIGKILL"); // it serves
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  rmSync(file);
  if (isLate) return `it did not load within ${LOAD_MS} ms`;
  if (out.includes("OPENAI_BASE_URL")) return null;
  const isOneLine = code === 1 && /^sluice: [^\n]*\.gguf[^\n]*\n$/.test(complaints);
  return isOneLine ? null : `it ends with ${code} and the message: ${complaints.slice(0, 300)}`;
}

function describe({ isTiny, changes }: BrokenModel): string {
  const steps = JSON.stringify(changes, (_key, value) =>
    typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value] : value,
  );
  return `${isTiny ? "the tiny model" : "the built-in model"} with ${steps}`;
}
