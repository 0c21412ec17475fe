// users: search, profile, credentials, memberships, role mappings, sessions, consents, mails, identities elsewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, PASSWORD, refused, signIn } from '../kit.mjs';

const names = (list) => list.map((item) => item.name).sort();

export function users(world) {
  const person = (username, more = {}) => ({
    username,
    email: `${username}@example.com`,
    firstName: 'Ada',
    lastName: 'Lovelace',
    enabled: true,
    emailVerified: true,
    credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
    ...more,
  });

  test('users: make, find, change, delete', async () => {
    const { admin } = world;
    const { id } = await admin.users.create(person('grace', { lastName: 'Hopper', attributes: { locale: ['en'] } }));
    const found = await admin.users.findOne({ id });
    assert.equal(found.username, 'grace');
    assert.equal(found.emailVerified, true);
    assert.deepEqual(found.requiredActions, []);
    assert.equal(typeof found.createdTimestamp, 'number');
    assert.equal(typeof found.access.manage, 'boolean');
    await admin.users.update({ id }, { ...found, firstName: 'Amazing', emailVerified: false });
    assert.equal((await admin.users.findOne({ id })).firstName, 'Amazing');
    await refused(admin.users.create(person('grace', { email: 'other@example.com' })), 409, /User exists with same username/);
    await refused(admin.users.create(person('grace2', { email: 'grace@example.com' })), 409, /User exists with same email/);
    await refused(admin.users.create({ username: '' }), 400);
    await refused(admin.users.create({ username: 'x', nonsense: 1 }), 400, /Unrecognized field/);
    await admin.users.del({ id });
    assert.equal(await admin.users.findOne({ id }), null);
    await refused(admin.users.del({ id }), 404);
  });

  test('users: search and count', async () => {
    const { admin } = world;
    const ids = [];
    for (const name of ['search-ann', 'search-anna', 'search-bob']) {
      ids.push((await admin.users.create(person(name, { enabled: name !== 'search-bob' }))).id);
    }
    const usernames = async (query) => (await admin.users.find(query)).map((user) => user.username);
    assert.deepEqual(await usernames({ username: 'search-ann' }), ['search-ann', 'search-anna']);
    assert.deepEqual(await usernames({ username: 'search-ann', exact: true }), ['search-ann']);
    assert.deepEqual(await usernames({ search: 'search-an*' }), ['search-ann', 'search-anna']);
    assert.deepEqual(await usernames({ search: 'search-', first: 1, max: 1 }), ['search-anna']);
    assert.deepEqual(await usernames({ search: 'search-', first: 5000 }), []);
    assert.deepEqual(await usernames({ search: 'search-', enabled: false }), ['search-bob']);
    assert.deepEqual(await usernames({ email: 'search-bob@example.com', exact: true }), ['search-bob']);
    assert.deepEqual(await usernames({ search: `id:${ids[0]}` }), ['search-ann']);
    assert.equal(await admin.users.count({ search: 'search-' }), 3);
    assert.equal(await admin.users.count({ username: 'nobody-at-all' }), 0);
    const [brief] = await admin.users.find({ username: 'search-bob', briefRepresentation: true });
    assert.equal(brief.requiredActions, undefined);
    for (const id of ids) await admin.users.del({ id });
  });

  test('users: the profile and attributes that it does not name', async () => {
    const { admin } = world;
    const before = await admin.users.getProfile();
    assert.deepEqual(before.attributes.map((attribute) => attribute.name), ['username', 'email', 'firstName', 'lastName']);
    const nickname = { name: 'nickname', displayName: 'Nickname', permissions: { view: ['admin', 'user'], edit: ['admin'] }, multivalued: false };
    await admin.users.updateProfile({ ...before, attributes: [...before.attributes, nickname], unmanagedAttributePolicy: 'ADMIN_EDIT' });
    const metadata = await admin.users.getProfileMetadata();
    assert.ok(metadata.attributes.some((attribute) => attribute.name === 'nickname' && attribute.readOnly === false));
    const { id } = await admin.users.create(person('profiled', { attributes: { nickname: ['nick'], elsewhere: ['kept'] } }));
    assert.deepEqual((await admin.users.findOne({ id })).attributes, { nickname: ['nick'], elsewhere: ['kept'] });
    assert.deepEqual(await admin.users.getUnmanagedAttributes({ id }), { elsewhere: ['kept'] });
    const shown = await admin.users.findOne({ id, userProfileMetadata: true });
    assert.ok(shown.userProfileMetadata.attributes.length >= 5);
    assert.deepEqual((await admin.users.find({ q: 'nickname:nick' })).map((user) => user.id), [id]);
    await admin.users.del({ id });
    await refused(admin.users.updateProfile({ attributes: [] }), 400);
    await admin.users.updateProfile(before);
  });

  test('users: passwords and other credentials', async () => {
    const { admin } = world;
    const otp = (userLabel) => ({
      type: 'otp',
      userLabel,
      secretData: JSON.stringify({ value: 'secret-of-an-app' }),
      credentialData: JSON.stringify({ subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' }),
    });
    const { id } = await admin.users.create(person('keeper'));
    const [password] = await admin.users.getCredentials({ id });
    assert.equal(password.type, 'password');
    assert.equal(typeof password.createdDate, 'number');
    assert.equal(JSON.parse(password.credentialData).algorithm, 'argon2');
    assert.equal(password.secretData, undefined);
    await admin.users.updateCredentialLabel({ id, credentialId: password.id }, 'the usual');
    assert.equal((await admin.users.getCredentials({ id }))[0].userLabel, 'the usual');
    const { credentials } = person('keeper');
    const { id: other } = await admin.users.create(person('two-apps', { credentials: [...credentials, otp('first'), otp('second')] }));
    const labels = async () => (await admin.users.getCredentials({ id: other })).map((one) => one.userLabel ?? one.type);
    assert.deepEqual(await labels(), ['password', 'first', 'second']);
    const [, first, second] = await admin.users.getCredentials({ id: other });
    await admin.users.moveCredentialPositionUp({ id: other, credentialId: second.id });
    assert.deepEqual(await labels(), ['second', 'password', 'first']);
    await admin.users.moveCredentialPositionDown({ id: other, credentialId: second.id, newPreviousCredentialId: first.id });
    assert.deepEqual(await labels(), ['password', 'first', 'second']);
    await admin.users.del({ id: other });
    assert.deepEqual(await admin.users.getUserStorageCredentialTypes({ id }), []);
    await admin.users.resetPassword({ id, credential: { type: 'password', value: 'Another-Pass1!', temporary: true } });
    assert.deepEqual((await admin.users.findOne({ id })).requiredActions, ['UPDATE_PASSWORD']);
    await refused(admin.users.resetPassword({ id, credential: { type: 'password', value: '' } }), 400);
    const [again] = await admin.users.getCredentials({ id });
    await admin.users.deleteCredential({ id, credentialId: again.id });
    assert.deepEqual(await admin.users.getCredentials({ id }), []);
    await refused(admin.users.deleteCredential({ id, credentialId: again.id }), 404, /Credential not found/);
    await admin.users.del({ id });
  });

  test('users: groups', async () => {
    const { admin } = world;
    const { id } = await admin.users.create(person('member'));
    const { id: groupId } = await admin.groups.create({ name: 'of-member' });
    await admin.users.addToGroup({ id, groupId });
    const groups = await admin.users.listGroups({ id });
    assert.deepEqual(groups.map(({ path, subGroups }) => ({ path, subGroups })), [{ path: '/of-member', subGroups: [] }]);
    assert.deepEqual(await admin.users.listGroups({ id, search: 'nothing like it' }), []);
    assert.deepEqual(await admin.users.countGroups({ id }), { count: 1 });
    assert.deepEqual(names(await admin.users.listGroups({ id, briefRepresentation: false })), ['of-member']);
    await admin.users.delFromGroup({ id, groupId });
    assert.deepEqual(await admin.users.countGroups({ id }), { count: 0 });
    await refused(admin.users.addToGroup({ id, groupId: NOBODY }), 404, /Group not found/);
    await admin.groups.del({ id: groupId });
    await admin.users.del({ id });
  });

  test('users: roles of the realm and of clients', async () => {
    const { admin } = world;
    const { id } = await admin.users.create(person('worker'));
    await admin.roles.create({ name: 'user-role' });
    const role = await admin.roles.findOneByName({ name: 'user-role' });
    await admin.users.addRealmRoleMappings({ id, roles: [{ id: role.id, name: role.name }] });
    const standard = `default-roles-${world.realm}`;
    assert.deepEqual(names(await admin.users.listRealmRoleMappings({ id })), [standard, 'user-role'].sort());
    assert.ok(!names(await admin.users.listAvailableRealmRoleMappings({ id })).includes('user-role'));
    assert.ok(names(await admin.users.listCompositeRealmRoleMappings({ id })).includes('offline_access'));
    const [account] = await admin.clients.find({ clientId: 'account' });
    const clientUniqueId = account.id;
    const [first] = await admin.users.listAvailableClientRoleMappings({ id, clientUniqueId });
    await admin.users.addClientRoleMappings({ id, clientUniqueId, roles: [{ id: first.id, name: first.name }] });
    assert.deepEqual(names(await admin.users.listClientRoleMappings({ id, clientUniqueId })), [first.name]);
    assert.ok(names(await admin.users.listCompositeClientRoleMappings({ id, clientUniqueId })).includes('view-profile'));
    const all = await admin.users.listRoleMappings({ id });
    assert.deepEqual(names(all.clientMappings.account.mappings), [first.name]);
    assert.equal(all.realmMappings.length, 2);
    await admin.users.delClientRoleMappings({ id, clientUniqueId, roles: [{ id: first.id, name: first.name }] });
    await admin.users.delRealmRoleMappings({ id, roles: [{ id: role.id, name: role.name }] });
    assert.deepEqual(names(await admin.users.listRealmRoleMappings({ id })), [standard]);
    await refused(admin.users.addRealmRoleMappings({ id, roles: [{ id: NOBODY, name: 'user-role-not-there' }] }), 404, /Role not found/);
    await admin.roles.delByName({ name: 'user-role' });
    await admin.users.del({ id });
  });

  test('users: sessions, offline sessions, consents and signing out', async () => {
    const { admin, base, realm } = world;
    const { id } = await admin.users.create(person('visitor'));
    const { id: clientId } = await admin.clients.create({ clientId: 'visited', publicClient: true, directAccessGrantsEnabled: true });
    await signIn(base, realm, { client_id: 'visited' }, 'visitor');
    const [session] = await admin.users.listSessions({ id });
    assert.equal(session.username, 'visitor');
    assert.deepEqual(Object.values(session.clients), ['visited']);
    await signIn(base, realm, { client_id: 'visited' }, 'visitor', 'openid offline_access');
    assert.equal((await admin.users.listOfflineSessions({ id, clientId })).length, 1);
    const [consent] = await admin.users.listConsents({ id });
    assert.equal(consent.clientId, 'visited');
    assert.deepEqual(consent.additionalGrants.map((grant) => grant.key), ['Offline Token']);
    await admin.users.revokeConsent({ id, clientId: 'visited' });
    assert.deepEqual(await admin.users.listConsents({ id }), []);
    await admin.users.logout({ id });
    assert.deepEqual(await admin.users.listSessions({ id }), []);
    await refused(admin.users.revokeConsent({ id, clientId: 'visited' }), 404);
    const { redirect } = await admin.users.impersonation({ id }, { user: id, realm });
    assert.ok(redirect.includes(`/realms/${realm}/account`));
    await admin.clients.del({ id: clientId });
    await admin.users.del({ id });
  });

  test('users: mails', async () => {
    const { admin, mailbox } = world;
    const { id } = await admin.users.create(person('reader', { emailVerified: false }));
    const count = mailbox.mails.length;
    await admin.users.executeActionsEmail({ id, lifespan: 600, actions: ['UPDATE_PASSWORD'] });
    await admin.users.sendVerifyEmail({ id, clientId: 'account' });
    await mailbox.until(count + 2);
    assert.ok(mailbox.mails.slice(count).every((mail) => mail.includes('reader@example.com') && mail.includes('action-token')));
    await refused(admin.users.executeActionsEmail({ id, actions: ['NO_SUCH_ACTION'] }), 400);
    await refused(admin.users.executeActionsEmail({ id, clientId: 'no-such-client', redirectUri: 'https://a.example.com', actions: [] }), 400);
    await admin.users.del({ id });
  });

  test('users: identities at other providers', async () => {
    const { admin } = world;
    const { id } = await admin.users.create(person('linked'));
    await admin.identityProviders.create({ alias: 'far', providerId: 'oidc', config: { clientId: 'us', clientSecret: 'secret' } });
    const federatedIdentity = { identityProvider: 'far', userId: 'far-1', userName: 'linked-there' };
    await admin.users.addToFederatedIdentity({ id, federatedIdentityId: 'far', federatedIdentity });
    assert.deepEqual(await admin.users.listFederatedIdentities({ id }), [federatedIdentity]);
    assert.deepEqual((await admin.users.find({ idpAlias: 'far', idpUserId: 'far-1' })).map((user) => user.id), [id]);
    await refused(admin.users.addToFederatedIdentity({ id, federatedIdentityId: 'far', federatedIdentity }), 409);
    await admin.users.delFromFederatedIdentity({ id, federatedIdentityId: 'far' });
    assert.deepEqual(await admin.users.listFederatedIdentities({ id }), []);
    await admin.identityProviders.del({ alias: 'far' });
    await admin.users.del({ id });
  });
}
