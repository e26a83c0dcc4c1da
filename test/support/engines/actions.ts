// The actions of the scripted generating worker; the first token of a prompt is an index in this list.

export const ACTIONS = ["answer", "kill-at-start", "kill-at-5", "slow", "nonsense-at-5"] as const;
