// How the log shows an error of NATS.

/** Each request of JetStream has an inbox of its own, so that the same error would have another text each time. */
const INBOX = /_INBOX\.[^"\s]+/g;

export function errorText({ message }: Error): string {
  return message.replaceAll(INBOX, "_INBOX.>");
}
