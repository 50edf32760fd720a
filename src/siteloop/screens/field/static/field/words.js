// @ts-check
/** Chinese first; English when the account says so. */

let english = localStorage.getItem("siteloop-field-language") === "en";

/** Take the language of the account. @param {string} language */
export function speak(language) {
  english = language === "en";
  localStorage.setItem("siteloop-field-language", language);
  document.documentElement.lang = english ? "en" : "zh-CN";
}

/** The text in the language of the account. @param {string} zh @param {string} en */
export const t = (zh, en) => (english ? en : zh);

/** A moment in Shanghai's time. @param {string | null | undefined} iso */
export function moment(iso) {
  if (!iso) return "—";
  const format = { timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false };
  return new Intl.DateTimeFormat("zh-CN", /** @type {Intl.DateTimeFormatOptions} */ (format)).format(new Date(iso));
}

/** A deadline with its year; what ends at midnight ends with the day before. @param {string} iso */
export function until(iso) {
  const format = { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false };
  const said = (/** @type {number} */ at) => new Intl.DateTimeFormat("zh-CN", /** @type {Intl.DateTimeFormatOptions} */ (format)).format(at);
  const at = new Date(iso).getTime();
  const words = said(at);
  return /(00|24):00$/.test(words) ? said(at - 60_000).replace(/\d\d:\d\d$/, "24:00") : words;
}

/** Today in Shanghai as 2026-11-21. */
export const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());

/** How long until a deadline, in words. @param {string | null} iso @returns {{words: string, colour: string}} */
export function left(iso) {
  if (!iso) return { words: "", colour: "" };
  const minutes = Math.round((new Date(iso).getTime() - Date.now()) / 60_000);
  const size = Math.abs(minutes);
  const span = size < 120 ? `${size} ${t("分钟", "min")}` : size < 2880 ? `${Math.round(size / 60)} ${t("小时", "h")}` : `${Math.round(size / 1440)} ${t("天", "d")}`;
  if (minutes < 0) return { words: t(`已逾期 ${span}`, `${span} late`), colour: "red" };
  return { words: t(`剩 ${span}`, `${span} left`), colour: minutes < 1440 ? "yellow" : "" };
}
