// Loads a GGUF on the device that was asked for, or the best there is, and makes the context with its sequences.

import type { LlamaContext, LlamaModel, Token } from "node-llama-cpp";
import type { ModelInfo, ModelOptions } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import type { StepLoad } from "../../generation/events.ts";
import { Grammars } from "../output/grammars.ts";
import { type ThoughtFormat, thinkingWords, thoughtFormatOf } from "../output/reasoning-formats.ts";
import { CallGrammars } from "../output/tool-grammar.ts";
import { ChatTemplate } from "../prompt/chat-template.ts";
import { ControlTokens } from "../prompt/control-tokens.ts";
import { leastMessageTokens } from "../prompt/prompt-bounds.ts";
import { Batcher } from "../step/batching.ts";
import { PromptSlices } from "../step/prompt-slices.ts";
import { Slot } from "../step/slots.ts";
import { StepMeter } from "../step/step-meter.ts";
import { usableCpus } from "./cpu-count.ts";
import { type Device, describeDevice, fitIntoMemory, withDevice } from "./device.ts";
import { kindOf } from "./model-kind.ts";

/** Slices of a prompt: on a CPU a short one keeps a stop quick, on a GPU a long one keeps the device busy. */
const CPU_BATCH_TOKENS = 128;
const GPU_BATCH_TOKENS = 512;
const DEFAULT_CONTEXT_TOKENS = 4096;
/** Below that hardly a prompt fits: who wants so little has to say so. */
const LEAST_CONTEXT_TOKENS = 256;

export type LoadOptions = {
  readonly options: ModelOptions;
  /** 0 to 1. */
  readonly onProgress: (progress: number) => void;
  readonly log: (level: "warn" | "error", message: string) => void;
  readonly onStep: () => void;
  readonly onLoad: (load: StepLoad) => void;
};

export type LoadedModel = {
  readonly info: ModelInfo;
  readonly model: LlamaModel;
  readonly slots: readonly Slot[];
  readonly batcher: Batcher;
  readonly slices: PromptSlices;
  readonly grammars: Grammars;
  readonly callGrammars: CallGrammars;
  readonly template: ChatTemplate | null;
  /** Null for a model that does not think. */
  readonly reasoningFormat: ThoughtFormat | null;
  readonly controlTokens: ControlTokens;
  readonly vocabularySize: number;
  readonly longestTokenChars: number;
  /** Tokens that the template spends on a message besides its content, at least. */
  readonly messageTokens: number;
};

/** @throws ServiceError `engine_unavailable` with one clear line */
export function loadModel(load: LoadOptions): Promise<LoadedModel> {
  const { gpu, modelPath } = load.options;
  return withDevice({ gpu, modelPath }, (device) => loadOn(device, load));
}

async function loadOn({ llama, note }: Device, load: LoadOptions): Promise<LoadedModel> {
  const { options } = load;
  const cpus = usableCpus();
  llama.maxThreads = cpus; // the context's thread count is capped by it at creation
  const batchTokens =
    options.batchTokens ?? (llama.gpu === false ? CPU_BATCH_TOKENS : GPU_BATCH_TOKENS);
  const slices = new PromptSlices({ batchTokens, targetMs: options.stepTargetMs });
  const threads = options.threads ?? cpus;
  const meter = new StepMeter({
    slices,
    maxThreads: threads,
    isGoverned: options.threadGovernor && llama.gpu === false,
    setThreads: (count) => {
      llama.maxThreads = count;
    },
  });
  const batcher = new Batcher({
    onStep: load.onStep,
    onStepTime: (step) => {
      load.onLoad({ ...step, threads: meter.threads });
      meter.observe(step);
    },
  });
  const { model, context } = await fitIntoMemory(llama, load, (loaded) =>
    createContext(loaded, options, { batcher, batchTokens, cpus }),
  );
  if (context.contextSize > model.trainContextSize) {
    const lengths = `${context.contextSize} tokens, the model was trained for ${model.trainContextSize}`;
    load.log("warn", `the context is ${lengths}: answers may get worse beyond that (--context)`);
  }
  llama.maxThreads = threads;

  const slots = Array.from(
    { length: options.slots },
    (_, id) => new Slot(id, context.getSequence()),
  );
  const vocabulary = [...model.iterateAllTokens()];
  const controlTokens = new ControlTokens(model, vocabulary);
  const template = readTemplate(model, [...controlTokens.ids.keys()], load.log);
  const reasoningFormat = template
    ? thoughtFormatOf(template.source, (text) => model.tokenize(text, true).length === 1)
    : null;
  const device = await describeDevice(llama, model);
  return {
    model,
    slots,
    batcher,
    slices,
    grammars: new Grammars(llama, model),
    callGrammars: new CallGrammars(),
    template,
    reasoningFormat,
    controlTokens,
    vocabularySize: vocabulary.length,
    longestTokenChars: longestText(vocabulary, model),
    messageTokens: leastMessageTokens(template, (text) => model.tokenize(text, true)),
    info: {
      device,
      deviceNote: note,
      gpuLayers: model.gpuLayers,
      totalLayers: model.fileInsights.totalLayers,
      threads,
      slots: slots.length,
      contextTokens: context.contextSize,
      trainedContextTokens: model.trainContextSize,
      batchTokens: context.batchSize,
      chatTemplate: template?.source ?? null,
      toolFormat: template?.toolFormat.name ?? null,
      reasoningFormat: reasoningFormat?.name ?? null,
      vocabularySize: vocabulary.length,
      canRank: model.fileInsights.supportsRanking,
      modelBytes: model.size,
      ...kindOf(model),
      beginningText: model.tokens.bosString,
      endText: model.tokens.eosString,
    },
  };
}

type ContextNeeds = {
  readonly batcher: Batcher;
  readonly batchTokens: number;
  readonly cpus: number;
};
async function createContext(
  model: LlamaModel,
  options: ModelOptions,
  { batcher, batchTokens, cpus }: ContextNeeds,
): Promise<LlamaContext> {
  const trained = model.trainContextSize;
  if (options.contextTokens === null && trained < LEAST_CONTEXT_TOKENS)
    throw tooSmall(options.modelPath, trained);
  return model.createContext({
    sequences: options.slots,
    contextSize: options.contextTokens ?? Math.min(DEFAULT_CONTEXT_TOKENS, trained),
    batchSize: Math.max(batchTokens, options.slots),
    flashAttention: options.flashAttention,
    threads: cpus,
    failedCreationRemedy: false, // a smaller context than asked for would be a surprise
    batching: { itemPrioritizationStrategy: batcher.fillBatch },
  });
}

function tooSmall(modelPath: string, tokens: number): ServiceError {
  const message =
    `cannot load ${modelPath}: it says that it was trained for ${tokens} tokens (context_length), and a context has ` +
    `${LEAST_CONTEXT_TOKENS} or more; --context N serves it with N tokens all the same`;
  return new ServiceError("engine_unavailable", message);
}

function readTemplate(
  model: LlamaModel,
  controlTexts: readonly string[],
  log: LoadOptions["log"],
): ChatTemplate | null {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (!source) return null;
  try {
    return new ChatTemplate({
      source,
      controlTexts,
      bosText: model.tokens.bosString,
      eosText: model.tokens.eosString,
      thinkingWords: thinkingWords(model.fileInfo.metadata.general?.name ?? ""),
    });
  } catch (error) {
    log("warn", `the chat template cannot be read, chat is off: ${(error as Error).message}`);
    return null;
  }
}

function longestText(vocabulary: readonly Token[], model: LlamaModel): number {
  let longest = 1;
  for (const token of vocabulary)
    longest = Math.max(longest, model.detokenize([token], true).length);
  return longest;
}
