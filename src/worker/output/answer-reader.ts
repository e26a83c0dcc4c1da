// One answer's tokens → its parts: decoded, told apart, and cut off at a stop string. Knows when which grammar holds.

import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import type { OutputPlan } from "../../generation/request.ts";
import { literal } from "../../grammar/rules.ts";
import { OutputParser, type OutputPart } from "./output-parser.ts";
import { reasoningFormatNamed } from "./reasoning-formats.ts";
import { StopSequences } from "./stop-sequences.ts";
import { type Detokenize, TokenDecoder } from "./token-decoder.ts";
import { toolFormatNamed } from "./tool-formats.ts";

type GrammarState = LlamaGrammarEvaluationState;

type AnswerGrammars = {
  /** The state of one answer, at its beginning. */
  readonly begin: (text: string) => GrammarState;
  /** Takes in tokens that were generated before. @returns false when they are not of the grammar */
  readonly feed: (state: GrammarState, tokens: readonly number[]) => boolean;
};

export type AnswerReaderOptions = {
  readonly output: OutputPlan;
  readonly stop: readonly string[];
  readonly promptTokens: readonly number[];
  readonly detokenize: Detokenize;
  /** Ids and texts of the control tokens with these texts. */
  readonly controlTokens: (texts: readonly string[]) => ReadonlyMap<number, string>;
  readonly grammars: AnswerGrammars;
};

export type ReadParts = {
  readonly parts: readonly OutputPart[];
  /** The stop string that was found: the answer ends with these parts. Null where there is none. */
  readonly stopString: string | null;
};

export class AnswerReader {
  readonly #options: AnswerReaderOptions;
  readonly #decoder: TokenDecoder;
  /** Null where all is text. */
  readonly #parser: OutputParser | null;
  readonly #stops: StopSequences;
  #state: GrammarState | null = null;
  #hasState = false;
  /** While a call may come: all tokens, where their texts begin, and the whole text. */
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

  /** What holds the next token to a form; undefined when it may be anything. */
  get grammarState(): GrammarState | undefined {
    const { answerGrammar } = this.#options.output;
    if (answerGrammar && !this.#hasState && this.#isHeld(answerGrammar.holds)) {
      this.#hasState = true;
      this.#state = this.#options.grammars.begin(answerGrammar.text);
    }
    return this.#state ?? undefined;
  }

  push(token: number): ReadParts {
    const text = this.#decoder.push(token);
    if (!this.#parser) return this.#cut([{ type: "text", text }]);
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

  /** The answer is over without a further token. */
  end(): ReadParts {
    const text = this.#decoder.flush();
    if (!this.#parser) return this.#last([{ type: "text", text }]);
    return this.#last([...this.#parser.push(text), ...this.#parser.end()]);
  }

  #isHeld(holds: "start" | "text"): boolean {
    if (!this.#parser) return true;
    return holds === "start" ? !this.#parser.isReasoning : this.#parser.isText;
  }

  /** From here on the answer is calls. The tokens that began the first one are taken in, with what came before in them. */
  #beginCalls(grammar: string, at: number): void {
    this.#hasState = true;
    const first = this.#tokens.findLastIndex((token) => token.at <= at);
    const { grammars } = this.#options;
    const before = this.#text.slice(this.#tokens[first]?.at ?? at, at);
    const whole =
      before === "" ? grammar : grammar.replace(/^root ::=/, () => `root ::= ${literal(before)}`);
    const state = grammars.begin(whole);
    const ids = this.#tokens.slice(first).map(({ id }) => id);
    // What is no longer of the grammar (an odd gap within the same token) cannot be taken back: the call stays free then.
    this.#state = grammars.feed(state, ids) ? state : null;
    this.#tokens = [];
    this.#text = "";
  }

  /** Stop strings count in the text alone: neither thoughts nor arguments are cut off by them. */
  #cut(parts: readonly OutputPart[]): ReadParts {
    const kept: OutputPart[] = [];
    for (const part of parts) {
      if (part.type !== "text") {
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
    if (text !== "") kept.push({ type: "text", text });
  }
}
