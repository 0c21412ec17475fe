// Keycloak's own Admin Console, unmodified: every section is opened, one of each everyday thing is made and changed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Admin, openConsoles } from './console-stage.mjs';
import { PASSWORD } from './server.mjs';

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
};

let consoles, server, admin;

before(async () => {
  consoles = await openConsoles();
  server = consoles.server;
  admin = await Admin.in(consoles);
});
after(() => consoles?.close());

test('an administrator signs in at /admin/', async () => {
  await admin.signIn();
  assert.match(await admin.main.innerText(), /Welcome/);
  admin.assertNothingFailed();
});

test('a realm is made and changed', async () => {
  await admin.open('/master/realms');
  await admin.at('add-realm').click();
  await admin.at('realm').fill('acme');
  await admin.save('create');
  await admin.open('/acme/realm-settings');
  await admin.at('displayName').fill('Acme Ltd.');
  await admin.page.locator('label[for="organizationsEnabled"]').first().click();
  await admin.save('realmSettingsGeneralTab-save');
  const realm = await server.admin('GET', '/acme');
  assert.equal(realm.displayName, 'Acme Ltd.');
  assert.equal(realm.organizationsEnabled, true);
  admin.assertNothingFailed();
});

test('every section that is offered opens; workflows, which are not here, are not offered', async () => {
  const offered = await admin.page.locator('[data-testid^="nav-item-"]').evaluateAll((all) => all.map((one) => one.dataset.testid.slice(9)));
  assert.deepEqual(offered.filter((one) => one !== 'realms').toSorted(), Object.keys(SECTIONS).toSorted());
  for (const [section, words] of Object.entries(SECTIONS)) {
    await admin.at(`nav-item-${section}`).click();
    await admin.main.getByText(words).first().waitFor();
    await admin.settled();
    admin.assertNothingFailed(section);
  }
});

test('a client is made and changed', async () => {
  await admin.open('/acme/clients/add-client');
  await admin.at('clientId').fill('shop');
  for (let step = 0; step < 2; step++) await admin.button('Next').click();
  await admin.succeeds(() => admin.button('Save').click());
  await admin.at('name').fill('The shop');
  await admin.succeeds(() => admin.button('Save').click());
  const [{ id, name }] = await server.admin('GET', '/acme/clients?clientId=shop');
  assert.equal(name, 'The shop');
  const tabs = ['settings', 'keys', 'roles', 'clientScopes/setup', 'clientScopes/evaluate', 'sessions', 'advanced', 'user-events'];
  await admin.openAll(`/acme/clients/${id}`, tabs);
});

test('a user is made, changed, and gets a password', async () => {
  await admin.open('/acme/users/add-user');
  await admin.type({ username: 'ann', email: 'ann@example.com', firstName: 'Ann', lastName: 'Lee' });
  await admin.save('user-creation-save');
  await admin.at('firstName').fill('Anna');
  await admin.save('user-creation-save');
  const [{ id, firstName }] = await server.admin('GET', '/acme/users?username=ann');
  assert.equal(firstName, 'Anna');
  await admin.open(`/acme/users/${id}/credentials`);
  await admin.button('Set password').click();
  await admin.type({ passwordField: PASSWORD, passwordConfirmationField: PASSWORD });
  await admin.page.locator('label[for="temporaryPassword"]').first().click();
  await admin.at('confirm').click();
  await admin.save('confirm');
  const tabs = ['role-mapping', 'groups', 'consents', 'sessions', 'identity-provider-links', 'user-events', 'organizations'];
  await admin.openAll(`/acme/users/${id}`, tabs);
});

test('a role is made, changed, and given', async () => {
  await admin.open('/acme/roles/new');
  await admin.type({ name: 'clerk', description: 'Sells' });
  await admin.save('save');
  await admin.at('description').fill('Sells and buys');
  await admin.save('save');
  const role = await server.admin('GET', '/acme/roles/clerk');
  assert.equal(role.description, 'Sells and buys');
  await admin.openAll(`/acme/roles/${role.id}`, ['details', 'associated-roles', 'attributes', 'users-in-role', 'events']);
  const [{ id }] = await server.admin('GET', '/acme/users?username=ann');
  await admin.open(`/acme/users/${id}/role-mapping`);
  await admin.at('add-role-mapping-button').click();
  await admin.page.getByRole('menuitem', { name: 'Realm roles' }).click();
  await admin.page.getByRole('dialog').getByRole('row', { name: /clerk/ }).getByRole('checkbox').check();
  await admin.save('assign');
  const given = await server.admin('GET', `/acme/users/${id}/role-mappings/realm`);
  assert.ok(given.some(({ name }) => name === 'clerk'));
  admin.assertNothingFailed();
});

test('a group is made, changed, and gets a member', async () => {
  await admin.open('/acme/groups');
  await admin.button('Create group').click();
  await admin.at('name').fill('staff');
  await admin.save('createGroup');
  const [{ id }] = await server.admin('GET', '/acme/groups');
  await admin.open(`/acme/groups/${id}`);
  await admin.at('action-dropdown').click();
  await admin.page.getByRole('menuitem', { name: /Edit|Rename/ }).first().click();
  await admin.at('name').fill('crew');
  await admin.succeeds(() => admin.page.locator('.pf-v5-c-modal-box button[type=submit], [data-testid="renameGroup"], [data-testid="editGroup"]').first().click());
  assert.equal((await server.admin('GET', `/acme/groups/${id}`)).name, 'crew');
  for (const tab of ['Child groups', 'Members', 'Attributes', 'Role mapping', 'Admin events']) {
    await admin.main.getByRole('tab', { name: tab }).first().click();
    await admin.settled();
    admin.assertNothingFailed(tab);
  }
  await admin.main.getByRole('tab', { name: 'Members' }).first().click();
  await admin.at('no-users-found-empty-action').click();
  await admin.page.getByRole('dialog').getByRole('row', { name: /ann/ }).getByRole('checkbox').check();
  await admin.succeeds(() => admin.page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click());
  const members = await server.admin('GET', `/acme/groups/${id}/members`);
  assert.deepEqual(members.map(({ username }) => username), ['ann']);
  admin.assertNothingFailed();
});

test('our own console is beside it, for whoever is signed in there', async () => {
  await admin.page.goto(`${server.base}/admin/master/console/start`);
  await admin.page.getByRole('heading', { name: 'Initial access tokens' }).waitFor();
  await admin.page.click('#person summary');
  await admin.page.getByRole('link', { name: "Keycloak's Admin Console" }).click();
  await admin.at('page-header').waitFor();
  await admin.settled();
  admin.assertNothingFailed();
});
