// @ts-check
/**
 * What lies on the phone: one database an account, so that the next person on the same phone opens another one.
 *
 * records     what the server told, by key
 * drafts      what is typed and not yet an operation, by the key of its record
 * operations  acts that the server has not confirmed, by their UUID (the Idempotency-Key), in the order of `place`
 * files       photos, signatures, voice notes with time, place and hash, by UUID; `server` = id once they arrived
 * kept        check tables, sites and the like, by name
 */

const STORES = { records: "key", drafts: "key", operations: "id", files: "id", kept: "name" };
/** @typedef {keyof typeof STORES} Store */
/** @type {IDBDatabase | null} */
let base = null;

/** @param {number} account */
const nameOf = (account) => `siteloop-field-${account}`;

/** Open the database of an account. @param {number} account @returns {Promise<void>} */
export function open(account) {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(nameOf(account), 1);
    asked.onupgradeneeded = () => {
      for (const [store, key] of Object.entries(STORES)) asked.result.createObjectStore(store, { keyPath: key });
    };
    asked.onsuccess = () => {
      base = asked.result;
      base.onversionchange = () => base?.close();
      done();
    };
    asked.onerror = () => failed(asked.error);
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answer = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** Whether somebody's data lie open: not before the sign-in, and no more once they are cleared. */
export const isOpen = () => base !== null;

/** @param {Store} store @param {"readonly" | "readwrite"} [mode] */
function reach(store, mode = "readonly") {
  if (!base) throw new Error("no database is open");
  return base.transaction(store, mode).objectStore(store);
}

/** One value. @param {Store} store @param {string} key @returns {Promise<any>} */
export const get = (store, key) => answer(reach(store).get(key));

/** All values of a store. @param {Store} store @returns {Promise<any[]>} */
export const all = (store) => answer(reach(store).getAll());

/**
 * Change several stores in one transaction; resolves when it is on the disk.
 * @param {Store[]} stores @param {(open: Record<Store, IDBObjectStore>) => void} run @returns {Promise<void>}
 */
export function change(stores, run) {
  return new Promise((done, failed) => {
    if (!base) throw new Error("no database is open");
    const act = base.transaction(stores, "readwrite", { durability: "strict" });
    act.oncomplete = () => done();
    act.onabort = act.onerror = () => failed(act.error);
    run(/** @type {any} */ (Object.fromEntries(stores.map((name) => [name, act.objectStore(name)]))));
  });
}

/**
 * Change one value by what it is now, in one transaction, so that two hands never overwrite each other.
 * @param {Store} store @param {string} key @param {(now: any) => any} next @returns {Promise<void>}
 */
export const amend = (store, key, next) =>
  change([store], (s) => {
    const asked = s[store].get(key);
    asked.onsuccess = () => s[store].put(next(asked.result));
  });

/** @param {Store} store @param {any} value */
export const put = (store, value) => change([store], (s) => s[store].put(value));

/** Take everything of an account off the phone. @param {number} account @returns {Promise<void>} */
export function clear(account) {
  base?.close();
  base = null;
  return new Promise((done, failed) => {
    const asked = indexedDB.deleteDatabase(nameOf(account));
    asked.onsuccess = () => done();
    asked.onerror = () => failed(asked.error);
    asked.onblocked = () => failed(new Error("another window has it open"));
  });
}
