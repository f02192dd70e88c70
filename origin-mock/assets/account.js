// Owns signing in and out.
import { ask, byId, say, saying } from "./page.js";

const dialog = byId("sign-in");
const form = byId("credentials");
const account = byId("account");

export const signIn = () => {
  byId("sign-in-status").textContent = "";
  dialog.showModal();
};

/** `reload` reads the cart again, and the cart names its owner. */
export const openAccount = (reload) => {
  let username = null;
  const show = async () => {
    ({ username } = await reload());
    account.textContent = say(username === null ? "signIn" : "signOut");
    account.disabled = false;
  };
  const leave = saying(byId("status"), async () => {
    await ask("POST", "/api/logout");
    await show();
  });
  account.addEventListener("click", () => (username === null ? signIn() : void leave()));
  const enter = saying(byId("sign-in-status"), async () => {
    const body = Object.fromEntries(new FormData(form));
    const { status } = await ask("POST", "/api/login", { body, expected: [401] });
    if (status === 401) throw new Error(say("wrong"));
    form.reset();
    await show();
    dialog.close();
    // The cart may have asked for the sign-in, and hides the page behind it, so it shows the failure too.
    for (const id of ["status", "cart-status"]) byId(id).textContent = say("signedIn", { name: username });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void enter();
  });
  return show();
};
