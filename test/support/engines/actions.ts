// What a request may do to the scripted worker that generates; the first token of its prompt is a place in this list.

export const ACTIONS = ["answer", "kill-at-start", "kill-at-5", "slow", "nonsense-at-5"] as const;
