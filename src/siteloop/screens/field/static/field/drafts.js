// @ts-check
/**
 * Judgements of check lines as they are made, on the disk after every touch. A complete one becomes part of an operation at
 * the next round; one that lacks its problem stays until it has it.
 *
 * {key, lines: {item: {mine, base, photos: [file id], is_fresh}}, texts}  `base` = the judgement seen when this one was made.
 */

import { all, amend, change, get } from "./database.js";
import { made, on } from "./outbox.js";
import { t } from "./words.js";

/** @param {string} key @returns {Promise<any>} */
export const draftOf = async (key) => (await get("drafts", key)) ?? { key, lines: {} };

/** @param {any} told */
export const judgement = (told) =>
  told && { result: told.result, deducted: String(told.deducted ?? "0"), problem: told.problem ?? "", demand: told.demand ?? "", fixed_on_spot: !!told.fixed_on_spot };

/**
 * Keep judgements, all or none. @param {any} record @param {{item: number, mine: any, photos: string[]}[]} judged
 * @returns {Promise<void>}
 */
export const judge = (record, judged) =>
  amend("drafts", record.key, (now) => {
    const draft = now ?? { key: record.key, lines: {} };
    for (const { item, mine, photos } of judged) {
      const before = draft.lines[item];
      const base = before ? before.base : (judgement(record.lines?.[item]) ?? null);
      draft.lines[item] = { ...before, mine, base, photos, is_fresh: true };
    }
    return draft;
  });

/** Whether anything typed is not yet part of an operation. @param {any} draft */
export const isFresh = (draft) => Object.values(draft.lines).some((line) => line.is_fresh);

/** What the server has confirmed need not be remembered: from here on its own word counts. @param {Set<string>} waits keys with operations */
export async function settle(waits) {
  const drafts = (await all("drafts")).filter((d) => !d.key.includes("#") && !waits.has(d.key));
  for (const { key } of drafts) {
    await amend("drafts", key, (draft) => ({ ...draft, lines: Object.fromEntries(Object.entries(draft.lines).filter(([, line]) => line.is_fresh)) }));
  }
}

/** What still lacks something before it can be sent, in words; "" = complete. @param {any} mine @param {string | null} points */
export function lacking(mine, points) {
  if (mine.result !== "failed") return "";
  if (!mine.problem.trim()) return t("请写明问题", "say what is wrong");
  const off = Number(mine.deducted);
  if (points !== null && !(off > 0 && off <= Number(points))) return t(`扣分须为 0–${points}`, `deduct up to ${points}`);
  return "";
}

/** Complete judgements become operations, one a record. @param {string} [only] */
export async function packLines(only) {
  const points = new Map(((await get("kept", "kept"))?.tables ?? []).flatMap((/** @type {any} */ table) => table.items.map((/** @type {any} */ i) => [i.id, i.points])));
  for (const { key } of await all("drafts")) {
    if (only && key !== only) continue;
    const record = await get("records", key);
    if (record) await pack(record, await on(key), points);
  }
}

/** One record's complete lines: draft and operation change together. @param {any} record @param {any[]} before @param {Map<number, string | null>} points */
function pack(record, before, points) {
  return change(["drafts", "operations"], (s) => {
    const asked = s.drafts.get(record.key);
    asked.onsuccess = () => {
      const draft = asked.result;
      const ready = Object.entries(draft.lines).filter(([item, line]) => line.is_fresh && !lacking(line.mine, points.get(Number(item)) ?? null));
      if (!ready.length) return;
      const lines = ready.map(([item, line]) => ({
        item: Number(item),
        ...line.mine,
        base: line.base,
        photos: line.photos.map((/** @type {string} */ id) => ({ $file: id })),
      }));
      for (const [, line] of ready) Object.assign(line, { base: line.mine, photos: [], sent: [...(line.sent ?? []), ...line.photos], is_fresh: false });
      s.drafts.put(draft);
      s.operations.put(made(record, "record", { lines: { $json: lines } }, { checks: false, before, words: t(`检查结果 ${lines.length} 项`, `${lines.length} check lines`) }));
    };
  });
}
