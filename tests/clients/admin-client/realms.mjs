// realms: settings, keys, events, access tokens for registration, texts, import and export.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, refused } from '../kit.mjs';

export function realms(world) {
  test('realms: make, find, change, rename, delete', async () => {
    const { admin } = world;
    for (const realm of ['transient', 'renamed']) await admin.realms.del({ realm }).catch(() => {});
    assert.deepEqual(await admin.realms.create({ realm: 'transient', enabled: true, displayName: 'For a moment' }), { realmName: 'transient' });
    const realm = await admin.realms.findOne({ realm: 'transient' });
    assert.equal(realm.displayName, 'For a moment');
    assert.equal(realm.accessTokenLifespan, 300);
    assert.ok((await admin.realms.find({ briefRepresentation: true })).some((one) => one.realm === 'transient'));
    assert.ok((await admin.realms.find()).some((one) => one.realm === 'transient' && one.accessTokenLifespan === 300));
    await admin.realms.update({ realm: 'transient' }, { ...realm, ssoSessionIdleTimeout: 600, realm: 'renamed' });
    assert.equal(await admin.realms.findOne({ realm: 'transient' }), null);
    assert.equal((await admin.realms.findOne({ realm: 'renamed' })).ssoSessionIdleTimeout, 600);
    await refused(admin.realms.create({ realm: 'renamed' }), 409, /Realm renamed already exists/);
    await refused(admin.realms.create({ realm: 'a/b' }), 400);
    await refused(admin.realms.create({ realm: 'x', nonsense: true }), 400, /unable to read contents from stream/);
    await admin.realms.del({ realm: 'renamed' });
    await refused(admin.realms.del({ realm: 'renamed' }), 404, /Realm not found/);
  });

  test('realms: keys, and a new one that is used at once', async () => {
    const { admin, realm } = world;
    const before = await admin.realms.getKeys({ realm });
    assert.ok(before.active.RS256 && before.keys.every((key) => key.kid && key.status && key.use));
    const { id } = await admin.components.create({
      name: 'newer',
      providerId: 'ecdsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      config: { priority: ['500'], ecdsaEllipticCurveKey: ['P-256'] },
    });
    const after = await admin.realms.getKeys({ realm });
    assert.equal(after.keys.find((key) => key.kid === after.active.ES256).providerId, id);
    await admin.components.del({ id });
    assert.equal((await admin.realms.getKeys({ realm })).active.ES256, before.active.ES256);
  });

  test('realms: events and admin events', async () => {
    const { admin, base, realm } = world;
    const config = await admin.realms.getConfigEvents({ realm });
    assert.ok(Array.isArray(config.enabledEventTypes) && Array.isArray(config.eventsListeners));
    await admin.realms.updateConfigEvents({ realm }, { ...config, eventsEnabled: true, adminEventsEnabled: true, adminEventsDetailsEnabled: true });
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'nobody', password: 'nothing' };
    await fetch(`${base}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
    const [event] = await admin.realms.findEvents({ realm, type: 'LOGIN_ERROR', client: 'admin-cli', first: 0, max: 1 });
    assert.equal(event.error, 'user_not_found');
    assert.equal(event.details.username, 'nobody');
    assert.deepEqual(await admin.realms.findEvents({ realm, user: NOBODY }), []);
    assert.equal((await admin.realms.findEvents({ realm, dateFrom: '2020-01-01', ipAddress: event.ipAddress })).length > 0, true);
    await admin.roles.create({ name: 'eventful' });
    await admin.roles.delByName({ name: 'eventful' });
    const found = await admin.realms.findAdminEvents({ realm, resourcePath: 'roles*', operationTypes: ['CREATE', 'DELETE'], resourceTypes: ['REALM_ROLE'] });
    assert.deepEqual(found.map((one) => one.operationType), ['DELETE', 'CREATE']);
    assert.equal(JSON.parse(found[1].representation).name, 'eventful');
    assert.ok(found[0].authDetails.userId && found[0].authDetails.clientId && found[0].authDetails.ipAddress);
    assert.deepEqual(await admin.realms.findAdminEvents({ realm, authUser: NOBODY }), []);
    await admin.realms.clearEvents({ realm });
    await admin.realms.clearAdminEvents({ realm });
    assert.deepEqual(await admin.realms.findEvents({ realm }), []);
    assert.deepEqual(await admin.realms.findAdminEvents({ realm }), []);
    await refused(admin.realms.updateConfigEvents({ realm }, { eventsListeners: ['no-such-listener'] }), 400, /Unknown event listener/);
    await admin.realms.updateConfigEvents({ realm }, config);
  });

  test('realms: access tokens for the registration of clients, and its policies', async () => {
    const { admin, realm } = world;
    const made = await admin.realms.createClientsInitialAccess({ realm }, { count: 2, expiration: 600 });
    assert.ok(made.token && made.id && made.timestamp && made.count === 2 && made.remainingCount === 2);
    const [listed] = await admin.realms.getClientsInitialAccess({ realm });
    assert.equal(listed.id, made.id);
    assert.equal(listed.token, undefined);
    await admin.realms.delClientsInitialAccess({ realm, id: made.id });
    assert.deepEqual(await admin.realms.getClientsInitialAccess({ realm }), []);
    const providers = await admin.realms.getClientRegistrationPolicyProviders({ realm });
    assert.ok(providers.some((one) => one.id === 'trusted-hosts' && one.properties.length > 0));
  });

  test('realms: texts of its own', async () => {
    const { admin, realm } = world;
    await admin.realms.addLocalization({ realm, selectedLocale: 'de', key: 'greeting' }, 'Guten Tag „hier“');
    assert.deepEqual(await admin.realms.getRealmSpecificLocales({ realm }), ['de']);
    assert.deepEqual(await admin.realms.getRealmLocalizationTexts({ realm, selectedLocale: 'de' }), { greeting: 'Guten Tag „hier“' });
    await admin.realms.deleteRealmLocalizationTexts({ realm, selectedLocale: 'de', key: 'greeting' });
    assert.deepEqual(await admin.realms.getRealmLocalizationTexts({ realm, selectedLocale: 'de' }), {});
    await refused(admin.realms.deleteRealmLocalizationTexts({ realm, selectedLocale: 'de', key: 'nothing' }), 404);
  });

  test('realms: the mail server, and what applications are told to revoke', async () => {
    const { admin, mailbox, realm } = world;
    // The test mail goes to the administrator who asks for it.
    const [self] = await admin.users.find({ realm: 'master', username: 'admin', exact: true });
    await admin.users.update({ realm: 'master', id: self.id }, { ...self, email: 'admin@example.com' });
    const count = mailbox.mails.length;
    await admin.realms.testSMTPConnection({ realm }, mailbox.realm);
    await mailbox.until(count + 1);
    await refused(admin.realms.testSMTPConnection({ realm }, { ...mailbox.realm, port: '1' }), 500, /Failed to send email/);
    assert.equal(typeof (await admin.realms.pushRevocation({ realm })), 'object');
  });

  test('realms: exported and imported in part', async () => {
    const { admin, realm } = world;
    await admin.groups.create({ name: 'exported' });
    const document = await admin.realms.export({ realm, exportClients: true, exportGroupsAndRoles: true });
    assert.equal(document.realm, realm);
    assert.ok(document.clients.some((one) => one.clientId === 'account'));
    assert.ok(document.groups.some((one) => one.name === 'exported'));
    assert.ok(document.components['org.keycloak.keys.KeyProvider'].length > 0);
    assert.ok(document.authenticationFlows.some((one) => one.alias === 'browser'));
    const rep = { ifResourceExists: 'SKIP', users: [{ username: 'imported', enabled: true }], groups: [{ name: 'exported', path: '/exported' }] };
    const result = await admin.realms.partialImport({ realm, rep });
    assert.deepEqual([result.added, result.skipped, result.overwritten], [1, 1, 0]);
    assert.deepEqual(new Set(result.results.map((one) => `${one.action} ${one.resourceType}`)), new Set(['ADDED USER', 'SKIPPED GROUP']));
    await refused(admin.realms.partialImport({ realm, rep: { ...rep, ifResourceExists: 'FAIL' } }), 409);
    const [user] = await admin.users.find({ username: 'imported' });
    await admin.users.del({ id: user.id });
    const [group] = await admin.groups.find({ search: 'exported' });
    await admin.groups.del({ id: group.id });
  });
}
