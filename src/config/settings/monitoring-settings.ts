// The settings of metrics for other programs. Part of ../config.ts.

import { z } from "zod";
import { metricAliasProblem } from "../../metrics/metric-alias.ts";
import { inGroup } from "./setting.ts";

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
});
