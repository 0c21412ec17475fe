// Chromium as Debian packages it, driven by playwright-core. TEST_CHROMIUM names another binary.
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

/** One Chromium for a test file. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.TEST_CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A person's browser: its own cookies. Any error in a page's console fails the test that calls `quiet()` at its end. */
export async function newPerson(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

/** Nothing on the pages so far broke, or was stopped by their own content security policy. */
export function assertQuiet(page) {
  assert.deepEqual(page.complaints, []);
}

/** The errors beside fields; their containers, `input-error-container-FIELD`, are always there as in Keycloak. */
export const FIELD_ERRORS = '[id^="input-error-"]:not([id^="input-error-container-"])';

/** Fills fields by their ids: `{username: 'ada'}`. */
export async function fill(page, values) {
  for (const [id, value] of Object.entries(values)) await page.fill(`[id="${id}"]`, value);
}

/** Sends a form of Keycloak's by its id, with its submit button. */
export async function submit(page, form) {
  await page.locator(`${form} [type=submit]`).first().click();
}

/** The authorization request of an application, as an address to open. */
export function authorizationUrl(issuer, clientId, redirectUri, more = {}) {
  const query = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope: 'openid', state: 'st', ...more };
  return `${issuer}/protocol/openid-connect/auth?${new URLSearchParams(query)}`;
}

/** The page fits its window: no part of it has to be reached by scrolling sideways. */
export async function assertFits(page, what) {
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(widths[0] <= widths[1], `${what} is ${widths[0]} px wide in a window of ${widths[1]} px`);
}

/** What keeps people out who see, hear or move otherwise: the rules of WCAG 2.2 AA that a program can check. */
export async function barriers(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return window.axe.run(document, { runOnly: tags, iframes: false });
  });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')} ${node.any[0]?.message ?? rule.help}`));
}
