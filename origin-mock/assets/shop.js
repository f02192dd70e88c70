// Owns the start of the page: its parts, each of which may fail without the others.
import { openAccount, signIn } from "./account.js";
import { addToCart, loadCart, openCart } from "./cart.js";
import { byId, saying } from "./page.js";
import { showCategories, showProducts } from "./products.js";

for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
openCart(signIn);
await Promise.all([
  saying(byId("status"), () => showProducts(addToCart))(),
  saying(byId("tiers"), showCategories)(),
  saying(byId("tiers"), () => openAccount(loadCart))(),
]);
