// @ts-check
/** Forms: search boxes for references, dates by a calendar, a warning before typed words are lost, the first error in focus. */
import { load } from "./load.js";

const chinese = document.documentElement.lang !== "en";

/** @typedef {{value: string, text: string, note?: string}} Choice */

/** One line of a search box: the name, and what tells it apart. @param {Choice} choice @param {(text: string) => string} escape */
function line(choice, escape) {
  const note = choice.note ? `<small class="text-secondary ms-2">${escape(choice.note)}</small>` : "";
  return `<div>${escape(choice.text)}${note}</div>`;
}

/**
 * Drop the search that waits for a pause in typing: the library would open the list with it and take the focus back,
 * though a hit was chosen or the box was left meanwhile.
 * @param {any} box
 */
function forget(box) {
  clearTimeout(box.refreshTimeout);
  box.refreshTimeout = null;
}

/** @param {HTMLSelectElement} select */
function searchBox(select) {
  const TomSelect = /** @type {any} */ (window).TomSelect;
  const source = select.dataset.source ?? "";
  const box = new TomSelect(select, {
    valueField: "value",
    labelField: "text",
    searchField: [],
    // the server has searched: what it found is shown in its order
    score: () => () => 1,
    sortField: [{ field: "$order" }],
    maxOptions: 60,
    preload: "focus",
    loadThrottle: 200,
    shouldLoad: () => true,
    plugins: select.multiple ? ["remove_button"] : ["clear_button"],
    placeholder: select.options[0]?.value === "" ? select.options[0].text : "",
    render: {
      option: line,
      no_results: () => `<div class="no-results">${chinese ? "没有符合的项" : "nothing fits"}</div>`,
      loading: () => `<div class="no-results">${chinese ? "查找中…" : "searching…"}</div>`,
    },
    onItemAdd() {
      forget(this);
      this.setTextboxValue("");
      if (!select.multiple) this.blur();
    },
    onBlur() {
      forget(this);
    },
    /** @param {string} words @param {(rows?: Choice[]) => void} done */
    load(words, done) {
      const asked = source + (source.includes("?") ? "&" : "?") + new URLSearchParams({ q: words });
      fetch(asked)
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
        .then((body) => {
          this.clearOptions((/** @type {Choice} */ one) => this.items.includes(one.value));
          done(body.results);
        })
        .catch(() => done());
    },
  });
  box.control_input.setAttribute("autocomplete", "off");
  // the label names the search box now; the select behind it is for the form alone
  select.setAttribute("aria-hidden", "true");
}

/** @param {ParentNode} root */
function references(root) {
  if (!(/** @type {any} */ (window).TomSelect)) return;
  for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (root.querySelectorAll("select[data-source]"))) {
    if (select.dataset.source && !select.classList.contains("tomselected")) searchBox(select);
  }
}

/** Calendars in our own words and one way of writing a date; a phone keeps its own picker. @param {ParentNode} root */
async function dates(root) {
  const inputs = /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("input[type=date], input[type=datetime-local], input[type=time]")]);
  const library = document.documentElement.dataset.calendar;
  if (!inputs.length || !library || matchMedia("(pointer: coarse)").matches) return;
  await load(`${library}flatpickr.min.js`);
  if (chinese) await load(`${library}flatpickr-zh.js`);
  const flatpickr = /** @type {any} */ (window).flatpickr;
  for (const input of inputs) {
    const withTime = input.type !== "date";
    const withDate = input.type !== "time";
    const shape = [withDate ? "Y-m-d" : "", withTime ? "H:i" : ""].filter(Boolean).join(" ");
    const value = input.value.replace("T", " ");
    input.type = "text";
    input.value = value;
    input.placeholder ||= shape.replace("Y-m-d", chinese ? "年-月-日" : "YYYY-MM-DD").replace("H:i", chinese ? "时:分" : "HH:MM");
    flatpickr(input, {
      allowInput: true,
      locale: chinese ? { ...flatpickr.l10ns.zh, firstDayOfWeek: 1 } : { firstDayOfWeek: 1 },
      enableTime: withTime,
      noCalendar: !withDate,
      time_24hr: true,
      dateFormat: shape,
      disableMobile: true,
    });
  }
}

/** Leaving a changed form asks first. @param {HTMLFormElement} form */
function guard(form) {
  let changed = form.querySelector(".is-invalid") !== null;
  const touch = (/** @type {Event} */ event) => {
    if (event.isTrusted || event.target instanceof HTMLSelectElement) changed = true;
  };
  form.addEventListener("input", touch);
  form.addEventListener("change", touch);
  form.addEventListener("submit", () => (changed = false));
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}

// a button that does something far-reaching asks first
document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest?.("[data-confirm]");
  if (button instanceof HTMLElement && !window.confirm(button.dataset.confirm)) event.preventDefault();
});

window.addEventListener("load", () => {
  references(document);
  dates(document);
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-guard]"))) guard(form);
  /** @type {HTMLElement | null} */ (document.querySelector(".error-summary, .is-invalid"))?.focus();
});
