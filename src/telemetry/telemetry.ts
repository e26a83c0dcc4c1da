// Sends traces and metrics of ended requests to an OpenTelemetry collector. A reader of the journal. The SDK is loaded only when
// this is on.

import { settlesWithin } from "../generation/deferred.ts";
import { hideUserInfo } from "../hide-user-info.ts";
import type { EndedRequest } from "../journal/journal.ts";
import type { OtlpExport, OtlpOptions } from "./otlp-export.ts";
import { wallClockMs } from "./trace-context.ts";

export type TelemetryOptions = Omit<OtlpOptions, "onFailure"> & {
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
};

/** Longest wait for the last spans and metrics when the server closes. */
const FLUSH_MS = 3_000;
/** An unreachable collector is logged this often. */
const LOG_EVERY_MS = 300_000;

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #export: Promise<OtlpExport | null>;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#export = this.#load();
  }

  /** A reader of the journal. */
  ended(request: EndedRequest): void {
    const endedAt = wallClockMs();
    void this.#export.then((exporter) => exporter?.ended(request, endedAt));
  }

  /** Sends what is left, within a time limit. */
  async close(): Promise<void> {
    const exporter = await this.#export;
    if (exporter) await settlesWithin(exporter.close(), FLUSH_MS);
  }

  async #load(): Promise<OtlpExport | null> {
    const { log } = this.#options;
    try {
      const { OtlpExport } = await import("./otlp-export.ts");
      const onFailure = (error: Error | undefined) => this.#failed(error);
      const exporter = new OtlpExport({ ...this.#options, onFailure });
      log("info", `sending traces and metrics to ${hideUserInfo(this.#options.endpoint)}`);
      return exporter;
    } catch (error) {
      log("error", `no traces and metrics are sent: ${(error as Error).message}`);
      return null;
    }
  }

  /** Requests go on; what could not be sent is dropped. */
  #failed(error: Error | undefined): void {
    if (performance.now() - this.#loggedAtMs < LOG_EVERY_MS) return;
    this.#loggedAtMs = performance.now();
    const why = error?.message || "no connection";
    this.#options.log("warn", `traces or metrics could not be sent to the collector: ${why}`);
  }
}
