// Answers questions that need no slot: prepare, tokenize, detokenize, render.

import type { Token } from "node-llama-cpp";
import type { Answers, Question, TokenPiece } from "../../generation/questions.ts";
import type { LoadedModel } from "../load/model.ts";
import { tokenPiece } from "../sampling/token-piece.ts";
import { checkTokens } from "./check-tokens.ts";
import { prepare, promptTokens, withBeginning } from "./prepare.ts";
import { tokenizeInSlices, tokenizer } from "./token-slices.ts";
import type { Turn } from "./turn.ts";

/** This many pieces take about a millisecond. */
const PIECES_PER_SLICE = 200;

/** @throws ServiceError 4xx, or the turn's reason to abort */
export async function answerQuestion(
  question: Question,
  loaded: LoadedModel,
  turn: Turn,
): Promise<Answers[keyof Answers]> {
  const { model, vocabularySize } = loaded;
  const deps = { ...loaded, contextTokens: loaded.info.contextTokens };
  switch (question.type) {
    case "prepare":
      return await prepare(question, deps, turn);
    case "tokenize":
      return await tokenPieces(question, loaded, turn);
    case "detokenize":
      checkTokens(question.tokens, vocabularySize, { field: "tokens" });
      return model.detokenize(question.tokens as Token[], true); // the check makes the cast safe
    case "render": {
      const { tokens, text } = await promptTokens(question.prompt, deps, turn);
      return { text, tokens: tokens.length };
    }
  }
}

async function tokenPieces(
  { text, addsBeginning, readsControlTokens }: Extract<Question, { type: "tokenize" }>,
  { model }: LoadedModel,
  turn: Turn,
): Promise<Answers["tokenize"]> {
  const tokens = await tokenizeInSlices(text, tokenizer(model, readsControlTokens, true), turn);
  const pieces: TokenPiece[] = [];
  for (const token of addsBeginning ? withBeginning(tokens, model) : tokens) {
    pieces.push(tokenPiece(model, token));
    if (pieces.length % PIECES_PER_SLICE === 0) await turn.pause();
  }
  return pieces;
}
