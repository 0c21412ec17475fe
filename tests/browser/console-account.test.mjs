// Keycloak's own Account Console, unmodified: a person changes the profile, sets a device up, ends a session, leaves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setUp } from './authenticator.mjs';
import { fill, newPerson } from './browser.mjs';
import { Visitor, openConsoles } from './console-stage.mjs';
import { PASSWORD } from './server.mjs';

let consoles, server, ann, home;

before(async () => {
  consoles = await openConsoles();
  server = consoles.server;
  await server.realm('acme', { organizationsEnabled: true });
  await server.user('acme', 'ann');
  await allowGroups();
  home = `${server.base}/realms/acme/account`;
  ann = await Visitor.in(consoles.browser);
});
after(() => consoles?.close());

/** The page of groups is for those who have the role; Ann has, and is in one. */
async function allowGroups() {
  const [{ id }] = await server.admin('GET', '/acme/users?username=ann');
  const [account] = await server.admin('GET', '/acme/clients?clientId=account');
  const role = await server.admin('GET', `/acme/clients/${account.id}/roles/view-groups`);
  await server.admin('POST', `/acme/users/${id}/role-mappings/clients/${account.id}`, [role]);
  await server.admin('POST', '/acme/groups', { name: 'crew' });
  const [group] = await server.admin('GET', '/acme/groups');
  await server.admin('PUT', `/acme/users/${id}/groups/${group.id}`);
}

async function signIn(page) {
  await page.goto(`${home}/`);
  await fill(page, { username: 'ann', password: PASSWORD });
  await page.click('#kc-login');
}

test('a person signs in and changes the profile', async () => {
  await signIn(ann.page);
  await ann.at('firstName').waitFor();
  assert.equal(await ann.at('firstName').inputValue(), 'Ada');
  await ann.at('lastName').fill('Leigh');
  await ann.at('save').click();
  await ann.page.getByText('Your account has been updated').first().waitFor();
  const [{ lastName }] = await server.admin('GET', '/acme/users?username=ann');
  assert.equal(lastName, 'Leigh');
  await ann.at('email').fill('nowhere');
  await ann.at('save').click();
  await ann.page.getByText('Invalid email address.').first().waitFor();
  ann.failed = ann.failed.filter((line) => !/^400 POST .*\/account\//.test(line));
  ann.assertNothingFailed();
});

test('every page opens', async () => {
  for (const [part, words] of Object.entries({
    'account-security/signing-in': 'Basic authentication',
    'account-security/device-activity': 'Signed in devices',
    applications: 'Account Console',
    organizations: 'Organizations',
    groups: 'crew',
  })) {
    await ann.page.goto(`${home}/${part}`);
    await ann.main.getByText(words).first().waitFor();
    await ann.settled();
    ann.assertNothingFailed(part);
  }
});

test('a device that makes codes is set up and removed', async () => {
  await ann.page.goto(`${home}/account-security/signing-in`);
  await ann.at('otp/create').click();
  await setUp(ann.page, 'Telephone');
  await ann.main.getByText('Telephone').first().waitFor();
  const [{ id }] = await server.admin('GET', '/acme/users?username=ann');
  const kinds = async () => (await server.admin('GET', `/acme/users/${id}/credentials`)).map(({ type }) => type);
  assert.deepEqual(await kinds(), ['password', 'otp']);
  await ann.main.getByRole('button', { name: 'Delete' }).click();
  await ann.page.click('#kc-accept');
  await ann.main.getByText('Basic authentication').first().waitFor();
  assert.deepEqual(await kinds(), ['password']);
  ann.assertNothingFailed();
});

test('a session on another device is seen and ended', async () => {
  const other = await newPerson(consoles.browser);
  await signIn(other);
  await other.locator('[data-testid="firstName"]').waitFor();
  await ann.page.goto(`${home}/account-security/device-activity`);
  await ann.button('Sign out all devices').waitFor();
  await ann.main.locator('.signed-in-device-list').getByRole('button', { name: 'Sign out' }).click();
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await ann.page.getByText(/Signed out/).first().waitFor();
  await other.goto(`${home}/`);
  await other.locator('#kc-login').waitFor();
  await other.context().close();
});

test('a person signs out', async () => {
  await ann.page.goto(`${home}/`);
  await ann.at('options-toggle').click();
  await ann.page.getByRole('menuitem', { name: 'Sign out' }).first().click();
  await ann.page.locator('#kc-login, #kc-logout').first().waitFor();
  ann.assertNothingFailed();
});
