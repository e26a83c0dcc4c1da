// How many tokens each attached file takes: counted by the server if the model is loaded, otherwise estimated.

import { useEffect, useState } from "react";
import { estimateTokens } from "../../attachments/token-estimate.ts";
import type { DraftFile } from "../../chat/drafts.ts";
import type { Server } from "../../client/server.ts";
import { useApp, useChosenModel } from "../context.ts";
import { count } from "../format.ts";

export type TokenAmount = { readonly tokens: number; readonly isEstimate: boolean };
/** By the file's id. */
export type FileTokens = ReadonlyMap<string, TokenAmount>;

/** The server counts up to 200,000 bytes, and a character has up to 3 bytes for each unit of its length. */
const MAX_COUNTED_CHARS = 66_000;

export function useFileTokens(files: readonly DraftFile[]): FileTokens {
  const { server } = useApp();
  const { model } = useChosenModel();
  // Counting would load a model that is not loaded.
  const counter = model?.state === "ready" ? model.id : null;
  const [counted, setCounted] = useState<FileTokens>(new Map());
  useEffect(() => {
    let isCurrent = true;
    const countAll = async (name: string) => {
      for (const { id, text } of files) {
        if (text === null || counted.has(countKey(name, id))) continue;
        const tokens = await countWith(server, name, text);
        if (!isCurrent) return;
        setCounted((before) => new Map(before).set(countKey(name, id), tokens));
      }
    };
    // A count that fails leaves the estimate.
    if (counter !== null) countAll(counter).catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [files, counter, counted, server]);
  return new Map(
    files.flatMap(({ id, text }) => {
      if (text === null) return [];
      const exact = counter === null ? undefined : counted.get(countKey(counter, id));
      return [[id, exact ?? { tokens: estimateTokens(text), isEstimate: true }]];
    }),
  );
}

/** 3,100 tokens, or ≈ 3,100 tokens for an estimate. */
export function tokensText({ tokens, isEstimate }: TokenAmount): string {
  return `${isEstimate ? "≈ " : ""}${count(tokens)} ${tokens === 1 ? "token" : "tokens"}`;
}

function countKey(model: string, fileId: string): string {
  return `${fileId} ${model}`;
}

/** Counts the beginning of a text that is too long for the server, and assumes that the rest is alike. */
async function countWith(server: Server, model: string, text: string): Promise<TokenAmount> {
  const start = text.slice(0, MAX_COUNTED_CHARS).toWellFormed();
  const tokens = await server.countTokens(start, model);
  const share = start.length / text.length;
  return { tokens: Math.round(tokens / share), isEstimate: share < 1 };
}
