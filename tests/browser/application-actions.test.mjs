// `keycloak-js`, unmodified, asks a signed-in person to do something: `login({action})`, and is told how it ended.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setUp } from './authenticator.mjs';
import { assertQuiet, fill, newPerson } from './browser.mjs';
import { startApplication } from './server.mjs';
import { openStage } from './stage.mjs';

let stage, application, page;

const html = () => `<!doctype html><title>starting</title>
<script type=module>
  import Keycloak from '/keycloak.js';
  const keycloak = window.keycloak = new Keycloak({url: '${stage.server.base}', realm: 'acting', clientId: 'spa'});
  window.ended = [];
  keycloak.onActionUpdate = (status, action) => window.ended.push(action + ' ' + status);
  keycloak.init({checkLoginIframe: false}).then((on) => (document.title = on ? 'in' : 'out'), (error) => (document.title = 'error: ' + error));
</script>`;

before(async () => {
  stage = await openStage();
  await stage.realm('acting', { otpPolicyCodeReusable: true });
  application = await startApplication({
    '/': html,
    '/keycloak.js': readFileSync(new URL('node_modules/keycloak-js/lib/keycloak.js', import.meta.url)),
  });
  const { origin } = application;
  await stage.server.admin('POST', '/acting/clients', { clientId: 'spa', publicClient: true, redirectUris: [`${origin}/*`], webOrigins: [origin] });
  page = await newPerson(stage.browser);
  await page.goto(origin);
  await settled();
  await page.evaluate(() => void window.keycloak.login());
  await stage.sendPassword(page);
  assert.equal(await settled(), 'in');
});
after(async () => {
  await application?.stop();
  await stage?.close();
});

async function settled() {
  await page.waitForURL(`${application.origin}/**`);
  await page.waitForFunction(() => document.title !== 'starting');
  return page.title();
}

const ask = (action) => page.evaluate((action) => void window.keycloak.login({ action }), action);
const ended = async () => {
  assert.equal(await settled(), 'in');
  return page.evaluate(() => window.ended);
};

test('a person sets a device up for an application', async () => {
  await ask('CONFIGURE_TOTP');
  await setUp(page, 'Telephone');
  assert.deepEqual(await ended(), ['CONFIGURE_TOTP success']);
  assert.deepEqual(await stage.credentials('acting'), ['password', 'otp: Telephone']);
});

test('a person cancels, and keeps being signed in', async () => {
  await ask('UPDATE_PROFILE');
  await page.click('[name=cancel-aia]');
  assert.deepEqual(await ended(), ['UPDATE_PROFILE cancelled']);
});

test('a person changes the profile, and the next token says so', async () => {
  await ask('UPDATE_PROFILE');
  await fill(page, { lastName: 'King' });
  await page.locator('#kc-update-profile-form [type=submit]').first().click();
  assert.deepEqual(await ended(), ['UPDATE_PROFILE success']);
  const profile = await page.evaluate(() => window.keycloak.loadUserInfo());
  assert.equal(profile.family_name, 'King');
});

test('what nobody may ask for ends with an error, at once', async () => {
  await ask('no-such-action');
  assert.equal(await settled(), 'in');
  assert.match((await page.evaluate(() => window.ended)).join(), /error/);
  assertQuiet(page);
});
