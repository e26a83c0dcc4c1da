// Members or items in a fixed order, of which some may be absent, and then any number of others. Each rule is the rest of the
// sequence from one place on.

import { choice, type GrammarNode, optional, repeated, sequence } from "../nodes.ts";
import {
  holdsAtEnd,
  type Presence,
  presenceKey,
  presenceSize,
  whenMember,
  whenOther,
} from "../normalize/presence.ts";
import type { Rules } from "../rules.ts";

export type SequencePart = {
  readonly name: string;
  readonly node: GrammarNode;
  readonly isRequired: boolean;
};

export type SequenceOptions = {
  readonly rules: Rules;
  readonly comma: GrammarNode;
  readonly parts: readonly SequencePart[];
  /** A part that may follow any number of times; null for none. */
  readonly other: GrammarNode | null;
  readonly presence: Presence;
  /** Limits on the number of parts. `UNBOUNDED` for none. */
  readonly min: number;
  readonly max: number;
};

const EMPTY = sequence();
const NO_PART: SequencePart = { name: "", node: EMPTY, isRequired: false };
const UNITS_PER_PLACE = 4;
/** For each part of the formula. */
const UNITS_PER_ATOM = 6;

/** A position before the part `index`, after `count` parts. The formula must hold for the rest. */
type Place = { readonly index: number; readonly count: number; readonly presence: Presence };

/** A place whose rule is written after those of the places it leads to. */
type OpenPlace = Place & {
  /** The place if the part is there. */
  readonly after: Place;
  /** The place if the part is absent; null if it is required. */
  readonly without: Place | null;
  /** Places whose rules are not written yet. */
  readonly waiting: Place[];
};

type Ways = {
  readonly node: GrammarNode;
  /** The rest of the sequence if the part is there; null if it cannot be there. */
  readonly after: GrammarNode | null;
  /** The rest of the sequence if the part is absent; null if it cannot be absent. */
  readonly absent: GrammarNode | null;
  readonly isFirst: boolean;
};

type OthersOptions = {
  readonly least: number;
  readonly most: number;
  readonly isFirst: boolean;
};

/** @returns null if no sequence is allowed */
export function memberSequence(options: SequenceOptions): GrammarNode | null {
  return new MemberSequence(options).whole();
}

class MemberSequence {
  readonly #rules: Rules;
  readonly #comma: GrammarNode;
  readonly #parts: readonly SequencePart[];
  readonly #other: GrammarNode | null;
  readonly #presence: Presence;
  readonly #min: number;
  readonly #max: number;
  /** Higher counts have the same rules. */
  readonly #mostCounted: number;
  readonly #known = new Map<string, GrammarNode | null>();
  readonly #formulas = new Map<string, number>();

  constructor({ rules, comma, parts, other, presence, min, max }: SequenceOptions) {
    this.#rules = rules;
    this.#comma = comma;
    this.#parts = parts;
    this.#other = other;
    this.#presence = presence;
    const required = parts.filter(({ isRequired }) => isRequired).length;
    this.#min = min <= required ? 0 : min;
    this.#max = other === null && max >= parts.length ? Number.POSITIVE_INFINITY : max;
    this.#mostCounted = Math.max(1, this.#max === Number.POSITIVE_INFINITY ? this.#min : this.#max);
  }

  whole(): GrammarNode | null {
    const isPlain =
      this.#presence === true && this.#min === 0 && this.#max === Number.POSITIVE_INFINITY;
    return isPlain ? this.#inOrder() : this.#counting();
  }

  /** Writes from the last part to the first. For parts without limits on how many or which may occur together. */
  #inOrder(): GrammarNode | null {
    const firstRequired = this.#parts.findIndex(({ isRequired }) => isRequired);
    const lastStart = firstRequired < 0 ? this.#parts.length : firstRequired;
    let [first, next] = [firstRequired < 0 ? this.#end(0, true) : null, this.#end(1, true)];
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const { node, isRequired } = this.#parts[index] ?? NO_PART;
      const [absentFirst, absentNext] = isRequired ? [null, null] : [first, next];
      if (index <= lastStart)
        first = this.#added(
          this.#choice({ node, after: next, absent: absentFirst, isFirst: true }),
          "members",
        );
      if (index > 0)
        next = this.#added(
          this.#choice({ node, after: next, absent: absentNext, isFirst: false }),
          "more",
        );
    }
    return first;
  }

  #added(node: GrammarNode | null, hint: string): GrammarNode | null {
    return !node || node.type === "rule" || node === EMPTY ? node : this.#rules.add(hint, node);
  }

  /** Writes a rule for each place that can be reached. Not recursive, because sequences can be long. */
  #counting(): GrammarNode | null {
    const start: Place = { index: 0, count: 0, presence: this.#presence };
    const open: OpenPlace[] = [];
    const enter = (place: Place) => {
      if (this.#restAt(place) === undefined) open.push(this.#opened(place));
    };
    enter(start);
    for (let last = open.at(-1); last; last = open.at(-1)) {
      const next = last.waiting.pop();
      if (next) enter(next);
      else {
        this.#known.set(this.#keyOf(last), this.#rest(last));
        open.pop();
      }
    }
    return this.#restAt(start) ?? null;
  }

  /** The rest of the sequence from a place on; null if there is none; undefined if it is not written yet. */
  #restAt(place: Place): GrammarNode | null | undefined {
    const { index, count, presence } = place;
    if (presence === false || count > this.#max) return null;
    if (index >= this.#parts.length) return this.#end(count, presence);
    return this.#known.get(this.#keyOf(place));
  }

  #opened(place: Place): OpenPlace {
    const { index, count, presence } = place;
    const { name = "", isRequired = false } = this.#parts[index] ?? {};
    this.#rules.budget.spend(UNITS_PER_PLACE + UNITS_PER_ATOM * presenceSize(presence));
    const after: Place = {
      index: index + 1,
      count: this.#counted(count + 1),
      presence: whenMember(presence, name, true),
    };
    const without: Place | null = isRequired
      ? null
      : { index: index + 1, count, presence: whenMember(presence, name, false) };
    return { ...place, after, without, waiting: without ? [without, after] : [after] };
  }

  #rest({ index, count, after, without }: OpenPlace): GrammarNode | null {
    const node = this.#choice({
      node: this.#parts[index]?.node ?? EMPTY,
      after: this.#restAt(after) ?? null,
      absent: without && (this.#restAt(without) ?? null),
      isFirst: count === 0,
    });
    return this.#added(node, count === 0 ? "members" : "more");
  }

  #choice({ node, after, absent, isFirst }: Ways): GrammarNode | null {
    const present = after && sequence(isFirst ? "" : this.#comma, node, after);
    if (!present || !absent) return present ?? absent;
    return absent === EMPTY ? optional(present) : choice(present, absent);
  }

  /** Formulas are numbered, because their own keys are long. */
  #keyOf({ index, count, presence }: Place): string {
    const key = presenceKey(presence);
    const formula = this.#formulas.get(key) ?? this.#formulas.size;
    this.#formulas.set(key, formula);
    return `${index} ${count} ${formula}`;
  }

  #counted(count: number): number {
    return this.#max === Number.POSITIVE_INFINITY ? Math.min(count, this.#mostCounted) : count;
  }

  #end(count: number, presence: Presence): GrammarNode | null {
    const mayEnd = count >= this.#min && holdsAtEnd(presence);
    const mayFollow = this.#other !== null && holdsAtEnd(whenOther(presence)) && count < this.#max;
    if (!this.#other || !mayFollow) return mayEnd ? EMPTY : null;
    const least = Math.max(holdsAtEnd(presence) ? 0 : 1, this.#min - count);
    const most = holdsAtEnd(presence) || holdsAtEnd(whenOther(presence)) ? this.#max - count : 0;
    return this.#others(this.#other, { least, most, isFirst: count === 0 });
  }

  #others(other: GrammarNode, { least, most, isFirst }: OthersOptions): GrammarNode {
    const key = `others ${least} ${most} ${isFirst}`;
    const known = this.#known.get(key);
    if (known) return known;
    const next = this.#rules.add("other", sequence(this.#comma, other));
    const all = sequence(other, repeated(next, Math.max(0, least - 1), most - 1));
    const node = isFirst ? (least === 0 ? optional(all) : all) : repeated(next, least, most);
    const rule = this.#rules.add("others", node);
    this.#known.set(key, rule);
    return rule;
  }
}
