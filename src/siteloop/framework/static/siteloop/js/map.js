// @ts-check
/** The map: offline provinces and cities, clusters, one colour a site, live. No tile, glyph or font leaves our origin. */
import { listen } from "./live.js";
import { load } from "./load.js";

const COLOURS = ["match", ["get", "colour"], "red", "#c62828", "yellow", "#c99a00", "green", "#2e7d32", "#7b8794"];
const FONT = ["Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"];

/** @param {any} p */
function popup(p) {
  const box = document.createElement("div");
  const link = Object.assign(document.createElement("a"), { href: p.link, textContent: p.title });
  const line = document.createElement("div");
  line.textContent = `${p.state} · PM2.5 ${p.pm25 ?? "—"} · PM10 ${p.pm10 ?? "—"} · ${p.at || "无数据"}`;
  box.append(link, line);
  return box;
}

/** Draw the map of the page. */
export async function mount() {
  const box = /** @type {HTMLElement} */ (document.querySelector("[data-map]"));
  await load(box.dataset.library ?? "");
  const gl = /** @type {any} */ (window).maplibregl;
  gl.setWorkerUrl(box.dataset.worker);
  const points = await (await fetch(box.dataset.url ?? "")).json();
  const map = new gl.Map({
    container: box,
    center: [Number(box.dataset.lon), Number(box.dataset.lat)],
    zoom: Number(box.dataset.zoom),
    attributionControl: false,
    localIdeographFontFamily: FONT.join(","),
    style: {
      version: 8,
      sources: {
        provinces: { type: "geojson", data: box.dataset.provinces },
        cities: { type: "geojson", data: box.dataset.cities },
        sites: { type: "geojson", data: points, cluster: true, clusterRadius: 36, clusterMaxZoom: 11, clusterProperties: { worst: ["max", ["match", ["get", "colour"], "red", 3, "yellow", 2, "green", 1, 0]] } },
      },
      layers: [
        { id: "sea", type: "background", paint: { "background-color": "#dfe7ee" } },
        { id: "land", type: "fill", source: "provinces", paint: { "fill-color": "#f7f5ef" } },
        { id: "city-lines", type: "line", source: "cities", minzoom: 5, paint: { "line-color": "#c9c3b3", "line-width": 1 } },
        { id: "province-lines", type: "line", source: "provinces", paint: { "line-color": "#9a937f", "line-width": 1.4 } },
        { id: "clusters", type: "circle", source: "sites", filter: ["has", "point_count"], paint: { "circle-color": ["match", ["get", "worst"], 3, "#c62828", 2, "#c99a00", 1, "#2e7d32", "#7b8794"], "circle-radius": ["step", ["get", "point_count"], 14, 10, 18, 40, 24], "circle-stroke-width": 2, "circle-stroke-color": "#fff" } },
        { id: "sites", type: "circle", source: "sites", filter: ["!", ["has", "point_count"]], paint: { "circle-color": COLOURS, "circle-radius": 8, "circle-stroke-width": ["case", ["get", "case"], 4, 1.5], "circle-stroke-color": ["case", ["get", "case"], "#c62828", "#fff"] } },
      ],
    },
  });
  map.addControl(new gl.NavigationControl({ showCompass: false }));
  map.on("load", () => {
    box.dataset.ready = String(points.features.length);
    if (points.features.length) {
      const bounds = new gl.LngLatBounds();
      for (const f of points.features) bounds.extend(f.geometry.coordinates);
      map.fitBounds(bounds, { padding: 60, maxZoom: 12, duration: 0 });
    }
  });
  map.on("click", "sites", (/** @type {any} */ e) => new gl.Popup().setLngLat(e.lngLat).setDOMContent(popup(e.features[0].properties)).addTo(map));
  map.on("click", "clusters", (/** @type {any} */ e) => map.easeTo({ center: e.lngLat, zoom: map.getZoom() + 2 }));
  let waiting = 0;
  const again = () => {
    if (waiting) return;
    waiting = window.setTimeout(async () => {
      waiting = 0;
      const answer = await fetch(box.dataset.url ?? "");
      if (answer.ok) map.getSource("sites").setData(await answer.json());
    }, 5000);
  };
  for (const topic of ["latest", "case", "finding"]) listen(topic, again);
}
