// Owns patterns with `*`: matched piece by piece, in time linear in the text, so that no path makes a rule expensive.

/** A test for a pattern in which `*` stands for any characters. */
export function patternTest(pattern: string): (text: string) => boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return (text) => text === first;
  return (text) => {
    if (!text.startsWith(first)) return false;
    let position = first.length;
    for (const piece of others) {
      // the leftmost place leaves the most room for what follows
      const found = text.indexOf(piece, position);
      if (found < 0) return false;
      position = found + piece.length;
    }
    return text.length - last.length >= position && text.endsWith(last);
  };
}

/** A test for several; names without a star are looked up, however many there are. */
export function anyPatternTest(patterns: readonly string[]): (text: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const tests = patterns.filter((pattern) => pattern.includes("*")).map(patternTest);
  return (text) => names.has(text) || tests.some((test) => test(text));
}

/** A list of names, written with white space between them. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
