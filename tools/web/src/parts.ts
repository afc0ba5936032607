// The parts that the engine is made of (Python, its library, our modules), packed with gzip: in the one file they stand in
// the page as base64, in the folder they lie beside it.

const NAMES = ["pyodide.asm.wasm", "python_stdlib.zip", "ridethrough.zip"] as const;
export type PartName = (typeof NAMES)[number];
export type Parts = Record<PartName, Blob>;

export async function parts(): Promise<Parts> {
  const found = await Promise.all(NAMES.map(async (name) => [name, await packed(name)] as const));
  return Object.fromEntries(found) as Parts;
}

/** The worker's script, as the address of a Blob: a page from disk may start no other. */
export async function workerAddress(): Promise<string> {
  const inside = document.getElementById("worker.js");
  const text = inside ? (inside.textContent ?? "") : await (await got("worker.js")).text();
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

async function packed(name: string): Promise<Blob> {
  const inside = document.getElementById(name);
  return inside ? new Blob([bytesOf(inside.textContent ?? "")]) : (await got(`${name}.bin`)).blob();
}

async function got(name: string): Promise<Response> {
  const response = await fetch(`parts/${name}`);
  if (!response.ok) throw new Error(`parts/${name} is missing beside the page (${response.status})`);
  return response;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
