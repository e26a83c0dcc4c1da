// `sluice pull`: reads its arguments, shows the progress of the download, and prints the command that serves the model.

import { writeSync } from "node:fs";
import path from "node:path";
import {
  type DownloadOptions,
  type DownloadReporter,
  downloadModel,
  formatBytes,
} from "../models/download.ts";
import { DownloadNetwork } from "../models/download-network.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";

const PERCENT_STEP = 5;

type PullOptions = Pick<DownloadOptions, "uri" | "dir" | "name" | "timeoutMs">;

/** @throws CommandError or DownloadError */
export async function runPull(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const options = readOptions(args, program);
  if (!options) return console.log(helpText(program));
  const network = new DownloadNetwork({
    timeoutMs: options.timeoutMs,
    hasToken: Boolean(env.HF_TOKEN),
  });
  exitOnSignals(network);
  const showsProgressBar = process.stdout.isTTY === true;
  try {
    const reporter = reporterOf(showsProgressBar);
    const file = await downloadModel({ ...options, showsProgressBar, network, reporter });
    const shown = path.relative(process.cwd(), file);
    console.log(`Model file: ${shown}`);
    console.log(`Next: ${program} --model ${/[^\w./+-]/.test(shown) ? `"${shown}"` : shown}`);
  } catch (error) {
    releaseTerminal();
    throw error;
  }
  process.exit(0); // the library may still hold connections
}

/** @returns undefined for --help */
function readOptions(args: readonly string[], program: string): PullOptions | undefined {
  const { values, positionals } = readWords(args, {
    name: "pull",
    options: ["dir", "name", "timeout"],
    program,
  });
  if (values.help) return undefined;
  const [uri, ...others] = positionals;
  if (!uri || others.length > 0)
    throw new CommandError(
      `pull takes one model: ${program} pull hf:user/repo:quant (see ${program} pull --help)`,
    );
  const isUrl = /^https?:\/\//i.test(uri) && URL.canParse(uri);
  if (!isUrl && !/^(hf|huggingface):(\/\/)?[^/\s:]+\/[^/\s]+/.test(uri))
    throw new CommandError(`"${uri}" is neither hf:user/repo:quant nor an http(s) address`);
  const { dir = "models", name, timeout = "30" } = values;
  if (name !== undefined && !/^[^/\\]+\.gguf$/i.test(name))
    throw new CommandError(`--name is "${name}": allowed is a plain file name that ends in .gguf`);
  const seconds = Number(timeout);
  if (!(seconds >= 1 && seconds <= 3600))
    throw new CommandError(`--timeout is "${timeout}": allowed is 1 to 3600 seconds`);
  return { uri, dir, name, timeoutMs: seconds * 1000 };
}

function reporterOf(showsProgressBar: boolean): DownloadReporter {
  let shownPercent = 0;
  return {
    onStart({ filesInfo, totalSize, downloadedSize }, isComplete) {
      const names = filesInfo.map(({ fileName }) => fileName).join(", ");
      const size = totalSize > 0 ? formatBytes(totalSize) : "size unknown";
      const resumed = downloadedSize > 0 ? `, resuming at ${formatBytes(downloadedSize)}` : "";
      console.log(`${names}: ${isComplete ? "already complete" : size + resumed}`);
    },
    onBytes(bytes, totalBytes) {
      const percent = Math.floor((bytes / totalBytes) * 100);
      if (showsProgressBar || !(percent >= shownPercent + PERCENT_STEP)) return;
      shownPercent = percent - (percent % PERCENT_STEP);
      const amount = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
      console.log(`${String(percent).padStart(3)}%  ${amount}`);
    },
    onRetry: (reason) => console.error(`sluice: ${reason}; retrying`),
    onChecksumRight: (fileName) => console.log(`${fileName}: the SHA-256 is right`),
  };
}

function exitOnSignals(network: DownloadNetwork): void {
  let code = 0;
  const signals = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const;
  for (const [signal, signalCode] of signals)
    process.prependListener(signal, () => {
      code = signalCode;
      setImmediate(() => process.exit(code));
    });
  // Not in the listener above, because the library's progress bar answers Ctrl-C with process.exit(0) at once.
  process.on("exit", () => {
    if (code === 0) return;
    process.exitCode = code;
    const next = network.canResume ? "resume" : "start again from the beginning";
    releaseTerminal();
    writeSync(2, `sluice: stopped; run the same command to ${next}\n`);
  });
}

/** Leaves the line of the progress bar, which hides the cursor and holds the standard streams while it runs. */
function releaseTerminal(): void {
  if (process.stdout.isTTY) writeSync(2, "\x1b[?25h\n");
}

function helpText(program: string): string {
  return `Download a GGUF model.

usage: ${program} pull MODEL [options]
       ${program} pull hf:Qwen/Qwen3-4B-GGUF:Q4_K_M

MODEL is one of
  hf:user/repo:quant           a quantization in a Hugging Face repository, such as Q4_K_M
  hf:user/repo                 the quantization that the hub proposes
  hf:user/repo/path/file.gguf  one file; add #branch for a branch other than main
  https://host/path/file.gguf  any http or https address
A model that is split into several files (-00001-of-00003.gguf) is downloaded whole.

Options
  --dir FOLDER       where to put the model; created when missing (default: models)
  --name FILE.gguf   file name (default: the name that the server or the hub gives)
  --timeout SECONDS  give up on a connection that is silent for this long, 1 to 3600 (default 30)
  --help             print this

Environment variables
  HF_TOKEN     access token for gated and private repositories; sent to the hub only
  HF_ENDPOINT  address of another hub that speaks the same protocol

To resume a download that was interrupted, run the same command again: it continues from the
unfinished .ipull file beside the model. A complete file is not downloaded twice.
Exit code: 0 complete, 1 failed, 130 stopped with Ctrl-C.`;
}
