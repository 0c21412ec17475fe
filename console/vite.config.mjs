// Builds both consoles into one folder, with a manifest by which the server finds what to load. OUT names the folder.
import path from "node:path";
import { defineConfig } from "vite";

const packages = path.resolve(import.meta.dirname, "node_modules/@keycloak");

export default defineConfig({
  root: import.meta.dirname,
  // Modules find each other relatively, wherever the server mounts them.
  base: "./",
  esbuild: { jsx: "automatic" },
  resolve: {
    dedupe: ["react", "react-dom", "react-i18next", "react-router-dom", "i18next"],
    alias: {
      // The package does not export its style sheet.
      "account-ui.css": path.join(packages, "keycloak-account-ui/lib/keycloak-account-ui.css"),
    },
  },
  build: {
    outDir: path.resolve(process.env.OUT ?? "dist"),
    emptyOutDir: true,
    manifest: true,
    modulePreload: false,
    chunkSizeWarningLimit: 10_000,
    // A strict Content-Security-Policy allows no fonts or pictures out of style sheets.
    assetsInlineLimit: 0,
    rollupOptions: { input: ["admin.jsx", "account.jsx"] },
  },
});
