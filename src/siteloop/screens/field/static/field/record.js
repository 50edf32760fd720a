// @ts-check
/** One record: what is wrong, until when, what to do, what happened; the acts stand at the thumb. */

import { get } from "./database.js";
import { h } from "./element.js";
import { materials, tables } from "./inspect.js";
import * as outbox from "./outbox.js";
import { factList, kindOf, nothing, problemList, say, section, storyList } from "./parts.js";
import { sync } from "./sync.js";
import { left, t } from "./words.js";

/** @param {string} key */
export async function record(key) {
  const found = await get("records", key);
  if (!found) return nothing(t("这条记录已不在今日任务中：可能已办结，或您已无权查看", "No longer among your tasks: settled, or no longer yours to see"));
  const mine = await outbox.on(key);
  const due = left(found.deadline);
  return h(
    "div",
    { "data-key": key },
    h("p", { class: "kind" }, kindOf(found.kind), found.is_local && ` · ${t("本机新建，待上传", "made here, waiting")}`),
    h("h1", {}, found.title),
    h("p", { class: "row" }, h("span", { class: `chip ${found.colour}` }, found.state), due.words && h("span", { class: `chip ${due.colour}` }, due.words), found.score && h("span", { class: "chip" }, `${found.score} ${t("分", "points")} ${found.grade}`)),
    mine.length > 0 && h("a", { class: "hint", href: "#/waiting" }, t(`${mine.length} 项操作待上传`, `${mine.length} acts waiting`), mine.some((o) => o.state !== "waiting") && ` · ${t("需要处理", "needs you")}`),
    factList(found.facts),
    section(t("问题", "Problems"), problemList(found.problems)),
    found.kind === "inspection" && (await inspection(found)),
    found.kind === "check" && check(found, mine),
    section(t("办理过程", "Story"), storyList(found.story)),
    found.site && h("a", { class: "button quiet wide", href: `#/site/${found.site}` }, t("工地现况与实时扬尘", "The site and its dust now")),
    papers(found),
    acts(found),
  );
}

/** @param {any} found */
async function inspection(found) {
  return [section(t("检查表", "Check tables"), await tables(found)), await materials(found)];
}

/** Buttons of the open acts. An inspection made without a network has the acts that every open one has. @param {any} found */
function acts(found) {
  if (!found.actions?.length) return null;
  return h(
    "div",
    { class: "acts" },
    found.actions.map((/** @type {any} */ a) => h("a", { class: `button ${a.danger ? "danger" : ""}`, href: `#/act/${a.code}/${found.key}`, "data-act": a.code }, a.title)),
  );
}

/** Papers of a record: to be opened as PDF, and as a strip for the printer at the belt. @param {any} found */
function papers(found) {
  const orders = found.papers ?? (found.document?.problems ? [found.document] : []);
  const own = found.kind === "inspection" ? found.document : null;
  return section(
    t("文书", "Papers"),
    orders.map((/** @type {any} */ paper, /** @type {number} */ i) =>
      h("div", { class: "paper" }, h("strong", {}, paper.title), h("span", { class: "dim" }, paper.number), h("div", { class: "row" }, h("a", { class: "button quiet", href: paper.pdf, target: "_blank" }, "PDF"), h("a", { class: "button quiet", href: `#/strip/${i}/${found.key}` }, t("打印小票", "Strip")))),
    ),
    own && h("div", { class: "paper" }, h("strong", {}, t("检查记录", "Inspection record")), h("span", { class: "dim" }, own.number), h("div", { class: "row" }, h("a", { class: "button quiet", href: own.pdf, target: "_blank" }, "PDF"))),
  );
}

/** The record table of a drawn check; each line is an act of its own. @param {any} found @param {any[]} mine */
function check(found, mine) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const line of found.lines) groups.set(line.group, [...(groups.get(line.group) ?? []), line]);
  if (!found.lines.length) return nothing(t("送达检查通知后生成记录表", "The table comes with the delivered notice"));
  return section(
    t("记录表", "Record table"),
    [...groups].map(([group, lines]) => h("details", { class: "table" }, h("summary", {}, h("strong", {}, group), h("span", { class: "chip" }, `${lines.filter((l) => l.verdict).length}/${lines.length}`)), lines.map((l) => checkLine(found, l)))),
    mine.length > 0 && h("p", { class: "dim" }, t("逐项上传，先后有序", "sent line by line, in order")),
  );
}

/** @param {any} found @param {any} line */
function checkLine(found, line) {
  const remark = h("textarea", { rows: 2, value: line.remark, placeholder: t("部位、数量、实测值", "where, how many, measured"), disabled: !found.judge });
  const three = h("div", { class: "three" });
  const press = async (/** @type {string} */ verdict) => {
    if (verdict === "problem" && !remark.value.trim()) {
      remark.focus();
      return say(t("不符合的请先写明问题", "Say what is wrong first"), "red");
    }
    // the lines share the record's place in the queue: the check is finished after they are in
    const target = { key: found.key, title: `${found.title} ${line.title}`, version: line.version };
    await outbox.add(target, "judge", { verdict, remark: remark.value }, { words: line.title, path: `${line.api}/actions/judge` });
    for (const button of three.children) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.result === verdict));
    void sync();
  };
  three.append(
    ...[["ok", t("符合", "OK")], ["problem", t("不符合", "Problem")], ["absent", t("不涉及", "Absent")]].map(([verdict, words]) =>
      h("button", { type: "button", "data-result": verdict, "aria-pressed": String(line.verdict === verdict), disabled: !found.judge, onclick: () => void press(verdict) }, words),
    ),
  );
  return h("article", { class: "line" }, h("p", {}, line.title, line.points > 0 && h("span", { class: "dim" }, ` ${line.points} ${t("分", "pts")}`)), line.clause && h("p", { class: "dim" }, line.clause), three, remark);
}
