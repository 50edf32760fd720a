// @ts-check
/**
 * Draws again in the reader's browser, from the two public files alone: an implementation of its own of
 * docs/algorithms/double-random.md. Needs Web Crypto, which browsers offer on https and on this machine only.
 */

const NAME = "siteloop-double-random-1";
const SPAN = 1n << 256n;

/**
 * @typedef {{ id: string, name: string, weight: number, needs: string[], previous: string[] }} Thing
 * @typedef {{ id: string, name: string, specialities: string[] }} Person
 * @typedef {{ algorithm: string, number: string, count: number, group_size: number, objects: Thing[], inspectors: Person[],
 *   recusals: { inspector: string, object: string }[] }} Inputs
 * @typedef {{ object: string, group: string[], leader: string }} Drawn
 * @typedef {{ algorithm: string, number: string, commitment: string, inputs_sha256: string, seed: string, beacon: string,
 *   result: Drawn[] }} Draw
 * @typedef {{ code: string, holds: boolean }} Step
 */

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** @param {Uint8Array} bytes */
const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
const unhex = (text) => {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error("not hexadecimal");
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
};

/** JSON with sorted keys and no blanks. @param {unknown} value @returns {string} */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    const rows = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${rows.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Even chances from SHA-256 in counter mode. @param {string} seed @param {string} beacon @param {string} digest */
async function dice(seed, beacon, digest) {
  const key = await sha256(new TextEncoder().encode([NAME, seed, beacon, digest].join("\n")));
  let turn = 0n;
  /** @param {number} n @returns {Promise<number>} */
  return async (n) => {
    const sides = BigInt(n);
    for (;;) {
      const block = new Uint8Array(key.length + 8);
      block.set(key);
      new DataView(block.buffer).setBigUint64(key.length, turn++);
      const x = BigInt(`0x${hex(await sha256(block))}`);
      if (x < SPAN - (SPAN % sides)) return Number(x % sides);
    }
  };
}

/** Sets of `size` of the places, in lexicographic order. @param {number[]} places @param {number} size @returns {Generator<number[]>} */
function* sets(places, size) {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = 0; i <= places.length - size; i++) {
    for (const rest of sets(places.slice(i + 1), size - 1)) yield [places[i], ...rest];
  }
}

/** @param {Inputs} inputs @param {Thing} thing @returns {number[][]} */
function permitted(inputs, thing) {
  const barred = new Set(inputs.recusals.filter((r) => r.object === thing.id).map((r) => r.inspector));
  const people = inputs.inspectors;
  const free = people.map((_, i) => i).filter((i) => !barred.has(people[i].id));
  const last = [...thing.previous].sort().join("\n");
  return [...sets(free, inputs.group_size)].filter((team) => {
    const same = team.map((i) => people[i].id).sort().join("\n") === last;
    const skills = new Set(team.flatMap((i) => people[i].specialities));
    return !same && thing.needs.every((need) => skills.has(need));
  });
}

/** @param {Inputs} inputs @param {string} digest @param {string} seed @param {string} beacon @returns {Promise<Drawn[]>} */
export async function replay(inputs, digest, seed, beacon) {
  const roll = await dice(seed, beacon, digest);
  const pool = [...inputs.objects];
  /** @type {Thing[]} */
  const things = [];
  for (let n = 0; n < inputs.count; n++) {
    let at = await roll(pool.reduce((sum, one) => sum + one.weight, 0));
    let place = 0;
    while (at >= pool[place].weight) at -= pool[place++].weight;
    things.push(...pool.splice(place, 1));
  }
  const tasks = inputs.inspectors.map(() => 0);
  const result = [];
  for (const thing of things) {
    const teams = permitted(inputs, thing);
    const burden = teams.map((team) => [Math.max(...team.map((i) => tasks[i])), team.reduce((sum, i) => sum + tasks[i], 0)]);
    const top = Math.min(...burden.map((b) => b[0]));
    const sum = Math.min(...burden.filter((b) => b[0] === top).map((b) => b[1]));
    const fair = teams.filter((_, i) => burden[i][0] === top && burden[i][1] === sum);
    const team = fair[await roll(fair.length)];
    const leader = inputs.inspectors[team[await roll(team.length)]].id;
    for (const i of team) tasks[i] += 1;
    result.push({ object: thing.id, group: team.map((i) => inputs.inspectors[i].id), leader });
  }
  return result;
}

/**
 * Every step of the check, in order; the draw itself only when the papers before it hold.
 * @param {Uint8Array<ArrayBuffer>} bytes of inputs.json @param {Draw} draw draw.json @returns {Promise<Step[]>}
 */
export async function check(bytes, draw) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const inputs = /** @type {Inputs} */ (JSON.parse(text));
  const digest = hex(await sha256(bytes));
  const steps = [
    { code: "algorithm", holds: inputs.algorithm === NAME && draw.algorithm === NAME && inputs.number === draw.number },
    { code: "canonical", holds: canonical(inputs) === text },
    { code: "digest", holds: digest === draw.inputs_sha256 },
    { code: "seed", holds: hex(await sha256(unhex(draw.seed))) === draw.commitment },
  ];
  const good = steps.every((step) => step.holds);
  const again = good ? await replay(inputs, digest, draw.seed, draw.beacon) : [];
  return [...steps, { code: "result", holds: good && canonical(again) === canonical(draw.result) }];
}

/** @param {HTMLElement} place */
function offer(place) {
  const button = /** @type {HTMLButtonElement} */ (place.querySelector("button"));
  const steps = [.../** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-step]"))];
  const told = /** @type {HTMLElement} */ (place.querySelector("[data-told]"));
  /** @param {string} name */
  const say = (name) => {
    told.textContent = place.dataset[name] ?? "";
    told.dataset.verdict = name;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!globalThis.crypto?.subtle) return say("insecure");
    button.disabled = true;
    say("busy");
    for (const one of steps) one.dataset.holds = "";
    try {
      const [inputs, draw] = await Promise.all(["inputs.json", "draw.json"].map((name) => fetch(name, { cache: "no-store" })));
      if (!inputs.ok || !draw.ok) return say("offline");
      const found = await check(new Uint8Array(await inputs.arrayBuffer()), await draw.json());
      for (const one of found) {
        const line = steps.find((step) => step.dataset.step === one.code);
        if (line) line.dataset.holds = one.holds ? "yes" : "no";
      }
      say(found.every((one) => one.holds) ? "good" : "bad");
    } catch (wrong) {
      say(wrong instanceof TypeError ? "offline" : "bad");
    } finally {
      button.disabled = false;
    }
  });
}

if (typeof document !== "undefined") {
  for (const place of document.querySelectorAll("[data-verify]")) offer(/** @type {HTMLElement} */ (place));
}
