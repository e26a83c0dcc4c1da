// Answers questions that need no slot: prepare, tokenize, detokenize, render.

import type { Token } from "node-llama-cpp";
import type { Answers, Question } from "../../generation/questions.ts";
import type { Prompt } from "../../generation/request.ts";
import type { LoadedModel } from "../load/model.ts";
import { tokenPiece } from "../sampling/token-piece.ts";
import { checkTokens } from "./check-tokens.ts";
import { type PrepareDeps, prepare, promptSegments, promptTokens } from "./prepare.ts";

/** @throws ServiceError 4xx */
export function answerQuestion(question: Question, loaded: LoadedModel): Answers[keyof Answers] {
  const deps: PrepareDeps = { ...loaded, contextTokens: loaded.info.contextTokens };
  switch (question.type) {
    case "prepare":
      return prepare(question.request, deps);
    case "tokenize":
      return tokenized(question, deps);
    case "detokenize":
      checkTokens(question.tokens, deps.vocabularySize, { field: "tokens" });
      return deps.model.detokenize(question.tokens as Token[], true); // the check makes the cast safe
    case "render":
      return rendered(question.prompt, deps);
  }
}

function tokenized(
  { text, addsBeginning, readsControlTokens }: Extract<Question, { type: "tokenize" }>,
  { model }: PrepareDeps,
): Answers["tokenize"] {
  const tokens: number[] = model.tokenize(text, readsControlTokens);
  const { bos, shouldPrependBosToken } = model.tokens;
  const isMissing = addsBeginning && shouldPrependBosToken && bos !== null && tokens[0] !== bos;
  return (isMissing ? [bos, ...tokens] : tokens).map((token) => tokenPiece(model, token));
}

function rendered(prompt: Prompt, deps: PrepareDeps): Answers["render"] {
  const tokens = promptTokens(prompt, deps).tokens.length;
  const isText = prompt.type === "messages" || prompt.type === "text";
  const text = isText ? promptSegments(prompt, deps.template).map((each) => each.text) : [];
  return { text: text.join(""), tokens };
}
