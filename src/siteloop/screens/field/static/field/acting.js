// @ts-check
/** The form of an act: what the register's action asks for, in large fields; becomes an operation, with or without a network. */

import { get, put } from "./database.js";
import { h } from "./element.js";
import { packLines } from "./drafts.js";
import * as outbox from "./outbox.js";
import { say, sure } from "./parts.js";
import { sync } from "./sync.js";
import { photos } from "./taking.js";
import { t } from "./words.js";

/** @param {any} field @param {any} value @param {(value: any) => void} changed @param {any} kept */
function input(field, value, changed, kept) {
  const told = { id: `f-${field.name}`, name: field.name, required: field.required, oninput: (/** @type {any} */ e) => changed(e.target.value) };
  if (field.kind === "files") return photos(value ?? changed([]), () => changed(value), { name: field.name });
  if (field.kind === "multiline") return h("textarea", { ...told, rows: 4, value: value ?? "" });
  if (field.kind === "bool") return h("input", { ...told, type: "checkbox", checked: !!value, oninput: (/** @type {any} */ e) => changed(e.target.checked) });
  if (field.kind === "choice" || field.reference) {
    const choices = field.reference ? (kept?.measures ?? []).map((/** @type {any} */ m) => ({ value: m.id, title: m.title })) : field.choices;
    const select = h("select", told, h("option", { value: "" }, t("请选择", "Choose")), choices.map((/** @type {any} */ c) => h("option", { value: c.value }, c.title)));
    select.value = value ?? "";
    return select;
  }
  /** @type {Record<string, string>} */
  const types = { date: "date", datetime: "datetime-local", number: "number", money: "number" };
  return h("input", { ...told, type: types[field.kind] ?? "text", inputmode: /number|money/.test(field.kind) && "decimal", step: "any", value: value ?? "" });
}

/** Screen of one act. @param {any} record @param {string} code */
export async function acting(record, code) {
  const action = record.actions.find((/** @type {any} */ a) => a.code === code);
  if (!action) return h("p", { class: "empty" }, t("此操作现在不可用，可能已由他人办理", "No longer open; somebody else may have done it"));
  const kept = await get("kept", "kept");
  const name = `${record.key}#${code}`;
  const draft = (await get("drafts", name)) ?? { key: name, lines: {}, values: {} };
  const fields = action.fields.map((/** @type {any} */ field) => {
    if (field.kind === "files") draft.values[field.name] ??= [];
    const changed = (/** @type {any} */ value) => {
      draft.values[field.name] = value;
      void put("drafts", draft);
      return value;
    };
    return h("label", { class: `field ${field.kind}` }, h("span", {}, field.title, field.required && h("b", {}, " *")), input(field, draft.values[field.name], changed, kept), field.help && h("small", {}, field.help));
  });
  const missing = () => action.fields.filter((/** @type {any} */ f) => f.required && (!draft.values[f.name] || draft.values[f.name].length === 0));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (missing().length) return say(`${t("还缺", "Missing")}：${missing().map((/** @type {any} */ f) => f.title).join("、")}`, "red");
    if (action.confirm && !(await sure(action.confirm, action.title))) return;
    await packLines(record.key);
    await outbox.add(record, code, body(action, draft.values), { words: action.title });
    await put("drafts", { key: name, lines: {}, values: {} });
    say(t("已存入待上传，联网后办理；文号以服务器返回为准", "Kept; done when the server answers, which gives the number"));
    location.hash = `#/record/${record.key}`;
    void sync();
  };
  return h("form", { class: "act", onsubmit: send }, h("h1", {}, action.title), h("p", { class: "dim" }, record.title), action.confirm && h("p", { class: "hint" }, action.confirm), fields, h("button", { class: action.danger ? "danger wide" : "wide" }, action.title));
}

/** @param {any} action @param {any} values */
function body(action, values) {
  /** @type {Record<string, any>} */
  const found = {};
  for (const field of action.fields) {
    const value = values[field.name];
    if (value === undefined || value === "" || value === null) continue;
    if (field.kind === "files") found[field.name] = value.map((/** @type {string} */ id) => ({ $file: id }));
    else if (field.reference) found[field.name] = Number(value);
    else found[field.name] = field.kind === "datetime" ? `${value}:00+08:00` : value;
  }
  return found;
}
