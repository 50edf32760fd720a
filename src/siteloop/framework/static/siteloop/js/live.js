// @ts-check
/** One stream of events for the page: reconnects by itself and says whether it is connected. */

/** @typedef {(message: any) => void} Hear */

/** @type {Map<string, Set<Hear>>} */
const listeners = new Map();
/** @type {EventSource | null} */
let source = null;

/** Show the state of the connection. @param {boolean} on */
function tell(on) {
  const mark = document.querySelector("[data-live-state]");
  if (!mark) return;
  mark.classList.toggle("on", on);
  mark.classList.toggle("off", !on);
  const words = mark.querySelector("[data-live-text]");
  const chinese = document.documentElement.lang !== "en";
  if (words) words.textContent = on ? (chinese ? "实时连接正常" : "live") : chinese ? "实时连接中断，正在重连" : "reconnecting";
}

/** Connect again with all topics that somebody listens to. */
function connect() {
  if (source) source.close();
  const topics = [...listeners.keys()].join(",");
  if (!topics) return;
  source = new EventSource(`/api/v1/live?topics=${topics}`);
  source.addEventListener("hello", () => {
    tries = 0;
    tell(true);
    if (hasBegun) missed(); // what was told while the connection was down
    hasBegun = true;
  });
  source.onerror = () => {
    tell(false);
    // a refused connection is not tried again by the browser itself
    if (source?.readyState === EventSource.CLOSED) again();
  };
  source.addEventListener("lost", () => missed());
  for (const topic of listeners.keys()) {
    source.addEventListener(topic, (event) => {
      const message = JSON.parse(/** @type {MessageEvent} */ (event).data);
      for (const hear of listeners.get(topic) ?? []) hear(message);
    });
  }
}

let tries = 0;
let hasBegun = false;
/** Connect again after a pause that grows to a minute. */
function again() {
  tries += 1;
  clearTimeout(pending);
  pending = window.setTimeout(connect, Math.min(60_000, 2_000 * 2 ** tries) * (0.5 + Math.random() / 2));
}

/** This page fell behind and events are gone: tell it, so that what it shows is read again. */
function missed() {
  document.dispatchEvent(new CustomEvent("siteloop:lost"));
}

let pending = 0;
/** Listen to a topic. @param {string} topic @param {Hear} hear */
export function listen(topic, hear) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic)?.add(hear);
  clearTimeout(pending);
  pending = window.setTimeout(connect, 50);
}
