// Owns what every part of the page uses: its elements and words, money, templates, and one way to ask the API.

/** The attribute that names the parts of a template. */
const PART = "[data-is]";

export const byId = (id) => document.getElementById(id);

const texts = JSON.parse(byId("texts").textContent);
/** The words called `name`, with {braces} filled in. */
export const say = (name, values = {}) => texts[name].replace(/\{(\w+)\}/g, (_, each) => String(values[each]));

const euros = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
export const money = (cents) => euros.format(cents / 100);

/** A copy of a template: its element, and its parts by name. Data enters as text, never as markup. */
export const copyOf = (id) => {
  const element = byId(id).content.firstElementChild.cloneNode(true);
  const parts = Object.fromEntries([...element.querySelectorAll(PART)].map((part) => [part.dataset.is, part]));
  return { element, parts };
};

/** Returns the answer. Throws its own words when its status is neither a success nor one of `expected`. */
export const ask = async (method, url, { body, expected = [] } = {}) => {
  const sent =
    body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url, { method, ...sent });
  const text = await response.text();
  const read = (response.headers.get("Content-Type") ?? "").includes("json") ? JSON.parse(text) : {};
  if (!response.ok && !expected.includes(response.status)) throw new Error(read.detail ?? `${response.status}`);
  return { status: response.status, body: read, headers: response.headers };
};

/** Shows a failure where the reader is looking. */
export const saying = (status, work) => async (event) => {
  try {
    await work(event);
  } catch (error) {
    status.textContent = say("failed", { reason: error.message });
  }
};
