// @ts-check
/**
 * Operations the server has not confirmed. Each is one request with a UUID of its own (the Idempotency-Key) and the version
 * of the record it is based on; operations on one record keep their order, records do not wait for each other.
 *
 * {id, place, record, title, words, path, body, base, follows, checks, files, state, told, made_at, create}
 * state: waiting | conflict | refused. `follows`: an earlier act of this phone on the record was still waiting, so its answer
 * gives the base. `create`: its answer gives the record its key and address, which later operations wait for.
 */

import { all, change, get } from "./database.js";

/** @param {any[]} operations */
const sorted = (operations) => operations.sort((a, b) => a.place - b.place);

/** All of them, in order. @returns {Promise<any[]>} */
export const waiting = async () => sorted(await all("operations"));

/** Those on one record. @param {string} record */
export const on = async (record) => (await waiting()).filter((o) => o.record === record);

/** Ids of files that stand in a body as {"$file": id}. @param {any} body @returns {string[]} */
export function filesIn(body) {
  if (Array.isArray(body)) return body.flatMap(filesIn);
  if (body && typeof body === "object") return body.$file ? [body.$file] : Object.values(body).flatMap(filesIn);
  return [];
}

/** The body with the server's ids in the places of files. @param {any} body @param {Map<string, number>} ids @returns {any} */
export function withIds(body, ids) {
  if (Array.isArray(body)) return body.map((one) => withIds(one, ids));
  if (!body || typeof body !== "object") return body;
  if (body.$file) return ids.get(body.$file);
  if (body.$json) return JSON.stringify(withIds(body.$json, ids)); // an input that takes a list takes it as text
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, withIds(value, ids)]));
}

/**
 * An operation, not yet stored.
 * @param {any} record @param {string} act @param {any} body
 * @param {{words?: string, checks?: boolean, create?: boolean, path?: string, before?: any[]}} [more]
 */
export function made(record, act, body, more = {}) {
  const follows = (more.before ?? []).length > 0;
  return {
    id: crypto.randomUUID(),
    place: Date.now() + performance.now() / 1e6 + (more.before ?? []).length / 1e3,
    record: record.key,
    title: record.title,
    words: more.words ?? act,
    act,
    path: more.path ?? "",
    body,
    base: more.checks === false || follows ? "" : (record.version ?? ""),
    checks: more.checks !== false,
    follows,
    create: more.create ?? false,
    files: filesIn(body),
    state: "waiting",
    told: null,
    made_at: new Date().toISOString(),
  };
}

/** Store an act on a record. @param {any} record @param {string} act @param {any} body @param {any} [more] */
export async function add(record, act, body, more = {}) {
  const operation = made(record, act, body, { ...more, before: await on(record.key) });
  await change(["operations"], (s) => s.operations.put(operation));
  document.dispatchEvent(new CustomEvent("field:changed"));
  return operation;
}

/** Confirmed: gone from the outbox; what follows on the record builds on the version that came back. @param {any} operation @param {any} told */
export async function confirmed(operation, told) {
  const rest = (await on(operation.record)).filter((o) => o.id !== operation.id);
  const key = operation.create ? `inspection/inspections/${told.id}` : operation.record;
  const draft = operation.create ? await get("drafts", operation.record) : null;
  const local = operation.create ? await get("records", operation.record) : null;
  await change(["operations", "records", "drafts", "files"], (s) => {
    s.operations.delete(operation.id);
    for (const file of operation.files) s.files.delete(file);
    for (const other of rest) {
      const base = other.follows && other.checks ? (told.version ?? "") : other.base;
      s.operations.put({ ...other, record: key, base });
    }
    if (!operation.create) return;
    s.records.delete(operation.record);
    s.records.put({ ...local, key, api: `/api/v1/${key}`, desk: `/${key}/`, version: told.version, is_local: false });
    s.drafts.delete(operation.record);
    if (draft) s.drafts.put({ ...draft, key });
  });
  if (operation.create) document.dispatchEvent(new CustomEvent("field:created", { detail: { from: operation.record, to: key } }));
}

/** The server said no: kept, shown, later operations on the record wait. @param {any} operation @param {any} problem @param {number} status */
export async function stopped(operation, problem, status) {
  const state = problem.conflict ? "conflict" : "refused";
  await change(["operations"], (s) => s.operations.put({ ...operation, state, status, told: problem }));
}

/** Try again after a decision: another request, so another key. @param {any} operation @param {any} changes */
export async function decide(operation, changes) {
  const next = { ...operation, ...changes, id: crypto.randomUUID(), state: "waiting", told: null };
  await change(["operations"], (s) => {
    s.operations.delete(operation.id);
    s.operations.put(next);
  });
  document.dispatchEvent(new CustomEvent("field:changed"));
}

/** Given up by the person, who was asked; its files go with it. What follows a record that was never made goes as well. @param {any} operation */
export async function giveUp(operation) {
  const gone = operation.create ? await on(operation.record) : [operation];
  const others = (await waiting()).filter((o) => !gone.some((g) => g.id === o.id)).flatMap((o) => o.files);
  await change(["operations", "files", "records", "drafts"], (s) => {
    for (const one of gone) {
      s.operations.delete(one.id);
      for (const file of one.files) if (!others.includes(file)) s.files.delete(file);
    }
    if (operation.create) s.records.delete(operation.record);
    if (operation.create) s.drafts.delete(operation.record);
  });
  document.dispatchEvent(new CustomEvent("field:changed"));
}
