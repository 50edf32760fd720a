// @ts-check
/** The desk: menu, search key, demo sign-in, live refresh of parts, live values. Islands load only where they are used. */
import "./forms.js";
import "./lists.js";
import "./search.js";
import { listen } from "./live.js";

const chinese = document.documentElement.lang !== "en";

document.querySelector("[data-toggle-nav]")?.addEventListener("click", (event) => {
  const open = document.getElementById("nav")?.classList.toggle("open");
  /** @type {HTMLElement} */ (event.currentTarget).setAttribute("aria-expanded", String(Boolean(open)));
});

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /INPUT|TEXTAREA|SELECT/.test(target.tagName)) return;
  const search = /** @type {HTMLElement | null} */ (document.querySelector("#f-search") ?? document.querySelector("[data-search-all]"));
  if (search) {
    event.preventDefault();
    const fold = search.closest("details");
    if (fold) fold.open = true;
    search.focus();
  }
});

/** Which groups of the menu are unfolded: a cookie, so that the next page comes drawn that way and does not jump. */
const groups = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("[data-group]"));
for (const group of groups) {
  // by the click: the event "toggle" also tells of groups that came open with the page
  group.querySelector("summary")?.addEventListener("click", () => {
    const open = [...groups].filter((one) => (one === group ? !one.open : one.open)).map((one) => one.dataset.group);
    document.cookie = `siteloop_menu=${open.join(".")}; path=/; max-age=31536000; samesite=lax`;
  });
}
document.querySelector(".desk-nav [aria-current]")?.scrollIntoView({ block: "nearest" });

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-username]"))) {
  button.addEventListener("click", () => {
    /** @type {HTMLInputElement} */ (document.getElementById("username")).value = button.dataset.username ?? "";
    /** @type {HTMLInputElement} */ (document.getElementById("password")).value = button.dataset.password ?? "";
    /** @type {HTMLFormElement} */ (document.getElementById("sign-in-form")).requestSubmit();
  });
}

/** Parts that are fetched again when something happens. */
for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-refresh]"))) {
  let waiting = 0;
  let last = 0;
  const pause = Number(part.dataset.every ?? 1) * 1000;
  const again = () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(async () => {
      last = Date.now();
      const answer = await fetch(part.dataset.refresh ?? "", { headers: { "X-Part": "1" } });
      if (!answer.ok) return;
      const text = await answer.text();
      if (part.dataset.select) {
        const found = new DOMParser().parseFromString(text, "text/html").querySelector(part.dataset.select);
        if (found) part.innerHTML = found.innerHTML;
      } else part.innerHTML = text;
    }, Math.max(400, last + pause - Date.now()));
  };
  for (const topic of (part.dataset.topics ?? "").split(",").filter(Boolean)) {
    listen(topic, (message) => {
      if (!part.dataset.site || !message.site || String(message.site) === part.dataset.site) again();
    });
  }
  document.addEventListener("siteloop:lost", again);
}

const FIELDS = /** @type {Record<string, string[]>} */ ({
  dust: ["pm25", "pm10", "tsp", "noise", "temperature", "humidity", "pressure", "wind_speed", "wind_direction"],
  sprayer: ["running", "flow", "water_pressure", "run_seconds"],
});
const DECIMALS = /** @type {Record<string, number>} */ ({ noise: 1, temperature: 1, pressure: 1, wind_speed: 1, flow: 1, water_pressure: 2 });

/** When a value's flag or the device's connection is no longer what the page says, those parts are read again, at most every two seconds. */
let renewed = 0;
/** @param {number} device */
const renew = async (device) => {
  if (Date.now() - renewed < 2000) return;
  renewed = Date.now();
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of [`[data-latest="${device}"]`, `[data-connected="${device}"]`]) {
    const [now, then] = [document.querySelector(part), page.querySelector(part)];
    if (now && then) now.innerHTML = then.innerHTML;
  }
};

if (document.querySelector("[data-latest]")) {
  listen("latest", (message) => {
    const names = FIELDS[message.profile] ?? [];
    const own = document.querySelector(`[data-connected="${message.device}"]`); // on the device's own page
    if (own?.querySelector("[data-off]")) renew(message.device);
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-latest="${message.device}"]`))) {
      if (box.dataset.state === "running") {
        const on = message.values[0] >= 0.5;
        box.textContent = on ? (chinese ? "运行中" : "running") : chinese ? "停止" : "stopped";
        box.className = `badge ${on ? "bg-blue-lt" : "bg-secondary-lt"}`;
        continue;
      }
      names.forEach((name, i) => {
        const cell = box.querySelector(`[data-field="${name}"]`);
        if (own && cell && cell.parentElement?.classList.contains("doubtful") !== (message.quality[i] !== 0)) renew(message.device);
        if (!cell || message.values[i] === null) return;
        const text = Number(message.values[i]).toFixed(DECIMALS[name] ?? 0);
        if (cell.textContent !== text) {
          cell.textContent = text;
          cell.classList.remove("flash");
          void (/** @type {HTMLElement} */ (cell).offsetWidth);
          cell.classList.add("flash");
        }
      });
    }
  });
}

if (document.querySelector("[data-unread]")) {
  listen("notice", (message) => {
    const badge = /** @type {HTMLElement} */ (document.querySelector("[data-unread]"));
    badge.textContent = String(message.unread);
    badge.hidden = !message.unread;
    const box = document.querySelector(".toasts") ?? document.body.appendChild(Object.assign(document.createElement("div"), { className: "toasts" }));
    const toast = Object.assign(document.createElement("a"), { className: "card card-body p-3", href: message.link || "/notice/notices/", textContent: message.title });
    toast.setAttribute("role", "status");
    box.append(toast);
    setTimeout(() => toast.remove(), 8000);
  });
}

if (document.querySelector("[data-chart]")) import("./chart.js").then((module) => module.mount());
if (document.querySelector("[data-map]")) import("./map.js").then((module) => module.mount());
