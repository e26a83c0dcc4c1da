// Reads the conversations that the page has stored. Runs inside the page, so it can use nothing from outside.

import type { Conversation } from "../../src/web/conversation/conversation.ts";

export function readConversations(): Promise<Conversation[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("sluice");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const all = database.transaction("conversations").objectStore("conversations").getAll();
      all.onerror = () => reject(all.error);
      all.onsuccess = () => {
        database.close();
        resolve(all.result.map(({ conversation }) => conversation));
      };
    };
  });
}
