// @ts-check
/**
 * Out with what waits, in with what is new. One window at a time; whether there is a network is found by asking, for
 * `navigator.onLine` is wrong both ways. A request whose answer got lost is sent again under its key and answered as before.
 */

import { all, change, get, put } from "./database.js";
import { isFresh, packLines, settle } from "./drafts.js";
import * as outbox from "./outbox.js";
import { ask, Refusal, SignedOut, Unreachable } from "./server.js";

const EVERY_MS = 15_000;
const KEPT_FOR_MS = 6 * 3600_000;
/** @type {{state: "unknown" | "online" | "offline" | "signed-out", at: string, sending: string}} */
export const link = { state: "unknown", at: "", sending: "" };

/** @param {Partial<typeof link>} found */
function tell(found) {
  Object.assign(link, found);
  document.dispatchEvent(new CustomEvent("field:link"));
}

let isRunning = false;
let isWanted = false;

/** Once round: drafts that are complete, outbox, tasks. @param {{fresh?: boolean}} [how] */
export async function sync(how = {}) {
  if (isRunning) {
    isWanted = true;
    return;
  }
  isRunning = true;
  try {
    await navigator.locks.request("siteloop-field-sync", () => round(how.fresh ?? false));
  } finally {
    isRunning = false;
    document.dispatchEvent(new CustomEvent("field:changed"));
  }
  if (isWanted) {
    isWanted = false;
    await sync();
  }
}

/** @param {boolean} fresh */
async function round(fresh) {
  try {
    await packLines();
    await push();
    await pull(fresh);
    tell({ state: "online", at: new Date().toISOString(), sending: "" });
  } catch (wrong) {
    if (wrong instanceof Unreachable) tell({ state: "offline", sending: "" });
    else if (wrong instanceof SignedOut) tell({ state: "signed-out", sending: "" });
    else throw wrong;
  }
}

async function push() {
  const stuck = new Set();
  /** the queue changes under our hands: operations get their base from the one before */
  for (let next = await first(stuck); next; next = await first(stuck)) {
    if (next.state !== "waiting") {
      stuck.add(next.record);
      continue;
    }
    tell({ sending: next.words });
    try {
      const ids = await upload(next.files);
      const told = await ask("POST", await address(next), { json: outbox.withIds(next.body, ids), key: next.id, base: next.base });
      await outbox.confirmed(next, told);
    } catch (wrong) {
      if (!(wrong instanceof Refusal)) throw wrong;
      await outbox.stopped(next, wrong.problem, wrong.status);
      stuck.add(next.record);
    }
    document.dispatchEvent(new CustomEvent("field:changed"));
  }
}

/** @param {Set<string>} stuck */
const first = async (stuck) => (await outbox.waiting()).find((o) => !stuck.has(o.record));

/** @param {any} operation */
const address = async (operation) => operation.path || `/api/v1/${operation.record}/actions/${operation.act}`;

/** Files one by one, each whole; one that arrived is not sent again. @param {string[]} wanted */
async function upload(wanted) {
  /** @type {Map<string, number>} */
  const ids = new Map();
  for (const id of wanted) {
    const file = await get("files", id);
    if (!file) throw new Refusal(410, { title: "文件已不在本机", detail: "文件已不在本机，请重新拍摄" });
    if (file.server === null) {
      const form = new FormData();
      form.set("file", file.blob, file.name);
      for (const name of ["sha256", "taken_at", "lon", "lat", "device"]) if (file[name] !== undefined) form.set(name, String(file[name]));
      const told = await ask("POST", "/api/v1/field/files", { form, key: file.id, patience: 120_000 });
      file.server = told.id;
      await put("files", file);
    }
    ids.set(id, file.server);
  }
  return ids;
}

/** @param {boolean} fresh */
async function pull(fresh) {
  const told = await ask("GET", "/api/v1/field/tasks");
  const have = await all("records");
  const waits = new Set((await outbox.waiting()).map((o) => o.record));
  await settle(waits);
  for (const draft of await all("drafts")) if (isFresh(draft)) waits.add(draft.key);
  const came = new Set(told.records.map((/** @type {any} */ r) => r.key));
  await change(["records", "kept"], (s) => {
    // what is no task any more stays only while something of ours waits on it
    for (const old of have) if (!came.has(old.key) && !old.is_local && !waits.has(old.key)) s.records.delete(old.key);
    told.records.forEach((/** @type {any} */ r, /** @type {number} */ i) => s.records.put({ ...r, place_in_list: i }));
    s.kept.put({ name: "tasks", at: told.at });
  });
  const kept = await get("kept", "kept");
  if (fresh || !kept || Date.now() - new Date(kept.at).getTime() > KEPT_FOR_MS) {
    await put("kept", { name: "kept", ...(await ask("GET", "/api/v1/field/kept")) });
  }
}

/** Begin: now, every while, when the network may be back and when the page is looked at again. */
export function begin() {
  const now = () => void sync();
  setInterval(() => document.visibilityState === "visible" && now(), EVERY_MS);
  addEventListener("online", now);
  addEventListener("offline", () => tell({ state: "offline" }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now());
  now();
}
