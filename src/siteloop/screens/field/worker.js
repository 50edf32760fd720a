/* Keeps the shell on the phone: a version is taken whole or not at all. Data is not its business (see sync.js). */
const CACHE = `siteloop-field-${VERSION}`;
const KEPT = new Set(FILES);

self.addEventListener("install", (event) => {
  const fresh = FILES.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("siteloop-field-") && name !== CACHE;
  const clean = caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => self.clients.claim()));
});

/* A waiting version begins when the person says so, never under the fingers. */
self.addEventListener("message", (event) => {
  if (event.data === "begin") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const path = event.request.mode === "navigate" && url.pathname === "/field/" ? "/field/" : url.pathname;
  if (!KEPT.has(path)) return;
  // Django's Vary would make a kept answer miss
  const kept = caches.open(CACHE).then((cache) => cache.match(path, { ignoreVary: true, ignoreSearch: true }));
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});
