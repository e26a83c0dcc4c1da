// `npm run fuzz`: sends hostile input to a real server. See the files beside this one for the input and the rules.

import { fuzz } from "./driver.ts";
import { OptionError, readCommand } from "./options.ts";
import { runningServer, startServer } from "./server.ts";
import { fuzzSockets } from "./streams/sockets.ts";

const NOTHING = { text: "", findings: 0 };

// The started server ends with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

try {
  const command = readCommand(process.argv.slice(2));
  if (command.type === "help") console.log(command.text);
  else {
    const { options } = command;
    console.log(`seed ${options.seed}`);
    const server = options.url === null ? await startServer() : runningServer(options.url);
    const log = (line: string) => console.log(line);
    const isOnlySockets = options.only === "sockets";
    const { text, findings } = isOnlySockets ? NOTHING : await fuzz(options, server, log);
    server.stop();
    console.log(text);
    const hasSockets = options.url === null && (options.only === null || isOnlySockets);
    const sockets = hasSockets ? await fuzzSockets(options) : NOTHING;
    console.log(sockets.text);
    process.exit(findings + sockets.findings > 0 ? 1 : 0); // also closes connections that are still open
  }
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`fuzz: ${error.message}`);
  process.exit(1);
}
