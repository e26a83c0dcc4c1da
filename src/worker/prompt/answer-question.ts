// Answers questions that need no slot: prepare, tokenize, detokenize, render.

import type { Token } from "node-llama-cpp";
import { ServiceError } from "../../errors.ts";
import type { Answers, Question } from "../../generation/questions.ts";
import type { Prompt } from "../../generation/request.ts";
import type { LoadedModel } from "../load/model.ts";
import { tokenPiece } from "../sampling/token-piece.ts";
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
      return detokenized(question.tokens, deps);
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

function detokenized(tokens: readonly number[], { model, vocabularySize }: PrepareDeps): string {
  const wrong = tokens.find((token) => token >= vocabularySize);
  if (wrong === undefined) return model.detokenize(tokens as Token[], true);
  throw new ServiceError(
    "invalid_value",
    `tokens has the token ${wrong}; this model's tokens are 0 to ${vocabularySize - 1}`,
    { param: "tokens" },
  );
}

function rendered(prompt: Prompt, deps: PrepareDeps): Answers["render"] {
  const tokens = promptTokens(prompt, deps).tokens.length;
  const isText = prompt.type === "messages" || prompt.type === "text";
  const text = isText ? promptSegments(prompt, deps.template).map((each) => each.text) : [];
  return { text: text.join(""), tokens };
}
