// The checks of `sluice doctor`: what each says about a good and a bad machine, and its remedy.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  checkConfigFile,
  checkDisk,
  checkKeys,
  checkModelsFolder,
  checkTls,
} from "../../../../src/cli/doctor/file-checks.ts";
import type { Findings } from "../../../../src/cli/doctor/finding.ts";
import {
  checkClock,
  checkNode,
  checkOpenFiles,
  checkProcessor,
} from "../../../../src/cli/doctor/machine-checks.ts";
import {
  checkModels,
  checkSharedMemory,
  checkThreads,
  type Described,
} from "../../../../src/cli/doctor/model-checks.ts";
import { configWith } from "../../../../src/config/config-with.ts";
import { ServiceError } from "../../../../src/errors.ts";
import { makeCertificate } from "../../../support/clients/certificate.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));
const inFolder = (name: string) => path.join(folder, name);

/** The findings as [level, message], and the remedies. */
function said({ all }: Findings) {
  return all.map(({ level, message, remedy }) => [level, message, remedy]);
}
const levels = (findings: Findings) => findings.all.map(({ level }) => level);

function file(name: string, text: string, mode = 0o600): string {
  const place = inFolder(name);
  writeFileSync(place, text);
  chmodSync(place, mode);
  return place;
}

describe("the machine", () => {
  test.each([
    ["18.20.0", "problem"],
    ["20.18.9", "problem"],
    ["20.19.0", "ok"],
    ["24.1.0", "ok"],
  ])("Node.js %s is a %s", (version, level) => {
    expect(levels(checkNode(version))).toEqual([level]);
  });

  const machine = (flags: string, quota: string) => (name: string) => {
    if (name === "/proc/cpuinfo") return `processor: 0\nflags\t\t: fpu ${flags} sse\n`;
    return name === "/sys/fs/cgroup/cpu.max" ? quota : null;
  };

  test("the processor is shown with the instructions that matter", () => {
    const findings = checkProcessor(machine("fma avx2 avx512f", "max 100000"));
    expect(said(findings)).toEqual([
      ["ok", expect.stringMatching(/with avx512f, avx2, fma$/), null],
    ]);
  });

  test.runIf(process.arch === "x64")("one without AVX2 is a warning", () => {
    expect(levels(checkProcessor(machine("sse4_2", "max 100000")))).toEqual(["ok", "warning"]);
  });

  test("a limit of half a CPU more is a note", () => {
    const findings = checkProcessor(machine("avx2", "150000 100000"));
    expect(said(findings)[1]).toEqual([
      ...[
        "note",
        expect.stringContaining("1.5 CPUs, of which 1 "),
        expect.stringContaining("whole"),
      ],
    ]);
  });

  test("a clock before the installation is a problem", () => {
    const builtAt = new Date("2026-05-01T00:00:00Z");
    expect(levels(checkClock(new Date("2026-04-29T23:00:00Z"), builtAt))).toEqual(["problem"]);
    expect(levels(checkClock(new Date("2026-04-30T01:00:00Z"), builtAt))).toEqual(["ok"]);
  });

  test("each connection needs an open file", () => {
    expect(levels(checkOpenFiles(4_096, 4_096))).toEqual(["ok"]);
    expect(levels(checkOpenFiles(null, null))).toEqual(["ok"]);
    expect(said(checkOpenFiles(10_000, 4_096))).toEqual([
      ["warning", expect.stringContaining("may open 4096 files"), expect.stringContaining("10000")],
    ]);
  });

  test("more threads than CPUs are a warning", () => {
    expect(levels(checkThreads({ threads: undefined }, 2))).toEqual(["ok"]);
    expect(levels(checkThreads({ threads: 2 }, 2))).toEqual(["ok"]);
    expect(levels(checkThreads({ threads: 3 }, 2))).toEqual(["warning"]);
  });

  test("too small a file system in memory is a warning, none a note", () => {
    expect(levels(checkSharedMemory({ cacheRam: 100 }, 100))).toEqual(["ok"]);
    expect(levels(checkSharedMemory({ cacheRam: 101 }, 100))).toEqual(["warning"]);
    expect(levels(checkSharedMemory({ cacheRam: 101 }, null))).toEqual(["note"]);
    expect(levels(checkSharedMemory({ cacheRam: 0 }, null))).toEqual(["ok"]);
  });
});

describe("models", () => {
  const DESCRIBED: Described = {
    model: { ...FAKE_MODEL, memory: { ramBytes: 2e9, vramBytes: 0 } },
    memory: {
      ...{ weights: { ramBytes: 1e9, vramBytes: 0 }, free: { ramBytes: 8e9, vramBytes: 0 } },
      ...{ fits: true, advice: null, processor: "AVX2", rows: [] },
    },
  };
  const check = async (described: Described, settings: Parameters<typeof configWith>[0] = {}) =>
    (await checkModels(configWith(settings), "sluice", async () => described)).map(said);

  test("the built-in one is checked if none is named", async () => {
    expect(await check(DESCRIBED)).toEqual([
      [
        ["ok", "fits: 2.00 GB with 4096 tokens in each of 4 slots, on CPU", null],
        ["note", "the library computes with AVX2", null],
      ],
    ]);
  });

  test("one that does not fit is a problem, with what would fit", async () => {
    const memory = { ...DESCRIBED.memory, fits: false, advice: "it would fit with slots=2" };
    expect((await check({ ...DESCRIBED, memory }))[0]?.[0]).toEqual([
      "problem",
      "does not fit: 2.00 GB with 4096 tokens in each of 4 slots, and 8.00 GB are free",
      "it would fit with slots=2",
    ]);
  });

  test("why a GPU is not used is a note", async () => {
    const model = { ...DESCRIBED.model, deviceNote: "found no GPU" };
    const [findings = []] = await check({ ...DESCRIBED, model });
    expect(findings.at(-1)?.slice(0, 2)).toEqual(["note", "found no GPU; it computes on the CPU"]);
  });

  test("each file that is missing or cannot be read is a problem, and the others are checked", async () => {
    const model = ["a=/nowhere/a.gguf", file("text.gguf", "text"), file("b.gguf", "GGUF")];
    const failing = async () => {
      throw new ServiceError("model_unusable", "it is truncated");
    };
    const checks = await checkModels(configWith({ model }), "sluice", failing);
    expect(checks.flatMap(said).map(([level, message]) => `${level}: ${message}`)).toEqual([
      "problem: --model: there is no file /nowhere/a.gguf",
      `problem: --model: ${inFolder("text.gguf")} is not a GGUF file`,
      "problem: it is truncated",
    ]);
  });
});

describe("files", () => {
  test("no keys, plain keys, and no keys for everyone", () => {
    expect(levels(checkKeys(configWith({}), "sluice"))).toEqual(["ok"]);
    expect(levels(checkKeys(configWith({ apiKey: ["a"] }), "sluice"))).toEqual(["ok"]);
    const open = configWith({ host: "0.0.0.0", allowNoKey: true });
    expect(levels(checkKeys(open, "sluice"))).toEqual(["warning"]);
  });

  test("a keys file that is missing, empty, or open to others", () => {
    const none = JSON.stringify({ version: 1, keys: [] });
    const check = (keysFile: string) => levels(checkKeys(configWith({ keysFile }), "sluice"));
    expect(check(inFolder("nothing.json"))).toEqual(["problem"]);
    expect(check(file("damaged.json", "{"))).toEqual(["problem"]);
    expect(check(file("empty.json", none))).toEqual(["warning"]);
    expect(check(file("open.json", none, 0o644))).toEqual(["warning", "warning"]);
  });

  test("a configuration file with keys must not be open to others", () => {
    const open = file("sluice.yaml", "", 0o644);
    expect(levels(checkConfigFile(open, configWith({ apiKey: ["a"] })))).toEqual(["warning"]);
    expect(levels(checkConfigFile(open, configWith({})))).toEqual(["ok"]);
    expect(levels(checkConfigFile(null, configWith({ apiKey: ["a"] })))).toEqual(["ok"]);
  });

  test("the models folder: none yet, one with a damaged file", () => {
    const modelsDir = mkdtempSync(inFolder("models-"));
    writeFileSync(path.join(modelsDir, "broken.gguf"), "text");
    expect(levels(checkModelsFolder({ modelsDir: inFolder("missing") }))).toEqual(["note"]);
    expect(said(checkModelsFolder({ modelsDir }))).toMatchObject([
      ["ok", `${modelsDir}: 0 usable`, null],
      ["warning", expect.stringContaining("broken cannot be used"), "pull it again, or delete it"],
    ]);
  });

  test("a cache on disk that is larger than the disk is a warning", () => {
    const config = { ...configWith({ modelsDir: folder }), cacheDisk: { folder, maxBytes: 1e18 } };
    expect(levels(checkDisk(config))).toContain("warning");
    expect(levels(checkDisk(configWith({ modelsDir: inFolder("not/yet/there") })))).toEqual(["ok"]);
  });

  const files = makeCertificate(folder, "site");
  test.runIf(files)("a certificate: its name, its end, and who can read its key", () => {
    const { cert = "", key = "" } = files ?? {};
    chmodSync(key, 0o600);
    const config = configWith({ tlsCert: cert, tlsKey: key });
    const inDays = (days: number) => Date.now() + days * 86_400_000;
    expect(said(checkTls(config))).toEqual([
      ["warning", expect.stringContaining("expires on"), expect.stringContaining("renew")], // it is for 2 days
    ]);
    expect(levels(checkTls(config, inDays(-10)))).toEqual(["problem"]);
    expect(levels(checkTls(config, inDays(100_000)))).toEqual(["problem"]);
    chmodSync(key, 0o640); // a key of root and of the server's group
    expect(levels(checkTls(config))).toEqual(["warning"]);
    chmodSync(key, 0o644);
    expect(levels(checkTls(config))).toEqual(["warning", "warning"]);
    expect(levels(checkTls(configWith({ tlsCert: cert })))).toEqual(["problem"]);
  });
});
