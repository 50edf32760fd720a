// @ts-check
/** Photos, signatures and voice notes: scaled and hashed on the phone, with time and place, kept until the server has them. */

import { put } from "./database.js";

const LONGEST = 1920; // pixels of the longer side
const QUALITY = 0.85;
const PLACE_MS = 6_000;

/** Where the phone is; null when it does not know in time. @returns {Promise<{lon: number, lat: number} | null>} */
function whereabouts() {
  if (!navigator.geolocation) return Promise.resolve(null);
  return new Promise((done) => {
    const late = setTimeout(() => done(null), PLACE_MS);
    navigator.geolocation.getCurrentPosition(
      (at) => {
        clearTimeout(late);
        done({ lon: at.coords.longitude, lat: at.coords.latitude });
      },
      () => {
        clearTimeout(late);
        done(null);
      },
      { enableHighAccuracy: true, timeout: PLACE_MS, maximumAge: 60_000 },
    );
  });
}

/** @param {Blob} blob */
async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Blob} photo @returns {Promise<Blob>} */
async function scaled(photo) {
  const picture = await createImageBitmap(photo).catch(() => null);
  if (!picture) return photo;
  const share = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * share);
  canvas.height = Math.round(picture.height * share);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? photo), "image/jpeg", QUALITY));
}

/** What the phone calls itself, short. */
function device() {
  const model = navigator.userAgent.match(/\(([^)]*)\)/)?.[1] ?? "";
  return `现场端 ${model}`.slice(0, 110);
}

/**
 * Keep a file on the phone; it is there when this resolves.
 * @param {Blob} blob @param {string} name @returns {Promise<any>}
 */
export async function keep(blob, name) {
  const taken = new Date().toISOString();
  const [hash, place] = await Promise.all([sha256(blob), whereabouts()]);
  const file = { id: crypto.randomUUID(), blob, name, sha256: hash, taken_at: taken, ...place, device: device(), server: null };
  await put("files", file);
  return file;
}

/** A photo as it came from the camera, scaled. @param {File} photo */
export async function keepPhoto(photo) {
  const small = await scaled(photo);
  const name = small.type === "image/jpeg" ? `${photo.name.replace(/\.\w+$/, "")}.jpg` : photo.name;
  return keep(small, name);
}
