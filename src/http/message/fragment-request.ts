// Owns the values of X-Requested-With that ask for a part of the page.

/** Android apps send their own name in X-Requested-With with everything their web view loads: that asks for no part of a page. */
const APP_NAME = /^[a-z]\w*(?:\.\w+)+$/i;

export function isFragmentMark(name: string, value: string | undefined): boolean {
  return name !== "x-requested-with" || !APP_NAME.test(value ?? "");
}
