// Python, in a thread of its own. A classic worker from a Blob is the only one that a page from disk may start in every
// browser; Pyodide takes it for a module worker when `importScripts` throws.

import { loadPyodide, type PyodideAPI } from "pyodide";
// @ts-expect-error: it has no types; it is what loadPyodide would import at run time
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import lock from "pyodide/pyodide-lock.json";
import type { Asked, Told } from "./protocol";
import type { Parts } from "./parts";

const FOLDER = "/captures";
const scope = self as unknown as { onmessage: (e: MessageEvent) => void; postMessage(told: Told): void; importScripts: unknown };
scope.importScripts = () => { throw new Error("not a classic worker"); };

type Answer = (name: string, takes: string, progress: (what: string, done: number, total: number) => void) => string;

let started: Promise<Answer>;
let python: PyodideAPI;

scope.onmessage = async (e) => {
  if (e.data.parts) {
    try {
      started = start(e.data.parts);
      await started;
    } catch (problem) {
      scope.postMessage({ id: 0, kind: "defect", says: String(problem) });
    }
    return;
  }
  const asked = e.data as Asked;
  try {
    const answer = await started;
    const began = performance.now();
    if (asked.file) python.FS.writeFile(`${FOLDER}/${asked.file.name}`, new Uint8Array(asked.file.bytes));
    const json = answer(asked.name, asked.takes, (what, done, total) => scope.postMessage({ id: asked.id, kind: "progress", what, done, total }));
    scope.postMessage({ id: asked.id, kind: "answer", json, ms: performance.now() - began });
  } catch (problem) {
    scope.postMessage({ id: asked.id, kind: "defect", says: String(problem) });
  } finally {
    if (asked.file && python?.FS.analyzePath(`${FOLDER}/${asked.file.name}`).exists) python.FS.unlink(`${FOLDER}/${asked.file.name}`);
  }
};

async function start(parts: Parts): Promise<Answer> {
  const [wasm, stdlib, own] = await Promise.all(
    (["pyodide.asm.wasm", "python_stdlib.zip", "ridethrough.zip"] as const).map((name) => unpacked(parts[name])),
  );
  // whatever Pyodide would fetch is here already; nothing else is fetched
  self.fetch = async (address) => {
    const name = String(address instanceof Request ? address.url : address).split("/").pop();
    if (name === "pyodide.asm.wasm") return new Response(wasm, { headers: { "content-type": "application/wasm" } });
    if (name === "python_stdlib.zip") return new Response(stdlib);
    throw new Error(`${name} is not in the page`);
  };
  python = await loadPyodide({ indexURL: "file:///", packageBaseUrl: "file:///", lockFileContents: lock as never, createPyodideModule, stdout: () => {}, stderr: () => {} });
  python.FS.mkdir(FOLDER);
  python.unpackArchive(own!, "zip", { extractDir: "/ridethrough" });
  python.runPython(`import os, sys; sys.path.insert(0, "/ridethrough"); os.chdir("${FOLDER}")`);
  return python.pyimport("ridethrough.web.engine").answer as Answer;
}

async function unpacked(part: Blob): Promise<ArrayBuffer> {
  return new Response(part.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
