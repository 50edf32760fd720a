// @ts-check
/** An order on a strip of 58 or 80 mm: the printer at the belt prints it by the phone's own print dialogue. Only what is issued has a number. */

import { get } from "./database.js";
import { fill, h } from "./element.js";
import { nothing } from "./parts.js";
import { t, until } from "./words.js";

const WIDTHS = ["58", "80"];
/** Millimetres of a CSS pixel, and the bare edge at which the strip is torn off. */
const MM = 25.4 / 96;
const EDGE = 6;
const size = new CSSStyleSheet();
document.adoptedStyleSheets.push(size);

/** @param {string} key @param {string} which */
export async function strip(key, which) {
  const record = await get("records", key);
  const paper = record?.papers?.[Number(which)] ?? record?.document;
  if (!paper?.problems) return nothing(t("文书尚未由服务器编号制作，不能打印", "Not issued by the server yet"));
  const box = h("div", { class: "strip" });
  const draw = (/** @type {string} */ width) => {
    localStorage.setItem("siteloop-field-strip", width);
    box.dataset.width = width;
    fill(box, sheet(paper));
  };
  draw(localStorage.getItem("siteloop-field-strip") ?? "80");
  return h(
    "div",
    {},
    h("div", { class: "row no-print" }, WIDTHS.map((w) => h("button", { class: "quiet", onclick: () => draw(w) }, `${w} mm`)), h("button", { onclick: () => out(box) }, t("打印", "Print")), h("a", { class: "button quiet", href: paper.pdf, target: "_blank" }, "PDF")),
    box,
  );
}

/** Print on one sheet as wide as the strip and as long as what stands on it. @param {HTMLElement} box */
function out(box) {
  size.replaceSync(`@page strip { size: ${box.dataset.width}mm ${Math.ceil(box.offsetHeight * MM) + EDGE}mm; margin: 0; }`);
  print();
}

/** @param {any} paper */
function sheet(paper) {
  return [
    h("h1", {}, paper.authority),
    h("h2", {}, paper.title),
    h("p", {}, paper.number),
    h("p", {}, `${paper.addressee}：`),
    h("ol", {}, paper.problems.map((/** @type {any} */ p) => h("li", {}, p.problem, p.basis && h("small", {}, `（${p.basis}）`), p.demand && h("div", {}, `${t("要求", "Demand")}：${p.demand}`)))),
    h("p", {}, `${t("依据", "Basis")}：${paper.basis}`),
    paper.deadline && h("p", {}, `${t("期限", "Until")}：${until(paper.deadline)}`),
    h("p", {}, `${t("制作时间", "Issued")}：${until(paper.issued_at)}`),
    h("p", { class: "signs" }, `${t("监督人员", "Inspector")}：`),
    h("p", { class: "signs" }, `${t("受送达人", "Received by")}：`),
    h("p", { class: "code" }, `${t("核验", "Verify")}：${location.origin}/verify/${paper.code}`),
    h("small", {}, t("小票供现场告知，以加盖印章的正式文书（PDF）为准。", "For notice on the spot; the sealed PDF is the document.")),
  ];
}
