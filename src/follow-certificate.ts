// Gives new connections the certificate that is in its files now. Called by service.ts and create-node.ts.

import { type TlsFilesWatch, watchTlsFiles } from "./config/watch-tls-files.ts";
import type { HttpServers } from "./http/server/http-servers.ts";
import type { Logger } from "./log.ts";

/** Polling interval of the certificate. */
const CERTIFICATE_POLL_MS = 1_000;

type Certificate = Pick<TlsFilesWatch, "config" | "tls"> & { readonly log: Logger };

/** @returns what reads the files at once, and what ends the watch */
export function followCertificate(servers: HttpServers, { log, ...files }: Certificate) {
  return watchTlsFiles({
    ...files,
    pollMs: CERTIFICATE_POLL_MS,
    onChange: (tls) => {
      servers.useCertificate(tls);
      log.info("the certificate has changed; new connections get it");
    },
    onError: (message) => log.error(message),
  });
}
