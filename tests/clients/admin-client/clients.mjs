// clients: everything below a client, and client scopes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, PASSWORD, refused, signIn } from '../kit.mjs';

const names = (list) => list.map((item) => item.name).sort();

const mapper = (name) => ({
  name,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-hardcoded-claim-mapper',
  config: { 'claim.name': name, 'claim.value': 'here', 'jsonType.label': 'String', 'access.token.claim': 'true', 'id.token.claim': 'true' },
});

/** Adds, reads, changes and deletes protocol mappers of a client or of a client scope, whose methods differ in one name. */
async function mappers(resource, find, id) {
  await resource.addProtocolMapper({ id }, mapper('one'));
  await resource.addMultipleProtocolMappers({ id }, [mapper('two'), mapper('three')]);
  await refused(resource.addProtocolMapper({ id }, mapper('one')), 409, /Protocol mapper exists with same name/);
  assert.deepEqual(names(await resource.listProtocolMappers({ id })), ['one', 'three', 'two']);
  assert.equal((await resource.findProtocolMappersByProtocol({ id, protocol: 'openid-connect' })).length, 3);
  assert.deepEqual(await resource.findProtocolMappersByProtocol({ id, protocol: 'saml' }), []);
  const one = await resource.findProtocolMapperByName({ id, name: 'one' });
  await resource.updateProtocolMapper({ id, mapperId: one.id }, { ...one, config: { ...one.config, 'claim.value': 'there' } });
  assert.equal((await find({ id, mapperId: one.id })).config['claim.value'], 'there');
  await resource.delProtocolMapper({ id, mapperId: one.id });
  assert.equal(await find({ id, mapperId: one.id }), null);
}

/** Gives a client or a client scope roles in its scope, and takes them away. */
async function scopeMappings(admin, resource, id) {
  await admin.roles.create({ name: 'scoped' });
  const role = await admin.roles.findOneByName({ name: 'scoped' });
  const [{ id: client }] = await admin.clients.find({ clientId: 'account' });
  const view = await admin.clients.findRole({ id: client, roleName: 'view-profile' });
  await resource.addRealmScopeMappings({ id }, [role]);
  assert.deepEqual(names(await resource.listRealmScopeMappings({ id })), ['scoped']);
  assert.ok(!names(await resource.listAvailableRealmScopeMappings({ id })).includes('scoped'));
  assert.ok(names(await resource.listCompositeRealmScopeMappings({ id })).includes('scoped'));
  await resource.addClientScopeMappings({ id, client }, [view]);
  assert.deepEqual(names(await resource.listClientScopeMappings({ id, client })), ['view-profile']);
  assert.ok(!names(await resource.listAvailableClientScopeMappings({ id, client })).includes('view-profile'));
  assert.ok(names(await resource.listCompositeClientScopeMappings({ id, client })).includes('view-profile'));
  const all = await resource.listScopeMappings({ id });
  assert.deepEqual(names(all.realmMappings), ['scoped']);
  assert.deepEqual(names(all.clientMappings.account.mappings), ['view-profile']);
  await resource.delClientScopeMappings({ id, client }, [view]);
  await resource.delRealmScopeMappings({ id }, [role]);
  assert.deepEqual(await resource.listScopeMappings({ id }), {});
  await admin.roles.delByName({ name: 'scoped' });
}

export function clients(world) {
  /** A client that is gone after the work. */
  async function withClient(settings, work) {
    const { id } = await world.admin.clients.create(settings);
    await work(id);
    await world.admin.clients.del({ id });
  }

  test('clients: make, find, change, delete', async () => {
    const { admin } = world;
    const { id } = await admin.clients.create({ clientId: 'till', redirectUris: ['https://till.example.com/*'], attributes: { 'post.logout.redirect.uris': '+' } });
    const client = await admin.clients.findOne({ id });
    assert.equal(client.clientId, 'till');
    assert.equal(client.enabled, true);
    assert.equal(client.protocol, 'openid-connect');
    assert.deepEqual(client.webOrigins, ['https://till.example.com']);
    assert.ok(client.defaultClientScopes.includes('profile'));
    assert.ok(client.optionalClientScopes.includes('offline_access'));
    assert.equal(client.attributes['post.logout.redirect.uris'], '+');
    assert.deepEqual((await admin.clients.find({ clientId: 'till' })).map((one) => one.id), [id]);
    assert.deepEqual((await admin.clients.find({ clientId: 'il', search: true })).map((one) => one.id), [id]);
    assert.equal((await admin.clients.find({ first: 0, max: 2 })).length, 2);
    assert.ok((await admin.clients.find({ viewableOnly: true })).length >= 7);
    await admin.clients.update({ id }, { ...client, name: 'The till', webOrigins: ['+'] });
    assert.equal((await admin.clients.findOne({ id })).name, 'The till');
    await refused(admin.clients.create({ clientId: 'till' }), 409, /Client till already exists/);
    await refused(admin.clients.update({ id }, { ...client, rootUrl: 'javascript:alert(1)' }), 400);
    await refused(admin.clients.update({ id: NOBODY }, { clientId: 'nobody' }), 404, /Could not find client/);
    await admin.clients.del({ id });
    assert.equal(await admin.clients.findOne({ id }), null);
  });

  test('clients: roles', () =>
    withClient({ clientId: 'with-roles' }, async (id) => {
      const { admin } = world;
      assert.deepEqual(await admin.clients.createRole({ id, name: 'cashier', description: 'counts' }), { roleName: 'cashier' });
      const role = await admin.clients.findRole({ id, roleName: 'cashier' });
      assert.equal(role.clientRole, true);
      assert.equal(role.containerId, id);
      assert.deepEqual(names(await admin.clients.listRoles({ id })), ['cashier']);
      await admin.clients.updateRole({ id, roleName: 'cashier' }, { ...role, description: 'counts well' });
      assert.equal((await admin.clients.findRole({ id, roleName: 'cashier' })).description, 'counts well');
      const { id: user } = await admin.users.create({ username: 'counter' });
      await admin.users.addClientRoleMappings({ id: user, clientUniqueId: id, roles: [{ id: role.id, name: role.name }] });
      assert.deepEqual((await admin.clients.findUsersWithRole({ id, roleName: 'cashier' })).map((one) => one.id), [user]);
      await refused(admin.clients.createRole({ id, name: 'cashier' }), 409, /Role with name cashier already exists/);
      await admin.clients.delRole({ id, roleName: 'cashier' });
      assert.equal(await admin.clients.findRole({ id, roleName: 'cashier' }), null);
      assert.deepEqual(await admin.users.listClientRoleMappings({ id: user, clientUniqueId: id }), []);
      await admin.users.del({ id: user });
    }));

  test('clients: secret, registration access token, service account', () =>
    withClient({ clientId: 'confidential', secret: 'chosen-by-somebody', serviceAccountsEnabled: true }, async (id) => {
      const { admin, base, realm } = world;
      assert.deepEqual(await admin.clients.getClientSecret({ id }), { type: 'secret', value: 'chosen-by-somebody' });
      const { value } = await admin.clients.generateNewClientSecret({ id });
      assert.equal((await admin.clients.getClientSecret({ id })).value, value);
      await admin.clients.invalidateSecret({ id }).catch((error) => assert.equal(error.response.status, 404));
      const { registrationAccessToken } = await admin.clients.generateRegistrationAccessToken({ id });
      const own = await fetch(`${base}/realms/${realm}/clients-registrations/openid-connect/confidential`, {
        headers: { authorization: `Bearer ${registrationAccessToken}` },
      });
      assert.equal((await own.json()).client_id, 'confidential');
      const account = await admin.clients.getServiceAccountUser({ id });
      assert.equal(account.username, 'service-account-confidential');
      assert.equal(account.serviceAccountClientId, undefined);
      const form = { grant_type: 'client_credentials', client_id: 'confidential', client_secret: value };
      const answer = await fetch(`${base}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
      assert.equal(answer.status, 200);
    }));

  test('clients: scopes that are given always or on demand', () =>
    withClient({ clientId: 'scopes-of-client' }, async (id) => {
      const { admin } = world;
      const { id: clientScopeId } = await admin.clientScopes.create({ name: 'of-client', protocol: 'openid-connect' });
      await admin.clients.addDefaultClientScope({ id, clientScopeId });
      assert.ok(names(await admin.clients.listDefaultClientScopes({ id })).includes('of-client'));
      await admin.clients.delDefaultClientScope({ id, clientScopeId });
      await admin.clients.addOptionalClientScope({ id, clientScopeId });
      assert.ok(names(await admin.clients.listOptionalClientScopes({ id })).includes('of-client'));
      await admin.clients.delOptionalClientScope({ id, clientScopeId });
      assert.ok(!names(await admin.clients.listOptionalClientScopes({ id })).includes('of-client'));
      await refused(admin.clients.addDefaultClientScope({ id, clientScopeId: NOBODY }), 404, /Client scope not found/);
      await admin.clientScopes.del({ id: clientScopeId });
    }));

  test('clients: protocol mappers and roles in scope', () =>
    withClient({ clientId: 'mapped', fullScopeAllowed: false }, async (id) => {
      await mappers(world.admin.clients, world.admin.clients.findProtocolMapperById, id);
      await scopeMappings(world.admin, world.admin.clients, id);
    }));

  test('clients: what a token would hold', () =>
    withClient({ clientId: 'evaluated', protocolMappers: [mapper('shop')] }, async (id) => {
      const { admin } = world;
      const { id: userId } = await admin.users.create({ username: 'example', email: 'example@example.com', enabled: true });
      const access = await admin.clients.evaluateGenerateAccessToken({ id, scope: 'openid email', userId, audience: '' });
      assert.equal(access.shop, 'here');
      assert.equal(access.azp, 'evaluated');
      assert.equal(access.email, 'example@example.com');
      assert.equal((await admin.clients.evaluateGenerateIdToken({ id, scope: 'openid', userId })).sub, userId);
      assert.equal((await admin.clients.evaluateGenerateUserInfo({ id, scope: 'openid', userId })).preferred_username, 'example');
      const held = await admin.clients.evaluateListProtocolMapper({ id, scope: 'openid' });
      assert.ok(held.some((one) => one.mapperName === 'shop' && one.containerType === 'client'));
      const granted = await admin.clients.evaluatePermission({ id, scope: 'openid', roleContainer: world.realm, type: 'granted' });
      assert.ok(names(granted).includes('offline_access'));
      assert.deepEqual(await admin.clients.evaluatePermission({ id, scope: 'openid', roleContainer: world.realm, type: 'not-granted' }), []);
      await admin.users.del({ id: userId });
    }));

  test('clients: sessions', () =>
    withClient({ clientId: 'busy', publicClient: true, directAccessGrantsEnabled: true }, async (id) => {
      const { admin, base, realm } = world;
      const credentials = [{ type: 'password', value: PASSWORD }];
      const names = { firstName: 'Ada', lastName: 'Lovelace', email: 'caller@example.com' };
      const { id: user } = await admin.users.create({ username: 'caller', enabled: true, ...names, credentials });
      await signIn(base, realm, { client_id: 'busy' }, 'caller');
      await signIn(base, realm, { client_id: 'busy' }, 'caller', 'openid offline_access');
      assert.ok((await admin.clients.getSessionCount({ id })).count >= 1);
      assert.deepEqual(await admin.clients.getOfflineSessionCount({ id }), { count: 1 });
      const [session] = await admin.clients.listSessions({ id, first: 0, max: 1 });
      assert.equal(session.username, 'caller');
      const [offline] = await admin.clients.listOfflineSessions({ id });
      assert.equal(offline.userId, user);
      const stats = await admin.realms.getClientSessionStats({ realm });
      const { active, offline: kept } = stats.find((one) => one.clientId === 'busy');
      assert.deepEqual([typeof active, kept], ['string', '1']);
      await admin.realms.removeSession({ realm, sessionId: session.id });
      assert.equal(await admin.realms.removeSession({ realm, sessionId: NOBODY }), null);
      await admin.realms.deleteSession({ realm, session: offline.id, isOffline: true });
      assert.deepEqual(await admin.clients.getOfflineSessionCount({ id }), { count: 0 });
      await signIn(base, realm, { client_id: 'busy' }, 'caller');
      await admin.realms.logoutAll({ realm });
      assert.deepEqual(await admin.clients.getSessionCount({ id }), { count: 0 });
      await admin.users.del({ id: user });
    }));

  test('clients: what an application is configured with, nodes, revocation', () =>
    withClient({ clientId: 'installed', secret: 'installed-secret-00', adminUrl: '' }, async (id) => {
      const { admin, realm } = world;
      const adapter = await admin.clients.getInstallationProviders({ id, providerId: 'keycloak-oidc-keycloak-json' });
      const settings = typeof adapter === 'string' ? JSON.parse(adapter) : adapter;
      assert.equal(settings.realm, realm);
      assert.equal(settings.resource, 'installed');
      assert.equal(settings.credentials.secret, 'installed-secret-00');
      assert.match(await admin.clients.getInstallationProviders({ id, providerId: 'keycloak-oidc-jboss-subsystem-cli' }), /installed/);
      await refused(admin.clients.getInstallationProviders({ id, providerId: 'no-such-provider' }), 404);
      await admin.clients.addClusterNode({ id, node: '127.0.0.1' });
      assert.deepEqual(Object.keys((await admin.clients.findOne({ id })).registeredNodes), ['127.0.0.1']);
      assert.equal(typeof (await admin.clients.testNodesAvailable({ id })), 'object');
      await admin.clients.deleteClusterNode({ id, node: '127.0.0.1' });
      assert.equal(typeof (await admin.clients.pushRevocation({ id })), 'object');
    }));

  test('clients: certificates', () =>
    withClient({ clientId: 'certified' }, async (id) => {
      const { admin } = world;
      const attr = 'jwt.credential';
      assert.deepEqual(await admin.clients.getKeyInfo({ id, attr }), {});
      const made = await admin.clients.generateKey({ id, attr });
      assert.ok(made.certificate.length > 100);
      assert.equal((await admin.clients.getKeyInfo({ id, attr })).certificate, made.certificate);
      const form = new FormData();
      form.append('keystoreFormat', 'Certificate PEM');
      form.append('file', new Blob([made.certificate]), 'certificate.pem');
      const uploaded = await admin.clients.uploadCertificate({ id, attr }, form);
      assert.equal(uploaded.certificate, made.certificate);
    }));

  test('client scopes: make, find, change, delete, mappers and roles', async () => {
    const { admin } = world;
    const { id } = await admin.clientScopes.create({ name: 'address-book', protocol: 'openid-connect', attributes: { 'include.in.token.scope': 'true' } });
    const scope = await admin.clientScopes.findOne({ id });
    assert.equal(scope.attributes['include.in.token.scope'], 'true');
    assert.equal((await admin.clientScopes.findOneByName({ name: 'address-book' })).id, id);
    assert.ok((await admin.clientScopes.find()).length >= 13);
    await admin.clientScopes.update({ id }, { ...scope, description: 'addresses' });
    assert.equal((await admin.clientScopes.findOne({ id })).description, 'addresses');
    await refused(admin.clientScopes.create({ name: 'address-book', protocol: 'openid-connect' }), 409, /Client Scope address-book already exists/);
    await refused(admin.clientScopes.create({ name: 'two words', protocol: 'openid-connect' }), 400);
    await mappers(admin.clientScopes, admin.clientScopes.findProtocolMapper, id);
    await scopeMappings(admin, admin.clientScopes, id);
    await admin.clientScopes.addDefaultClientScope({ id });
    assert.ok(names(await admin.clientScopes.listDefaultClientScopes()).includes('address-book'));
    await admin.clientScopes.delDefaultClientScope({ id });
    await admin.clientScopes.addDefaultOptionalClientScope({ id });
    assert.ok(names(await admin.clientScopes.listDefaultOptionalClientScopes()).includes('address-book'));
    await admin.clientScopes.delDefaultOptionalClientScope({ id });
    await admin.clientScopes.del({ id });
    assert.equal(await admin.clientScopes.findOne({ id }), null);
    await admin.clientScopes.create({ name: 'address-book', protocol: 'openid-connect' });
    await admin.clientScopes.delByName({ name: 'address-book' });
  });
}
