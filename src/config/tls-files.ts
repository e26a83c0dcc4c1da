// --tls-cert and --tls-key → what the HTTPS server is made of. Whatever is wrong with them is found before it listens.

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { ConfigError } from "./config-error.ts";
import type { Config } from "./config.ts";

export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** Null where HTTP is spoken. @throws ConfigError naming the flag and the file */
export function readTlsFiles({
  tlsCert,
  tlsKey,
}: Pick<Config, "tlsCert" | "tlsKey">): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsKey === undefined) throw new ConfigError("--tls-cert wants --tls-key FILE beside it");
  if (tlsCert === undefined) throw new ConfigError("--tls-key wants --tls-cert FILE beside it");
  const cert = read("--tls-cert", tlsCert);
  const key = read("--tls-key", tlsKey);
  check("--tls-cert", `${tlsCert} is not a certificate in PEM`, { cert });
  check("--tls-key", `${tlsKey} is not a private key in PEM without a passphrase`, { key });
  check("--tls-key", `${tlsKey} is not the key of the certificate in ${tlsCert}`, { cert, key });
  return { cert, key };
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${flag}: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** OpenSSL's own words would help nobody. */
function check(flag: string, fault: string, parts: Partial<TlsFiles>): void {
  try {
    createSecureContext(parts);
  } catch {
    throw new ConfigError(`${flag}: ${fault}`);
  }
}
