// Jinja's tests (`is string`, `is mapping`, ...) with Python's meaning.
// https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-tests

import {
  areEqual,
  compare,
  contains,
  isDict,
  isList,
  isNumber,
  isText,
  isTrue,
  isUndefined,
  textOf,
  type Value,
} from "./values.ts";

type Test = (value: Value, other: Value) => boolean;

const equals: Test = areEqual;
const differs: Test = (value, other) => !areEqual(value, other);
const isMore: Test = (value, other) => compare(value, other) > 0;
const isLess: Test = (value, other) => compare(value, other) < 0;
const isNoLess: Test = (value, other) => compare(value, other) >= 0;
const isNoMore: Test = (value, other) => compare(value, other) <= 0;

const TESTS: Readonly<Record<string, Test>> = {
  boolean: ({ type }) => type === "BooleanValue",
  callable: ({ type }) => type === "FunctionValue",
  defined: (value) => !isUndefined(value),
  undefined: isUndefined,
  none: ({ type }) => type === "NullValue",
  true: (value) => value.value === true,
  false: (value) => value.value === false,
  string: isText,
  number: isNumber,
  integer: ({ type }) => type === "IntegerValue",
  float: ({ type }) => type === "FloatValue",
  mapping: isDict,
  iterable: (value) => isText(value) || isList(value) || isDict(value) || isUndefined(value),
  sequence: (value) => isText(value) || isList(value) || isDict(value) || isUndefined(value),
  odd: (value) => Number(value.value) % 2 !== 0,
  even: (value) => Number(value.value) % 2 === 0,
  divisibleby: (value, other) => Number(value.value) % Number(other.value) === 0,
  lower: (value) => textOf(value) === textOf(value).toLowerCase(),
  upper: (value) => textOf(value) === textOf(value).toUpperCase(),
  in: (value, other) => contains(other, value),
  ...{ eq: equals, equalto: equals, sameas: equals, "==": equals },
  ...{ ne: differs, "!=": differs },
  ...{ gt: isMore, greaterthan: isMore, ">": isMore, lt: isLess, lessthan: isLess, "<": isLess },
  ...{ ge: isNoLess, ">=": isNoLess, le: isNoMore, "<=": isNoMore },
};

/** The truth of a test, or of the value itself without a name. @throws Error for a test that there is not */
export function passes(value: Value, name: string | undefined, other: Value): boolean {
  if (name === undefined) return isTrue(value);
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!test) throw new Error(`no test named '${name}'`);
  return test(value, other);
}
