// Keycloak's own consoles, unmodified, against this server: every section is opened, one of each thing is made and changed.
// `just console` builds them; CONSOLE names their folder.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertQuiet, fill, newPerson, startBrowser } from './browser.mjs';
import { ADMIN, ADMIN_PASSWORD, PASSWORD, startServer } from './server.mjs';

const FOLDER = path.resolve(process.env.CONSOLE ?? '../../target/console');
const SECTIONS = {
  clients: 'Clients',
  'client-scopes': 'Client scopes',
  roles: 'Realm roles',
  users: 'Users',
  groups: 'Groups',
  sessions: 'Sessions',
  events: 'Events',
  'realm-settings': 'Realm settings are',
  authentication: 'Authentication',
  'identity-providers': 'Identity providers',
  'user-federation': 'User federation',
  organizations: 'Organizations',
  workflows: 'Workflows',
};

let server, browser, admin, ann;
let failed = [];


/** What the console does wrong with Keycloak, too: it looks for the administrator in the realm that is administered, and reads
 * a password field after it has let go of the event. */
const KNOWN = [/^404 GET .*\/admin\/realms\/acme\/users\/[0-9a-f-]{36}$/, /Cannot read properties of null \(reading 'value'\)/];

/** Notes what the server refused or failed to answer. */
function watch(page) {
  page.on('response', (answer) => {
    const line = `${answer.status()} ${answer.request().method()} ${answer.url()}`;
    if (answer.status() >= 400 && !KNOWN.some((known) => known.test(line))) failed.push(line);
  });
}

function assertNothingFailed(page) {
  page.complaints = page.complaints.filter((text) => !KNOWN.some((known) => known.test(text)));
  assert.deepEqual(failed.splice(0), []);
  assertQuiet(page);
}

const at = (id) => admin.locator(`[data-testid="${id}"]:visible`).first();
const main = (page) => page.locator('main').first();

/** Opens a part of the Admin Console and waits until it has asked everything that it asks. */
async function open(hash) {
  await admin.goto(`${server.base}/admin/master/console/#${hash}`);
  await admin.waitForLoadState('networkidle');
}

/** Does something that the console answers with a green message. */
async function succeeds(action) {
  await action();
  const told = admin.locator('[data-testid="global-alerts"] .pf-v5-c-alert, .pf-v5-c-alert-group .pf-v5-c-alert').first();
  await told.waitFor();
  const text = await told.innerText();
  assert.match(await told.getAttribute('class'), /pf-m-success/, text);
  await told.getByRole('button').first().click();
  await told.waitFor({ state: 'detached' }).catch(() => {});
  await admin.waitForLoadState('networkidle');
}

before(async () => {
  assert.ok(existsSync(path.join(FOLDER, '.vite/manifest.json')), `${FOLDER} has no consoles: just console builds them`);
  server = await startServer('--console', FOLDER);
  browser = await startBrowser();
  admin = await newPerson(browser, { viewport: { width: 1400, height: 1000 } });
  watch(admin);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('an administrator signs in at /admin/', async () => {
  await admin.goto(`${server.base}/admin/`);
  await fill(admin, { username: ADMIN, password: ADMIN_PASSWORD });
  await admin.click('#kc-login');
  await at('page-header').waitFor();
  await admin.waitForLoadState('networkidle');
  assert.match(await main(admin).innerText(), /Welcome/);
  assertNothingFailed(admin);
});

test('a realm is made and changed', async () => {
  await open('/master/realms');
  await at('add-realm').click();
  await at('realm').fill('acme');
  await succeeds(() => at('create').click());
  await open('/acme/realm-settings');
  await at('displayName').fill('Acme Ltd.');
  await admin.locator('label[for="organizationsEnabled"]').first().click();
  await succeeds(() => at('realmSettingsGeneralTab-save').click());
  const realm = await server.admin('GET', '/acme');
  assert.equal(realm.displayName, 'Acme Ltd.');
  assert.equal(realm.organizationsEnabled, true);
  assertNothingFailed(admin);
});

test('every section opens', async () => {
  for (const [section, words] of Object.entries(SECTIONS)) {
    await open(`/acme/${section}`);
    await main(admin).getByText(words).first().waitFor();
    assert.deepEqual(failed.splice(0), [], section);
  }
  assertNothingFailed(admin);
});

test('every tab of the realm settings opens', async () => {
  const tabs = ['login', 'email', 'themes', 'keys', 'events', 'localization', 'security-defenses', 'sessions', 'tokens'];
  for (const tab of [...tabs, 'client-policies', 'user-profile', 'user-registration']) {
    await open(`/acme/realm-settings/${tab}`);
    await main(admin).locator('[role=tabpanel]:visible').first().waitFor();
    assert.deepEqual(failed.splice(0), [], tab);
  }
  assertNothingFailed(admin);
});

test('a client is made and changed', async () => {
  await open('/acme/clients/add-client');
  await at('clientId').fill('shop');
  for (let step = 0; step < 2; step++) await admin.getByRole('button', { name: 'Next' }).click();
  await succeeds(() => admin.getByRole('button', { name: 'Save' }).click());
  await at('name').fill('The shop');
  await succeeds(() => admin.getByRole('button', { name: 'Save' }).first().click());
  const [{ id, name }] = await server.admin('GET', '/acme/clients?clientId=shop');
  assert.equal(name, 'The shop');
  for (const tab of ['keys', 'roles', 'clientScopes/setup', 'clientScopes/evaluate', 'sessions', 'advanced', 'user-events']) {
    await open(`/acme/clients/${id}/${tab}`);
    assert.deepEqual(failed.splice(0), [], tab);
  }
  assertNothingFailed(admin);
});

test('a user is made, changed, and gets a password', async () => {
  await open('/acme/users/add-user');
  for (const [field, value] of Object.entries({ username: 'ann', email: 'ann@example.com', firstName: 'Ann', lastName: 'Lee' })) {
    await at(field).fill(value);
  }
  await succeeds(() => at('user-creation-save').click());
  await at('firstName').fill('Anna');
  await succeeds(() => at('user-creation-save').click());
  const [{ id, firstName }] = await server.admin('GET', '/acme/users?username=ann');
  assert.equal(firstName, 'Anna');
  await open(`/acme/users/${id}/credentials`);
  await admin.getByRole('button', { name: 'Set password' }).first().click();
  await at('passwordField').fill(PASSWORD);
  await at('passwordConfirmationField').fill(PASSWORD);
  await admin.locator('label[for="temporaryPassword"]').first().click();
  await at('confirm').click();
  await succeeds(() => at('confirm').click());
  const tabs = ['role-mapping', 'groups', 'consents', 'sessions', 'identity-provider-links', 'user-events', 'organizations', 'workflows'];
  for (const tab of tabs) {
    await open(`/acme/users/${id}/${tab}`);
    assert.deepEqual(failed.splice(0), [], tab);
  }
  assertNothingFailed(admin);
});

test('a role is made, changed, and given', async () => {
  await open('/acme/roles/new');
  await at('name').fill('clerk');
  await at('description').fill('Sells');
  await succeeds(() => at('save').click());
  await at('description').fill('Sells and buys');
  await succeeds(() => at('save').click());
  const role = await server.admin('GET', '/acme/roles/clerk');
  assert.equal(role.description, 'Sells and buys');
  for (const tab of ['associated-roles', 'attributes', 'users-in-role', 'events']) {
    await open(`/acme/roles/${role.id}/${tab}`);
    assert.deepEqual(failed.splice(0), [], tab);
  }
  assertNothingFailed(admin);
});

test('a group is made, changed, and opened', async () => {
  await open('/acme/groups');
  await admin.getByRole('button', { name: 'Create group' }).first().click();
  await at('name').fill('staff');
  await succeeds(() => at('createGroup').click());
  const [{ id }] = await server.admin('GET', '/acme/groups');
  await open(`/acme/groups/${id}`);
  await at('action-dropdown').click();
  await admin.getByRole('menuitem', { name: /Edit|Rename/ }).first().click();
  await at('name').fill('crew');
  await succeeds(() => admin.locator('.pf-v5-c-modal-box button[type=submit], [data-testid="renameGroup"], [data-testid="editGroup"]').first().click());
  assert.equal((await server.admin('GET', `/acme/groups/${id}`)).name, 'crew');
  for (const tab of ['members', 'attributes', 'role-mapping']) {
    await open(`/acme/groups/${id}`);
    await admin.locator(`[data-testid="${tab}"], [data-testid="${tab}Tab"]`).first().click({ timeout: 3000 }).catch(() => {});
    await admin.waitForLoadState('networkidle');
  }
  assertNothingFailed(admin);
});

test('a person sees and changes their own account', async () => {
  ann = await newPerson(browser, { viewport: { width: 1400, height: 1000 } });
  watch(ann);
  const home = `${server.base}/realms/acme/account`;
  await ann.goto(`${home}/`);
  await fill(ann, { username: 'ann', password: PASSWORD });
  await ann.click('#kc-login');
  const field = (name) => ann.locator(`[data-testid="${name}"]`);
  await field('firstName').waitFor();
  assert.equal(await field('firstName').inputValue(), 'Anna');
  await field('lastName').fill('Leigh');
  await field('save').click();
  await ann.getByText('Your account has been updated').first().waitFor();
  const [{ lastName }] = await server.admin('GET', '/acme/users?username=ann');
  assert.equal(lastName, 'Leigh');
  for (const [page, words] of Object.entries({
    'account-security/signing-in': 'Basic authentication',
    'account-security/device-activity': 'Signed in devices',
    applications: 'Account Console',
    organizations: 'Organizations',
    groups: 'Groups',
  })) {
    await ann.goto(`${home}/${page}`);
    await main(ann).getByText(words).first().waitFor();
  }
  // Groups are seen by those who have the role.
  const expected = failed.filter((line) => /^403 GET .*\/account\/groups/.test(line));
  failed = failed.filter((line) => !expected.includes(line));
  assertNothingFailed(ann);
});

test('a person signs out of the Account Console', async () => {
  await ann.goto(`${server.base}/realms/acme/account/`);
  await ann.locator('[data-testid="options-toggle"]').click();
  await ann.getByRole('menuitem', { name: 'Sign out' }).first().click();
  await ann.locator('#kc-login, #kc-logout').first().waitFor();
  assertNothingFailed(ann);
});
