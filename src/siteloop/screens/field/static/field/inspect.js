// @ts-check
/** Filling check tables: three large buttons a line; a failed line demands its problem before it counts. */

import { get } from "./database.js";
import { draftOf, judge, judgement, lacking, packLines } from "./drafts.js";
import { fill, h } from "./element.js";
import * as outbox from "./outbox.js";
import { remote, local, say, section } from "./parts.js";
import { sync } from "./sync.js";
import { photos, signature, voice } from "./taking.js";
import { t } from "./words.js";

const EMPTY = { result: "", deducted: "", problem: "", demand: "", fixed_on_spot: false };
/** @returns {[string, string][]} */
const results = () => [["ok", t("符合", "OK")], ["failed", t("不符合", "Failed")], ["absent", t("不涉及", "Absent")]];

/** The tables of an inspection. @param {any} record */
export async function tables(record) {
  const kept = await get("kept", "kept");
  const draft = await draftOf(record.key);
  const skipped = new Set(record.skipped);
  const chosen = (kept?.tables ?? []).filter((/** @type {any} */ table) => record.tables.includes(table.id));
  if (!chosen.length) return h("p", { class: "empty" }, t("检查表尚未下载到本机，请联网一次", "The check tables are not on this phone yet; go online once"));
  return h("div", {}, chosen.map((/** @type {any} */ table) => one(record, table, draft, skipped)));
}

/** @param {any} record @param {any} table @param {any} draft @param {Set<number>} skipped */
function one(record, table, draft, skipped) {
  const items = table.items.filter((/** @type {any} */ item) => !skipped.has(item.id));
  const count = h("span", { class: "chip" });
  const shown = (/** @type {number} */ id) => draft.lines[id]?.mine ?? judgement(record.lines[id]) ?? EMPTY;
  const recount = () => {
    const done = items.filter((/** @type {any} */ i) => shown(i.id).result && !lacking(shown(i.id), i.points)).length;
    const failed = items.filter((/** @type {any} */ i) => shown(i.id).result === "failed").length;
    count.textContent = `${done}/${items.length}${failed ? ` · ${failed} ${t("项不符合", "failed")}` : ""}`;
    count.className = `chip ${failed ? "red" : done === items.length ? "green" : ""}`;
  };
  const rest = async () => {
    const open = items.filter((/** @type {any} */ item) => !shown(item.id).result);
    await judge(record, open.map((/** @type {any} */ item) => ({ item: item.id, mine: { ...EMPTY, deducted: "0", result: "ok" }, photos: [] })));
    document.dispatchEvent(new CustomEvent("field:redraw"));
  };
  recount();
  const left = table.items.length - items.length;
  return h(
    "details",
    { class: "table", "data-table": table.id },
    h("summary", {}, h("strong", {}, table.title), count),
    h("p", { class: "dim" }, table.standard, !table.verified && ` · ${t("条文未核实", "not verified")}`, left > 0 && ` · ${t(`${left} 项按条件不适用`, `${left} lines do not apply here`)}`),
    items.map((/** @type {any} */ item) => line(record, draft, item, shown(item.id), recount)),
    record.is_open && h("button", { type: "button", class: "quiet wide", onclick: rest }, t("其余各项均符合", "All others are OK")),
  );
}

/** @param {any} record @param {any} draft @param {any} item @param {any} mine @param {string[]} taken */
async function save(record, draft, item, mine, taken) {
  await judge(record, [{ item: item.id, mine, photos: taken }]);
  draft.lines[item.id] = (await draftOf(record.key)).lines[item.id];
}

/** @param {any} record @param {any} draft @param {any} item @param {any} first @param {() => void} recount */
function line(record, draft, item, first, recount) {
  const mine = { ...first };
  const taken = [...(draft.lines[item.id]?.photos ?? [])];
  const queued = draft.lines[item.id]?.sent ?? [];
  const order = record.lines[item.id]?.order;
  const is_fixed = !record.is_open || !!order;
  const more = h("div", { class: "more" });
  const lacks = h("p", { class: "lacks" });
  const keep = async () => {
    lacks.textContent = lacking(mine, item.points);
    await save(record, draft, item, { ...mine }, taken);
    recount();
  };
  const buttons = results().map(([value, words]) => {
    const press = async () => {
      mine.result = value;
      draw();
      await keep();
      if (value === "failed") /** @type {any} */ (more.querySelector("textarea"))?.focus();
    };
    return h("button", { type: "button", "data-result": value, disabled: is_fixed, onclick: press }, words);
  });
  const draw = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.result === mine.result));
    fill(more, mine.result === "failed" && failing(record, item, mine, { taken, queued }, keep, is_fixed));
    lacks.textContent = mine.result ? lacking(mine, item.points) : "";
  };
  draw();
  const points = item.points === null ? "" : `${item.points} ${t("分", "pts")}`;
  return h(
    "article",
    { class: "line", "data-item": item.id },
    h("p", {}, h("b", {}, `${item.number}. `), item.title, item.guaranteed && h("span", { class: "chip" }, t("保证项目", "guaranteed")), points && h("span", { class: "dim" }, ` ${points}`)),
    item.clause && h("p", { class: "dim" }, item.clause, !item.verified && ` ${t("（未核实）", "(not verified)")}`),
    h("div", { class: "three", role: "group", "aria-label": item.title }, buttons),
    order && h("p", { class: "dim" }, t(`已列入 ${order}，不再修改`, `In ${order}`)),
    more,
    lacks,
  );
}

/** @param {any} record @param {any} item @param {any} mine @param {{taken: string[], queued: string[]}} files @param {() => Promise<void>} keep @param {boolean} is_fixed */
function failing(record, item, mine, { taken, queued }, keep, is_fixed) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) => {
    mine[name] = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    void keep();
  };
  const sent = record.lines[item.id]?.photos ?? [];
  return [
    h("label", { class: "field" }, h("span", {}, t("问题描述", "Problem"), h("b", {}, " *")), h("textarea", { rows: 2, value: mine.problem, disabled: is_fixed, oninput: set("problem"), placeholder: t("部位、数量、实测值", "where, how many, measured") })),
    item.points !== null && h("label", { class: "field" }, h("span", {}, t("扣分", "Deduct"), h("b", {}, " *")), h("input", { type: "number", inputmode: "decimal", min: 0, max: item.points, step: "any", value: mine.deducted === "0" ? "" : mine.deducted, disabled: is_fixed, oninput: set("deducted") })),
    h("label", { class: "field" }, h("span", {}, t("整改要求", "Demand")), h("textarea", { rows: 2, value: mine.demand, disabled: is_fixed, oninput: set("demand") })),
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: mine.fixed_on_spot, disabled: is_fixed, onchange: set("fixed_on_spot") }), t("已当场改正", "Put right on the spot")),
    sent.length + queued.length > 0 && h("div", { class: "thumbs" }, sent.map(remote), queued.map((id) => local(id))),
    !is_fixed && photos(taken, () => void keep(), { name: "line" }),
  ];
}

/** Signatures, photos and voice notes of the whole visit. @param {any} record */
export async function materials(record) {
  const mine = (await outbox.on(record.key)).filter((o) => o.act === "attach");
  const attach = async (/** @type {string} */ kind, /** @type {string} */ person, /** @type {string} */ id) => {
    await packLines(record.key); // what was judged before the signature is sent before it
    await outbox.add(record, "attach", { kind, person, files: [{ $file: id }] }, { words: `${t("现场材料", "Material")} ${person}`, checks: false });
    document.dispatchEvent(new CustomEvent("field:redraw"));
    void sync();
  };
  const name = h("input", { placeholder: t("签名人姓名、职务", "Who signs"), "aria-label": t("签名人", "Who signs"), autocomplete: "off" });
  const sign = h("details", { class: "table sign" }, h("summary", {}, h("strong", {}, t("手写签名", "Sign on glass"))), h("label", { class: "field" }, h("span", {}, t("签名人", "Signed by"), h("b", {}, " *")), name), signature((id) => (name.value.trim() ? void attach("signature", name.value.trim(), id) : say(t("请填写签名人", "Say who signs"), "red"))));
  /** @type {string[]} */
  const taken = [];
  const whole = photos(taken, () => void (taken.length && attach("photo", t("现场", "site"), /** @type {string} */ (taken.pop()))), { name: "whole" });
  return section(
    t("现场签名与材料", "Signatures and materials"),
    record.materials?.length > 0 && h("div", { class: "thumbs" }, record.materials.map((/** @type {any} */ m) => h("figure", {}, remote(m), h("figcaption", {}, m.person)))),
    mine.length > 0 && h("div", { class: "thumbs" }, mine.map((o) => h("figure", {}, local(o.files[0]), h("figcaption", {}, o.body.person, " · ", t("待上传", "waiting"))))),
    record.is_open && [sign, whole, voice((id) => void attach("voice", t("现场录音", "voice note"), id))],
  );
}
