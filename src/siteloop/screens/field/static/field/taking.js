// @ts-check
/** Ways to bring evidence in: camera, gallery, voice, signature on glass. Each hands over the id of a file kept on the phone. */

import { fill, h, icon } from "./element.js";
import { keep, keepPhoto } from "./evidence.js";
import { local, say } from "./parts.js";
import { t } from "./words.js";

const VOICE_S = 120;

/**
 * Photos with their thumbnails. @param {string[]} ids changed in place @param {() => void} changed
 * @param {{name?: string, camera?: boolean}} [how]
 */
export function photos(ids, changed, how = {}) {
  const shown = h("div", { class: "thumbs" });
  const draw = () => fill(shown, ids.map((id) => local(id, () => (ids.splice(ids.indexOf(id), 1), draw(), changed()))));
  const take = async (/** @type {any} */ event) => {
    for (const file of event.target.files) ids.push((await keepPhoto(file)).id);
    event.target.value = "";
    draw();
    changed();
  };
  draw();
  const input = (/** @type {boolean} */ camera, /** @type {string} */ words) =>
    h("label", { class: "button quiet" }, icon(camera ? "camera" : "plus"), words, h("input", { type: "file", accept: "image/*", capture: camera && "environment", multiple: !camera, onchange: take, "data-take": how.name ?? "photo" }));
  return h("div", { class: "taking" }, shown, h("div", { class: "row" }, input(true, t("拍照", "Photo")), how.camera ? null : input(false, t("相册", "Gallery"))));
}

/** A voice note of at most two minutes. @param {(id: string) => void} done */
export function voice(done) {
  /** @type {MediaRecorder | null} */
  let recorder = null;
  let late = 0;
  const button = h("button", { type: "button", class: "quiet", onclick: press }, t("录音", "Voice note"));
  async function press() {
    if (recorder) return recorder.stop();
    const stream = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) return say(t("无法使用麦克风，请在系统设置中允许", "The microphone is not allowed"), "red");
    const type = ["audio/webm", "audio/mp4"].find((one) => MediaRecorder.isTypeSupported(one));
    recorder = new MediaRecorder(stream, { mimeType: type });
    /** @type {Blob[]} */
    const heard = [];
    recorder.ondataavailable = (event) => heard.push(event.data);
    recorder.onstop = async () => {
      clearTimeout(late);
      for (const track of stream.getTracks()) track.stop();
      const blob = new Blob(heard, { type });
      recorder = null;
      button.textContent = t("录音", "Voice note");
      button.classList.remove("recording");
      done((await keep(blob, `录音.${type?.endsWith("mp4") ? "mp4" : "webm"}`)).id);
    };
    recorder.start(1_000);
    late = window.setTimeout(() => recorder?.stop(), VOICE_S * 1_000);
    button.textContent = t("■ 停止录音", "■ Stop");
    button.classList.add("recording");
  }
  return button;
}

/** A pane to sign on. @param {(id: string) => void} done */
export function signature(done) {
  const canvas = /** @type {any} */ (h("canvas", { class: "glass", width: 900, height: 420, role: "img", "aria-label": t("在此签名", "Sign here") }));
  const pen = canvas.getContext("2d");
  let strokes = 0;
  const spot = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  const wipe = () => {
    strokes = 0;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { lineWidth: 6, lineCap: "round", lineJoin: "round", strokeStyle: "#0b1a33" });
  };
  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...spot(event));
  });
  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!event.buttons) return;
    strokes += 1;
    pen.lineTo(...spot(event));
    pen.stroke();
  });
  wipe();
  const save = () => {
    if (strokes < 3) return say(t("请先签名", "Sign first"), "red");
    canvas.toBlob(async (/** @type {Blob} */ blob) => done((await keep(blob, "签名.png")).id), "image/png");
  };
  return h("div", {}, canvas, h("div", { class: "row" }, h("button", { type: "button", class: "quiet", onclick: wipe }, t("重签", "Again")), h("button", { type: "button", onclick: save }, t("确认签名", "Confirm"))));
}
