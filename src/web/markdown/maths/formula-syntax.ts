// A remark plugin for formulas: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, as an element `math` that contains the source.

import { readBlockFormula } from "./block-formula.ts";

type Code = number | null;
type State = (code: Code) => State | undefined;
type Effects = {
  readonly enter: (type: string) => unknown;
  readonly exit: (type: string) => unknown;
  readonly consume: (code: Code) => undefined;
};
/** The parts of micromark's tokenizer that are used here. */
type Context = {
  readonly interrupt?: boolean;
  readonly previous: Code;
  readonly now: () => { readonly offset: number };
};
type Tokenize = (this: Context, effects: Effects, ok: State, nok: State) => State;

type FormulaNode = { readonly type: "formula"; data: object };
/** The parts of mdast-util-from-markdown's context that are used here. */
type Compiler = {
  readonly enter: (node: FormulaNode, token: unknown) => unknown;
  readonly exit: (token: unknown) => unknown;
  readonly sliceSerialize: (token: unknown) => string;
  readonly stack: readonly unknown[];
};

type FormulaOptions = {
  /** The text that is parsed. */
  readonly source: string;
  /** Whether a closing marker may still arrive. */
  readonly isGrowing: boolean;
};

type Processor = { readonly data: () => Record<string, unknown[] | undefined> };

const DOLLAR = 36;
const BACKSLASH = 92;
const BACKTICK = 96;

/** A number before words, as in "5 or 6", is an amount of money between two dollars. */
const PRICE = /^\d[^\\]*[a-z]{2}/i;

export function formulaSyntax(this: unknown, options: FormulaOptions): void {
  const data = (this as Processor).data(); // unified calls plugins on the processor
  const inline = { name: "formula", tokenize: inlineFormula };
  const block = { name: "formula", concrete: true, tokenize: blockFormula(options) };
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push({
    text: { [DOLLAR]: inline, [BACKSLASH]: inline },
    flow: { [DOLLAR]: block, [BACKSLASH]: block },
  });
  data.fromMarkdownExtensions ??= [];
  data.fromMarkdownExtensions.push({
    enter: { formula: enterFormula, blockFormula: enterFormula },
    exit: { formula: exitInline, blockFormula: exitBlock },
  });
}

/**
 * The rules of Pandoc for single dollars: no space inside, no digit after the closing one
 * (https://pandoc.org/MANUAL.html#extension-tex_math_dollars). Letters beside the dollars and backticks between them
 * exclude a formula too, for text such as `$HOME/$USER`. The next dollar decides, so that the work stays linear.
 */
const inlineFormula: Tokenize = function (effects, ok, nok) {
  const isAfterWord = isWordCharacter(this.previous) || this.previous === DOLLAR;
  const { consume, endChunk } = createConsumer(effects);
  let closer = DOLLAR;
  let isLong = false;
  let text = "";
  return open;

  function open(code: Code): State | undefined {
    effects.enter("formula");
    consume(code);
    return code === DOLLAR ? afterDollar : afterBackslash;
  }
  function afterDollar(code: Code): State | undefined {
    if (code !== DOLLAR) return isAfterWord || isSpace(code) ? nok(code) : content(code);
    if (isAfterWord) return nok(code);
    isLong = true;
    consume(code);
    return (next) => (next === DOLLAR ? nok(next) : content(next));
  }
  function afterBackslash(code: Code): State | undefined {
    const bracket = code === 40 ? 41 : code === 91 ? 93 : null;
    if (bracket === null) return nok(code);
    closer = bracket;
    consume(code);
    return content;
  }
  function content(code: Code): State | undefined {
    if (code === null || (code === BACKTICK && closer === DOLLAR && !isLong)) return nok(code);
    if (code === BACKSLASH) {
      consume(code);
      return escaped;
    }
    if (code === DOLLAR && closer === DOLLAR) {
      if (text.trim() === "" || (!isLong && /\s$/.test(text))) return nok(code);
      consume(code);
      return isLong ? secondDollar : after;
    }
    return consumeContent(code);
  }
  function consumeContent(code: Code): State {
    text += code === null || code < 0 ? " " : String.fromCharCode(code);
    consume(code);
    return content;
  }
  function escaped(code: Code): State | undefined {
    if (code === null) return nok(code);
    if (closer === DOLLAR || (code !== closer && code !== closer - (closer === 41 ? 1 : 2))) {
      text += "\\";
      return consumeContent(code);
    }
    if (code !== closer || text.trim() === "") return nok(code); // a second opening marker
    consume(code);
    return end;
  }
  function secondDollar(code: Code): State | undefined {
    if (code !== DOLLAR) return content(code);
    consume(code);
    return (next) => (next === DOLLAR ? nok(next) : end(next));
  }
  function after(code: Code): State | undefined {
    return isWordCharacter(code) || code === DOLLAR || PRICE.test(text) ? nok(code) : end(code);
  }
  function end(code: Code): State | undefined {
    endChunk();
    effects.exit("formula");
    return ok(code);
  }
};

function blockFormula({ source, isGrowing }: FormulaOptions): Tokenize {
  return function (effects, ok, nok) {
    const formula = readBlockFormula(source, this.now().offset, isGrowing);
    const { consume, endChunk } = createConsumer(effects);
    const inside: State = (code) => {
      if (code === null || this.now().offset >= (formula?.end ?? 0)) return close(code);
      consume(code);
      return inside;
    };
    const close: State = (code) => {
      endChunk();
      effects.exit("blockFormula");
      return afterFormula(code);
    };
    const afterFormula: State = (code) => {
      if (code === null || isLineEnd(code)) return ok(code);
      if (!isSpace(code)) return nok(code);
      effects.enter("whitespace");
      effects.consume(code);
      effects.exit("whitespace");
      return afterFormula;
    };
    return (code) => {
      if (formula === null) return nok(code);
      if (this.interrupt) return ok(code);
      effects.enter("blockFormula");
      return inside(code);
    };
  };
}

/** Line ends must be tokens of their own, because the marker of a quote or the indentation of a list item follows them. */
function createConsumer(effects: Effects) {
  let isInChunk = false;
  const endChunk = () => {
    if (isInChunk) effects.exit("formulaChunk");
    isInChunk = false;
  };
  const consume = (code: Code) => {
    const isBreak = code !== null && isLineEnd(code);
    if (isBreak) endChunk();
    if (isBreak || !isInChunk) effects.enter(isBreak ? "lineEnding" : "formulaChunk");
    effects.consume(code);
    if (isBreak) effects.exit("lineEnding");
    else isInChunk = true;
  };
  return { consume, endChunk };
}

function enterFormula(this: Compiler, token: unknown): void {
  this.enter({ type: "formula", data: {} }, token);
}

function exitInline(this: Compiler, token: unknown): void {
  const source = this.sliceSerialize(token);
  setData(this, { hName: "math", hChildren: [{ type: "text", value: source }] });
  this.exit(token);
}

function exitBlock(this: Compiler, token: unknown): void {
  const text = { type: "text", value: this.sliceSerialize(token) };
  const isClosed = /(?:\$\$|\\\])$/.test(text.value) && text.value.length > 2;
  const formula = { type: "element", tagName: "math", properties: {}, children: [text] };
  setData(
    this,
    isClosed
      ? { hName: "p", hChildren: [formula] }
      : { hName: "p", hProperties: { className: ["raw-html"] }, hChildren: [text] },
  );
  this.exit(token);
}

function setData(compiler: Compiler, data: object): void {
  const node = compiler.stack.at(-1) as FormulaNode; // entered above
  node.data = data;
}

/** Line ends, tabs and virtual spaces have negative codes. */
function isSpace(code: Code): boolean {
  return code === null || code < 0 || code === 32 || code === 10 || code === 13;
}

function isLineEnd(code: number): boolean {
  return code < -2 || code === 10 || code === 13;
}

function isWordCharacter(code: Code): boolean {
  return code !== null && code > 0 && /[\p{L}\p{N}]/u.test(String.fromCharCode(code));
}
