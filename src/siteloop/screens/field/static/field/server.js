// @ts-check
/** Talking to the server. What goes wrong is one of three: out of reach, signed out, or said no. */

/** Nobody answered, or only a proxy did: try later. */
export class Unreachable extends Error {}
/** The session is over: sign in again, everything stays. */
export class SignedOut extends Error {}
/** The server said no, with its reason. */
export class Refusal extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    const errors = Object.values(problem.errors ?? {}).flat();
    super([problem.detail ?? problem.title ?? String(status), ...errors].filter((w, i, a) => a.indexOf(w) === i).join("；"));
    this.status = status;
    this.problem = problem;
  }
}

const PATIENCE_MS = 30_000;
/** what a proxy or a starting server says; a fault in one act (500) must not hold up the others, it is shown */
const LATER = new Set([408, 425, 429, 502, 503, 504]);

const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

/**
 * @param {string} method @param {string} path
 * @param {{json?: any, form?: FormData, key?: string, base?: string, patience?: number}} [more] @returns {Promise<any>}
 */
export async function ask(method, path, more = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrf();
  if (more.json !== undefined) headers["Content-Type"] = "application/json";
  if (more.key) headers["Idempotency-Key"] = more.key;
  if (more.base) headers["If-Match"] = `"${more.base}"`;
  const body = more.json !== undefined ? JSON.stringify(more.json) : more.form;
  const patience = AbortSignal.timeout(more.patience ?? PATIENCE_MS);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, signal: patience, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Unreachable(path);
  }
  if (LATER.has(answer.status)) throw new Unreachable(`${answer.status} ${path}`);
  if (answer.status === 401) throw new SignedOut(path);
  const told = await answer.json().catch(() => null);
  if (answer.status === 403 && String(told?.detail).includes("CSRF")) throw new SignedOut(path);
  if (told === null) throw new Unreachable(`no JSON from ${path}`); // a hotel's or an operator's own page
  if (!answer.ok) throw new Refusal(answer.status, told);
  return told;
}
