// Owns the parts shared by tests of confusing paths: a generator that draws the same ones each time, and a server that decodes once.

/** Numerical Recipes' generator: the same paths each time. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** As a server reads a path that decodes once and leaves what it cannot decode. */
export function decodedOnce(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
