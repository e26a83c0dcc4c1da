// The settings of the log. Part of ../config.ts.

import { z } from "zod";
import { inGroup } from "./setting.ts";

export const LOG_SETTINGS = inGroup("logs", {
  logLevel: {
    schema: z.enum(["silent", "error", "warn", "info", "debug"]).default("info"),
    value: "LEVEL",
    help: "least severe messages to log: silent, error, warn, info or debug (default info)",
    allows: "silent, error, warn, info or debug",
  },
  logFormat: {
    schema: z.enum(["text", "json"]).default("text"),
    value: "FORMAT",
    help: "format of the log: text, or json with one object per line (default text)",
    allows: "text or json",
  },
});
