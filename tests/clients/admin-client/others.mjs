// What is left: components, identity providers, client policies, attack detection, server info, and what is off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, PASSWORD, connect, refused } from '../kit.mjs';

// Features that are off, as in a Keycloak that is started without them, and methods for servers of old.
const authorization = `getResourceServer updateResourceServer listResources createResource getResource updateResource delResource
  importResource exportResource evaluateResource listPolicies findPolicyByName updatePolicy createPolicy findOnePolicyWithType
  findOnePolicy listDependentPolicies delPolicy listPolicyProviders listAllScopes listAllResourcesByScope listAllPermissionsByScope
  listPermissionsByResource listScopesByResource listPermissionScope createAuthorizationScope updateAuthorizationScope
  getAuthorizationScope delAuthorizationScope findPermissions createPermission updatePermission delPermission findOnePermission
  getAssociatedScopes getAssociatedResources getAssociatedPolicies updateFineGrainPermission listFineGrainPermissions
  evaluateGenerateSamlResponse downloadKey generateAndDownloadKey uploadKey`;
const verifiable = `listVerifiableCredentials createVerifiableCredential revokeVerifiableCredential updateVerifiableCredential
  sendVerifiableCredentialOffer listIssuedVerifiableCredentials revokeIssuedVerifiableCredential`;
const of = (resource, names) => names.split(/\s+/).map((method) => `${resource}.${method}`);
const NOT_THERE = [
  ...of('clients', authorization),
  ...of('users', `${verifiable} removeTotp`),
  ...['groups', 'roles', 'identityProviders'].flatMap((resource) => of(resource, 'updatePermission listPermissions')),
  ...of('userStorageProvider', 'name removeImportedUsers sync unlinkUsers mappersSync'),
  ...of('realms', 'getUsersManagementPermissions updateUsersManagementPermissions testLDAPConnection ldapServerCapabilities'),
  ...of('workflows', 'find scheduled findOne update create createAsYaml delById'),
  ...of('identityProviders', 'uploadCertificate'), // without a file
  ...of('authenticationManagement', 'addExecution'),
];

export function others(world) {
  test('components: make, find, change, delete', async () => {
    const { admin } = world;
    const providerType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';
    const { id: parent } = await admin.realms.findOne({ realm: world.realm });
    const { id } = await admin.components.create({ name: 'few', providerId: 'max-clients', providerType, subType: 'anonymous', parentId: parent, config: { 'max-clients': ['3'] } });
    const component = await admin.components.findOne({ id });
    assert.deepEqual(component.config, { 'max-clients': ['3'] });
    assert.ok((await admin.components.find({ type: providerType })).some((one) => one.id === id));
    assert.deepEqual((await admin.components.find({ name: 'few', parent, type: providerType })).map((one) => one.id), [id]);
    await admin.components.update({ id }, { ...component, config: { 'max-clients': ['4'] } });
    assert.deepEqual((await admin.components.findOne({ id })).config, { 'max-clients': ['4'] });
    assert.ok(Array.isArray(await admin.components.listSubComponents({ id, type: 'org.keycloak.storage.ldap.mappers.LDAPStorageMapper' })));
    await refused(admin.components.create({ name: 'x', providerId: 'no-such', providerType, config: {} }), 400);
    await admin.components.del({ id });
    assert.equal(await admin.components.findOne({ id }), null);
    await refused(admin.components.del({ id: NOBODY }), 404);
  });

  test('identity providers: make, find, map, change, delete', async () => {
    const { identityProviders } = world.admin;
    const alias = 'partner';
    const config = { clientId: 'us', clientSecret: 'ours', authorizationUrl: 'https://p.example.com/a', tokenUrl: 'https://p.example.com/t' };
    const { id } = await identityProviders.create({ alias, providerId: 'oidc', displayName: 'Partner', enabled: true, config });
    assert.equal(id, alias);
    const provider = await identityProviders.findOne({ alias });
    assert.equal(provider.config.clientSecret, '**********');
    assert.equal(provider.config.tokenUrl, config.tokenUrl);
    assert.deepEqual((await identityProviders.find({ search: 'part', briefRepresentation: true })).map((one) => one.alias), [alias]);
    await identityProviders.update({ alias }, { ...provider, trustEmail: true });
    assert.equal((await identityProviders.findOne({ alias })).trustEmail, true);
    const types = await identityProviders.findMapperTypes({ alias });
    assert.ok(types['oidc-hardcoded-role-idp-mapper'].properties.length > 0);
    const identityProviderMapper = { name: 'role', identityProviderAlias: alias, identityProviderMapper: 'oidc-hardcoded-role-idp-mapper', config: { role: 'offline_access', syncMode: 'INHERIT' } };
    const { id: mapperId } = await identityProviders.createMapper({ alias, identityProviderMapper });
    const mapper = await identityProviders.findOneMapper({ alias, id: mapperId });
    assert.equal(mapper.config.role, 'offline_access');
    await identityProviders.updateMapper({ alias, id: mapperId }, { ...mapper, name: 'roles' });
    assert.deepEqual((await identityProviders.findMappers({ alias })).map((one) => one.name), ['roles']);
    await identityProviders.delMapper({ alias, id: mapperId });
    assert.equal(await identityProviders.findOneMapper({ alias, id: mapperId }), null);
    assert.equal(typeof (await identityProviders.reloadKeys({ alias })), 'boolean');
    assert.equal((await identityProviders.findFactory({ providerId: 'google' })).id, 'google');
    await refused(identityProviders.create({ alias, providerId: 'oidc', config }), 409, /Identity Provider partner already exists/);
    await refused(identityProviders.create({ alias: 'x', providerId: 'no-such', config: {} }), 400);
    await assert.rejects(identityProviders.importFromUrl({ fromUrl: 'https://nowhere.invalid/', providerId: 'oidc' }));
    await identityProviders.del({ alias });
    assert.equal(await identityProviders.findOne({ alias }), null);
  });

  test('client policies and profiles', async () => {
    const { clientPolicies } = world.admin;
    const profile = { name: 'ours', executors: [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': 'true' } }] };
    await clientPolicies.createProfiles({ profiles: [profile] });
    const listed = await clientPolicies.listProfiles({ includeGlobalProfiles: true });
    assert.deepEqual(listed.profiles.map((one) => one.name), ['ours']);
    assert.ok(listed.globalProfiles.some((one) => one.name === 'fapi-2-security-profile'));
    const policy = { name: 'ours', enabled: true, conditions: [{ condition: 'any-client', configuration: {} }], profiles: ['ours'] };
    await clientPolicies.updatePolicy({ policies: [policy] });
    assert.deepEqual((await clientPolicies.listPolicies()).policies.map((one) => one.name), ['ours']);
    assert.ok(Array.isArray((await clientPolicies.listPolicies({ includeGlobalPolicies: true })).globalPolicies));
    await refused(clientPolicies.updatePolicy({ policies: [{ ...policy, profiles: ['no such profile'] }] }), 400);
    await clientPolicies.updatePolicy({ policies: [] });
    await clientPolicies.createProfiles({ profiles: [] });
  });

  test('attack detection: counted, shown and forgiven', async () => {
    const { admin, base, realm } = world;
    await admin.realms.update({ realm }, { bruteForceProtected: true, failureFactor: 2 });
    const { id } = await admin.users.create({ username: 'guessed', enabled: true, credentials: [{ type: 'password', value: PASSWORD }] });
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'guessed', password: 'wrong' };
    for (let tries = 0; tries < 2; tries++) {
      await fetch(`${base}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
    }
    // A Keycloak counts in the background.
    let status = await admin.attackDetection.findOne({ id });
    for (let waits = 0; waits < 30 && !status.disabled; waits++) {
      await new Promise((wait) => setTimeout(wait, 100));
      status = await admin.attackDetection.findOne({ id });
    }
    assert.equal(status.disabled, true);
    assert.equal(status.numFailures, 2);
    await admin.attackDetection.del({ id });
    assert.equal((await admin.attackDetection.findOne({ id })).disabled, false);
    await admin.attackDetection.delAll();
    await admin.users.del({ id });
    await admin.realms.update({ realm }, { bruteForceProtected: false });
  });

  test('server info, texts of a theme, who I am', async () => {
    const { admin, base, realm } = world;
    const info = await admin.serverInfo.find();
    assert.match(info.systemInfo.version, /^26\./);
    for (const part of ['themes', 'providers', 'componentTypes', 'features', 'passwordPolicies', 'enums', 'protocolMapperTypes', 'clientInstallations', 'cryptoInfo']) {
      assert.ok(info[part], part);
    }
    const texts = await admin.serverInfo.findEffectiveMessageBundles({ realm, themeType: 'login', locale: 'en', theme: 'keycloak', source: true });
    assert.ok(texts.some((one) => one.key === 'doLogIn'));
    const [console] = await admin.clients.find({ realm: 'master', clientId: 'security-admin-console' });
    await admin.clients.update({ realm: 'master', id: console.id }, { ...console, directAccessGrantsEnabled: true });
    const me = await (await connect(base, 'security-admin-console')).whoAmI.find({ realm: 'master', currentRealm: realm });
    assert.equal(me.createRealm, true);
    assert.ok(me.realm_access[realm].includes('manage-users'));
    await admin.clients.update({ realm: 'master', id: console.id }, console);
    await refused(admin.whoAmI.find({ realm: 'master' }), 403);
  });

  test('caches can be told to forget', async () => {
    const { cache } = world.admin;
    for (const method of ['clearUserCache', 'clearKeysCache', 'clearCrlCache', 'clearRealmCache']) await cache[method]();
  });

  test('what is not there says so', async () => {
    const { admin } = world;
    const { id } = await admin.clients.create({ clientId: 'plain' });
    const { id: user } = await admin.users.create({ username: 'plain' });
    const parameters = { realm: world.realm, alias: 'x', type: 'x', attr: 'x', flow: 'browser', credentialScopeName: 'x', credentialId: NOBODY };
    for (const name of NOT_THERE) {
      const [resource, method] = name.split('.');
      const what = { ...parameters, id: resource === 'users' ? user : id, parentId: id };
      const answer = await admin[resource][method](what, {}).catch((error) => error);
      // The client makes `null` of some 404.
      const status = answer === null ? 404 : answer?.response?.status;
      assert.ok([400, 404, 405, 406, 415, 501].includes(status), `${name}: ${status ?? JSON.stringify(answer)}`);
    }
    await admin.users.del({ id: user });
    await admin.clients.del({ id });
  });
}
