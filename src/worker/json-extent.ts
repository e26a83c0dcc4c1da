// Finds where a JSON object ends, in a text that arrives in fragments. Does not check it: a grammar or the reader does.

/** One object's scanner. */
export class JsonExtent {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** @returns how many of these characters belong to the object, and whether it ends with the last of them */
  take(text: string): { readonly length: number; readonly isComplete: boolean } {
    for (let at = 0; at < text.length; at++) {
      this.#step(text.charAt(at));
      if (this.#depth === 0) return { length: at + 1, isComplete: true };
    }
    return { length: text.length, isComplete: false };
  }

  #step(char: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInString) {
      if (char === "\\") this.#isEscaped = true;
      else if (char === '"') this.#isInString = false;
    } else if (char === '"') this.#isInString = true;
    else if (char === "{" || char === "[") this.#depth += 1;
    else if (char === "}" || char === "]") this.#depth -= 1;
  }
}
