// What both consoles need: what the server told them, texts, dark mode, a place on the page.
import "@patternfly/react-core/dist/styles/base.css";
import "@patternfly/patternfly/patternfly-addons.css";
import { createInstance } from "i18next";
import FetchBackend from "i18next-fetch-backend";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { initReactI18next } from "react-i18next";
import { RouterProvider } from "react-router-dom";

/** The JSON that the server put into the page. */
export const environment = JSON.parse(document.getElementById("environment").textContent);

/** Loads the texts of a console ("admin" or "account"). */
async function loadTexts(kind) {
  const server = environment.serverBaseUrl.replace(/\/$/, "");
  const texts = createInstance();
  await texts
    .use(FetchBackend)
    .use(initReactI18next)
    .init({
      lng: environment.locale ?? "en",
      fallbackLng: "en",
      keySeparator: kind === "admin" ? "." : false,
      nsSeparator: false,
      interpolation: { escapeValue: false },
      defaultNS: [environment.realm],
      ns: [environment.realm],
      backend: {
        loadPath: `${server}/resources/{{ns}}/${kind}/{{lng}}`,
        parse: (data) => Object.fromEntries(JSON.parse(data).map(({ key, value }) => [key, value])),
      },
    });
}

function followDarkMode() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("pf-v5-theme-dark", dark.matches);
  apply();
  dark.addEventListener("change", apply);
}

/** Shows a console, once its texts are there. */
export async function start(kind, router) {
  if (environment.darkMode) followDarkMode();
  await loadTexts(kind);
  createRoot(document.getElementById("app")).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}
