// Messages between the main process and the abusers' process.

import type { AbuserKeys, Route } from "../abuses/target.ts";

export type AbuserOptions = {
  readonly seed: number;
  readonly abusers: number;
  readonly names: readonly string[];
  readonly ports: Readonly<Partial<Record<Route, number>>>;
};

export type AbuserCommand =
  | { readonly type: "begin"; readonly options: AbuserOptions; readonly keys: AbuserKeys }
  | { readonly type: "keys"; readonly keys: AbuserKeys };

export type AbuserReport =
  | { readonly type: "begun"; readonly id: number; readonly name: string; readonly route: Route }
  /** `notes`: its answers and how often each occurred. `fault`: a bug of the abuse itself. */
  | {
      readonly type: "ended";
      readonly id: number;
      readonly notes: Readonly<Record<string, number>>;
      readonly fault: string | null;
    };
