// Entry point of the worker process that describes a model for `sluice show`: reads the header and the vocabulary, not the
// weights, and cannot generate. engine/worker-process.ts starts it; nothing imports it. It ends when its parent process is gone.

import { type LoadOptions, modelFacts, withDevice } from "./load/device.ts";
import { languageFacts, modelLanguage } from "./load/model-language.ts";
import { die, type LoadedWorker, send, serveParent } from "./parent-channel.ts";

serveParent<never>({ load, post: (message) => send([message]) });

function load({ options, log }: LoadOptions): Promise<LoadedWorker<never>> {
  const { modelPath } = options;
  return withDevice(options, async (device) => {
    const model = await device.llama.loadModel({ modelPath, vocabOnly: true, gpuLayers: 0 });
    const info = {
      ...languageFacts(modelLanguage(device.llama, model, log)),
      ...(await modelFacts(device, model)),
      threads: 0,
      slots: 0,
      contextTokens: 0,
      batchTokens: 0,
    };
    return {
      info,
      receive: ({ type }) => die(new Error(`this worker only describes: ${type}`)),
      stepAgeMs: () => 0,
    };
  });
}
