// The variable `loop` of a round. https://jinja.palletsprojects.com/en/stable/templates/#for

import { dict, functionOf, UNDEFINED, type Value, valueFrom } from "./values.ts";

export function loopOf(items: readonly Value[], index: number): Value {
  const last = items.length - 1;
  const facts = {
    ...{ index: index + 1, index0: index, revindex: items.length - index, revindex0: last - index },
    ...{ first: index === 0, last: index === last, length: items.length, depth: 1, depth0: 0 },
  };
  const entries = Object.entries(facts).map(([name, fact]) => [name, valueFrom(fact)] as const);
  return dict([
    ...entries,
    ["previtem", items[index - 1] ?? UNDEFINED],
    ["nextitem", items[index + 1] ?? UNDEFINED],
    ["cycle", functionOf((args) => args[index % args.length] ?? UNDEFINED)],
  ]);
}
