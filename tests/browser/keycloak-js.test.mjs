// `keycloak-js` from the npm registry, unmodified, in a page on another origin: register(), login(), updateToken(), logout().
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fill, newPerson, startBrowser, submit } from './browser.mjs';
import { PASSWORD, startApplication, startServer } from './server.mjs';

let server, browser, application, page;

const html = (options) => `<!doctype html><title>single-page application</title>
<button id=register>register</button> <button id=login>log in</button> <button id=logout>log out</button>
<script type=module>
  import Keycloak from '/keycloak.js';
  const keycloak = window.keycloak = new Keycloak({url: '${server.base}', realm: 'spa', clientId: 'spa'});
  for (const verb of ['register', 'login', 'logout']) document.getElementById(verb).onclick = () => keycloak[verb]();
  keycloak.init(${options}).then((on) => (document.title = on ? 'in' : 'out'), (error) => (document.title = 'error: ' + JSON.stringify(error?.message ?? error)));
</script>`;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  application = await startApplication({
    '/': () => html('{checkLoginIframe: false}'),
    '/as-shipped': () => html('undefined'),
    '/check-sso': () => html("{onLoad: 'check-sso', silentCheckSsoRedirectUri: location.origin + '/silent'}"),
    '/silent': "<!doctype html><script>parent.postMessage(location.href, location.origin)</script>",
    '/keycloak.js': readFileSync(new URL('node_modules/keycloak-js/lib/keycloak.js', import.meta.url)),
  });
  await server.realm('spa');
  const { origin } = application;
  await server.admin('POST', '/spa/clients', { clientId: 'spa', publicClient: true, redirectUris: [`${origin}/*`], webOrigins: [origin] });
  page = await newPerson(browser);
});
after(async () => {
  await browser?.close();
  await application?.stop();
  await server?.stop();
});

const settled = () => page.waitForFunction(() => document.title !== 'single-page application' && document.title).then((title) => title.jsonValue());

test('nobody is signed in', async () => {
  await page.goto(application.origin);
  assert.equal(await settled(), 'out');
});

test('register() ends in the application with tokens', async () => {
  await page.click('#register');
  const kay = { username: 'kay', email: 'kay@example.com', firstName: 'Kay', lastName: 'McNulty' };
  await fill(page, { ...kay, password: PASSWORD, 'password-confirm': PASSWORD });
  await submit(page, '#kc-register-form');
  await page.waitForURL(`${application.origin}/**`);
  assert.equal(await settled(), 'in');
  const claims = await page.evaluate(() => window.keycloak.tokenParsed);
  assert.equal(claims.preferred_username, 'kay');
  assert.equal(claims.azp, 'spa');
  assert.deepEqual(claims['allowed-origins'], [application.origin]);
});

test('the token works from the page: userinfo and updateToken', async () => {
  assert.equal((await page.evaluate(() => window.keycloak.loadUserInfo())).email, 'kay@example.com');
  assert.equal(await page.evaluate(() => window.keycloak.updateToken(-1)), true);
});

test('logout() and login()', async () => {
  await page.click('#logout');
  await page.waitForURL(`${application.origin}/**`);
  assert.equal(await settled(), 'out');
  await page.click('#login');
  await fill(page, { username: 'kay', password: PASSWORD });
  await page.click('#kc-login');
  await page.waitForURL(`${application.origin}/**`);
  assert.equal(await settled(), 'in');
});

test('a signed-in visitor is signed in at once', async () => {
  await page.goto(application.origin);
  assert.equal(await settled(), 'out', 'a new page knows nothing yet');
  await page.click('#login');
  await page.waitForURL(`${application.origin}/**`);
  assert.equal(await settled(), 'in');
});

test('init() as it is shipped, with its session frames', async () => {
  await page.goto(`${application.origin}/as-shipped`);
  assert.equal(await settled(), 'out');
});

test('check-sso in a hidden frame finds who is signed in, and the session frame watches', async () => {
  await page.goto(`${application.origin}/check-sso`);
  assert.equal(await settled(), 'in');
  assert.ok(await page.locator('iframe[src*="login-status-iframe.html"]').count(), 'the session is watched');
});

test('loadUserProfile() and accountManagement() reach the account', async () => {
  assert.equal((await page.evaluate(() => window.keycloak.loadUserProfile())).username, 'kay');
  const account = await page.evaluate(() => window.keycloak.createAccountUrl());
  assert.ok(account.startsWith(`${server.base}/realms/spa/account?referrer=spa&referrer_uri=`), account);
});

test('a page on an origin that is not registered gets no tokens', async () => {
  const stranger = await startApplication({ '/': '<!doctype html><title>stranger</title>' });
  await page.goto(stranger.origin);
  const outcome = await page.evaluate(async (url) => {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'x' });
    return fetch(url, { method: 'POST', body: form }).then((answer) => answer.status, () => 'blocked');
  }, `${server.base}/realms/spa/protocol/openid-connect/token`);
  assert.equal(outcome, 'blocked');
  await stranger.stop();
});
