// Fetches the texts of the consoles, in all languages. The npm packages have none; they are in the themes that Keycloak
// publishes at Maven Central, in the same version. Without network the consoles work, and show keys for words.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { inflateRawSync } from "node:zlib";

const VERSION = "26.7.4";
const JARS = {
  "keycloak-themes": "c46ec4ed451bfecbf6428f7f8656768dabd9cd93f30dd3783781fa4cc18b670f",
  "keycloak-admin-ui": "5effd384b0503f32ea3f93f48ccb0972d7a6ba5cb666683f8e6412d3bdc4ba62",
  "keycloak-account-ui": "43f5d90628ddc78fc19f830b50b9a6d0ccca098c41b2a8a736a2249c180e4cc2",
};
const MAVEN = process.env.MAVEN_CENTRAL ?? "https://repo1.maven.org/maven2";
const OUT = path.resolve(process.env.OUT ?? "dist");
const CACHE = path.join(import.meta.dirname, "node_modules/.cache/texts");

/** A jar, from the last time or from Maven Central; anything but the expected bytes is refused. */
async function fetchJar(name) {
  const file = path.join(CACHE, `${name}-${VERSION}.jar`);
  let bytes = existsSync(file) ? await readFile(file) : undefined;
  if (!bytes) {
    const answer = await fetch(`${MAVEN}/org/keycloak/${name}/${VERSION}/${name}-${VERSION}.jar`);
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
    bytes = Buffer.from(await answer.arrayBuffer());
  }
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== JARS[name]) throw new Error(`${name}-${VERSION}.jar has the SHA-256 ${hash}`);
  await mkdir(CACHE, { recursive: true });
  await writeFile(file, bytes);
  return bytes;
}

/** The files of a zip archive: name and content, by its central directory. */
function* unzip(zip) {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    const header = zip.readUInt32LE(at + 42);
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const data = zip.subarray(start, start + packed);
    yield [name, () => (method === 0 ? data : inflateRawSync(data))];
    at += 46 + nameLength + extra + comment;
  }
}

/** What is later in a properties file wins: so the base theme comes first. */
async function collect() {
  const texts = new Map();
  for (const jar of Object.keys(JARS)) {
    for (const [name, read] of unzip(await fetchJar(jar))) {
      const found = /^theme\/(base|keycloak\.v[23])\/(admin|account)\/messages\/(messages_\w+\.properties)$/.exec(name);
      if (!found) continue;
      const target = path.join(found[2], found[3]);
      texts.set(target, (texts.get(target) ?? "") + read().toString("utf8") + "\n");
    }
  }
  return texts;
}

try {
  const texts = await collect();
  for (const [target, text] of texts) {
    const file = path.join(OUT, "messages", target);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  console.log(`${texts.size} files of texts`);
} catch (error) {
  console.warn(`\nNO TEXTS: ${error.message}\nThe consoles will show keys for words. Run this again with network.\n`);
}
