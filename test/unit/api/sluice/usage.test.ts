// The answers of GET /v1/usage: whole numbers, as their schema says, although budgets count fractions of tokens.

import { expect, test } from "vitest";
import { encodeDailyUsage, encodeUsage, usageList } from "../../../../src/api/sluice/usage.ts";

const USED = { requests: 1, promptTokens: 9, cachedTokens: 0, completionTokens: 11 };

test("tokens of budgets are rounded", () => {
  const line = { ...USED, name: "alice", running: 0, waiting: 0 };
  const list = encodeUsage([{ ...line, spentToday: 22.45, spentThisMonth: 30.6 }], 1);
  const days = encodeDailyUsage(
    [{ ...USED, name: "alice", day: "2027-01-31", spentTokens: 22.45 }],
    1,
  );

  expect(usageList.parse(list).data).toMatchObject([{ tokens_today: 22, tokens_this_month: 31 }]);
  expect(usageList.parse(days).data).toMatchObject([{ budget_tokens: 22 }]);
});
