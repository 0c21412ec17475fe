// Puts the consoles' pictures beside the scripts, and a packed copy beside each large file, which the server sends to
// browsers that take it.
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

const OUT = path.resolve(process.env.OUT ?? "dist");
const pictures = path.join(import.meta.dirname, "node_modules/@keycloak/keycloak-admin-ui/lib");

for (const name of ["favicon.svg", "icon.svg", "img_avatar.svg", "logo.svg"]) {
  await copyFile(path.join(pictures, name), path.join(OUT, name));
}
for (const name of await readdir(path.join(OUT, "assets"))) {
  if (!/\.(js|css|svg)$/.test(name)) continue;
  const file = path.join(OUT, "assets", name);
  await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
}
