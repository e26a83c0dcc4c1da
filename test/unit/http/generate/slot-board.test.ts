// The board shows which request holds which slot.

import { expect, test } from "vitest";
import { deferred } from "../../../../src/generation/deferred.ts";
import type { SlotLease } from "../../../../src/generation/slot-lease.ts";
import { SlotBoard } from "../../../../src/http/generate/slot-board.ts";

function lease(turn: Promise<void> = Promise.resolve()) {
  const calls: string[] = [];
  let isHeld = false;
  const given: SlotLease = {
    acquire: async () => {
      calls.push("acquire");
      await turn;
      isHeld = true;
    },
    release: () => {
      calls.push("release");
      isHeld = false;
    },
    get isHeld() {
      return isHeld;
    },
    isContended: true,
  };
  return { given, calls };
}

const takerOf = (requestId: string, owner = "me") => ({
  owner,
  use: () => ({ requestId, model: "m", promptTokens: 1, generatedTokens: 2, maxTokens: 3 }),
});
const shown = (board: SlotBoard, owner: string | null = null) =>
  board.shownTo(owner).map((use) => (use === "busy" || use === null ? use : use.requestId));

test("shows a request while it holds its slot", async () => {
  const board = new SlotBoard(2);
  const turn = deferred<void>();
  const { given, calls } = lease(turn.promise);
  const watched = board.watch(given, takerOf("a"));

  const acquiring = watched.acquire();
  expect(shown(board)).toEqual([null, null]);
  turn.resolve();
  await acquiring;
  expect(shown(board)).toEqual(["a", null]);
  watched.release();

  expect(shown(board)).toEqual([null, null]);
  expect(calls).toEqual(["acquire", "release"]);
  expect(watched.isContended).toBe(true);
});

test("gives a free number to the next request, and another number to a parked one that resumes", async () => {
  const board = new SlotBoard(2);
  const [a, b, c] = ["a", "b", "c"].map((id) => board.watch(lease().given, takerOf(id)));

  await a?.acquire();
  await b?.acquire();
  a?.release();
  await c?.acquire();
  expect(shown(board)).toEqual(["c", "b"]);
  b?.release();
  await a?.acquire();

  expect(shown(board)).toEqual(["c", "a"]);
});

test("does not show a request that got no slot, and allows a second release", async () => {
  const board = new SlotBoard(1);
  const other = board.watch(lease().given, takerOf("other"));
  const late = board.watch(lease(Promise.reject(new Error("too late"))).given, takerOf("late"));

  await expect(late.acquire()).rejects.toThrow("too late");
  await other.acquire();
  late.release();
  late.release();

  expect(shown(board)).toEqual(["other"]);
});

test("does not show a request whose slot was released before acquire() returned", async () => {
  const board = new SlotBoard(1);
  const { given } = lease();
  const watched = board.watch(
    {
      ...given,
      acquire: async () => {
        await given.acquire();
        watched.release();
      },
      isHeld: false,
    },
    takerOf("a"),
  );

  await watched.acquire();

  expect(shown(board)).toEqual([null]);
});

test("shows an owner its own requests, and other slots only as busy", async () => {
  const board = new SlotBoard(3);
  await board.watch(lease().given, takerOf("a", "alice")).acquire();
  await board.watch(lease().given, takerOf("b", "bob")).acquire();

  expect(shown(board, "alice")).toEqual(["a", "busy", null]);
  expect(shown(board, "bob")).toEqual(["busy", "b", null]);
  expect(shown(board)).toEqual(["a", "b", null]);
  expect(board.isFull).toBe(false);
});
