// Sends GET /health repeatedly, in a thread, because the process that starts it is busy creating requests.

import http from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const PAUSE_MS = 5;
const agent = new http.Agent({ keepAlive: true });
let longestMs = 0;

function ask() {
  const beganMs = performance.now();
  const again = () => {
    longestMs = Math.max(longestMs, performance.now() - beganMs);
    setTimeout(ask, PAUSE_MS);
  };
  http
    .get(`${workerData}/health`, { agent }, (response) => response.resume().on("end", again))
    .on("error", again);
}

parentPort.on("message", () => {
  parentPort.postMessage(longestMs);
  longestMs = 0;
});
ask();
