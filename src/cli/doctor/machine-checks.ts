// Checks of the machine that need no settings: Node.js, the processor, the clock, the limit of open files.

import { readFileSync, statSync } from "node:fs";
import { cpus, release } from "node:os";
import { cgroupQuota, usableCpus } from "../../cpu-count.ts";
import { openFileLimit } from "../../open-files.ts";
import { Findings } from "./finding.ts";

const OLDEST_NODE = [20, 19] as const;
/** Instructions that make a difference for a model, by their names in /proc/cpuinfo, the fastest first. */
const VECTOR_FLAGS = ["amx_int8", "avx512f", "avx_vnni", "avx2", "fma", "f16c", "asimddp", "i8mm"];
/** Each client is an open file. */
const WANTED_FILES = 4096;
const HOUR_MS = 3_600_000;

export function checkNode(version = process.versions.node): Findings {
  const findings = new Findings("Node.js");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  if (major < oldest || (major === oldest && minor < oldestMinor))
    findings.problem(
      `version ${version} is too old`,
      `install Node.js ${oldest}.${oldestMinor} or newer`,
    );
  else findings.ok(`version ${version} on ${process.platform} ${release()}, ${process.arch}`);
  return findings;
}

/** @param readText the content of a file; null if there is none */
export function checkProcessor(readText: (file: string) => string | null = readIfThere): Findings {
  const findings = new Findings("processor");
  const model = cpus()[0]?.model.trim() || "unknown model";
  const text = readText("/proc/cpuinfo") ?? "";
  const known = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  const flags = VECTOR_FLAGS.filter((flag) => known.includes(flag));
  const usable = usableCpus(readText);
  findings.ok(
    `${model}, ${usable} of ${cpus().length} CPUs for this process${flags.length > 0 ? `, with ${flags.join(", ")}` : ""}`,
  );
  if (process.arch === "x64" && known.length > 0 && !known.includes("avx2"))
    findings.warning(
      "this processor has no AVX2, or its hypervisor hides it: tokens take several times as long",
      'give the virtual machine the host\'s processor type ("host" in QEMU and Proxmox)',
    );
  const quota = cgroupQuota(readText);
  if (quota !== null && !Number.isInteger(quota))
    findings.note(
      `a limit allows ${quota} CPUs, of which ${usable} can be used well: a thread that is stopped in the middle of a step holds up the others`,
      "set the CPU limit of the container or service to a whole number",
    );
  return findings;
}

/** A clock far from the truth breaks certificates, expiry dates and the times of logs. */
export function checkClock(now = new Date(), builtAt = modifiedAt(import.meta.filename)): Findings {
  const findings = new Findings("clock");
  if (now.getTime() + 24 * HOUR_MS < builtAt.getTime())
    findings.problem(
      `it is set to ${now.toISOString()}, before this program was installed (${builtAt.toISOString()})`,
      "set the clock, and switch on time synchronization (timedatectl set-ntp true)",
    );
  else findings.ok(now.toISOString());
  return findings;
}

/** @param maxConnections of the settings; null if they cannot be read */
export function checkOpenFiles(maxConnections: number | null, limit = openFileLimit()): Findings {
  const findings = new Findings("open files");
  const wanted = Math.max(WANTED_FILES, maxConnections ?? 0);
  if (limit === null || limit >= wanted) findings.ok(`limit ${limit ?? "none"}`);
  else
    findings.warning(
      `this process may open ${limit} files, and each client needs one; --max-connections is ${wanted}`,
      `raise the limit: ulimit -n ${wanted}, LimitNOFILE= in a systemd unit, or lower --max-connections`,
    );
  return findings;
}

function modifiedAt(file: string): Date {
  return statSync(file).mtime;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null; // another system, or a container without it
  }
}
