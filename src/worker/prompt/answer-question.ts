// Answers questions that need no slot: prepare, tokenize, detokenize, render.

import type { Token } from "node-llama-cpp";
import type { Answers, Question } from "../../generation/questions.ts";
import type { LoadedModel } from "../load/model.ts";
import { tokenPiece } from "../sampling/token-piece.ts";
import { checkTokens } from "./check-tokens.ts";
import { prepare, promptTokens, withBeginning } from "./prepare.ts";

/** @throws ServiceError 4xx */
export function answerQuestion(question: Question, loaded: LoadedModel): Answers[keyof Answers] {
  const { model, vocabularySize } = loaded;
  const deps = { ...loaded, contextTokens: loaded.info.contextTokens };
  switch (question.type) {
    case "prepare":
      return prepare(question.request, deps);
    case "tokenize": {
      const tokens = model.tokenize(question.text, question.readsControlTokens);
      const all = question.addsBeginning ? withBeginning(tokens, model) : tokens;
      return all.map((token) => tokenPiece(model, token));
    }
    case "detokenize":
      checkTokens(question.tokens, vocabularySize, { field: "tokens" });
      return model.detokenize(question.tokens as Token[], true); // the check makes the cast safe
    case "render": {
      const { tokens, text } = promptTokens(question.prompt, deps);
      return { text, tokens: tokens.length };
    }
  }
}
