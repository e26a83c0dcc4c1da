// `npm run fuzz`: hostile input against a real server. What is sent and what is held is in the files beside this one.

import { fuzz } from "./driver.ts";
import { OptionError, readCommand } from "./options.ts";
import { runningServer, startServer } from "./server.ts";

// The server that was started ends with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

try {
  const command = readCommand(process.argv.slice(2));
  if (command.type === "help") console.log(command.text);
  else {
    const { options } = command;
    console.log(`seed ${options.seed}`);
    const server = options.url === null ? await startServer() : runningServer(options.url);
    const { text, findings } = await fuzz(options, server, (line) => console.log(line));
    server.stop();
    console.log(text);
    process.exit(findings > 0 ? 1 : 0); // also ends connections that the server still holds
  }
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`fuzz: ${error.message}`);
  process.exit(1);
}
