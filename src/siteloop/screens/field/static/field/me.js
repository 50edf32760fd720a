// @ts-check
/** The person and the phone: what lies here, how safe it lies, a new version, and the way out. */

import { all, clear, get } from "./database.js";
import { isFresh } from "./drafts.js";
import { h } from "./element.js";
import * as outbox from "./outbox.js";
import { factList, say, section, sure } from "./parts.js";
import { ask } from "./server.js";
import { sync } from "./sync.js";
import { moment, t } from "./words.js";

const ACCOUNT = "siteloop-field-account";

/** Whose database is open on this phone; null = nobody's. @returns {any} */
export const known = () => JSON.parse(localStorage.getItem(ACCOUNT) ?? "null");

/** @param {any} account */
export const remember = (account) => localStorage.setItem(ACCOUNT, JSON.stringify(account));

/** Ask the browser not to throw the data away when the phone gets full. */
export async function holdOn() {
  return (await navigator.storage?.persisted?.()) || (await navigator.storage?.persist?.()) || false;
}

/** @param {any} account */
export async function me(account) {
  const [kept, held, room, waiting, files] = await Promise.all([get("kept", "kept"), holdOn(), navigator.storage?.estimate?.() ?? {}, outbox.waiting(), all("files")]);
  const size = files.reduce((sum, file) => sum + file.blob.size, 0);
  const mb = (/** @type {number} */ n) => `${(n / 1048576).toFixed(1)} MB`;
  const fresh = async () => {
    await sync({ fresh: true });
    say(t("离线资料已更新", "Kept data renewed"), "green");
  };
  return h(
    "div",
    {},
    h("h1", {}, account.name),
    section(
      t("本机数据", "On this phone"),
      factList([
        [t("离线资料", "Kept data"), kept ? `${kept.tables.length} ${t("张检查表", "tables")} · ${kept.sites.length} ${t("个工地", "sites")} · ${moment(kept.at)}` : t("未下载", "none")],
        [t("待上传", "Waiting"), `${waiting.length} ${t("项", "acts")} · ${files.length} ${t("个文件", "files")} ${mb(size)}`],
        [t("存储空间", "Room"), `${mb(room.usage ?? 0)} / ${mb(room.quota ?? 0)}`],
        [t("长期保存", "Persistent"), held ? t("已获系统保证", "granted") : t("系统未保证：空间不足时可能被清除，请及时上传", "not granted: send soon")],
        [t("版本", "Version"), document.body.dataset.version],
      ]),
      h("button", { class: "quiet wide", onclick: () => void fresh() }, t("更新离线资料", "Renew kept data")),
    ),
    section(t("账号", "Account"), h("a", { class: "button quiet wide", href: "/account/" }, t("账号与安全", "Account and security")), h("a", { class: "button quiet wide", href: "/workbench/" }, t("桌面工作台", "The desk")), h("button", { class: "danger wide", onclick: () => void leave(account) }, t("退出并清除本机数据", "Sign out and clear"))),
    h("p", { class: "dim" }, t("同一账号可在电脑和手机上同时使用，记录相同。换人使用本机前请退出。", "One account at the desk and on the phone, the same records. Sign out before somebody else uses this phone.")),
  );
}

/** Never without telling what would be lost. @param {any} account */
async function leave(account) {
  await sync();
  const waiting = await outbox.waiting();
  const drafts = (await all("drafts")).filter(isFresh);
  const unsent = waiting.length + drafts.length;
  const question = unsent
    ? t(`本机还有 ${unsent} 项未上传的内容（含照片）。现在退出将永久删除，无法恢复！建议先联网上传或到“待上传”导出。`, `${unsent} things are not sent. Signing out deletes them for good! Send or export them first.`)
    : t("退出后清除本机保存的全部数据。确定吗？", "All data on this phone is cleared. Sure?");
  if (!(await sure(question, unsent ? t("仍然退出并删除", "Delete and leave") : t("退出", "Sign out")))) return;
  await ask("POST", "/sign-out", { form: new FormData() }).catch(() => null); // offline: the session ends by itself
  await clear(account.id);
  localStorage.removeItem(ACCOUNT);
  const others = (await indexedDB.databases?.())?.some((d) => d.name === `siteloop-field-${account.id}`);
  location.replace(others ? "#/left/failed" : "#/left/cleared");
  location.reload();
}
