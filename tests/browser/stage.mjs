// What most test files need: a server, a browser, an application to come back to, and realms with a client and Ada in each.
import { newPerson, authorizationUrl, fill, startBrowser } from './browser.mjs';
import { PASSWORD, startApplication, startServer } from './server.mjs';

const PAGE = '<!doctype html><title>application</title><h1>back in the application</h1>';

/** Starts all of it; `close()` ends it. */
export async function openStage(...options) {
  const [server, browser, application] = await Promise.all([startServer(...options), startBrowser(), startApplication({ '/cb': PAGE })]);
  return new Stage(server, browser, application);
}

class Stage {
  constructor(server, browser, application) {
    Object.assign(this, { server, browser, application });
    this.callback = `${application.origin}/cb`;
  }

  async close() {
    await this.browser.close();
    await this.application.stop();
    await this.server.stop();
  }

  /** A realm with the client `app` and the user `ada`. */
  async realm(name, settings = {}) {
    await this.server.realm(name, settings);
    const client = { clientId: 'app', name: 'Weather', publicClient: true, redirectUris: [this.callback] };
    await this.server.admin('POST', `/${name}/clients`, client);
    await this.server.user(name, 'ada');
  }

  /** Where the application sends people. */
  signIn(realm, more = {}) {
    return authorizationUrl(`${this.server.base}/realms/${realm}`, 'app', this.callback, more);
  }

  /** A new browser in which Ada has sent her name and password. */
  async withPassword(realm, more = {}, options = {}) {
    const page = await newPerson(this.browser, options);
    await page.goto(this.signIn(realm, more));
    await this.sendPassword(page);
    return page;
  }

  async sendPassword(page, username = 'ada', password = PASSWORD) {
    await fill(page, { username, password });
    await page.click('#kc-login');
  }

  /** Waits until the application has its code; gives what else it was told. */
  async arrived(page) {
    await page.waitForURL(`${this.callback}?*code=*`);
    return new URL(page.url()).searchParams;
  }

  /** The user as the Admin API shows her, or nothing. */
  async ada(realm, username = 'ada') {
    const found = await this.server.admin('GET', `/${realm}/users?username=${username}&exact=true`);
    return found[0];
  }

  async require(realm, ...requiredActions) {
    const { id } = await this.ada(realm);
    await this.server.admin('PUT', `/${realm}/users/${id}`, { requiredActions });
  }

  /** The kinds and names of what Ada signs in with. */
  async credentials(realm) {
    const { id } = await this.ada(realm);
    const all = await this.server.admin('GET', `/${realm}/users/${id}/credentials`);
    return all.map(({ type, userLabel }) => (userLabel ? `${type}: ${userLabel}` : type));
  }

  /** Switches on a required action that a new realm has off. */
  async enableAction(realm, alias) {
    const path = `/${realm}/authentication/required-actions/${alias}`;
    await this.server.admin('PUT', path, { ...(await this.server.admin('GET', path)), enabled: true });
  }

  /** Gives a step of the browser flow another requirement. */
  async setStep(realm, provider, requirement) {
    const path = `/${realm}/authentication/flows/browser/executions`;
    const steps = await this.server.admin('GET', path);
    await this.server.admin('PUT', path, { ...steps.find((step) => step.providerId === provider), requirement });
  }
}
