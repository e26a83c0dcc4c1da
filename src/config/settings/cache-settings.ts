// The settings of the prefix cache. Part of ../config.ts.

import { z } from "zod";
import { byteSize, inGroup } from "./setting.ts";
import { parseBytes } from "./units.ts";

/** A folder, a comma and a size; the folder may contain commas. */
const diskCache = z.string().transform((text, context) => {
  const comma = text.lastIndexOf(",");
  const [folder, maxBytes] = [text.slice(0, comma).trim(), parseBytes(text.slice(comma + 1))];
  if (comma > 0 && folder !== "" && maxBytes !== null && maxBytes > 0) return { folder, maxBytes };
  context.addIssue({ code: "custom" });
  return z.NEVER;
});

export const CACHE_SETTINGS = inGroup("cache", {
  cacheRam: byteSize({
    help: "memory for the prompts of conversations that have lost their slot, such as 4GiB; 0 for none (default: an eighth of the available memory)",
  }),
  cacheDisk: {
    schema: diskCache.optional(),
    value: "DIR,SIZE",
    help: "keep copies of the saved prompts on disk, encrypted, in this folder and up to this size, such as /var/cache/sluice,20GiB: they survive a restart (default: off)",
    allows: "a folder, a comma and a size such as 20GiB",
    json: { type: "string" },
    isPath: true,
  },
  cacheKeyFile: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "file with the secret that encrypts the cache on disk, created if it is missing (default: `key` in its folder)",
    allows: "a path to a file",
    isPath: true,
  },
});
