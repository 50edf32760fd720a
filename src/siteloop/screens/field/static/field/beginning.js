// @ts-check
/** A new inspection, with or without a network: where, what kind, with whom, over which tables. */

import { change, get } from "./database.js";
import { fill, h } from "./element.js";
import * as outbox from "./outbox.js";
import { nothing, say } from "./parts.js";
import { sync } from "./sync.js";
import { t, today } from "./words.js";

const MOST = 8;
/** @returns {[string, string][]} */
const kinds = () => [["daily", t("日常检查", "Daily")], ["special", t("专项检查", "Special")], ["follow_up", t("复查", "Follow-up")], ["complaint", t("投诉核查", "Complaint")]];

/** @param {any} account */
export async function beginning(account) {
  const kept = await get("kept", "kept");
  if (!kept?.tables?.length) return nothing(t("检查表和工地名单尚未下载到本机，请联网一次", "Tables and sites are not on this phone yet; go online once"));
  const chosen = { site: /** @type {any} */ (null), kind: "daily", tables: new Set(), people: new Set([account.id]) };
  const site = h("div", {});
  const suites = h("div", {});
  const search = h("input", { type: "search", placeholder: t("工地名称、地址或项目", "site, address or project"), autocomplete: "off", oninput: () => offer() });
  const offer = () => {
    const words = search.value.trim();
    const found = kept.sites.filter((/** @type {any} */ s) => !words || `${s.name} ${s.address} ${s.project}`.includes(words)).slice(0, MOST);
    const pick = (/** @type {any} */ s) => () => ((chosen.site = s), offer(), offerTables());
    fill(site, found.map((/** @type {any} */ s) => h("button", { type: "button", class: "choice", "aria-pressed": String(chosen.site?.id === s.id), onclick: pick(s) }, h("strong", {}, s.name), h("small", {}, s.address || s.project))), !found.length && nothing(t("没有找到；只有您辖区在建的工地可选", "None found; only sites at work in your region")));
  };
  const offerTables = () => {
    const skipped = new Set(chosen.site?.skipped.tables ?? []);
    chosen.tables = new Set([...chosen.tables].filter((id) => !skipped.has(id)));
    const box = (/** @type {any} */ table) => {
      const toggle = (/** @type {any} */ event) => void (event.target.checked ? chosen.tables.add(table.id) : chosen.tables.delete(table.id));
      return h("label", { class: "check" }, h("input", { type: "checkbox", name: "table", value: table.id, checked: chosen.tables.has(table.id), onchange: toggle }), table.title);
    };
    const names = [...new Set(kept.tables.map((/** @type {any} */ table) => table.suite))];
    fill(suites, names.map((name) => h("fieldset", {}, h("legend", {}, name), kept.tables.filter((/** @type {any} */ x) => x.suite === name && !skipped.has(x.id)).map(box))));
  };
  const people = kept.colleagues.map((/** @type {any} */ person) => {
    const toggle = (/** @type {any} */ event) => void (event.target.checked ? chosen.people.add(person.id) : chosen.people.delete(person.id));
    return h("label", { class: "check" }, h("input", { type: "checkbox", name: "person", checked: chosen.people.has(person.id), disabled: person.id === account.id, onchange: toggle }), person.name);
  });
  const kind = h("select", { name: "kind", onchange: (/** @type {any} */ e) => (chosen.kind = e.target.value) }, kinds().map(([value, words]) => h("option", { value }, words)));
  offer();
  offerTables();
  const start = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!chosen.site) return say(t("请选择工地", "Choose the site"), "red");
    if (chosen.people.size < 2) return say(t("检查人员不得少于两人", "At least two inspectors"), "red");
    if (!chosen.tables.size) return say(t("请选择检查表", "Choose the tables"), "red");
    location.hash = `#/record/${await begin(chosen, kept)}`;
    void sync();
  };
  return h(
    "form",
    { class: "act", onsubmit: start },
    h("h1", {}, t("新建检查", "New inspection")),
    h("label", { class: "field" }, h("span", {}, t("工地", "Site"), h("b", {}, " *")), search),
    site,
    h("label", { class: "field" }, h("span", {}, t("检查类型", "Kind")), kind),
    h("fieldset", {}, h("legend", {}, t("检查人员（不少于两人）", "Inspectors (two or more)")), people),
    suites,
    h("button", { class: "wide" }, t("开始检查", "Begin")),
  );
}

/** The record on the phone and the operation that makes it on the server. @param {any} chosen @param {any} kept @returns {Promise<string>} */
async function begin(chosen, kept) {
  const key = `local/${crypto.randomUUID()}`;
  const items = kept.tables.filter((/** @type {any} */ x) => chosen.tables.has(x.id)).flatMap((/** @type {any} */ x) => x.items.map((/** @type {any} */ i) => i.id));
  const names = kept.colleagues.filter((/** @type {any} */ c) => chosen.people.has(c.id)).map((/** @type {any} */ c) => c.name);
  const title = `${chosen.site.name} ${kinds().find(([value]) => value === chosen.kind)?.[1]}`;
  const record = {
    key,
    kind: "inspection",
    title,
    place: chosen.site.name,
    site: chosen.site.id,
    deadline: null,
    colour: "",
    state: t("检查中", "open"),
    facts: [[t("检查日期", "Date"), today()], [t("检查人员", "Inspectors"), names.join("、")]],
    problems: [],
    story: [],
    version: "",
    is_open: true,
    is_local: true,
    tables: [...chosen.tables],
    skipped: chosen.site.skipped.items.filter((/** @type {number} */ id) => items.includes(id)),
    lines: {},
    materials: [],
    papers: [],
    document: null,
    actions: localActs(),
  };
  const body = { site: chosen.site.id, kind: chosen.kind, checked_on: today(), inspectors: [...chosen.people], tables: [...chosen.tables], note: "" };
  const operation = outbox.made(record, "create", body, { words: t("新建检查", "New inspection"), path: "/api/v1/inspection/inspections", create: true, checks: false });
  await change(["records", "operations"], (s) => {
    s.records.put(record);
    s.operations.put(operation);
  });
  return key;
}

/** What every open inspection offers; the server has the last word. */
function localActs() {
  const field = (/** @type {string} */ name, /** @type {string} */ title, /** @type {any} */ more = {}) => ({ name, title, kind: "text", required: false, choices: [], reference: "", help: "", ...more });
  const order = [
    field("measure", t("措施", "Measure"), { kind: "reference", reference: "inspection.Measure", required: true }),
    field("part", t("停工部位", "Part stopped"), { help: t("局部停工必填", "for a partial stop") }),
    field("points", t("扣分", "Points"), { kind: "number", help: t("项目经理扣分必填", "for a demerit") }),
  ];
  return [
    { code: "order", title: t("开具文书", "Give an order"), confirm: "", danger: false, fields: order },
    { code: "finish", title: t("完成检查", "Finish"), confirm: t("完成后检查结果不再修改，并制作检查记录送达项目。确定吗？", "Results are fixed afterwards. Sure?"), danger: false, fields: [] },
  ];
}
