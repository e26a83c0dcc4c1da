// Config → what the server keeps in memory between requests: resumable streams, stored responses, compiled schemas, and the
// prompts of each conversation. Called by service.ts.

import { PromptHistory } from "./cache-misses/prompt-history.ts";
import { SchemaCompiler } from "./compile/schema-compiler.ts";
import type { Config } from "./config/config.ts";
import { KeptAnswers } from "./resume/kept-answers.ts";
import { StoredResponses } from "./resume/stored-responses.ts";

export type Stores = ReturnType<typeof createStores>;

/** @param compileProgram the compiled file of the thread that compiles schemas */
export function createStores(config: Config, compileProgram: string) {
  const { resumeBuffer, resumeGraceMs, responseStore, responseTtlMs } = config;
  return {
    streams: new KeptAnswers({ maxBytes: resumeBuffer, keepMs: resumeGraceMs, isResumable: true }),
    responses: new StoredResponses({ maxBytes: responseStore, keepMs: responseTtlMs }),
    schemas: new SchemaCompiler({ entry: compileProgram, isOpen: config.openObjects }),
    history: new PromptHistory(),
  };
}

export async function closeStores({ streams, responses, schemas }: Stores): Promise<void> {
  responses.answers.close();
  streams.close();
  await schemas.close();
}
