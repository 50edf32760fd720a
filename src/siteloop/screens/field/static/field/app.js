// @ts-check
/** The frame: whose phone, which screen, is there a network, what waits. */

import { acting } from "./acting.js";
import { beginning } from "./beginning.js";
import { all, get, isOpen, open } from "./database.js";
import { at, fill, h, icon } from "./element.js";
import { known, me, remember } from "./me.js";
import * as outbox from "./outbox.js";
import { card, nothing } from "./parts.js";
import { record } from "./record.js";
import { ask, Refusal, SignedOut, Unreachable } from "./server.js";
import { site, sites } from "./sites.js";
import { strip } from "./strip.js";
import { begin, link } from "./sync.js";
import { waiting } from "./waiting.js";
import { moment, speak, t } from "./words.js";

/** @type {any} */
let account = null;

/** Screens by the first word of the address after #/ ; the rest is theirs. @type {Record<string, (rest: string) => Promise<Node> | Node>} */
const SCREENS = {
  today,
  record,
  act: async (rest) => acting(await get("records", rest.slice(rest.indexOf("/") + 1)), rest.slice(0, rest.indexOf("/"))),
  new: () => beginning(account),
  sites,
  site,
  waiting,
  strip: (rest) => strip(rest.slice(rest.indexOf("/") + 1), rest.slice(0, rest.indexOf("/"))),
  me: () => me(account),
};

async function today() {
  const [records, kept] = await Promise.all([all("records"), get("kept", "tasks")]);
  const order = (/** @type {any} */ r) => (r.is_local ? -1 : (r.place_in_list ?? 0));
  records.sort((a, b) => order(a) - order(b));
  return h(
    "div",
    {},
    h("h1", {}, t("今日任务", "Today")),
    records.map(card),
    !records.length && nothing(kept ? t("没有待办", "Nothing to do") : t("正在读取任务；没有网络时请稍候", "Reading the tasks")),
    kept && h("p", { class: "dim" }, t("更新于", "As of"), " ", moment(kept.at)),
    account.may.inspect && h("a", { class: "begin", href: "#/new" }, icon("plus"), t("新建检查", "New inspection")),
  );
}

let drawn = "";
let newest = 0;
/** Show the screen of the address. Typing is never disturbed: a redraw by itself keeps its hands off a form in use. @param {boolean} [by_itself] */
async function show(by_itself = false) {
  if (!isOpen()) return; // signed out; the page loads anew in a moment
  const [, name = "today", rest = ""] = location.hash.match(/^#\/(\w+)\/?(.*)$/) ?? [];
  const main = at("main");
  if (by_itself && (isTyping(main) || ["act", "new", "site", "strip", "me"].includes(name))) return;
  const turn = ++newest;
  const open_parts = [...main.querySelectorAll("details[open]")].map((d) => /** @type {HTMLElement} */ (d).dataset.table);
  const screen = await Promise.resolve((SCREENS[name] ?? today)(decodeURIComponent(rest))).catch((wrong) => {
    if (wrong instanceof Refusal || wrong instanceof Unreachable || wrong instanceof SignedOut) return nothing(wrong.message || t("没有网络", "No network"));
    throw wrong;
  });
  if (turn !== newest) return; // a later one is on its way: a slow screen must not cover the one that was asked for
  fill(main, screen);
  for (const part of main.querySelectorAll("details")) if (part.dataset.table && open_parts.includes(part.dataset.table)) part.open = true;
  if (drawn !== location.hash) scrollTo(0, 0);
  drawn = location.hash;
  await frame();
}

/** @param {HTMLElement} main */
const isTyping = (main) => main.contains(document.activeElement) && /INPUT|TEXTAREA|SELECT/.test(document.activeElement?.tagName ?? "");

/** Bar and tabs: the state of the network and the number that waits are always in sight. */
async function frame() {
  if (!isOpen()) return;
  const operations = await outbox.waiting();
  const stuck = operations.filter((o) => o.state !== "waiting").length;
  const [, name = "today"] = location.hash.match(/^#\/(\w+)/) ?? [];
  const tabs = ["today", "sites", "waiting", "me"];
  const states = { unknown: t("连接中", "connecting"), online: t("已连网", "online"), offline: t("离线 · 可继续办理", "offline · go on"), "signed-out": t("登录已过期", "signed out") };
  const next = encodeURIComponent("/field/");
  fill(
    at("bar"),
    tabs.includes(name) ? h("strong", {}, t("现场端", "Field")) : h("button", { class: "back", "aria-label": t("返回", "Back"), onclick: () => history.back() }, icon("back")),
    h("span", { class: `link ${link.state}`, "data-link": link.state }, link.sending ? `${t("正在上传", "sending")}…` : states[link.state]),
    link.state === "signed-out" && h("a", { class: "button small", href: `/sign-in?next=${next}` }, t("登录", "Sign in")),
  );
  const tab = (/** @type {any} */ to, /** @type {any} */ image, /** @type {string} */ words, /** @type {any} */ badge = null) => h("a", { href: `#/${to}`, "aria-current": to === name && "page" }, icon(image), badge, h("span", {}, words));
  const badge = operations.length > 0 && h("b", { class: `badge ${stuck ? "red" : ""}`, "data-waiting": operations.length }, operations.length);
  fill(at("tabs"), tab("today", "today", t("任务", "Tasks")), tab("sites", "site", t("工地", "Sites")), tab("waiting", "send", t("待上传", "Outbox"), badge), tab("me", "me", t("我的", "Me")));
}

/** Who it is: the server's word when it answers, else the account that used this phone last. */
async function whoIsIt() {
  const last = known();
  try {
    const now = await ask("GET", "/api/v1/field/me", { patience: last ? 5_000 : 20_000 });
    remember(now);
    return now;
  } catch (wrong) {
    if (wrong instanceof SignedOut && last) link.state = "signed-out";
    if (last && (wrong instanceof Unreachable || wrong instanceof SignedOut)) return last;
    return null;
  }
}

/** Nobody is known here: the data of others stays closed. */
function door() {
  const gone = location.hash.startsWith("#/left/");
  const words = location.hash === "#/left/cleared" ? t("已退出，本机数据已清除。", "Signed out, this phone is cleared.") : t("本机数据未能清除：请关闭其他窗口后重试。", "Could not be cleared: close other windows and try again.");
  fill(at("main"), h("div", { class: "door" }, h("h1", {}, t("智慧工地现场端", "siteloop field")), gone && h("p", { class: "hint" }, words), h("p", {}, t("首次使用请联网登录。登录后检查表、任务会下载到本机，没有信号也能办理。", "Sign in once with a network; afterwards it works without.")), h("a", { class: "button wide", href: "/sign-in?next=%2Ffield%2F" }, t("登录", "Sign in"))));
}

/** Take the shell onto the phone; a new version begins when the person wants it. */
async function install() {
  if (!isSecureContext || !navigator.serviceWorker) {
    at("notes").append(h("p", { class: "note red stay" }, t("此地址未启用 HTTPS，离线功能和相机不可用，请联系管理员", "No HTTPS here: no offline use")));
    return;
  }
  const kept = await navigator.serviceWorker.register("/field/worker.js", { scope: "/field/" }).catch(() => null);
  const offer = () => {
    if (!kept?.waiting || !navigator.serviceWorker.controller) return;
    const go = h("button", { onclick: () => kept.waiting?.postMessage("begin") }, t("更新", "Update"));
    at("notes").append(h("p", { class: "note stay" }, t("有新版本，未上传内容不受影响", "A new version; what waits is safe"), go));
  };
  kept?.addEventListener("updatefound", () => kept.installing?.addEventListener("statechange", offer));
  offer();
  const had = !!navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => had && location.reload());
}

async function start() {
  void install();
  account = await whoIsIt();
  if (!account) return door();
  speak(account.language);
  await open(account.id);
  addEventListener("hashchange", () => void show());
  for (const name of ["field:changed", "field:redraw"]) document.addEventListener(name, (event) => void show(event.type === "field:changed"));
  document.addEventListener("field:link", () => void frame());
  document.addEventListener("field:created", (event) => {
    const { from, to } = /** @type {CustomEvent} */ (event).detail;
    if (location.hash.includes(from)) location.replace(location.hash.replace(from, to));
  });
  document.addEventListener("focusout", () => setTimeout(() => void frame(), 0));
  await show();
  begin();
}

void start();

