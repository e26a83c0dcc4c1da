// --tls-cert and --tls-key → the certificate and the key of the HTTPS server. Finds every fault before the server listens.

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";

export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** Null for HTTP. @throws ConfigError naming the flag and the file */
export function readTlsFiles({
  tlsCert,
  tlsKey,
}: Pick<Config, "tlsCert" | "tlsKey">): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsKey === undefined) throw new ConfigError("--tls-cert also requires --tls-key FILE");
  if (tlsCert === undefined) throw new ConfigError("--tls-key also requires --tls-cert FILE");
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

/** Replaces the message of OpenSSL, which does not name the file. */
function check(flag: string, fault: string, parts: Partial<TlsFiles>): void {
  try {
    createSecureContext(parts);
  } catch {
    throw new ConfigError(`${flag}: ${fault}`);
  }
}
