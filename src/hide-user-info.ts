// URLs in log lines, errors and reports, without the name and the password that they may contain.

/** @param text with any number of URLs */
export function hideUserInfo(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s"]*@/g, "$1***@");
}
