// Creates self-signed certificates for localhost when needed, because scanners would report a key in the repository.

import { execFileSync } from "node:child_process";
import path from "node:path";

export type CertificateFiles = { readonly cert: string; readonly key: string };

/** Null, with a warning, if there is no openssl. */
export function makeCertificate(folder: string, name: string): CertificateFiles | null {
  const cert = path.join(folder, `${name}.pem`);
  const key = path.join(folder, `${name}-key.pem`);
  const subject = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  const kind = [
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  try {
    execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", cert, ...subject], {
      stdio: "pipe",
    });
  } catch (error) {
    console.warn(
      `SKIPPED: tests of HTTPS, since openssl made no certificate: ${(error as Error).message}`,
    );
    return null;
  }
  return { cert, key };
}
