// @ts-check
/** Elements without a template language: h("button", { class: "go", onclick }, "文字"). */

/** @typedef {Node | string | number | null | undefined | false | any[]} Child */

/** @param {string} tag @param {Record<string, any>} [given] @param {...Child} children @returns {HTMLElement & Record<string, any>} */
export function h(tag, given = {}, ...children) {
  const made = /** @type {any} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(given)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  append(made, children);
  return made;
}

/** @param {Element} to @param {Child[]} children */
function append(to, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(to, child);
    else if (child !== null && child !== undefined && child !== false) to.append(child instanceof Node ? child : String(child));
  }
}

/** Put children in place of what an element holds. @param {Element} box @param {...Child} children */
export function fill(box, ...children) {
  box.replaceChildren();
  append(box, children);
}

/** The element of this id. @param {string} id @returns {HTMLElement} */
export const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const PATHS = {
  today: "M9 6h11M9 12h11M9 18h11M5 6v.01M5 12v.01M5 18v.01",
  site: "M3 21h18M6 21v-16l8 4v12M14 13l4 2v6",
  send: "M7 18a4.6 4.4 0 0 1 0-9a5 4.5 0 0 1 11 2h1a3.5 3.5 0 0 1 0 7h-1M9 15l3-3l3 3M12 12v9",
  me: "M12 11a4 4 0 1 0 0-8a4 4 0 0 0 0 8M6 21v-2a4 4 0 0 1 4-4h4a4 4 0 0 1 4 4v2",
  back: "M15 6l-6 6l6 6",
  camera: "M5 7h1a2 2 0 0 0 2-2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1a2 2 0 0 0 2 2h1a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2M9 13a3 3 0 1 0 6 0a3 3 0 0 0-6 0",
  plus: "M12 5v14M5 12h14",
};

/** A line icon. @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
