/** The words with which the user runs sluice: what a printed command must begin with. */
export function programName(env: Readonly<NodeJS.ProcessEnv>): string {
  return env.npm_lifecycle_event === "start" ? "npm start --" : "sluice";
}
