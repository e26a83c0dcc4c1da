// Turns the tokens of one answer into parts: decodes them, separates text, reasoning and tool calls, and cuts at a stop string.
// Decides which grammar restricts the next token.

import type { LlamaGrammarEvaluationState, Token } from "node-llama-cpp";
import type { OutputPart } from "../../generation/events.ts";
import type { OutputPlan } from "../../generation/request.ts";
import { gbnf } from "../../grammar/nodes.ts";
import type { LoadedModel } from "../load/model.ts";
import type { Grammars } from "./grammars.ts";
import { OutputParser } from "./output-parser.ts";
import { reasoningFormatNamed } from "./reasoning-formats.ts";
import { StopSequences } from "./stop-sequences.ts";
import { type Detokenize, TokenDecoder } from "./token-decoder.ts";
import { toolFormatNamed } from "./tool-formats.ts";

type GrammarState = LlamaGrammarEvaluationState;

export type AnswerReaderDeps = {
  readonly detokenize: Detokenize;
  /** The control tokens with these texts, as a map from id to text. */
  readonly controlTokens: (texts: readonly string[]) => ReadonlyMap<number, string>;
  readonly grammars: Pick<Grammars, "begin" | "feed">;
};

export type AnswerReaderOptions = AnswerReaderDeps & {
  readonly output: OutputPlan;
  readonly stop: readonly string[];
  readonly promptTokens: readonly number[];
};

export type ReadParts = {
  readonly parts: readonly OutputPart[];
  /** The stop string that ends the answer after these parts; null if none was found. */
  readonly stopString: string | null;
};

export class AnswerReader {
  readonly #options: AnswerReaderOptions;
  readonly #decoder: TokenDecoder;
  /** Null for an answer that has only text. */
  readonly #parser: OutputParser | null;
  readonly #stops: StopSequences;
  #state: GrammarState | null = null;
  #hasState = false;
  /** Until the first tool call: all tokens with the position of their texts, and the whole text. */
  #tokens: { readonly id: number; readonly at: number }[] = [];
  #text = "";

  constructor(options: AnswerReaderOptions) {
    const { output, promptTokens, detokenize, controlTokens, stop } = options;
    const toolFormat = output.toolFormat === null ? null : toolFormatNamed(output.toolFormat);
    const reasoningFormat =
      output.reasoningFormat === null ? null : reasoningFormatNamed(output.reasoningFormat);
    const shown = [...(toolFormat?.controlTexts ?? []), ...(reasoningFormat?.controlTexts ?? [])];
    this.#options = options;
    this.#decoder = new TokenDecoder(
      detokenize,
      promptTokens,
      shown.length > 0 ? controlTokens(shown) : undefined,
    );
    this.#parser =
      toolFormat || reasoningFormat
        ? new OutputParser({ ...output, toolFormat, reasoningFormat })
        : null;
    this.#stops = new StopSequences(stop);
  }

  get isReasoning(): boolean {
    return this.#parser?.isReasoning ?? false;
  }

  get hasCalls(): boolean {
    return (this.#parser?.calls ?? 0) > 0;
  }

  /** The grammar state that restricts the next token; undefined when any token is allowed. */
  get grammarState(): GrammarState | undefined {
    const { answerGrammar } = this.#options.output;
    if (answerGrammar && !this.#hasState && this.#isRestricted(answerGrammar.appliesFrom)) {
      this.#hasState = true;
      this.#state = this.#options.grammars.begin(answerGrammar.text);
    }
    return this.#state ?? undefined;
  }

  push(token: number): ReadParts {
    const text = this.#decoder.push(token);
    if (!this.#parser) return this.#cut([{ type: "text-delta", text }]);
    const { callGrammar } = this.#options.output;
    if (callGrammar !== null && !this.#hasState) {
      this.#tokens.push({ id: token, at: this.#text.length });
      this.#text += text;
    }
    const parts = this.#parser.push(text);
    const { callsBeganAt } = this.#parser;
    if (callGrammar !== null && callsBeganAt !== null && !this.#hasState)
      this.#beginCalls(callGrammar, callsBeganAt);
    return this.#cut(parts);
  }

  /** Ends the answer without another token. */
  end(): ReadParts {
    const text = this.#decoder.flush();
    if (!this.#parser) return this.#last([{ type: "text-delta", text }]);
    return this.#last([...this.#parser.push(text), ...this.#parser.end()]);
  }

  #isRestricted(appliesFrom: "start" | "text"): boolean {
    if (!this.#parser) return true;
    return appliesFrom === "start" ? !this.#parser.isReasoning : this.#parser.isText;
  }

  /** Starts the call grammar. It first takes in the tokens that began the first call, with any text before the call in them. */
  #beginCalls(grammar: string, at: number): void {
    this.#hasState = true;
    const first = this.#tokens.findLastIndex((token) => token.at <= at);
    const { grammars } = this.#options;
    const before = this.#text.slice(this.#tokens[first]?.at ?? at, at);
    const whole =
      before === "" ? grammar : grammar.replace(/^root ::=/, () => `root ::= ${gbnf(before)}`);
    const state = grammars.begin(whole);
    const ids = this.#tokens.slice(first).map(({ id }) => id);
    // The generated tokens cannot be undone. If the grammar does not allow them (unusual white space), the call is unrestricted.
    this.#state = grammars.feed(state, ids) ? state : null;
    this.#tokens = [];
    this.#text = "";
  }

  /** Stop strings apply only to text, not to reasoning or arguments. */
  #cut(parts: readonly OutputPart[]): ReadParts {
    const kept: OutputPart[] = [];
    for (const part of parts) {
      if (part.type !== "text-delta") {
        this.#keepText(kept, this.#stops.flush());
        kept.push(part);
        continue;
      }
      const { text, stopString } = this.#stops.push(part.text);
      this.#keepText(kept, text);
      if (stopString !== null) return { parts: kept, stopString };
    }
    return { parts: kept, stopString: null };
  }

  #last(parts: readonly OutputPart[]): ReadParts {
    const cut = this.#cut(parts);
    if (cut.stopString !== null) return cut;
    const kept = [...cut.parts];
    this.#keepText(kept, this.#stops.flush());
    return { parts: kept, stopString: null };
  }

  #keepText(kept: OutputPart[], text: string): void {
    if (text !== "") kept.push({ type: "text-delta", text });
  }
}

/** The parts of the loaded model that a run needs to read its answer. */
export function answerReaderDeps(
  {
    model,
    grammars,
    controlTokens: { ids },
  }: Pick<LoadedModel, "model" | "grammars" | "controlTokens">,
  { reasoningFormat, reasoningBudgetTokens }: OutputPlan,
) {
  const detokenize: Detokenize = (tokens, before) =>
    model.detokenize(tokens as Token[], false, before as Token[]);
  const controlTokens = (texts: readonly string[]) =>
    new Map(
      texts.flatMap((text): [number, string][] => {
        const id = ids.get(text);
        return id === undefined ? [] : [[id, text]];
      }),
    );
  const reasoningEnding =
    reasoningFormat === null || reasoningBudgetTokens === null
      ? []
      : model.tokenize(reasoningFormatNamed(reasoningFormat).ending, true);
  return { detokenize, controlTokens, grammars, reasoningEnding };
}
