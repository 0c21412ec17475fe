// Our own console: an administrator makes an initial access token, sees what is registered with it, and revokes it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFits, assertQuiet, barriers, fill, newPerson } from './browser.mjs';
import { ADMIN, ADMIN_PASSWORD } from './server.mjs';
import { openStage } from './stage.mjs';

let stage, admin, here, token;

before(async () => {
  stage = await openStage();
  await stage.realm('blue', { eventsEnabled: true });
  admin = await newPerson(stage.browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  here = `${stage.server.base}/admin/master/console/blue`;
});
after(() => stage?.close());

/** Sends a registration as a program does. */
function register(metadata, bearer) {
  const headers = { 'Content-Type': 'application/json', ...(bearer && { Authorization: `Bearer ${bearer}` }) };
  const url = `${stage.server.base}/realms/blue/clients-registrations/openid-connect`;
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(metadata) });
}

const signIn = async (page) => {
  await fill(page, { username: ADMIN, password: ADMIN_PASSWORD });
  await page.click('#kc-login');
};

test('an administrator signs in at /admin/ and switches to a realm', async () => {
  await admin.goto(`${stage.server.base}/admin/`);
  await signIn(admin);
  await admin.getByRole('heading', { name: 'Initial access tokens' }).waitFor();
  await admin.click('#realms summary');
  await admin.locator('#realms').getByRole('link', { name: 'blue' }).click();
  await admin.waitForURL(`${here}/tokens`);
  await admin.getByText('No tokens yet').waitFor();
});

test('a token for a team, and what its applications must be like, is made on one page and copied once', async () => {
  await admin.click('#new');
  await fill(admin, { name: 'team blue', owner: 'blue@example.com', count: '5' });
  await admin.selectOption('#expires', { label: 'A month' });
  await admin.getByLabel('Only public clients').check();
  await admin.getByLabel('Allowed redirect hosts').fill('https://*.blue.example');
  await admin.getByText('More settings').click();
  await admin.getByLabel('Defaults').fill('{"contacts": }');
  await admin.click('#make');
  await admin.locator('#defaults-error').getByText('JSON').waitFor();
  assert.equal(await admin.locator('#defaults').getAttribute('aria-invalid'), 'true');
  assert.equal(await admin.inputValue('#redirects'), 'https://*.blue.example', 'what was typed is kept');
  await admin.getByLabel('Defaults').fill('{"contacts": ["blue@example.com"]}');
  await admin.click('#make');
  await admin.click('#copy');
  await admin.getByRole('button', { name: 'Copied' }).waitFor();
  token = await admin.evaluate(() => navigator.clipboard.readText());
  assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(await admin.inputValue('#token'), token);
  await admin.click('#kept');
  await admin.getByRole('heading', { name: 'team blue' }).waitFor();
  assert.ok(!(await admin.content()).includes(token), 'it is never shown again');
  const [kept] = await stage.server.admin('GET', '/blue/clients-initial-access');
  assert.deepEqual([kept.name, kept.owner, kept.count, kept.expiration], ['team blue', 'blue@example.com', 5, 2_592_000]);
});

test('what is registered with it is seen: what, when, from where', async () => {
  const weather = (host) => ({ client_name: 'Blue weather', redirect_uris: [`https://${host}/cb`], token_endpoint_auth_method: 'none' });
  assert.equal((await register(weather('weather.green.example'), token)).status, 403, 'only hosts of the team');
  const secret = { redirect_uris: ['https://weather.blue.example/cb'] };
  assert.equal((await register(secret, token)).status, 403, 'only public clients');
  const answer = await register(weather('weather.blue.example'), token);
  assert.equal(answer.status, 201);
  const { client_id: clientId, contacts } = await answer.json();
  assert.deepEqual(contacts, ['blue@example.com']);
  await admin.reload();
  const row = admin.locator('#clients tbody tr');
  assert.match(await row.innerText(), /Blue weather/);
  assert.match(await row.innerText(), /127\.0\.0\.1|::1/);
  await admin.getByText('1 of 5').waitFor();
  await admin.getByRole('link', { name: 'Applications', exact: true }).click();
  await admin.getByRole('heading', { name: 'Applications' }).waitFor();
  assert.match(await row.innerText(), /team blue/);
  assert.match(await row.innerText(), /blue@example\.com/);
  await admin.getByRole('link', { name: 'Blue weather' }).click();
  await admin.getByText(clientId).first().waitFor();
  await admin.getByText('https://weather.blue.example/cb').waitFor();
  await admin.getByText('Application registered').waitFor();
});

test('a number that is none is told, and what was typed is kept', async () => {
  await admin.goto(`${here}/tokens/new`);
  await admin.locator('#count').evaluate((field) => field.removeAttribute('min'));
  await fill(admin, { name: 'team red', count: '0' });
  await admin.click('#make');
  await admin.locator('#count-error').getByText('a number from 1').waitFor();
  assert.equal(await admin.inputValue('#name'), 'team red');
});

test('who may register is chosen; a policy is added, refuses, is seen in the activity, and is removed', async () => {
  await admin.goto(`${here}/policies`);
  await admin.getByRole('link', { name: 'Add a policy: Without a token' }).click();
  await admin.getByRole('link', { name: /^How many clients/ }).click();
  await admin.getByLabel('Name').fill('few');
  await admin.getByLabel('Most clients in the realm').fill('many');
  await admin.getByRole('button', { name: 'Save' }).click();
  await admin.getByRole('alert').getByText('should be a number').waitFor();
  await admin.getByLabel('Most clients in the realm').fill('1');
  await admin.getByRole('button', { name: 'Save' }).click();
  await admin.getByRole('link', { name: /^few/ }).waitFor();
  const refused = await register({ client_name: 'Nobody', redirect_uris: ['https://nobody.example/cb'] });
  assert.equal(refused.status, 403);
  await admin.goto(`${here}/activity`);
  await admin.getByText('Application registered · refused').first().waitFor();
  await admin.goto(`${here}/policies`);
  await admin.getByRole('link', { name: /^few/ }).click();
  await admin.getByText('Remove this policy').click();
  await admin.getByRole('button', { name: 'Remove now' }).click();
  await admin.getByRole('link', { name: /^few/ }).waitFor({ state: 'detached' });
  await admin.getByRole('link', { name: 'Change: Registration settings' }).click();
  await admin.getByLabel('only with a token').check();
  await admin.getByRole('button', { name: 'Save' }).click();
  await admin.getByRole('status').getByText('Saved.').waitFor();
  assert.ok(await admin.getByLabel('only with a token').isChecked());
  assert.equal((await register({ redirect_uris: ['https://nobody.example/cb'] })).status, 401);
});

test('applications that nobody uses are deleted together, after one page that says which', async () => {
  const made = await stage.server.admin('POST', '/blue/clients-initial-access', { name: 'many', count: -1 });
  for (let n = 1; n <= 27; n++) {
    await register({ client_name: `Robot ${n}`, redirect_uris: ['https://robot.example/cb'] }, made.token);
  }
  await admin.goto(`${here}/clients`);
  await admin.getByLabel('Search').fill('robot');
  await admin.keyboard.press('Enter');
  await admin.getByText('27 applications').waitFor();
  await admin.getByLabel('Choose all on this page').check();
  await admin.getByText('25 chosen').waitFor();
  await admin.getByLabel('Choose Robot 27').uncheck();
  await admin.getByText('24 chosen').waitFor();
  await admin.getByRole('button', { name: 'Disable …' }).click();
  await admin.getByRole('heading', { name: 'Disable 24 applications?' }).waitFor();
  assert.deepEqual(await barriers(admin), []);
  await admin.getByRole('link', { name: 'Cancel' }).click();
  await admin.getByText('27 applications').waitFor();
  await admin.getByLabel('All 27 that the list has').check();
  await admin.getByRole('button', { name: 'Delete …' }).click();
  await admin.getByRole('heading', { name: 'Delete 27 applications?' }).waitFor();
  await admin.getByText('Robot 13').waitFor();
  await admin.setViewportSize({ width: 375, height: 740 });
  await assertFits(admin, 'bulk');
  await admin.setViewportSize({ width: 1280, height: 860 });
  await admin.getByRole('button', { name: 'Delete all 27 now' }).click();
  await admin.getByRole('status').getByText('27 applications are deleted').waitFor();
  assert.equal(await stage.server.admin('GET', '/blue/clients/count?registered=true&search=robot'), 0);
});

test('an application is disabled, enabled and given a registration access token on its page', async () => {
  await admin.goto(`${here}/clients`);
  await admin.getByRole('link', { name: 'Blue weather' }).click();
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('status').getByText('is disabled').waitFor();
  await admin.getByRole('button', { name: 'Enable' }).click();
  await admin.getByRole('status').getByText('is enabled').waitFor();
  await admin.setViewportSize({ width: 375, height: 740 });
  await assertFits(admin, 'client');
  assert.deepEqual(await barriers(admin), []);
  await admin.setViewportSize({ width: 1280, height: 860 });
  await admin.getByRole('button', { name: 'New registration access token' }).click();
  await admin.click('#copy');
  await admin.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await admin.evaluate(() => navigator.clipboard.readText()), await admin.inputValue('#value'));
  await admin.click('#kept');
  await admin.getByRole('heading', { name: 'Blue weather' }).waitFor();
});

test('a revoked token is dead at once; what was registered stays', async () => {
  await admin.goto(`${here}/tokens`);
  await admin.getByRole('link', { name: 'team blue' }).click();
  await admin.click('#revoke summary');
  await admin.getByRole('button', { name: 'Revoke now' }).click();
  await admin.getByRole('link', { name: 'team blue' }).waitFor({ state: 'detached' });
  assert.equal((await register({ redirect_uris: ['https://late.blue.example/cb'] }, token)).status, 401);
  await admin.goto(`${here}/clients`);
  await admin.getByText('A token that is gone').waitFor();
  assertQuiet(admin);
});

test('the pages fit a telephone, are free of barriers, and work without JavaScript', async () => {
  const page = await newPerson(stage.browser, { viewport: { width: 375, height: 740 }, javaScriptEnabled: false, locale: 'de' });
  await page.goto(`${here}/tokens/new`);
  await signIn(page);
  await page.fill('#name', 'Team Grün');
  await page.getByRole('button', { name: 'Token erstellen' }).click();
  await page.getByRole('heading', { name: 'Das Token ist erstellt' }).waitFor();
  await page.context().close();
  await admin.setViewportSize({ width: 375, height: 740 });
  for (const part of ['tokens', 'tokens/new', 'policies', 'policies/new', 'settings', 'clients', 'clients?stale=604800&search=x', 'activity', 'activity?of=administrators']) {
    await admin.goto(`${here}/${part}`);
    await assertFits(admin, part);
    assert.deepEqual(await barriers(admin), [], part);
  }
});

test('the keyboard is enough', async () => {
  await admin.setViewportSize({ width: 1280, height: 860 });
  await admin.goto(`${here}/tokens`);
  await admin.keyboard.press('Tab');
  await admin.keyboard.press('Enter');
  assert.equal(await admin.evaluate(() => document.activeElement.id), 'content', 'the first link leads past the bar');
  await admin.focus('#realms summary');
  await admin.keyboard.press('Enter');
  await admin.keyboard.press('Tab');
  assert.equal(await admin.evaluate(() => document.activeElement.closest('details')?.id), 'realms');
  await admin.keyboard.press('Escape');
  assert.equal(await admin.locator('#realms').getAttribute('open'), null);
  assert.equal(await admin.evaluate(() => document.activeElement.localName), 'summary', 'the focus is where it was');
});

test('who may not administer a realm is told so, and a form from elsewhere does nothing', async () => {
  const page = await newPerson(stage.browser);
  await page.goto(`${stage.server.base}/admin/blue/console/blue/tokens`);
  await stage.sendPassword(page);
  await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
  const { length } = await stage.server.admin('GET', '/blue/clients-initial-access');
  await admin.evaluate(async (url) => {
    await fetch(url, { method: 'POST', body: new URLSearchParams({ form: 'guessed', count: '1', expires: '0' }) });
  }, `${here}/tokens`);
  assert.equal((await stage.server.admin('GET', '/blue/clients-initial-access')).length, length);
  await page.context().close();
});

test('an administrator signs out, here and at the realm', async () => {
  await admin.setViewportSize({ width: 1280, height: 860 });
  await admin.goto(`${here}/tokens`);
  await admin.click('#person summary');
  await admin.getByRole('button', { name: 'Sign out' }).click();
  await admin.waitForSelector('#kc-form-login');
});
