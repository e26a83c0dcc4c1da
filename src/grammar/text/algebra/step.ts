// The derivative of a language by every first character at once.

import type { Segment, Step, TextLanguage } from "./language-node.ts";

/** The texts that may follow the character `code`. */
export function nextLanguage(language: TextLanguage, code: number): TextLanguage {
  const step = language.owner.step(language);
  let [low, high] = [0, step.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const segment = step[middle];
    if (!segment) break;
    if (code < segment.from) high = middle - 1;
    else if (code > segment.to) low = middle + 1;
    else return segment.next;
  }
  return language.owner.nothing;
}

/** The step of a language. Characters that no text starts with are in no segment. */
export function newStep(language: TextLanguage): Step {
  const { form, owner } = language;
  switch (form.type) {
    case "nothing":
    case "empty":
      return [];
    case "chars":
      return form.ranges.map(([from, to]) => ({ from, to, next: owner.empty }));
    case "sequence": {
      const { first, rest } = form;
      const steps = mapped(owner.step(first), (next) => owner.sequence(next, rest));
      return first.isNullable ? unionStep(language, [steps, owner.step(rest)]) : steps;
    }
    case "repeat": {
      const { part, min, max } = form;
      const rest = owner.repeat(part, Math.max(0, min - 1), max - 1);
      return mapped(owner.step(part), (next) => owner.sequence(next, rest));
    }
    case "either":
      return unionStep(
        language,
        form.parts.map((part) => owner.step(part)),
      );
    case "both":
      return form.parts.map((part) => owner.step(part)).reduce((a, b) => bothStep(language, a, b));
    case "not":
      return complementStep(language, owner.step(form.part));
    case "loop":
      return owner.step(form.expand());
  }
}

function mapped(step: Step, change: (next: TextLanguage) => TextLanguage): Step {
  const results = new Map<TextLanguage, TextLanguage>();
  const changed = (next: TextLanguage): TextLanguage => {
    const result = results.get(next) ?? change(next);
    results.set(next, result);
    return result;
  };
  return joined(step.map(({ from, to, next }) => ({ from, to, next: changed(next) })));
}

/** Keeps the results of `make`, because many segments lead to few different languages. */
function memo(
  make: (languages: readonly TextLanguage[]) => TextLanguage,
): (languages: readonly TextLanguage[]) => TextLanguage {
  const results = new Map<string, TextLanguage>();
  return (languages) => {
    const key = languages.map(({ id }) => id).join();
    const result = results.get(key) ?? make(languages);
    results.set(key, result);
    return result;
  };
}

/** Drops segments that lead to no text and joins neighbours that lead to the same language. */
function joined(segments: readonly Segment[]): Step {
  const result: { from: number; to: number; next: TextLanguage }[] = [];
  for (const { from, to, next } of segments) {
    if (next === next.owner.nothing) continue;
    const last = result.at(-1);
    if (last && last.to + 1 === from && last.next === next) last.to = to;
    else result.push({ from, to, next });
  }
  return result;
}

function unionStep({ owner }: TextLanguage, steps: readonly Step[]): Step {
  const waiting = steps.flat().sort((a, b) => a.from - b.from);
  const result: Segment[] = [];
  let active: Segment[] = [];
  let at = 0;
  const unionOf = memo((languages: readonly TextLanguage[]) => owner.either(languages));
  for (let from = waiting[0]?.from ?? 0; ; ) {
    for (let next = waiting[at]; next?.from === from; next = waiting[at]) {
      active.push(next);
      at += 1;
    }
    let to = (waiting[at]?.from ?? Infinity) - 1;
    for (const each of active) to = Math.min(to, each.to);
    const [first] = active;
    if (first) {
      owner.budget.spend(active.length);
      const isOnly = active.length === 1;
      const next = isOnly ? first.next : unionOf(active.map((each) => each.next));
      result.push({ from, to, next });
      active = active.filter((each) => each.to > to);
    } else if (to === Infinity) return joined(result);
    from = to + 1;
  }
}

function bothStep({ owner }: TextLanguage, a: Step, b: Step): Step {
  const result: Segment[] = [];
  const intersection = memo((languages) => owner.both(languages));
  let [left, right] = [0, 0];
  for (;;) {
    const [one, other] = [a[left], b[right]];
    if (!one || !other) return joined(result);
    const from = Math.max(one.from, other.from);
    const to = Math.min(one.to, other.to);
    owner.budget.spend(0.5);
    if (from <= to) result.push({ from, to, next: intersection([one.next, other.next]) });
    if (one.to < other.to) left += 1;
    else right += 1;
  }
}

function complementStep({ owner }: TextLanguage, step: Step): Step {
  const result: Segment[] = [];
  for (const { from: first, to: last, next: any } of owner.step(owner.everything)) {
    let start = first;
    for (const { from, to, next } of step) {
      if (to < first || from > last) continue;
      if (from > start) result.push({ from: start, to: from - 1, next: any });
      result.push({ from, to, next: owner.not(next) });
      start = to + 1;
    }
    if (start <= last) result.push({ from: start, to: last, next: any });
  }
  return joined(result);
}
