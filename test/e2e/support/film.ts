// Owns a film made in a page, and what a page does with one: wind it, and tell which picture it shows.
import type { Page } from "playwright-core";
import { vp8Frame, webm } from "./webm.ts";

const SECONDS = 24;
const WIDTH = 64;
const HEIGHT = 36;

/** Bytes between the halves of the film. */
export const GAP = 2 ** 22;

/** A film whose every second has a colour of its own, drawn in the page: a canvas writes WebP, WebP holds VP8. */
export async function makeFilm(page: Page): Promise<Buffer> {
  const pictures = await page.evaluate(
    ({ seconds, width, height }) =>
      Array.from({ length: seconds }, (_, second) => {
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const context = canvas.getContext("2d", { alpha: false });
        if (context === null) throw new Error("no canvas");
        context.fillStyle = `rgb(${String(second * 10)} 80 ${String(255 - second * 10)})`;
        context.fillRect(0, 0, width, height);
        return canvas.toDataURL("image/webp", 0.9).replace(/^.*,/, "");
      }),
    { seconds: SECONDS, width: WIDTH, height: HEIGHT },
  );
  const frames = pictures.map((picture) => vp8Frame(Buffer.from(picture, "base64")));
  return webm({ frames, width: WIDTH, height: HEIGHT, gap: GAP });
}

/** The second whose picture the film shows, by its colour. */
export function secondShown(page: Page): Promise<number> {
  return page.evaluate(() => {
    const film = document.querySelector("video");
    const context = document.createElement("canvas").getContext("2d");
    if (film === null || context === null) throw new Error("no film");
    context.drawImage(film, 0, 0, 1, 1);
    return Math.round((context.getImageData(0, 0, 1, 1).data[0] ?? 0) / 10);
  });
}

/** Resolves when the player has arrived there. */
export function wind(page: Page, seconds: number): Promise<void> {
  return page.evaluate(async (seconds) => {
    const film = document.querySelector("video");
    if (film === null) throw new Error("no film");
    const failed = (): Error => new Error(film.error?.message ?? "failed");
    const event = (name: string): Promise<void> =>
      new Promise((resolve, reject) => {
        film.addEventListener(name, () => resolve(), { once: true });
        film.addEventListener("error", () => reject(failed()), { once: true });
      });
    if (film.error !== null) throw failed();
    if (film.readyState < film.HAVE_METADATA) await event("loadedmetadata");
    const seeked = event("seeked");
    film.currentTime = seconds;
    await seeked;
  }, seconds);
}
