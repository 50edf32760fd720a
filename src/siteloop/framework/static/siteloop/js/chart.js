// @ts-check
/** Chart of readings: history from the API, new rows from the live plane, doubtful values drawn hollow. */
import { listen } from "./live.js";
import { load } from "./load.js";

const TITLES = /** @type {Record<string, string>} */ ({ pm25: "PM2.5", pm10: "PM10", tsp: "TSP", noise: "噪声", running: "运行", flow: "流量" });
const COLOURS = ["#1a5fb4", "#c2571a", "#2e7d32", "#7b2d8e"];
const LIMITS = /** @type {Record<string, number>} */ ({ pm25: 75 });
const PLACES = /** @type {Record<string, string[]>} */ ({
  dust: ["pm25", "pm10", "tsp", "noise", "temperature", "humidity", "pressure", "wind_speed", "wind_direction"],
  sprayer: ["running", "flow", "water_pressure", "run_seconds"],
});

/** One point. @param {number} at @param {number | null} value @param {boolean} normal */
const point = (at, value, normal) => ({ value: [at, value], symbol: normal ? "circle" : "emptyCircle", symbolSize: normal ? 2 : 7 });

/** @param {HTMLElement} box */
async function draw(box) {
  const echarts = /** @type {any} */ (window).echarts;
  const fields = (box.dataset.fields ?? "").split(",");
  const from = new Date(Date.now() - Number(box.dataset.hours) * 3600e3).toISOString();
  const answer = await fetch(`/api/v1/telemetry/${box.dataset.code}/readings?from=${encodeURIComponent(from)}&step=raw`);
  if (!answer.ok) {
    box.textContent = "暂无可显示的数据";
    return;
  }
  const body = await answer.json();
  /** @type {any[][]} */
  const data = fields.map((name) =>
    body.results.filter((/** @type {any} */ r) => r.values[name] !== undefined).map((/** @type {any} */ r) => point(Date.parse(r.at), r.values[name], r.quality[name] === "normal")),
  );
  box.textContent = "";
  const chart = echarts.init(box, document.documentElement.dataset.bsTheme === "dark" ? "dark" : undefined);
  const series = () =>
    fields.map((name, i) => ({
      name: TITLES[name] ?? name,
      type: "line",
      data: data[i],
      showSymbol: true,
      lineStyle: { width: 2 },
      itemStyle: { color: COLOURS[i] },
      markLine: LIMITS[name] ? { silent: true, symbol: "none", lineStyle: { color: "#c62828", type: "dashed" }, data: [{ yAxis: LIMITS[name], label: { formatter: String(LIMITS[name]) } }] } : undefined,
    }));
  chart.setOption({
    animation: false,
    aria: { enabled: true },
    backgroundColor: "transparent",
    grid: { left: 44, right: 16, top: 32, bottom: 28 },
    legend: { top: 2 },
    tooltip: { trigger: "axis" },
    xAxis: { type: "time" },
    yAxis: { type: "value", scale: false },
    series: series(),
  });
  new ResizeObserver(() => chart.resize()).observe(box);
  listen("latest", (message) => {
    if (String(message.device) !== box.dataset.device) return;
    const names = PLACES[message.profile] ?? [];
    fields.forEach((name, i) => {
      const k = names.indexOf(name);
      if (k < 0 || message.values[k] === null) return;
      data[i].push(point(message.at, message.values[k], message.quality[k] === 0));
      if (data[i].length > 5000) data[i].shift();
    });
    chart.setOption({ series: series() });
    box.dataset.points = String(data[0].length);
  });
  box.dataset.points = String(data[0]?.length ?? 0);
}

/** Draw every chart of the page. */
export async function mount() {
  const boxes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-chart]"));
  await load(boxes[0].dataset.library ?? "");
  for (const box of boxes) draw(box);
}
