// The settings of metrics for other programs. Part of ../config.ts.

import { z } from "zod";
import { metricAliasProblem } from "../../metrics/metric-alias.ts";
import { inGroup } from "./setting.ts";

/** A header of HTTP, whose value is printable ASCII. */
export const OTLP_HEADER = /^([!#$%&'*+.^_`|~\w-]+)=([\x20-\x7e]*)$/;

export const MONITORING_SETTINGS = inGroup("logs", {
  metricAlias: {
    schema: z
      .array(z.string())
      .superRefine((texts, context) => {
        const message = metricAliasProblem(texts);
        if (message !== null) context.addIssue({ code: "custom", message });
      })
      .default([]),
    value: "OURS=THEIRS",
    help: "export a gauge of /metrics under a second name too, for programs that look for that name, such as sluice_queue_length=vllm:num_requests_waiting; repeatable",
    allows: "the name of a gauge of /metrics, = and another name",
    json: { type: ["string", "array"], items: { type: "string" } },
    isList: true,
    isExpert: true,
  },
  otlpEndpoint: {
    schema: z
      .string()
      .trim()
      .refine((text) => URL.canParse(text) && /^https?:/i.test(text))
      .optional(),
    value: "URL",
    help: "send traces and metrics of requests, without any text of them, to the OpenTelemetry collector at this address, by OTLP over HTTP, such as http://localhost:4318 (default: off)",
    allows: "a URL that begins with http:// or https://",
  },
  otlpHeaders: {
    schema: z.array(z.string().trim().regex(OTLP_HEADER)).default([]),
    value: "NAME=VALUE",
    help: "header of each request to the collector, such as authorization=Bearer TOKEN; repeatable",
    allows: "the name of a header, = and its value",
    isList: true,
    isSecret: true,
    isExpert: true,
  },
  otlpHeadersFile: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "file with headers as of --otlp-headers, one a line, such as a secret of Docker or Kubernetes (default: none)",
    allows: "a path to a file with NAME=VALUE in each line",
    isPath: true,
    isExpert: true,
  },
  otlpServiceName: {
    schema: z.string().trim().min(1).default("sluice"),
    value: "NAME",
    help: "name of this service in traces and metrics that are sent (default sluice)",
    allows: "a name",
    isExpert: true,
  },
  otlpSampling: {
    schema: z
      .string()
      .trim()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/)
      .transform(Number)
      .default(1),
    value: "SHARE",
    help: "share of the traces that are sent, from 0 to 1; a client that sends its trace context decides for its own requests (default 1)",
    allows: "a number from 0 to 1",
    json: { type: "number", minimum: 0, maximum: 1 },
    isExpert: true,
  },
});
