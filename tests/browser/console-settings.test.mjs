// Keycloak's own Admin Console, unmodified: the sections that set a realm up, each with something made, changed and saved.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Admin, openConsoles } from './console-stage.mjs';

let consoles, server, admin;

before(async () => {
  consoles = await openConsoles();
  server = consoles.server;
  admin = await Admin.in(consoles);
  await server.realm('acme', { organizationsEnabled: true, eventsEnabled: true, adminEventsEnabled: true });
  await server.user('acme', 'ann');
  await admin.signIn();
});
after(() => consoles?.close());

const realm = () => server.admin('GET', '/acme');
const settings = (tab) => admin.open(`/acme/realm-settings/${tab}`);
const flip = (id) => admin.page.locator(`label:has([data-testid="${id}"])`).first().click();

test('realm settings: every tab opens', async () => {
  const tabs = ['general', 'login', 'email', 'themes', 'keys/list', 'keys/providers', 'events', 'localization', 'security-defenses'];
  const more = ['sessions', 'tokens', 'client-policies/profiles', 'client-policies/policies', 'user-profile/attributes', 'user-profile/attributes-group'];
  await admin.openAll('/acme/realm-settings', [...tabs, ...more, 'user-profile/json-editor', 'user-registration']);
});

test('realm settings: login, mail, sessions, tokens and headers are saved', async () => {
  await settings('login');
  await admin.succeeds(() => flip('remember-me-switch'));
  await settings('email');
  await admin.type({ 'smtpServer.from': 'realm@example.com', 'smtpServer.host': 'localhost', 'smtpServer.port': '2525' });
  await admin.save('email-tab-save');
  await settings('sessions');
  await admin.at('sso-session-idle-input').fill('45');
  await admin.save('sessions-tab-save');
  await settings('tokens');
  await admin.at('access-token-lifespan-input').fill('7');
  await admin.save('tokens-tab-save');
  await settings('security-defenses');
  await admin.at('browserSecurityHeaders.xRobotsTag').fill('noindex');
  await admin.save('headers-form-tab-save');
  const kept = await realm();
  assert.equal(kept.rememberMe, true);
  assert.equal(kept.smtpServer.port, '2525');
  assert.deepEqual([kept.ssoSessionIdleTimeout, kept.accessTokenLifespan], [2700, 420]);
  assert.equal(kept.browserSecurityHeaders.xRobotsTag, 'noindex');
  admin.assertNothingFailed();
});

test('realm settings: languages, an attribute of people, a profile of clients', async () => {
  await settings('localization');
  await flip('internationalizationEnabled');
  await admin.save('localization-tab-save');
  assert.equal((await realm()).internationalizationEnabled, true);
  await settings('user-profile/attributes');
  await admin.at('createAttributeBtn').click();
  await admin.at('name').fill('city');
  await admin.save('attribute-create');
  const { attributes } = await server.admin('GET', '/acme/users/profile');
  assert.ok(attributes.some(({ name }) => name === 'city'));
  await settings('client-policies/profiles');
  await admin.at('createProfile').click();
  await admin.type({ name: 'careful', description: 'What careful clients do' });
  await admin.save('saveCreateProfile');
  const { profiles } = await server.admin('GET', '/acme/client-policies/profiles');
  assert.deepEqual(profiles.map(({ name }) => name), ['careful']);
  admin.assertNothingFailed();
});

test('client scopes: one is made, changed, and gets a mapper', async () => {
  await admin.open('/acme/client-scopes/new');
  await admin.type({ name: 'weather', description: 'Reads the weather' });
  await admin.save('save');
  await admin.at('description').fill('Reads and writes the weather');
  await admin.save('save');
  const all = await server.admin('GET', '/acme/client-scopes');
  const { id, description } = all.find(({ name }) => name === 'weather');
  assert.equal(description, 'Reads and writes the weather');
  await admin.openAll(`/acme/client-scopes/${id}`, ['settings', 'mappers', 'scope', 'events']);
  await admin.open(`/acme/client-scopes/${id}/mappers/oidc-hardcoded-claim-mapper/new`);
  await admin.type({ name: 'sky', 'claim.name': 'sky', 'claim.value': 'blue' });
  await admin.save('save');
  const [mapper] = await server.admin('GET', `/acme/client-scopes/${id}/protocol-mappers/models`);
  assert.equal(mapper.config['claim.value'], 'blue');
  admin.assertNothingFailed();
});

test('authentication: a flow is made and gets a step, actions and policies are seen and saved', async () => {
  await admin.open('/acme/authentication/flows/create');
  await admin.type({ alias: 'my-flow', description: 'My own' });
  await admin.save('create');
  await admin.button('Add execution').click();
  await admin.page.getByRole('dialog').getByRole('radio', { name: 'Cookie' }).check();
  await admin.save('modal-add');
  const steps = await server.admin('GET', '/acme/authentication/flows/my-flow/executions');
  assert.deepEqual(steps.map(({ providerId }) => providerId), ['auth-cookie']);
  await admin.open('/acme/authentication/required-actions');
  await admin.succeeds(() => admin.page.locator('label[for="enable-Terms-and-Conditions"]').first().click());
  const terms = await server.admin('GET', '/acme/authentication/required-actions/TERMS_AND_CONDITIONS');
  assert.equal(terms.enabled, true);
  await admin.open('/acme/authentication/policies');
  for (const tab of ['passwordPolicy', 'otpPolicy', 'webauthnPolicy', 'webauthnPasswordlessPolicy', 'cibaPolicy']) {
    await admin.at(tab).click();
    await admin.settled();
    admin.assertNothingFailed(tab);
  }
});

test('identity providers: one is made and changed', async () => {
  await admin.open('/acme/identity-providers/github/add');
  await admin.type({ 'config.clientId': 'us', 'config.clientSecret': 'a secret of theirs' });
  await admin.save('createProvider');
  await admin.at('displayName').fill('The hub');
  await admin.succeeds(() => admin.button('Save').click());
  const provider = await server.admin('GET', '/acme/identity-provider/instances/github');
  assert.equal(provider.displayName, 'The hub');
  assert.equal(provider.config.clientSecret, '**********');
  await admin.openAll('/acme/identity-providers/github/github', ['settings', 'mappers', 'events']);
});

test('organizations: one is made, changed, and gets a member', async () => {
  await admin.open('/acme/organizations/new');
  await admin.type({ name: 'Hovercraft', domains0: 'hovercraft.example' });
  await admin.save('save');
  await admin.at('description').fill('Eels');
  await admin.save('save');
  const [{ id }] = await server.admin('GET', '/acme/organizations');
  assert.equal((await server.admin('GET', `/acme/organizations/${id}`)).description, 'Eels');
  await admin.openAll(`/acme/organizations/${id}`, ['settings', 'attributes', 'groups', 'identityProviders', 'events', 'members']);
  await admin.button('Add realm user').click();
  await admin.page.getByRole('dialog').getByRole('row', { name: /ann/ }).getByRole('checkbox').check();
  await admin.succeeds(() => admin.page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click());
  assert.equal((await server.admin('GET', `/acme/organizations/${id}/members`))[0].username, 'ann');
  admin.assertNothingFailed();
});

test('clients: an initial access token is made and a policy of registration is opened', async () => {
  await admin.open('/acme/clients/initial-access-token');
  await admin.button('Create').click();
  await admin.at('expiration').fill('2');
  await admin.at('save').click();
  await admin.page.getByRole('dialog').getByText('Initial access token details').first().waitFor();
  await admin.page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click();
  assert.equal((await server.admin('GET', '/acme/clients-initial-access')).length, 1);
  await admin.open('/acme/clients/client-registration');
  await admin.main.getByRole('link', { name: 'Trusted Hosts' }).click();
  await admin.settled();
  await admin.main.getByText('Trusted Hosts').first().waitFor();
  admin.assertNothingFailed();
});

test('sessions, events and user federation show what there is', async () => {
  await admin.openAll('/acme', ['sessions', 'events/user-events', 'events/admin-events', 'user-federation']);
  await admin.open('/acme/events/admin-events');
  await admin.main.getByText('clients-initial-access').first().waitFor();
  const [session] = await server.admin('GET', '/master/client-session-stats');
  assert.ok(session, 'the administrator has a session');
  await admin.open('/master/sessions');
  await admin.main.getByText('admin').first().waitFor();
  admin.assertNothingFailed();
});
