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
  audit: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "file to which a line of JSON is appended for each request and each act of an administrator, without any text of them (default: none)",
    allows: "a path to a file, which is made when it is missing",
    isPath: true,
  },
  logFormat: {
    schema: z.enum(["text", "json"]).default("text"),
    value: "FORMAT",
    help: "format of the log: text, or json with one object per line (default text)",
    allows: "text or json",
  },
});
