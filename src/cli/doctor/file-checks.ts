// Checks of the files and folders that the settings name: keys, certificates, models, the cache on disk.

import { X509Certificate } from "node:crypto";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import path from "node:path";
import type { Config } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import { readTlsFiles } from "../../config/tls-files.ts";
import { bytesText } from "../../generation/memory-use.ts";
import { KeysFileError, readKeysFile } from "../../keys/keys-file.ts";
import { readPlainKeys } from "../../keys/plain-keys-file.ts";
import { diskRoom } from "../../models/disk-room.ts";
import { listModelFolder, ModelFolderError } from "../../models/model-folder.ts";
import { Findings } from "./finding.ts";

/** Certificates of the usual authorities are renewed a month before their end. */
const RENEWAL_MS = 14 * 24 * 3_600_000;
/** A group may read: `chmod 640` gives a file of root to the server alone. */
const OTHERS = 0o027;

export function checkKeys(config: Config, program: string): Findings {
  const findings = new Findings("keys");
  try {
    reportKeys(config, program, findings);
  } catch (error) {
    if (!(error instanceof KeysFileError)) throw error;
    findings.problem(error.message, null);
  }
  return findings;
}

/** @throws KeysFileError for a file of keys that cannot be used */
function reportKeys(
  { keysFile, apiKey, apiKeyFile, allowNoKey }: Config,
  program: string,
  findings: Findings,
): void {
  const plain = [...apiKey, ...(apiKeyFile === undefined ? [] : readPlainKeys(apiKeyFile))].length;
  const named = keysFile === undefined ? 0 : readKeysFile(keysFile, program).keys.length;
  if (plain + named > 0)
    findings.ok(`${named} with names, ${plain} with all scopes (--api-key, --api-key-file)`);
  else if (keysFile !== undefined)
    findings.warning(
      `${keysFile} has no key: nobody can use the server`,
      `${program} keys add NAME --keys-file ${keysFile}`,
    );
  else if (allowNoKey)
    findings.warning(
      "--allow-no-key: everyone who reaches this server may use it, and pull and delete models",
      `make keys with: ${program} keys add NAME --keys-file keys.json`,
    );
  else findings.ok("none: only this machine can connect");
  for (const file of [keysFile, apiKeyFile])
    if (file !== undefined && isOpenToOthers(file))
      findings.warning(`other users of this machine can read ${file}`, `chmod 600 ${file}`);
}

export function checkTls(config: Config, now = Date.now()): Findings {
  const findings = new Findings("TLS");
  try {
    const files = readTlsFiles(config);
    if (files === null) {
      findings.ok("off: plain HTTP, or a proxy in front");
      return findings;
    }
    const { validTo, validFrom, subjectAltName, subject } = new X509Certificate(files.cert);
    const name = subjectAltName ?? subject.replaceAll("\n", ", ");
    const left = Date.parse(validTo) - now;
    if (Date.parse(validFrom) > now)
      findings.problem(`the certificate is valid only from ${validFrom}`, "check the clock");
    else if (left < 0) findings.problem(`the certificate expired on ${validTo}`, "renew it");
    else if (left < RENEWAL_MS)
      findings.warning(
        `the certificate expires on ${validTo}`,
        "renew it, and check why that did not happen by itself",
      );
    else findings.ok(`certificate for ${name}, until ${validTo}`);
    if (config.tlsKey !== undefined && isOpenToOthers(config.tlsKey))
      findings.warning(
        `other users of this machine can read the private key ${config.tlsKey}`,
        `chmod 600 ${config.tlsKey}, or 640 with a group of its own`,
      );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    findings.problem(error.message, null);
  }
  return findings;
}

/** The configuration file may hold keys. @param configFile null for none */
export function checkConfigFile(configFile: string | null, config: Config): Findings {
  const findings = new Findings("settings");
  if (configFile === null) findings.ok("from options and variables");
  else if (config.apiKey.length > 0 && isOpenToOthers(configFile))
    findings.warning(
      `other users of this machine can read ${configFile}, and the server has keys of --api-key`,
      `chmod 600 ${configFile}, or use a keys file, which holds only hashes`,
    );
  else findings.ok(`from ${configFile}, options and variables`);
  return findings;
}

export function checkModelsFolder({ modelsDir }: Pick<Config, "modelsDir">): Findings {
  const findings = new Findings("models folder");
  if (!existsSync(modelsDir)) {
    findings.note(`there is no folder ${modelsDir}; a pull makes it`);
    return findings;
  }
  try {
    const { models } = listModelFolder(modelsDir);
    const damaged = models.filter(({ problem }) => problem !== null);
    findings.ok(`${modelsDir}: ${models.length - damaged.length} usable`);
    for (const { name, problem } of damaged)
      findings.warning(`${name} cannot be used: ${problem}`, "pull it again, or delete it");
  } catch (error) {
    if (!(error instanceof ModelFolderError)) throw error;
    findings.problem(error.message, null);
  }
  if (!isWritable(modelsDir))
    findings.note(
      `this user may not write to ${modelsDir}: the server cannot pull or delete models`,
    );
  return findings;
}

export function checkDisk({ modelsDir, cacheDisk }: Config): Findings {
  const findings = new Findings("disk");
  const folder = nearestFolder(modelsDir);
  const { freeBytes, reserveBytes } = diskRoom(folder);
  if (freeBytes < reserveBytes)
    findings.warning(
      `${bytesText(freeBytes)} are free in ${folder}: pulls are refused below ${bytesText(reserveBytes)}`,
      "delete models that nobody uses (sluice list shows when), or use another disk",
    );
  else findings.ok(`${bytesText(freeBytes)} free in ${folder}`);
  if (cacheDisk === undefined) return findings;
  const cacheFolder = nearestFolder(cacheDisk.folder);
  const { freeBytes: cacheFreeBytes } = diskRoom(cacheFolder);
  if (cacheFreeBytes < cacheDisk.maxBytes)
    findings.warning(
      `${bytesText(cacheFreeBytes)} are free in ${cacheFolder}, and --cache-disk may take ${bytesText(cacheDisk.maxBytes)}`,
      "make room, or give --cache-disk a smaller size",
    );
  if (!isWritable(cacheFolder))
    findings.problem(
      `this user may not write to ${cacheFolder}`,
      "chown it, or name another folder",
    );
  return findings;
}

/** The folder itself, or the nearest one above it that exists. */
function nearestFolder(folder: string): string {
  const absolute = path.resolve(folder);
  return existsSync(absolute) ? absolute : nearestFolder(path.dirname(absolute));
}

/** Windows has no such modes. */
function isOpenToOthers(file: string): boolean {
  return process.platform !== "win32" && (statSync(file).mode & OTHERS) !== 0;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
