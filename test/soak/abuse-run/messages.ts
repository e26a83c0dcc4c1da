// What this process and that of the abusers tell each other.

import type { AbuserKeys, Door } from "../abuses/target.ts";

export type Orders = {
  readonly seed: number;
  readonly abusers: number;
  readonly names: readonly string[];
  readonly ports: Readonly<Partial<Record<Door, number>>>;
};

export type ToAbusers =
  | { readonly type: "begin"; readonly orders: Orders; readonly keys: AbuserKeys }
  | { readonly type: "keys"; readonly keys: AbuserKeys };

export type FromAbusers =
  | { readonly type: "begun"; readonly id: number; readonly name: string; readonly door: Door }
  /** `notes`: what it was answered with, and how often. `fault`: the abuse itself is wrong. */
  | {
      readonly type: "ended";
      readonly id: number;
      readonly notes: Readonly<Record<string, number>>;
      readonly fault: string | null;
    };
