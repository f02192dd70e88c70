// Owns products on the page: what the address asks for, the cards, the departments, and the way to the next page.
import { ask, byId, copyOf, money, say } from "./page.js";

const LIMIT = Number(document.body.dataset.limit);
const query = new URLSearchParams(location.search);
const category = query.get("category");
const number = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);

const address = (parts) => {
  const text = new URLSearchParams(parts.filter(([, value]) => value !== null)).toString();
  return text === "" ? "/" : `/?${text}`;
};
const pageAddress = (slug, at) =>
  address([
    ["category", slug],
    ["page", at > 1 ? String(at) : null],
  ]);

/** One view: its URL at the API, and its heading on the page. */
const view = () => {
  if (query.has("product"))
    return { url: `/api/products/${encodeURIComponent(query.get("product"))}`, title: "", rated: true };
  if (query.has("deals")) return { url: "/api/deals", title: say("deals") };
  const q = query.get("q");
  if (q !== null) {
    byId("q").value = q;
    return { url: `/api/search?${new URLSearchParams({ q, limit: "100" })}`, title: say("found", { q }) };
  }
  const list = new URLSearchParams({
    ...(category === null ? {} : { category }),
    page: String(number),
    limit: String(LIMIT),
  });
  return { url: `/api/products?${list}`, title: say("everything"), paged: true };
};

/**
 * Ratings change more often than products, so they have a URL of their own. A product without one is shown all the
 * same.
 */
const ratingOf = async (url) => (await ask("GET", `${url}/rating`, { expected: [404, 503] })).body;

const ratingText = ({ average, count }) => {
  if (typeof average !== "number") return "";
  const shown = average.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  return say("rating", { average: shown, count });
};

const discountOf = ({ price_cents: price, list_price_cents: was }) => `−${Math.round((1 - price / was) * 100)} %`;

const card = (product, { badges = [] }, addToCart) => {
  const { element, parts } = copyOf("card");
  parts.picture.src = `/media/${product.category}.svg`;
  parts.brand.textContent = product.brand;
  parts.name.textContent = product.name;
  parts.name.href = `/?product=${product.id}`;
  parts.description.textContent = product.description;
  parts.rating.textContent = ratingText(product);
  const was = product.list_price_cents;
  parts.was.textContent = was > product.price_cents ? money(was) : "";
  parts.badge.textContent = badges.includes(product.id) ? discountOf(product) : "";
  parts.price.textContent = money(product.price_cents);
  parts.stock.textContent = say(product.stock > 0 ? "inStock" : "soldOut");
  parts.stock.classList.toggle("none", product.stock === 0);
  parts.add.disabled = product.stock === 0;
  parts.add.setAttribute("aria-label", say("addNamed", { name: product.name }));
  parts.add.addEventListener("click", () => addToCart(product));
  return element;
};

const entitle = (title) => {
  byId("title").textContent = title;
  document.title = `${title} – Strata Goods`;
};

const showPages = (count) => {
  byId("pages").hidden = false;
  byId("previous").hidden = number === 1;
  byId("previous").href = pageAddress(category, number - 1);
  byId("next").hidden = count < LIMIT;
  byId("next").href = pageAddress(category, number + 1);
};

export const showProducts = async (addToCart) => {
  const { url, title, paged, rated } = view();
  const [{ body, headers }, rating] = await Promise.all([ask("GET", url), rated ? ratingOf(url) : {}]);
  const products = body.products ?? [{ ...body, ...rating }];
  if (category === null) entitle(title || products[0].name);
  byId("products").replaceChildren(...products.map((product) => card(product, body, addToCart)));
  byId("status").textContent = say(products.length === 0 ? "nothing" : paged ? "page" : "some", {
    page: number,
    count: products.length,
  });
  if (paged) showPages(products.length);
  const told = ["Cache-Status", "X-Cache-Gateway", "X-Cache-App"].filter((name) => headers.has(name));
  byId("tiers").textContent = told.map((name) => `${name}: ${headers.get(name)}`).join(" · ");
};

/** `scrollIntoView` would move the start of keyboard navigation past the skip link and the search. */
const centre = (list) => {
  const here = list.querySelector("[aria-current]")?.getBoundingClientRect();
  if (here === undefined) return;
  const { left, width } = list.getBoundingClientRect();
  list.scrollLeft += here.left + here.width / 2 - (left + width / 2);
};

export const showCategories = async () => {
  const { body } = await ask("GET", "/api/categories");
  const links = [
    { name: say("everything"), href: "/", here: location.search === "" },
    { name: say("deals"), href: "/?deals", here: query.has("deals") },
    ...body.categories.map(({ slug, name }) => ({ name, href: pageAddress(slug, 1), here: slug === category })),
  ];
  byId("categories").replaceChildren(
    ...links.map(({ name, href, here }) => {
      const link = Object.assign(document.createElement("a"), { href, textContent: name });
      if (here) link.setAttribute("aria-current", "page");
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  centre(byId("categories"));
  const here = body.categories.find(({ slug }) => slug === category);
  if (category !== null) entitle(here?.name ?? category);
};
