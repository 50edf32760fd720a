// @ts-check
/** The outbox in the open: what waits, what the server said no to, and both versions of what somebody else changed. */

import { all } from "./database.js";
import { h } from "./element.js";
import * as outbox from "./outbox.js";
import { factList, nothing, section, sure } from "./parts.js";
import { link, sync } from "./sync.js";
import { moment, t } from "./words.js";

/** The screen. */
export async function waiting() {
  const operations = await outbox.waiting();
  const stuck = operations.filter((o) => o.state !== "waiting");
  const rest = operations.filter((o) => o.state === "waiting");
  const blocked = new Set(stuck.map((o) => o.record));
  return h(
    "div",
    {},
    h("h1", {}, t("待上传", "Outbox")),
    h("p", { class: "hint" }, state()),
    section(t("需要您决定", "Needs you"), stuck.map((o) => (o.state === "conflict" ? conflict(o) : refused(o)))),
    section(t("等待上传", "Waiting"), rest.map((o) => waits(o, blocked.has(o.record)))),
    !operations.length && nothing(t("全部已上传，服务器已确认", "Everything is sent and confirmed")),
    h("div", { class: "row" }, h("button", { onclick: () => void sync() }, t("立即上传", "Send now")), operations.length > 0 && h("button", { class: "quiet", onclick: () => void save() }, t("导出备份", "Export"))),
  );
}

function state() {
  if (link.state === "offline") return t("没有网络：内容已保存在本机，恢复后自动上传", "No network: kept on this phone, sent when it is back");
  if (link.state === "signed-out") return t("登录已过期：请重新登录后继续上传，内容不会丢失", "Signed out: sign in again, nothing is lost");
  return `${t("最近连通", "Last contact")} ${moment(link.at)}${link.sending ? ` · ${t("正在上传", "sending")} ${link.sending}` : ""}`;
}

/** @param {any} o @param {boolean} is_blocked */
function waits(o, is_blocked) {
  const blocked = is_blocked && t("排在上面一项之后", "after the one above");
  return h("div", { class: "card", "data-operation": o.act }, h("strong", {}, o.words), h("span", { class: "dim" }, o.title), h("span", { class: "dim" }, moment(o.made_at), o.files.length > 0 && ` · ${t(`${o.files.length} 个文件`, `${o.files.length} files`)}`, blocked && ` · ${blocked}`));
}

/** @param {any} o */
const drop = (o) => h("button", { class: "danger quiet", onclick: async () => (await sure(t(`放弃“${o.words}”？本机保存的内容（含 ${o.files.length} 个文件）将删除，无法恢复。`, `Give up “${o.words}”? It is deleted from this phone.`), t("放弃并删除", "Give up"))) && outbox.giveUp(o) }, t("放弃", "Give up"));

/** No right, locked, or something missing: kept, to be tried again after it was put right. @param {any} o */
function refused(o) {
  const errors = Object.values(o.told.errors ?? {}).flat();
  return h(
    "div",
    { class: "card edge-red refused" },
    h("strong", {}, o.words),
    h("span", { class: "dim" }, o.title),
    h("p", { class: "red" }, [o.told.detail ?? o.told.title, ...errors].filter((w, i, a) => a.indexOf(w) === i).join("；")),
    h("p", { class: "dim" }, t("服务器未接受，内容仍在本机。可在网页端处理原因后重试，或导出留存。", "Not accepted; it is still here. Put the cause right and try again, or export it.")),
    h("div", { class: "row" }, h("button", { onclick: async () => (await outbox.decide(o, {}), sync()) }, t("重试", "Try again")), drop(o)),
  );
}

/** @param {any} o */
function conflict(o) {
  const told = o.told.conflict;
  const head = [h("strong", {}, o.words), h("span", { class: "dim" }, o.title), h("p", { class: "red" }, o.told.detail)];
  return h("div", { class: "card edge-red conflict" }, head, told.kind === "lines" ? lines(o, told) : whole(o, told));
}

/** Judgements of lines: one decision a line. @param {any} o @param {any} told */
function lines(o, told) {
  /** @type {Map<number, string>} */
  const chosen = new Map();
  const go = h("button", { disabled: true, onclick: () => void settle() }, t("按所选提交", "Submit as chosen"));
  const settle = async () => {
    const next = o.body.lines.$json
      .filter((/** @type {any} */ line) => chosen.get(line.item) !== "theirs")
      .map((/** @type {any} */ line) => (chosen.has(line.item) ? { ...line, base: told.lines.find((/** @type {any} */ x) => x.item === line.item).theirs } : line));
    await outbox.decide(o, { body: { lines: { $json: next } }, files: outbox.filesIn(next) });
    await sync();
  };
  const side = (/** @type {any} */ line, /** @type {string} */ which, /** @type {string} */ title) => {
    const press = (/** @type {any} */ event) => {
      chosen.set(line.item, which);
      for (const b of event.currentTarget.parentElement.children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
      go.disabled = chosen.size < told.lines.length;
    };
    return h("button", { class: "choice", "data-choose": which, "aria-pressed": "false", onclick: press }, h("strong", {}, title), factList(judged(line[which])));
  };
  return [
    h("p", { class: "dim" }, `${told.by} ${moment(told.at)}`),
    told.lines.map((/** @type {any} */ line) => h("div", { class: "versions" }, h("p", {}, line.title), h("div", { class: "two" }, side(line, "mine", t("我的记录", "Mine")), side(line, "theirs", t("已有记录", "Theirs"))))),
    go,
  ];
}

/** @param {any} line @returns {[string, any][]} */
function judged(line) {
  /** @type {Record<string, string>} */
  const results = { ok: t("符合", "OK"), failed: t("不符合", "Failed"), absent: t("不涉及", "Absent") };
  /** @type {[string, any][]} */
  const facts = [[t("结果", "Result"), results[line.result]], [t("问题", "Problem"), line.problem], [t("扣分", "Deducted"), Number(line.deducted) ? line.deducted : ""], [t("要求", "Demand"), line.demand]];
  return facts.filter(([, value]) => value);
}

/** Somebody acted on the record: what was done, beside what I want to do. @param {any} o @param {any} told */
function whole(o, told) {
  /** @type {[string, any][]} */
  const mine = Object.entries(o.body).map(([name, value]) => [name, Array.isArray(value) ? t(`${value.length} 个文件`, `${value.length} files`) : String(value)]);
  const insist = async () => {
    await outbox.decide(o, { base: told.version, follows: false });
    await sync();
  };
  return [
    h(
      "div",
      { class: "two" },
      h("div", { class: "side" }, h("strong", {}, t("我要提交", "Mine")), h("p", {}, o.words), factList(mine)),
      h("div", { class: "side" }, h("strong", {}, t("期间他人已办", "Meanwhile")), told.changes.map((/** @type {any} */ c) => h("p", {}, h("span", { class: "dim" }, moment(c.at)), " ", c.sentence)), !told.changes.length && h("p", {}, t("系统已推进环节或期限", "The program moved its step or deadline"))),
    ),
    h("div", { class: "row" }, h("button", { "data-choose": "mine", onclick: () => void insist() }, t("核对无误，仍然提交", "Submit mine all the same")), drop(o)),
  ];
}

/** Everything that waits as one file, with the photos in it: what the phone holds is the person's. */
async function save() {
  const files = await Promise.all((await all("files")).map(async (file) => ({ ...file, blob: undefined, base64: await text(file.blob) })));
  const body = { at: new Date().toISOString(), operations: await outbox.waiting(), files };
  const url = URL.createObjectURL(new Blob([JSON.stringify(body, null, 1)], { type: "application/json" }));
  h("a", { href: url, download: `现场端待上传-${new Date().toISOString().slice(0, 16)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {Blob} blob @returns {Promise<string>} */
const text = (blob) =>
  new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",")[1]);
    reader.readAsDataURL(blob);
  });
