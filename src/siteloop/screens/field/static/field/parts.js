// @ts-check
/** Pieces that several screens show. */

import { get } from "./database.js";
import { h } from "./element.js";
import { left, moment, t } from "./words.js";

/** A card that leads somewhere. @param {any} record */
export function card(record) {
  const due = left(record.deadline);
  // a title that names the place already leaves room for what tells two visits apart
  const beside = record.title.includes(record.place) ? record.facts.slice(0, 2).map((/** @type {[string, any]} */ [, value]) => value).join(" · ") : record.place;
  return h(
    "a",
    { class: `card edge-${due.colour === "red" ? "red" : record.colour || "none"}`, href: `#/record/${record.key}` },
    h("span", { class: "kind" }, kindOf(record.kind)),
    h("strong", {}, record.title),
    beside && h("span", { class: "dim" }, beside),
    h("span", { class: "row" }, h("span", { class: "chip" }, record.state), due.words && h("span", { class: `chip ${due.colour}` }, due.words)),
  );
}

/** @param {string} kind */
export function kindOf(kind) {
  /** @type {Record<string, string>} */
  const names = { case: t("派单", "Case"), order: t("文书整改", "Order"), inspection: t("监督检查", "Inspection"), check: t("双随机", "Random check") };
  return names[kind] ?? kind;
}

/** Name and value in lines. @param {[string, any][]} facts */
export const factList = (facts) =>
  facts.length > 0 &&
  h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, /^\d{4}-\d\d-\d\dT/.test(String(value)) ? moment(value) : value)]));

/** What is wrong, why and what is demanded. @param {any[]} problems */
export const problemList = (problems) =>
  problems.length > 0 &&
  h(
    "ol",
    { class: "problems" },
    problems.map((p) => h("li", {}, h("strong", {}, p.problem), p.basis && h("span", { class: "dim" }, p.basis), p.demand && h("span", {}, p.demand))),
  );

/** A picture, voice note or other file that the server has. @param {any} file */
export function remote(file) {
  if (file.type?.startsWith("image/")) return h("a", { href: file.url, target: "_blank", class: "thumb" }, h("img", { src: file.url, alt: moment(file.at), loading: "lazy" }));
  if (/audio|video/.test(file.type ?? "")) return h("a", { href: file.url, class: "chip" }, t("录音", "Voice note"), " ", moment(file.at));
  return h("a", { href: file.url, class: "chip" }, t("附件", "File"));
}

/** A file that still lies on the phone. @param {string} id @param {(() => void) | null} [drop] */
export function local(id, drop = null) {
  const box = h("span", { class: "thumb" });
  void get("files", id).then((file) => {
    if (!file) return box.remove(); // the server has it
    const url = URL.createObjectURL(file.blob);
    if (file.blob.type.startsWith("image/")) box.append(h("img", { src: url, alt: file.name, onload: () => URL.revokeObjectURL(url) }));
    else box.append(h("audio", { src: url, controls: true }));
    const place = file.lon === undefined ? t("无定位", "no position") : `${file.lat.toFixed(4)}, ${file.lon.toFixed(4)}`;
    box.append(h("small", {}, `${moment(file.taken_at)} · ${place} · ${file.sha256.slice(0, 8)}`));
    if (drop) box.append(h("button", { type: "button", class: "drop", "aria-label": t("删除", "Remove"), onclick: drop }, "×"));
  });
  return box;
}

/** The story of a record, newest first. @param {any[]} story */
export const storyList = (story) =>
  story.length > 0 &&
  h(
    "ol",
    { class: "story" },
    [...story].reverse().map((m) =>
      h("li", {}, h("span", { class: "dim" }, `${moment(m.at)} ${m.by}`), h("strong", {}, m.title), m.body && h("p", {}, m.body), m.photos.length > 0 && h("div", { class: "thumbs" }, m.photos.map(remote))),
    ),
  );

/** A section with its heading. @param {string} title @param {...any} content */
export const section = (title, ...content) => (content.flat().some((c) => c) ? h("section", {}, h("h2", {}, title), ...content) : null);

/** Nothing here, and why. @param {string} words */
export const nothing = (words) => h("p", { class: "empty" }, words);

/** Say something that goes away by itself. @param {string} words @param {string} [colour] */
export function say(words, colour = "") {
  const box = document.getElementById("notes");
  const note = h("p", { class: `note ${colour}` }, words);
  box?.append(note);
  setTimeout(() => note.remove(), 6_000);
}

/** Ask before something that cannot be taken back. @param {string} question @param {string} yes @returns {Promise<boolean>} */
export function sure(question, yes) {
  return new Promise((done) => {
    const end = (/** @type {boolean} */ is) => {
      box.close();
      box.remove();
      done(is);
    };
    const box = /** @type {any} */ (
      h(
        "dialog",
        { oncancel: () => end(false) },
        h("p", {}, question),
        h("div", { class: "row" }, h("button", { class: "quiet", onclick: () => end(false) }, t("取消", "Cancel")), h("button", { class: "danger", onclick: () => end(true) }, yes)),
      )
    );
    document.body.append(box);
    box.showModal();
  });
}
