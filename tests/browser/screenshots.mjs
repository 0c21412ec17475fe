// Saves every page as pictures, at 1280 and 375 px, light and dark, in English and German:
//     node screenshots.mjs FOLDER [PART OF A NAME ...]
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { barriers, newPerson } from './browser.mjs';
import { preparePages } from './pictures.mjs';
import { openStage } from './stage.mjs';

const [folder, ...parts] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node screenshots.mjs FOLDER [PART OF A NAME ...]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const stage = await openStage();
const pages = Object.entries(await preparePages(stage)).filter(([name]) => !parts.length || parts.some((part) => name.includes(part)));
const failures = [];

/** One visit, looked at in every width and colour scheme. */
async function picture(name, visit, language) {
  const page = await newPerson(stage.browser, { locale: language });
  const file = path.join(folder, `${name}-${language}`);
  try {
    await visit(page);
    for (const width of [1280, 375]) {
      await page.setViewportSize({ width, height: width === 375 ? 740 : 860 });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        failures.push(...(await barriers(page)).map((text) => `${name} in ${language}, ${width} px, ${colorScheme}: ${text}`));
        await page.screenshot({ path: `${file}-${width}-${colorScheme}.png`, fullPage: true });
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) failures.push(`${name} in ${language} is ${wide} px wide in a window of ${width} px`);
    }
  } catch (error) {
    failures.push(`${name} in ${language}: ${String(error).split('\n')[0]}`);
    await page.screenshot({ path: `${file}-FAILED.png` }).catch(() => {});
  }
  failures.push(...page.complaints.map((text) => `${name} in ${language}: ${text}`));
  await page.context().close();
}

for (const [name, visit] of pages) {
  for (const language of ['en', 'de']) await picture(name, visit, language);
  console.log(name);
}
await stage.close();
for (const failure of failures) console.error(failure);
console.log(`${folder}: ${pages.length} pages, ${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
