// Owns the cart's dialog: lines, amounts, and an order at exactly the prices that were shown.
import { ask, byId, copyOf, money, say, saying } from "./page.js";

const dialog = byId("cart");
const status = byId("cart-status");
/** @type {{ username: string | null, version: string, lines: { id: number, name: string, quantity: number, price_cents: number }[], total_cents: number }} */
let cart = { username: null, version: "0", lines: [], total_cents: 0 };

const lineOf = ({ id, name, quantity, price_cents: priceCents }) => {
  const { element, parts } = copyOf("line");
  parts.name.textContent = name;
  parts.price.textContent = money(quantity * priceCents);
  parts.quantity.value = quantity;
  parts.quantity.setAttribute("aria-label", say("quantityOf", { name }));
  parts.quantity.addEventListener("change", () => {
    if (parts.quantity.reportValidity()) void change(id, parts.quantity.valueAsNumber);
  });
  parts.remove.setAttribute("aria-label", say("removeNamed", { name }));
  parts.remove.addEventListener("click", () => void change(id, 0));
  return element;
};

const show = () => {
  const count = cart.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const empty = cart.lines.length === 0;
  byId("open-cart").textContent = `${say("cart")} (${count})`;
  byId("open-cart").setAttribute("aria-label", say("cartCount", { count }));
  byId("lines").replaceChildren(...cart.lines.map(lineOf));
  byId("total").textContent = money(cart.total_cents);
  byId("total-line").hidden = empty;
  byId("checkout").hidden = empty;
  if (empty && status.textContent === "") status.textContent = say("emptyCart");
};

const tell = (text, notes = []) => {
  status.textContent = text;
  const items = notes.map((note) => Object.assign(document.createElement("li"), { textContent: note }));
  byId("changes").replaceChildren(...items);
  byId("checkout").textContent = say(notes.length > 0 ? "confirm" : "checkout");
};

/** Zero removes the line. */
const put = async (id, quantity) => {
  const url = `/api/cart/lines/${id}`;
  ({ body: cart } = await (quantity === 0 ? ask("DELETE", url) : ask("PUT", url, { body: { quantity } })));
};

const change = (id, quantity) =>
  saying(status, async () => {
    await put(id, quantity);
    const focused = document.activeElement?.getAttribute("aria-label");
    tell("");
    show();
    // The lines are new elements, so the focus is put back on its line, or on the close button when that line has gone.
    const labelled = [...dialog.querySelectorAll("[aria-label]")];
    (labelled.find((each) => each.getAttribute("aria-label") === focused) ?? dialog.querySelector(".close")).focus();
  })();

const addOne = saying(byId("status"), async ({ id, name }) => {
  const before = cart.lines.find((line) => line.id === id)?.quantity ?? 0;
  await put(id, before + 1);
  tell("");
  show();
  byId("status").textContent = say("added", { name });
});

let adding = Promise.resolve();
/** One after the other, because each change adds to the cart that the one before it made. */
export const addToCart = (product) => (adding = adding.then(() => addOne(product)));

export const loadCart = async () => {
  ({ body: cart } = await ask("GET", "/api/cart"));
  show();
  return cart;
};

/** A refused line in words, with the name that the customer saw. */
const noteOf = (fault, lines) => {
  const name = lines.find(({ id }) => id === fault.product_id)?.name ?? "";
  if (fault.kind === "price_changed") {
    return say("priceChange", { name, from: money(fault.offered_cents), to: money(fault.price_cents) });
  }
  return fault.kind === "out_of_stock" ? say("outOfStock", { name, stock: fault.stock }) : say("gone", { name });
};

const order = async () => {
  const { lines } = cart;
  const body = {
    cart: cart.version,
    lines: lines.map(({ id, quantity, price_cents }) => ({ product_id: id, quantity, price_cents })),
  };
  const answer = await ask("POST", "/api/checkout", { body, expected: [401, 409] });
  await loadCart();
  if (answer.status === 409)
    tell(
      say("changed"),
      (answer.body.faults ?? []).map((fault) => noteOf(fault, lines)),
    );
  else if (answer.status === 401) tell(say("signInFirst"));
  else tell(say("ordered", { order: answer.body.order, total: money(answer.body.total_cents) }));
  show();
};

export const openCart = (signIn) => {
  const checkout = byId("checkout");
  const pressed = async () => {
    if (cart.username === null) {
      tell(say("signInFirst"));
      // The button keeps the focus while it works, and gets it back afterwards.
      return signIn();
    }
    // While one order is on its way, a second click does nothing.
    checkout.disabled = true;
    await saying(status, order)();
    checkout.disabled = false;
    if (dialog.open) (checkout.hidden ? dialog.querySelector(".close") : checkout).focus();
  };
  byId("open-cart").disabled = false;
  byId("open-cart").addEventListener("click", () => {
    tell("");
    show();
    dialog.showModal();
  });
  checkout.addEventListener("click", () => void pressed());
};
