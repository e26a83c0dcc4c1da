// Loaded into a process before its program (NODE_OPTIONS=--import): each disk is full as soon as a download has begun to write.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { statfsSync } = fs;
fs.statfsSync = (dir) => {
  const hasBegun = fs.readdirSync(dir).some((name) => name.endsWith(".ipull"));
  return { ...statfsSync(dir), ...(hasBegun && { bavail: 0 }) };
};
syncBuiltinESMExports();
