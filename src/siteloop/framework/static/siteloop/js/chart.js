// @ts-check
/**
 * Chart of readings: history from the API, new rows from the live plane, doubtful values drawn hollow.
 * The time axis is Shanghai's wherever the browser stands: times are moved by eight hours and drawn as UTC.
 */
import { listen } from "./live.js";
import { load } from "./load.js";

const chinese = document.documentElement.lang !== "en";
const TITLES = /** @type {Record<string, [string, string, string]>} */ ({
  pm25: ["PM2.5", "PM2.5", "µg/m³"],
  pm10: ["PM10", "PM10", "µg/m³"],
  tsp: ["TSP", "TSP", "µg/m³"],
  noise: ["噪声", "Noise", "dB(A)"],
  running: ["运行", "Running", ""],
  flow: ["流量", "Flow", "m³/h"],
});
const PLACES = /** @type {Record<string, string[]>} */ ({
  dust: ["pm25", "pm10", "tsp", "noise", "temperature", "humidity", "pressure", "wind_speed", "wind_direction"],
  sprayer: ["running", "flow", "water_pressure", "run_seconds"],
});
/** Shanghai has had no summer time since 1991. */
const SHANGHAI_MS = 8 * 3600e3;
/** A line is broken where nothing came for this many times the usual interval. */
const GAP = 5;
const MOST = 5000;

/** One point. @param {string} at @param {number | null} value @param {boolean} normal */
const point = (at, value, normal) => ({
  value: [Date.parse(at) + SHANGHAI_MS, value],
  symbol: normal ? "circle" : "emptyCircle",
  symbolSize: normal ? 2 : 7,
});

/** The points with an empty one inside each gap. @param {any[]} points */
function broken(points) {
  if (points.length < 3) return points;
  const steps = points.slice(1).map((one, i) => one.value[0] - points[i].value[0]);
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] || 60e3;
  return points.flatMap((one, i) => (i > 0 && steps[i - 1] > GAP * usual ? [{ value: [one.value[0] - 1, null] }, one] : [one]));
}

/** A colour of the theme. @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What the lines say, for whoever does not see them. @param {HTMLElement} box @param {string[]} fields @param {any[][]} data */
function describe(box, fields, data) {
  const lines = fields.flatMap((name, i) => {
    const values = data[i].map((one) => /** @type {number} */ (one.value[1]));
    if (!values.length) return [];
    const [title, english, unit] = TITLES[name] ?? [name, name, ""];
    const [last, low, high] = [values[values.length - 1], Math.min(...values), Math.max(...values)].map((v) => `${+v.toFixed(1)}`);
    return chinese
      ? [`${title} 最新 ${last} ${unit}，最低 ${low}，最高 ${high}`]
      : [`${english}: latest ${last} ${unit}, lowest ${low}, highest ${high}`];
  });
  const span = chinese ? `近 ${box.dataset.hours} 小时` : `last ${box.dataset.hours} hours`;
  box.setAttribute("aria-label", [`${box.dataset.code} ${span}`, ...lines].join(chinese ? "；" : "; "));
}

/** @param {HTMLElement} box @param {string} words */
function say(box, words) {
  box.replaceChildren(Object.assign(document.createElement("p"), { className: "text-secondary p-3 mb-0", textContent: words }));
}

/** @param {HTMLElement} box */
async function draw(box) {
  const echarts = /** @type {any} */ (window).echarts;
  const fields = (box.dataset.fields ?? "").split(",").filter(Boolean);
  const limits = /** @type {Record<string, number>} */ ({ pm25: Number(box.dataset.limitPm25 ?? NaN) });
  const from = new Date(Date.now() - Number(box.dataset.hours) * 3600e3).toISOString();
  const answer = await fetch(`/api/v1/telemetry/${box.dataset.code}/readings?from=${encodeURIComponent(from)}&step=raw`).catch(() => null);
  if (!answer?.ok) return say(box, chinese ? "曲线暂时无法加载，请稍后刷新" : "The chart cannot be loaded now");
  const body = await answer.json();
  /** @type {any[][]} */
  const data = fields.map((name) =>
    body.results
      .filter((/** @type {any} */ r) => r.values[name] !== undefined && r.values[name] !== null)
      .map((/** @type {any} */ r) => point(r.at, r.values[name], r.quality[name] === "normal")),
  );
  box.textContent = "";
  box.setAttribute("dir", "ltr");
  const chart = echarts.init(box, undefined, { locale: chinese ? "ZH" : "EN" });
  const ink = token("--chart-ink");
  const line = token("--chart-line");
  const units = [...new Set(fields.map((name) => TITLES[name]?.[2]).filter(Boolean))];
  const series = () =>
    fields.map((name, i) => ({
      name: TITLES[name]?.[chinese ? 0 : 1] ?? name,
      type: "line",
      data: broken(data[i]),
      showSymbol: true,
      connectNulls: false,
      lineStyle: { width: 2 },
      itemStyle: { color: token(`--chart-${i + 1}`) },
      markLine: limits[name]
        ? {
            silent: true,
            symbol: "none",
            lineStyle: { color: token("--chart-limit"), type: "dashed" },
            label: { formatter: `${chinese ? "限值" : "limit"} ${limits[name]}`, position: "end", color: token("--chart-limit") },
            data: [{ yAxis: limits[name] }],
          }
        : undefined,
    }));
  chart.setOption({
    useUTC: true,
    animation: false,
    backgroundColor: "transparent",
    textStyle: { color: ink },
    grid: { left: 48, right: fields.some((name) => limits[name]) ? 64 : 20, top: 36, bottom: 28 },
    legend: { top: 2, textStyle: { color: ink } },
    tooltip: { trigger: "axis", backgroundColor: token("--chart-paper"), borderColor: line, textStyle: { color: ink } },
    xAxis: { type: "time", axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
    yAxis: {
      type: "value",
      name: units.join(" / "),
      nameTextStyle: { color: ink, align: "left", padding: [0, 0, 0, -36] },
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: line } },
    },
    series: series(),
  });
  describe(box, fields, data);
  new ResizeObserver(() => chart.resize()).observe(box);
  listen("latest", (message) => {
    if (String(message.device) !== box.dataset.device) return;
    const names = PLACES[message.profile] ?? [];
    fields.forEach((name, i) => {
      const k = names.indexOf(name);
      if (k < 0 || message.values[k] === null) return;
      data[i].push(point(message.at, message.values[k], message.quality[k] === 0));
      if (data[i].length > MOST) data[i].shift();
    });
    chart.setOption({ series: series() });
    describe(box, fields, data);
    box.dataset.points = String(data[0].length);
  });
  box.dataset.points = String(data[0]?.length ?? 0);
  if (!data.some((points) => points.length)) {
    const none = chinese ? `近 ${box.dataset.hours} 小时没有数据` : `no data in the last ${box.dataset.hours} hours`;
    chart.setOption({ title: { text: none, left: "center", top: "middle", textStyle: { color: ink, fontSize: 14, fontWeight: 400 } } });
    listen("latest", (message) => {
      if (String(message.device) === box.dataset.device) chart.setOption({ title: { text: "" } });
    });
  }
}

/** Draw every chart of the page. */
export async function mount() {
  const boxes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-chart]"));
  try {
    await load(boxes[0].dataset.library ?? "");
  } catch {
    for (const box of boxes) say(box, chinese ? "曲线组件无法加载" : "The chart library cannot be loaded");
    return;
  }
  for (const box of boxes) draw(box);
}
