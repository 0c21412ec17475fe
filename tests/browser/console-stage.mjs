// Keycloak's own consoles in Chromium against this server; `just console` builds them, CONSOLE names their folder.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertQuiet, fill, newPerson, startBrowser } from './browser.mjs';
import { ADMIN, ADMIN_PASSWORD, startServer } from './server.mjs';

const FOLDER = path.resolve(process.env.CONSOLE ?? '../../target/console');
const WINDOW = { viewport: { width: 1400, height: 1000 } };

/** What the console does wrong with Keycloak, too: it looks for the administrator in the realm that is administered, and reads
 * a password field after it has let go of the event. */
const KNOWN = [/^404 GET .*\/admin\/realms\/acme\/users\/[0-9a-f-]{36}$/, /Cannot read properties of null \(reading 'value'\)/];

const isKnown = (text) => KNOWN.some((known) => known.test(text));

/** A server with the consoles, and a browser. */
export async function openConsoles() {
  assert.ok(existsSync(path.join(FOLDER, '.vite/manifest.json')), `${FOLDER} has no consoles: just console builds them`);
  const [server, browser] = await Promise.all([startServer('--console', FOLDER), startBrowser()]);
  return {
    server,
    browser,
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

/** Somebody in front of a console: notes what the server refused or failed to answer, and what is still on its way. */
export class Visitor {
  static async in(browser) {
    return new Visitor(await newPerson(browser, WINDOW));
  }

  constructor(page) {
    Object.assign(this, { page, failed: [], flying: 0, last: Date.now() });
    page.on('response', (answer) => {
      const line = `${answer.status()} ${answer.request().method()} ${answer.url()}`;
      if (answer.status() >= 400 && !isKnown(line)) this.failed.push(line);
    });
    const count = (change) => () => {
      this.flying += change;
      this.last = Date.now();
    };
    page.on('request', count(1));
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, count(-1));
  }

  /** Waits until the page has asked everything that it asks. */
  async settled() {
    for (const end = Date.now() + 15_000; Date.now() < end; await sleep(25)) {
      if (this.flying <= 0 && Date.now() - this.last > 250) return;
    }
    throw new Error(`the page goes on asking: ${this.page.url()}`);
  }

  /** The server answered all, and the page did not break. */
  assertNothingFailed(what = '') {
    this.page.complaints = this.page.complaints.filter((text) => !isKnown(text));
    assert.deepEqual(this.failed.splice(0), [], what);
    assertQuiet(this.page);
  }

  /** What the console calls by a name of its own, where it is seen. */
  at(id) {
    return this.page.locator(`[data-testid="${id}"]:visible`).first();
  }

  button(name) {
    return this.page.getByRole('button', { name }).first();
  }

  get main() {
    return this.page.locator('main').first();
  }

  /** Fills fields by those names. */
  async type(values) {
    for (const [id, value] of Object.entries(values)) await this.at(id).fill(value);
  }

  /** Does something that the console answers with a green message. */
  async succeeds(action) {
    await action();
    const told = this.page.locator('[data-testid="global-alerts"] .pf-v5-c-alert, .pf-v5-c-alert-group .pf-v5-c-alert').first();
    await told.waitFor();
    const text = await told.innerText();
    assert.match(await told.getAttribute('class'), /pf-m-success/, text);
    await told.getByRole('button').first().click();
    await told.waitFor({ state: 'detached' }).catch(() => {});
    await this.settled();
  }

  /** Clicks what saves, which succeeds. */
  save(id) {
    return this.succeeds(() => this.at(id).click());
  }
}

/** The administrator in the Admin Console. */
export class Admin extends Visitor {
  static async in({ server, browser }) {
    const admin = new Admin(await newPerson(browser, WINDOW));
    admin.server = server;
    return admin;
  }

  async signIn() {
    await this.page.goto(`${this.server.base}/admin/`);
    await fill(this.page, { username: ADMIN, password: ADMIN_PASSWORD });
    await this.page.click('#kc-login');
    await this.at('page-header').waitFor();
    await this.settled();
  }

  /** Goes to a part of the console as its own links do. */
  async open(hash) {
    this.last = Date.now();
    await this.page.evaluate((to) => {
      history.pushState({}, '', `#${to}`);
      dispatchEvent(new PopStateEvent('popstate'));
    }, hash);
    await this.settled();
  }

  /** Each of these parts opens and shows something, and the server answers all that they ask. */
  async openAll(base, parts) {
    for (const part of parts) {
      await this.open(`${base}/${part}`);
      await this.main.locator('h1:visible').first().waitFor();
      this.assertNothingFailed(part);
    }
  }
}
