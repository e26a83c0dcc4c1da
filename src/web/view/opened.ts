/** The dialog or panel in front of the conversation. */
export type Opened = "nothing" | "settings" | "code" | "compare" | "key";
