/** The languages that a member's client can be switched to here, by Discord's name for them. */

import { h } from "./dom.js";

const LANGUAGES = [
  ["en-US", "English"],
  ["de", "Deutsch"],
  ["es-ES", "Español"],
  ["fr", "Français"],
  ["pt-BR", "Português do Brasil"],
  ["ja", "日本語"],
];

/**
 * A select of languages, labelled and true to the store.
 * @param {import("./session.js").Session} session
 */
export function languageSwitch(session) {
  const options = LANGUAGES.map(([value, label]) => h("option", { value, lang: value }, label));
  const select = h("select", { class: "language-select", testid: "language-switch" }, options);
  const problem = h("span", { class: "language-problem", role: "alert" });
  const show = () => {
    select.value = session.store.locale ?? "en-US";
  };
  select.addEventListener("change", async () => {
    problem.textContent = "";
    try {
      await session.setLocale(select.value);
    } catch (error) {
      problem.textContent = error.message;
      show();
    }
  });
  session.store.on("locale", show, session.signal);
  show();
  return h("label", { class: "language" }, h("span", {}, "Language"), select, problem);
}
