// @ts-check
/** Sites of the person, and one site as it is now: progress, dust by the live stream, machines, what is open. */

// @ts-expect-error served beside this folder, typed where it stands
import { listen } from "/static/siteloop/js/live.js";
import { get, put } from "./database.js";
import { fill, h } from "./element.js";
import { factList, nothing, section } from "./parts.js";
import { ask, Unreachable } from "./server.js";
import { moment, t } from "./words.js";

const MOST = 40;
/** the fields of a dust row, in the order of the stream */
const ORDER = ["pm25", "pm10", "tsp", "noise"];
/** @type {Record<string, [string, string]>} */
const NAMES = { pm25: ["PM2.5", "µg/m³"], pm10: ["PM10", "µg/m³"], tsp: ["TSP", "µg/m³"], noise: ["噪声", "dB"] };
/** @type {Map<string, (message: any) => void>} */
const hearing = new Map();
let isListening = false;

/** The list, searched on the phone. */
export async function sites() {
  const kept = await get("kept", "kept");
  const list = h("div", {});
  const search = h("input", { type: "search", placeholder: t("工地名称、地址或项目", "site, address or project"), oninput: () => draw() });
  const draw = () => {
    const found = (kept?.sites ?? []).filter((/** @type {any} */ s) => `${s.name} ${s.address} ${s.project}`.includes(search.value.trim()));
    fill(list, found.slice(0, MOST).map((/** @type {any} */ s) => h("a", { class: "card", href: `#/site/${s.id}` }, h("strong", {}, s.name), h("span", { class: "dim" }, s.address || s.project))), !found.length && nothing(kept ? t("没有在建工地", "No sites at work") : t("尚未下载，请联网一次", "Not downloaded yet")));
  };
  draw();
  return h("div", {}, h("h1", {}, t("工地", "Sites")), search, list, kept && h("p", { class: "dim" }, t("名单更新于", "List of"), " ", moment(kept.at)));
}

/** @param {string} id */
export async function site(id) {
  const name = `site-${id}`;
  let found = await get("kept", name);
  let is_fresh = false;
  try {
    const now = await ask("GET", `/api/v1/field/sites/${id}`, { patience: found ? 4_000 : 20_000 });
    found = { name, at: new Date().toISOString(), site: now };
    await put("kept", found);
    is_fresh = true;
  } catch (wrong) {
    if (!(wrong instanceof Unreachable)) throw wrong;
    if (!found) return nothing(t("没有网络，且本机没有这个工地的记录", "No network, and nothing kept of this site"));
  }
  const s = found.site;
  const orders = s.orders.map((/** @type {any} */ o) => h("a", { class: `card edge-${o.colour}`, href: `/inspection/orders/${o.id}/` }, h("strong", {}, o.title), h("span", { class: "chip" }, o.state)));
  const cases = s.cases.map((/** @type {any} */ c) => h("a", { class: `card edge-${c.colour}`, href: `/cases/cases/${c.id}/` }, h("strong", {}, c.title), h("span", { class: "chip" }, c.state)));
  return h(
    "div",
    {},
    h("h1", {}, s.name),
    h("p", { class: "dim" }, s.address),
    !is_fresh && h("p", { class: "hint" }, t(`离线：以下为 ${moment(found.at)} 的情况`, `Offline: as of ${moment(found.at)}`)),
    section(t("实时扬尘", "Dust now"), s.monitors.map((/** @type {any} */ m) => monitor(m, s.limit)), !s.monitors.length && nothing(t("没有监测点", "No monitor"))),
    section(t("项目", "Project"), factList(s.facts), factList(s.parties)),
    section(t("设备", "Machines"), factList(s.machines)),
    section(t("整改停工", "Orders"), orders),
    section(t("在办派单", "Open cases"), cases),
    h("a", { class: "button quiet wide", href: s.desk }, t("项目完整页面", "The whole project page")),
  );
}

/** @param {any} m @param {number} limit */
function monitor(m, limit) {
  const at = h("span", { class: "dim" }, m.at ? moment(m.at) : t("尚无数据", "no data yet"), !m.online && ` · ${t("离线", "offline")}`);
  const figures = ORDER.map((name) => {
    const value = h("b", {}, "—");
    const set = (/** @type {number | null | undefined} */ n) => {
      value.textContent = n === null || n === undefined ? "—" : String(Math.round(n));
      value.className = name === "pm25" && n !== null && n !== undefined && n > limit ? "red" : "";
    };
    set(m.values[name]);
    return { set, box: h("div", { "data-field": name }, h("span", {}, NAMES[name][0]), value, h("small", {}, NAMES[name][1])) };
  });
  hearing.set(String(m.device), (message) => {
    figures.forEach((figure, i) => figure.set(message.values[i]));
    at.textContent = moment(new Date(message.at).toISOString());
  });
  if (!isListening) listen("latest", (/** @type {any} */ message) => hearing.get(String(message.device))?.(message));
  isListening = true;
  return h("div", { class: "monitor", "data-device": m.device }, h("strong", {}, m.title), at, h("div", { class: "figures" }, figures.map((f) => f.box)), h("small", {}, t(`PM2.5 限值 ${limit} µg/m³`, `PM2.5 limit ${limit} µg/m³`)));
}
