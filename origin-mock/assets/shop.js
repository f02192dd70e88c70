// Owns the shop page: reads the address, asks the API, shows products. Plain text only, never markup from data.
const LIMIT = 24;
const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const category = query.get("category");
const page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
const money = new Intl.NumberFormat(undefined, { style: "currency", currency: "EUR" });

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

const address = (slug, number) => {
  const parts = new URLSearchParams();
  if (slug) parts.set("category", slug);
  if (number > 1) parts.set("page", String(number));
  return parts.size > 0 ? `/?${parts}` : "/";
};

const read = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return { body: await response.json(), headers: response.headers };
};

const hueOf = (slug) => [...slug].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)) % 360, 7);

const card = (product) => {
  const item = element("li", "card");
  const picture = element("div", "picture", product.name.split(" ").at(-1).slice(0, 1));
  picture.setAttribute("aria-hidden", "true");
  picture.style.setProperty("--hue", String(hueOf(product.category)));
  const words = element("div", "words");
  const title = element("h2");
  const link = element("a", "", product.name);
  link.href = `/api/products/${product.id}`;
  title.append(link);
  const line = element("p", "line");
  line.append(
    element("strong", "", money.format(product.price_cents / 100)),
    element("span", product.stock > 0 ? "stock" : "stock none", product.stock > 0 ? "In stock" : "Sold out"),
  );
  words.append(element("p", "maker", product.brand), title, element("p", "about", product.description), line);
  item.append(picture, words);
  return item;
};

const showCategories = (categories) => {
  const all = { slug: null, name: "Everything" };
  const items = [all, ...categories].map(({ slug, name }) => {
    const link = element("a", "", name);
    link.href = address(slug, 1);
    if (slug === category) {
      link.setAttribute("aria-current", "page");
      byId("title").textContent = name;
      document.title = `${name} – Strata Goods`;
    }
    const item = element("li");
    item.append(link);
    return item;
  });
  byId("categories").replaceChildren(...items);
};

const showPages = (count) => {
  const previous = byId("previous");
  const next = byId("next");
  previous.hidden = page === 1;
  previous.href = address(category, page - 1);
  next.hidden = count < LIMIT;
  next.href = address(category, page + 1);
};

const showProducts = async () => {
  const parts = new URLSearchParams({ page: String(page), limit: String(LIMIT) });
  if (category) parts.set("category", category);
  const { body, headers } = await read(`/api/products?${parts}`);
  byId("products").replaceChildren(...body.products.map(card));
  byId("status").textContent = body.products.length > 0 ? `Page ${page}` : "Nothing here.";
  showPages(body.products.length);
  const edge = headers.get("Cache-Status");
  byId("tiers").textContent = edge ? `Edge: ${edge}` : `Application cache: ${headers.get("X-Cache-App")}`;
};

try {
  await Promise.all([showProducts(), read("/api/categories").then(({ body }) => showCategories(body.categories))]);
} catch (error) {
  byId("status").textContent = `The shop cannot be read right now (${error.message}). Please try again.`;
}
