// Follows the certificate and its key: reads both again when one of them changes, as after a renewal. Called by service.ts.

import { unwatchFile, watchFile } from "node:fs";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

export type TlsFilesWatch = {
  readonly config: Pick<Config, "tlsCert" | "tlsKey">;
  /** What the files contain now; null for HTTP, where nothing is watched. */
  readonly tls: TlsFiles | null;
  /** How often to check the files for changes, and to try again while they do not fit together. */
  readonly pollMs: number;
  /** Receives another certificate with its key. It must not throw. */
  readonly onChange: (tls: TlsFiles) => void;
  /** Receives one line for each different problem. The previous certificate stays in use. */
  readonly onError: (message: string) => void;
};

/**
 * Polls the files' times and sizes: events get lost on network drives and with renames. The two are written one after the other, so
 * a pair that does not fit is read again until it does.
 */
export function watchTlsFiles({ config, pollMs, onChange, onError, ...options }: TlsFilesWatch) {
  let { tls } = options;
  let problem: string | null = null;
  let retry: NodeJS.Timeout | undefined;
  const files = tls ? [config.tlsCert, config.tlsKey].filter((each) => each !== undefined) : [];
  const reload = () => {
    clearTimeout(retry);
    try {
      const read = readTlsFiles(config);
      problem = null;
      if (!read || isSame(read, tls)) return;
      tls = read;
      onChange(read);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message !== problem) onError(`${error.message}; keeping the previous certificate`);
      problem = error.message;
      retry = setTimeout(reload, pollMs).unref();
    }
  };
  for (const file of files) watchFile(file, { interval: pollMs, persistent: false }, reload);
  return {
    /** Reads the files at once. */
    reload,
    close() {
      clearTimeout(retry);
      for (const file of files) unwatchFile(file, reload);
    },
  };
}

function isSame(read: TlsFiles, before: TlsFiles | null): boolean {
  return before !== null && read.cert.equals(before.cert) && read.key.equals(before.key);
}
