// An application waits for approval: the page that people see meanwhile goes on by itself; an administrator decides in the console.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFits, assertQuiet, barriers, fill, newPerson } from './browser.mjs';
import { ADMIN, ADMIN_PASSWORD } from './server.mjs';
import { openStage } from './stage.mjs';

let stage, admin, token;

before(async () => {
  stage = await openStage();
  const attributes = { 'clientRegistration.approval': 'required' };
  await stage.realm('blue', { eventsEnabled: true, attributes });
  ({ token } = await stage.server.admin('POST', '/blue/clients-initial-access', { count: -1 }));
  admin = await newPerson(stage.browser);
});
after(() => stage?.close());

/** Registers an application as a program does. */
async function register(name) {
  const url = `${stage.server.base}/realms/blue/clients-registrations/openid-connect`;
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  const metadata = { client_name: name, redirect_uris: [stage.callback], token_endpoint_auth_method: 'none' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(metadata) });
  const client = await answer.json();
  assert.equal(client.registration_status, 'pending', JSON.stringify(client));
  return client;
}

/** Where the application sends people. */
function asking({ client_id: clientId }) {
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  const asked = { client_id: clientId, redirect_uri: stage.callback, response_type: 'code', scope: 'openid', state: 's' };
  const query = new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: 'S256' });
  return `${stage.server.base}/realms/blue/protocol/openid-connect/auth?${query}`;
}

async function openConsole(page) {
  await page.goto(`${stage.server.base}/admin/master/console/blue/pending`);
  if (await page.locator('#username').count()) {
    await fill(page, { username: ADMIN, password: ADMIN_PASSWORD });
    await page.click('#kc-login');
  }
  await page.getByRole('heading', { name: 'Pending requests' }).waitFor();
}

test('who arrives too early waits on a page, which goes on once the application is approved', async () => {
  const client = await register('Weather of blue');
  const person = await newPerson(stage.browser);
  await person.goto(asking(client));
  await person.getByRole('heading', { name: 'Not approved yet' }).waitFor();
  await person.getByText('Weather of blue').waitFor();
  assert.deepEqual(await barriers(person), []);
  await assertFits(person, 'the waiting page');

  await openConsole(admin);
  await admin.getByLabel('1 request waits').waitFor();
  await admin.getByRole('link', { name: 'Weather of blue' }).click();
  await admin.getByRole('heading', { name: 'Decide' }).waitFor();
  assert.deepEqual(await barriers(admin), []);
  await assertFits(admin, 'a request');
  await admin.click('#approve');
  await admin.getByRole('heading', { name: 'Nothing waits' }).waitFor();

  await person.waitForSelector('#kc-form-login', { timeout: 15_000 });
  await stage.sendPassword(person);
  await stage.arrived(person);
  assertQuiet(person);
  await person.context().close();
});

test('without JavaScript the page looks again by itself; a refused application is said to be', async () => {
  const client = await register('Weather of nobody');
  const person = await newPerson(stage.browser, { javaScriptEnabled: false });
  await person.goto(asking(client));
  const refresh = await person.locator('meta[http-equiv=refresh]').getAttribute('content');
  assert.ok(refresh.endsWith(`url=${new URL(asking(client)).pathname}${new URL(asking(client)).search}`), refresh);
  await openConsole(admin);
  await admin.getByRole('link', { name: 'Weather of nobody' }).click();
  await admin.getByLabel('Reason').fill('Nobody stands behind it');
  await admin.click('#refuse');
  await admin.getByRole('heading', { name: 'Nothing waits' }).waitFor();
  await person.click('#kc-client-pending-again');
  await person.getByText('was not approved').waitFor();
  await person.context().close();
});

test('the box on the page of policies says what they would say', async () => {
  await admin.goto(`${stage.server.base}/admin/master/console/blue/policies`);
  await admin.fill('#metadata', '{"redirect_uris": ["https://elsewhere.example/cb"]}');
  await admin.click('#try');
  await admin.getByText('It would be refused').waitFor();
  await admin.locator('#refusals').getByRole('link', { name: 'Trusted Hosts' }).first().waitFor();
  assert.deepEqual(await barriers(admin), []);
  await assertFits(admin, 'what was tried');
  assertQuiet(admin);
});

test('several requests are ticked and decided at once, by the keyboard and on a small screen', async () => {
  for (const name of ['Kite', 'Balloon', 'Zeppelin']) await register(name);
  await openConsole(admin);
  await admin.getByRole('status').getByText('3 requests on this page').waitFor();
  await admin.setViewportSize({ width: 375, height: 740 });
  await assertFits(admin, 'a list of requests');
  assert.deepEqual(await barriers(admin), []);
  await admin.getByRole('checkbox', { name: 'Choose Kite' }).focus();
  await admin.keyboard.press('Space');
  await admin.getByRole('status').getByText('1 chosen').waitFor();
  await admin.getByRole('checkbox', { name: 'Choose all on this page' }).focus();
  await admin.keyboard.press('Space');
  await admin.getByRole('status').getByText('3 chosen').waitFor();
  await admin.getByRole('checkbox', { name: 'Choose Zeppelin' }).uncheck();
  await admin.getByRole('button', { name: 'Refuse …' }).focus();
  await admin.keyboard.press('Enter');
  await admin.getByRole('heading', { name: 'Refuse 2 requests?' }).waitFor();
  await assertFits(admin, 'many requests');
  assert.deepEqual(await barriers(admin), []);
  await admin.getByLabel('Reason').fill('Nothing flies here');
  await admin.getByRole('button', { name: 'Refuse all 2 now' }).focus();
  await admin.keyboard.press('Enter');
  await admin.getByRole('status').getByText('2 requests are refused').waitFor();
  await admin.getByRole('checkbox', { name: 'Choose Zeppelin' }).check();
  await admin.getByRole('button', { name: 'Approve …' }).click();
  await admin.getByRole('button', { name: 'Approve it now' }).click();
  await admin.getByRole('heading', { name: 'Nothing waits' }).waitFor();
  await admin.getByRole('status').getByText('1 request is approved').waitFor();
  await admin.setViewportSize({ width: 1280, height: 860 });
  assertQuiet(admin);
});
