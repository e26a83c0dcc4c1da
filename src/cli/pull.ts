// `sluice pull`: reads its arguments, runs the download, and prints how to use the model.

import { writeSync } from "node:fs";
import path from "node:path";
import { DEFAULT_MODELS_DIR } from "../config/settings/model-settings.ts";
import { type DownloadOptions, downloadModel } from "../models/download.ts";
import { DownloadNetwork, takeHubToken } from "../models/download-network.ts";
import { isModelFileName, modelNameOf } from "../models/model-file-name.ts";
import { modelUri } from "../models/model-uri.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { catalogTable } from "./text/catalog-table.ts";
import { jsonReporter, printJson, textReporter } from "./text/pull-reporters.ts";

type PullOptions = Pick<DownloadOptions, "uri" | "dir" | "name" | "timeoutMs"> & {
  readonly isJson: boolean;
};

/** @param env gets HF_TOKEN from the file of HF_TOKEN_FILE. @throws CommandError or DownloadError */
export async function runPull(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const program = programName(env);
  const options = readOptions(args, program);
  if (!options) return console.log(helpText(program));
  const network = new DownloadNetwork({
    timeoutMs: options.timeoutMs,
    hasToken: takeHubToken(env),
  });
  exitOnSignals(network);
  const { isJson } = options;
  const showsProgressBar = process.stdout.isTTY === true && !isJson;
  try {
    const reporter = isJson ? jsonReporter() : textReporter(showsProgressBar);
    const file = await downloadModel({ ...options, showsProgressBar, network, reporter });
    if (isJson) printJson({ status: "success", name: modelNameOf(file), file });
    else console.log(nextSteps(shownFile(file, options.dir), program));
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
    switches: ["json"],
    program,
  });
  if (values.help) return undefined;
  const [model, ...others] = positionals;
  if (!model || others.length > 0)
    throw new CommandError(
      `pull takes one model: ${program} pull qwen3:4b, or ${program} pull hf:user/repo:quant (see ${program} pull --help)`,
    );
  const uri = modelUri(model);
  const { dir = DEFAULT_MODELS_DIR, name, timeout = "30", json: isJson = false } = values;
  if (name !== undefined && !isModelFileName(name))
    throw new CommandError(`--name is "${name}": allowed is a plain file name that ends in .gguf`);
  const seconds = Number(timeout);
  if (!(seconds >= 1 && seconds <= 3600))
    throw new CommandError(`--timeout is "${timeout}": allowed is 1 to 3600 seconds`);
  return { uri, dir, name, timeoutMs: seconds * 1000, isJson };
}

/** As the folder was given: relative, or absolute. */
function shownFile(file: string, dir: string): string {
  return path.isAbsolute(dir) ? file : path.relative(process.cwd(), file);
}

function nextSteps(shown: string, program: string): string {
  return [
    `Model file: ${shown}`,
    `Name: ${modelNameOf(shown)} (a running server that offers this folder has it at once)`,
    `Next: ${program} --model ${/[^\w./+-]/.test(shown) ? `"${shown}"` : shown}`,
  ].join("\n");
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
       ${program} pull qwen3:4b
       ${program} pull hf:Qwen/Qwen3-4B-GGUF:Q4_K_M

MODEL is one of
  family:tag                   a short name of the catalog below; without the tag, its first one
  hf:user/repo:quant           a quantization in a Hugging Face repository, such as Q4_K_M
  hf:user/repo                 the quantization that the hub proposes
  hf:user/repo/path/file.gguf  one file; add #branch for a branch other than main
  https://host/path/file.gguf  any http or https address
A model that is split into several files (-00001-of-00003.gguf) is downloaded whole.

Options
  --dir FOLDER       where to put the model; created when missing (default: ${DEFAULT_MODELS_DIR})
  --name FILE.gguf   file name (default: the name that the server or the hub gives)
  --timeout SECONDS  give up on a connection that is silent for this long, 1 to 3600 (default 30)
  --json             print one JSON object per line, with the field names of Ollama's API
  --help             print this

Environment variables
  HF_TOKEN       access token for gated and private repositories; sent to the hub only
  HF_TOKEN_FILE  file with that token, instead of HF_TOKEN
  HF_ENDPOINT    address of another hub that speaks the same protocol

To resume a download that was interrupted, run the same command again: it continues from the
unfinished .ipull file beside the model. A complete file is not downloaded twice. A download must
leave 1 GiB of the disk free, or 5 % of a small one.
Exit code: 0 complete, 1 failed, 130 stopped with Ctrl-C.

Catalog of short names (sizes are approximate)
${catalogTable().replace(/^/gm, "  ")}`;
}
