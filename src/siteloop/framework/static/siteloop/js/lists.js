// @ts-check
/** Lists: rows by the keyboard, filters that are still there when one comes back, the column chooser, export, print. */

const chinese = document.documentElement.lang !== "en";
const KEPT = "list:";

/** The link of each row that opens its record. @returns {HTMLAnchorElement[]} */
function openers() {
  const rows = /** @type {HTMLTableRowElement[]} */ ([...document.querySelectorAll("[data-list] tbody tr")]);
  return /** @type {HTMLAnchorElement[]} */ (rows.map((row) => row.querySelector("td a[href]")).filter(Boolean));
}

/**
 * Move the focus by rows; Enter then follows the link by itself.
 * @param {number} step
 * @returns {boolean} whether there was a row to go to
 */
function move(step) {
  const links = openers();
  if (!links.length) return false;
  const here = document.activeElement?.closest("[data-list] tbody tr");
  const now = links.findIndex((link) => link.closest("tr") === here);
  const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : now + step;
  if (next < 0) {
    /** @type {HTMLElement | null} */ (document.querySelector("#f-search"))?.focus();
    return true;
  }
  links[Math.min(next, links.length - 1)].focus();
  return true;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !document.querySelector("[data-list]")) return;
  const at = /** @type {HTMLElement} */ (event.target);
  const writing = at.matches("textarea, select, [contenteditable], input:not([type=search]):not([type=checkbox])");
  if (writing || at.closest(".ts-wrapper, .flatpickr-calendar, details.menu-button[open], details.account[open], .desk-search")) return;
  const inSearch = at.matches("input[type=search]");
  if (event.key === "ArrowDown" || (event.key === "j" && !inSearch)) {
    if (move(1)) event.preventDefault();
  } else if (!inSearch && (event.key === "ArrowUp" || event.key === "k")) {
    if (move(-1)) event.preventDefault();
  } else if (!inSearch && (event.key === "ArrowRight" || event.key === "ArrowLeft") && at.closest("[data-list] tbody")) {
    const turn = document.querySelector(`[data-list] a[rel=${event.key === "ArrowRight" ? "next" : "prev"}]`);
    if (turn instanceof HTMLAnchorElement) turn.click();
  }
}

/** What the filters were is kept for the way back from a record, for this tab only. */
function remember() {
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-list]"));
  if (list?.dataset.list) sessionStorage.setItem(KEPT + list.dataset.list, location.search);
}

/** The link above a record that leads to its list takes the filters along. */
function wayBack() {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".page-pretitle a[href]"))) {
    const kept = sessionStorage.getItem(KEPT + link.pathname);
    if (kept && !link.search) link.search = kept;
  }
}

/** How many rows are chosen; the buttons wait until there is one. */
function chosen() {
  const told = document.querySelector("[data-chosen]");
  if (!told) return;
  const count = document.querySelectorAll("[data-list] input[name=row]:checked").length;
  if (count) told.textContent = chinese ? `已选 ${count} 条` : `${count} chosen`;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-needs-rows]"))) button.disabled = !count;
}

document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.matches?.("[data-check-all]")) {
    for (const one of /** @type {NodeListOf<HTMLInputElement>} */ (box.closest("table")?.querySelectorAll("input[name=row]") ?? [])) one.checked = box.checked;
  }
  if (box.matches?.("[data-check-all], input[name=row]")) chosen();
});

document.addEventListener("click", (event) => {
  const at = /** @type {HTMLElement} */ (event.target);
  if (at.closest?.("[data-print]")) window.print();
  for (const open of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu-button[open], details.account[open]"))) {
    if (!open.contains(at)) open.open = false;
  }
  // the export keeps the filters that are in the address now
  const link = at.closest?.("a[data-export]");
  if (!(link instanceof HTMLAnchorElement)) return;
  const wanted = new URL(link.href).searchParams.get("format") ?? "xlsx";
  const query = new URLSearchParams(location.search);
  query.set("format", wanted);
  link.href = `${link.pathname}?${query}`;
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const query = form.matches?.("[data-shape]") ? /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=query]")) : null;
  if (query) query.value = location.search.slice(1);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = /** @type {HTMLDetailsElement | null} */ (document.activeElement?.closest("details.menu-button[open], details.account[open]"));
    if (open) {
      open.open = false;
      open.querySelector("summary")?.focus();
    }
  }
  onKey(event);
});

// empty filters do not belong into the address
document.addEventListener("htmx:configRequest", (event) => {
  const asked = /** @type {CustomEvent} */ (event).detail.parameters;
  for (const name of Object.keys(asked)) if (asked[name] === "") delete asked[name];
});
document.addEventListener("htmx:afterSwap", () => {
  chosen();
  remember();
});
// on a phone the rows come first; filters in use stay open
for (const fold of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details[data-fold='']"))) {
  if (matchMedia("(max-width: 900px)").matches) fold.open = false;
}
window.addEventListener("pagehide", remember);
remember();
wayBack();
chosen();

export {};
