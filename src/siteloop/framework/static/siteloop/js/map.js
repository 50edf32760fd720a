// @ts-check
/** The map: offline provinces and cities, imported borders, clusters, one colour and one sign a site, live; and the same as a list. */
import { listen } from "./live.js";
import { load } from "./load.js";

const chinese = document.documentElement.lang !== "en";
const FONT = ["Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"];
const STATES = /** @type {const} */ (["red", "yellow", "green", "grey"]);
/** Colour never stands alone: each state has its sign. */
const SIGNS = { red: "!", yellow: "~", green: "✓", grey: "–" };
const WORDS = /** @type {Record<string, [string, string]>} */ ({ red: ["超限", "over"], yellow: ["接近限值", "near"], green: ["正常", "normal"], grey: ["离线或未开工", "offline"] });
const LISTED = 100;

/** A colour of the theme. @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** @param {string} state */
const word = (state) => WORDS[state]?.[chinese ? 0 : 1] ?? state;

/** @param {any} p */
function popup(p) {
  const box = document.createElement("div");
  box.className = "map-popup";
  const link = Object.assign(document.createElement("a"), { href: p.link, textContent: p.title });
  const state = Object.assign(document.createElement("div"), { textContent: `${p.state} · ${word(p.colour)}` });
  const values = Object.assign(document.createElement("div"), { textContent: `PM2.5 ${p.pm25 ?? "—"} · PM10 ${p.pm10 ?? "—"} µg/m³` });
  const at = Object.assign(document.createElement("small"), { textContent: p.at || (chinese ? "无数据" : "no data") });
  box.append(link, state, values, at);
  if (p.case === true || p.case === "true") box.append(Object.assign(document.createElement("div"), { className: "case-words", textContent: chinese ? "有在办派单" : "has an open case" }));
  return box;
}

/** What to paint a state with. @param {any} of */
const painted = (of) => ["match", of, 3, token("--mark-red"), 2, token("--mark-yellow"), 1, token("--mark-green"), token("--mark-grey")];

/** What to write on it with. @param {any} of */
const inked = (of) => ["match", of, 2, token("--mark-yellow-ink"), token("--mark-ink")];

/** The layers over the given sources. */
function layers() {
  const text = { "text-color": token("--map-ink"), "text-halo-color": token("--map-halo"), "text-halo-width": 1.4 };
  const level = ["get", "level"];
  return [
    { id: "sea", type: "background", paint: { "background-color": token("--map-sea") } },
    { id: "land", type: "fill", source: "provinces", maxzoom: 6, paint: { "fill-color": token("--map-land"), "fill-antialias": false } },
    { id: "near-land", type: "fill", source: "cities", minzoom: 6, paint: { "fill-color": token("--map-land"), "fill-antialias": false } },
    { id: "counties", type: "fill", source: "borders", filter: ["==", level, 3], paint: { "fill-color": token("--map-near"), "fill-opacity": 0.7 } },
    { id: "city-lines", type: "line", source: "cities", minzoom: 5, paint: { "line-color": token("--map-line"), "line-width": 1 } },
    { id: "province-lines", type: "line", source: "provinces", maxzoom: 6, paint: { "line-color": token("--map-border"), "line-width": 1.2 } },
    { id: "town-lines", type: "line", source: "borders", minzoom: 9, filter: ["==", level, 4], paint: { "line-color": token("--map-line"), "line-width": 1, "line-dasharray": [3, 2] } },
    { id: "county-lines", type: "line", source: "borders", filter: ["<=", level, 3], paint: { "line-color": token("--map-border"), "line-width": 1.6 } },
    { id: "clusters", type: "circle", source: "sites", filter: ["has", "point_count"], paint: { "circle-color": painted(["get", "worst"]), "circle-radius": ["step", ["get", "point_count"], 14, 10, 18, 40, 23], "circle-stroke-width": ["case", [">", ["get", "cases"], 0], 4, 2], "circle-stroke-color": ["case", [">", ["get", "cases"], 0], token("--mark-case"), token("--map-rim")] } },
    { id: "sites", type: "circle", source: "sites", filter: ["!", ["has", "point_count"]], paint: { "circle-color": painted(["get", "rank"]), "circle-radius": 9, "circle-stroke-width": ["case", ["get", "case"], 4, 1.5], "circle-stroke-color": ["case", ["get", "case"], token("--mark-case"), token("--map-rim")] } },
    { id: "province-names", type: "symbol", source: "labels", filter: ["==", level, 1], maxzoom: 6.5, layout: { "text-field": ["get", "name"], "text-size": 13, "text-font": FONT }, paint: text },
    { id: "city-names", type: "symbol", source: "labels", filter: ["==", level, 2], minzoom: 5.5, maxzoom: 10, layout: { "text-field": ["get", "name"], "text-size": 12, "text-font": FONT }, paint: text },
    { id: "border-names", type: "symbol", source: "borders", minzoom: 7, filter: ["all", ["==", ["geometry-type"], "Point"], ["any", ["<=", level, 3], [">=", ["zoom"], 10]]], layout: { "text-field": ["get", "name"], "text-size": ["match", level, 4, 11, 13], "text-font": FONT, "text-variable-anchor": ["center", "top", "bottom", "left", "right"], "text-radial-offset": 0.8 }, paint: text },
    { id: "site-names", type: "symbol", source: "sites", minzoom: 12, filter: ["!", ["has", "point_count"]], layout: { "text-field": ["get", "title"], "text-size": 11, "text-font": FONT, "text-anchor": "top", "text-offset": [0, 1] }, paint: text },
    { id: "counts", type: "symbol", source: "sites", filter: ["has", "point_count"], layout: { "text-field": ["to-string", ["get", "point_count"]], "text-size": 13, "text-font": FONT, "text-allow-overlap": true, "text-padding": 10 }, paint: { "text-color": inked(["get", "worst"]) } },
    { id: "signs", type: "symbol", source: "sites", filter: ["!", ["has", "point_count"]], layout: { "text-field": ["get", "sign"], "text-size": 12, "text-font": FONT, "text-allow-overlap": true, "text-padding": 6 }, paint: { "text-color": inked(["get", "rank"]) } },
  ];
}

/** The answer with what the layers and the list need. @param {any} body */
function prepared(body) {
  for (const f of body.features) {
    f.properties.rank = 3 - STATES.indexOf(f.properties.colour);
    f.properties.sign = SIGNS[/** @type {keyof typeof SIGNS} */ (f.properties.colour)] ?? "";
  }
  return body;
}

/** The states switched on in the legend. */
function wanted() {
  const boxes = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[data-map-state]")]);
  return boxes.length ? boxes.filter((b) => b.checked).map((b) => b.dataset.mapState ?? "") : [...STATES, "case"];
}

/** Sites as chosen in the legend. @param {any} body */
function chosen(body) {
  const on = wanted();
  const only = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-map-cases]"))?.checked;
  const features = body.features.filter((/** @type {any} */ f) => on.includes(f.properties.colour) && (!only || f.properties.case));
  return { type: "FeatureCollection", features };
}

/** The same sites as a list, worst first: those inside the view. @param {any} shown @param {any} bounds */
function list(shown, bounds) {
  const box = document.querySelector("[data-map-list]");
  if (!box) return;
  const inside = shown.features.filter((/** @type {any} */ f) => bounds.contains(f.geometry.coordinates));
  inside.sort((/** @type {any} */ a, /** @type {any} */ b) => b.properties.rank - a.properties.rank || (b.properties.pm25 ?? -1) - (a.properties.pm25 ?? -1));
  const lines = inside.slice(0, LISTED).map((/** @type {any} */ f) => {
    const p = f.properties;
    const line = document.createElement("li");
    const mark = Object.assign(document.createElement("span"), { className: `mark mark-${p.colour}${p.case ? " mark-case" : ""}`, textContent: p.sign });
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", word(p.colour) + (p.case ? (chinese ? "，有在办派单" : ", has an open case") : ""));
    const link = Object.assign(document.createElement("a"), { href: p.link, textContent: p.title });
    const value = Object.assign(document.createElement("strong"), { textContent: p.pm25 === null ? "—" : Math.round(p.pm25) });
    line.append(mark, link, value);
    return line;
  });
  box.replaceChildren(...lines);
  const count = document.querySelector("[data-map-count]");
  const more = inside.length > LISTED ? (chinese ? `，列出最差的 ${LISTED} 处` : `, the worst ${LISTED} listed`) : "";
  if (count) count.textContent = chinese ? `图中 ${inside.length} 处${more}` : `${inside.length} in view${more}`;
}

/** How many sites are in each state, beside the legend. @param {any} body */
function count(body) {
  for (const cell of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-map-total]"))) {
    const state = cell.dataset.mapTotal;
    cell.textContent = String(body.features.filter((/** @type {any} */ f) => (state === "case" ? f.properties.case : f.properties.colour === state)).length);
  }
}

/** @param {HTMLElement} box @param {string} words */
function note(box, words) {
  const line = /** @type {HTMLElement | null} */ (box.querySelector("[data-map-note]"));
  if (!line) return;
  line.textContent = words;
  line.hidden = !words;
}

/** Everything the map needs beside the sites. @param {HTMLElement} box */
const sources = (box) => ({
  provinces: { type: "geojson", data: box.dataset.provinces },
  cities: { type: "geojson", data: box.dataset.cities },
  labels: { type: "geojson", data: box.dataset.labels },
  borders: { type: "geojson", data: box.dataset.boundaries || { type: "FeatureCollection", features: [] } },
});

/** Draw the map of the page. */
export async function mount() {
  const box = /** @type {HTMLElement} */ (document.querySelector("[data-map]"));
  try {
    await load(box.dataset.library ?? "");
  } catch {
    return note(box, chinese ? "地图组件无法加载，可用列表查看工地" : "The map cannot be loaded; use the list");
  }
  const gl = /** @type {any} */ (window).maplibregl;
  gl.setWorkerUrl(box.dataset.worker);
  const answer = await fetch(box.dataset.url ?? "").catch(() => null);
  if (!answer?.ok) return note(box, chinese ? "工地数据无法加载，请稍后刷新" : "The sites cannot be loaded now");
  let body = prepared(await answer.json());
  let shown = chosen(body);
  count(body);
  let map;
  try {
    map = new gl.Map({
      container: box,
      center: [Number(box.dataset.lon), Number(box.dataset.lat)],
      zoom: Number(box.dataset.zoom),
      minZoom: 3,
      maxZoom: 17,
      dragRotate: false,
      attributionControl: false,
      localIdeographFontFamily: FONT.join(","),
      locale: chinese ? { "NavigationControl.ZoomIn": "放大", "NavigationControl.ZoomOut": "缩小", "Map.Title": "工地分布图", "Popup.Close": "关闭" } : {},
      style: {
        version: 8,
        sources: {
          ...sources(box),
          sites: { type: "geojson", data: shown, cluster: true, clusterRadius: 40, clusterMaxZoom: 11, clusterProperties: { worst: ["max", ["get", "rank"]], cases: ["+", ["case", ["get", "case"], 1, 0]] } },
        },
        layers: layers(),
      },
    });
  } catch {
    list(shown, { contains: () => true });
    return note(box, chinese ? "此浏览器不支持地图绘制（WebGL），可用列表查看工地" : "This browser cannot draw the map; use the list");
  }
  map.addControl(new gl.NavigationControl({ showCompass: false }));
  map.addControl(new gl.ScaleControl({ unit: "metric" }));
  const relist = () => list(shown, map.getBounds());
  const empty = () => note(box, shown.features.length ? "" : body.features.length ? (chinese ? "没有符合图例选择的工地" : "No site fits the legend") : chinese ? "管辖范围内还没有登记坐标的工地" : "No site in your scope has a position yet");
  map.on("load", () => {
    box.dataset.ready = String(body.features.length);
    if (body.features.length) {
      const bounds = new gl.LngLatBounds();
      for (const f of body.features) bounds.extend(f.geometry.coordinates);
      map.fitBounds(bounds, { padding: 60, maxZoom: 12, duration: 0 });
    }
    empty();
    relist();
  });
  map.on("moveend", relist);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.on("click", "sites", (/** @type {any} */ e) => new gl.Popup().setLngLat(e.lngLat).setDOMContent(popup(e.features[0].properties)).addTo(map));
  map.on("click", "clusters", async (/** @type {any} */ e) => {
    const zoom = await map.getSource("sites").getClusterExpansionZoom(e.features[0].properties.cluster_id);
    map.easeTo({ center: e.features[0].geometry.coordinates, zoom, duration: calm ? 0 : 400 });
  });
  for (const id of ["sites", "clusters"]) {
    map.on("mouseenter", id, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", id, () => (map.getCanvas().style.cursor = ""));
  }
  const redraw = () => {
    shown = chosen(body);
    count(body);
    map.getSource("sites")?.setData(shown);
    empty();
    relist();
  };
  document.addEventListener("change", (event) => {
    if (/** @type {HTMLElement} */ (event.target).matches?.("[data-map-state], [data-map-cases]")) redraw();
  });
  let waiting = 0;
  const again = () => {
    if (waiting) return;
    waiting = window.setTimeout(async () => {
      waiting = 0;
      const fresh = await fetch(box.dataset.url ?? "").catch(() => null);
      if (!fresh?.ok) return;
      body = prepared(await fresh.json());
      redraw();
    }, 5000);
  };
  for (const topic of ["latest", "case", "finding"]) listen(topic, again);
}
