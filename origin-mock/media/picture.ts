// Owns the pictures of the departments: layers of a landscape, in colours and shapes that follow from the slug alone.

const WIDTH = 320;
const HEIGHT = 240;
const LAYERS = 4;
const STEPS = 8;

/** FNV-1a, which spreads similar slugs over all colours. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01_00_01_93) >>> 0;
  return hash;
}

function layer(slug: string, index: number): string {
  const top = HEIGHT * (0.42 + index * 0.14);
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    const rise = (hashOf(`${slug}/${index}/${step}`) % 44) - 22;
    return `${Math.round((step * WIDTH) / STEPS)},${Math.round(top + rise)}`;
  });
  const hue = (hashOf(slug) + index * 14) % 360;
  const shape = `0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`;
  return `<polygon points="${shape}" fill="hsl(${hue} 42% ${58 - index * 11}%)"/>`;
}

export function pictureOf(slug: string): string {
  const hash = hashOf(slug);
  const sun = { x: 60 + (hash % 200), y: 46 + (hash % 31), r: 18 + (hash % 13) };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="xMidYMid slice">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="hsl(${(hash + 330) % 360} 55% 84%)"/>`,
    `<circle cx="${sun.x}" cy="${sun.y}" r="${sun.r}" fill="hsl(${(hash + 180) % 360} 70% 92%)"/>`,
    ...Array.from({ length: LAYERS }, (_, index) => layer(slug, index)),
    "</svg>\n",
  ].join("");
}
