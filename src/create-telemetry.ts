// Builds what sends traces and metrics to an OpenTelemetry collector, if the settings name one. Called by service.ts.

import { packageVersion } from "./config/command-line.ts";
import type { Config } from "./config/config.ts";
import { otlpHeaders } from "./config/otlp-headers.ts";
import type { Logger } from "./log.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

const METRICS_INTERVAL_MS = 60_000;

/** Null without --otlp-endpoint. @throws ConfigError for a file of headers that cannot be used */
export function createTelemetry(config: Config, log: Logger): Telemetry | null {
  const { otlpEndpoint, otlpServiceName, otlpSampling } = config;
  if (otlpEndpoint === undefined) return null;
  return new Telemetry({
    endpoint: otlpEndpoint,
    headers: otlpHeaders(config),
    serviceName: otlpServiceName,
    serviceVersion: packageVersion(),
    sampling: otlpSampling,
    metricsIntervalMs: METRICS_INTERVAL_MS,
    log: (level, message) => log[level](message),
  });
}
