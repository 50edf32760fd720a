// @ts-check
/** The search over everything: Ctrl K from anywhere, hits while typing, arrows and Enter to open one. */

const box = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-search-all]"));
const list = document.getElementById("found-all");

/** @returns {HTMLAnchorElement[]} */
const hits = () => /** @type {HTMLAnchorElement[]} */ ([...(list?.querySelectorAll("a[role=option]") ?? [])]);

/** @param {boolean} open */
function show(open) {
  if (!box || !list) return;
  list.hidden = !open;
  box.setAttribute("aria-expanded", String(open));
  if (!open) box.removeAttribute("aria-activedescendant");
}

/** Mark one hit. @param {number} step */
function move(step) {
  const all = hits();
  if (!box || !all.length) return;
  const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const next = (now + step + all.length + (now < 0 && step < 0 ? 1 : 0)) % all.length;
  all.forEach((one, i) => one.setAttribute("aria-selected", String(i === next)));
  all[next].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", all[next].id);
}

let waiting = 0;
let asked = 0;
/** Ask for hits; an answer that was overtaken by a later question is thrown away. */
async function ask() {
  if (!box || !list) return;
  const words = box.value.trim();
  const mine = ++asked;
  if (!words) return show(false);
  const answer = await fetch(`/search?${new URLSearchParams({ q: words, part: "1" })}`, { headers: { "X-Part": "1" } });
  if (!answer.ok || mine !== asked) return;
  list.innerHTML = await answer.text();
  show(true);
}

box?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = window.setTimeout(ask, 180);
});
box?.addEventListener("focus", () => {
  if (box.value.trim() && list?.childElementCount) show(true);
});
box?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = list?.hidden ? undefined : hits().find((one) => one.getAttribute("aria-selected") === "true");
    if (chosen) {
      event.preventDefault();
      chosen.click();
    }
  } else if (event.key === "Escape") {
    if (list && !list.hidden) event.preventDefault();
    show(false);
  }
});
document.addEventListener("click", (event) => {
  if (!(/** @type {HTMLElement} */ (event.target).closest?.(".desk-search"))) show(false);
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  if (box && box.offsetParent !== null) {
    box.focus();
    box.select();
  } else location.assign("/search");
});

export {};
