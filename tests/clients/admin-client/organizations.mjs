// organizations: members, invitations, groups, linked providers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, refused } from '../kit.mjs';

export function organizations(world) {
  test('organizations: members, invitations, groups, providers', async () => {
    const { admin, mailbox, realm } = world;
    const { organizations } = admin;
    await admin.realms.update({ realm }, { organizationsEnabled: true });
    const { id } = await organizations.create({ name: 'Acme', alias: 'acme', enabled: true, domains: [{ name: 'acme.example', verified: false }], attributes: { kind: ['firm'] } });
    const organization = await organizations.findOne({ id });
    assert.deepEqual(organization.domains, [{ name: 'acme.example', verified: false }]);
    assert.deepEqual((await organizations.find({ search: 'Acme' })).map((one) => one.id), [id]);
    await organizations.updateById({ id }, { ...organization, description: 'makes everything' });
    assert.equal((await organizations.findOne({ id })).description, 'makes everything');
    await refused(organizations.create({ name: 'Acme' }), 409);
    const credentials = [{ type: 'password', value: PASSWORD }];
    const { id: userId } = await admin.users.create({ username: 'wile', email: 'wile@acme.example', enabled: true, credentials });
    await organizations.addMember({ orgId: id, userId });
    assert.deepEqual((await organizations.listMembers({ orgId: id })).map((one) => one.username), ['wile']);
    assert.equal((await organizations.getMember({ orgId: id, userId })).username, 'wile');
    assert.deepEqual((await organizations.memberOrganizations({ userId })).map((one) => one.id), [id]);
    const { id: guest } = await admin.users.create({ username: 'guest', email: 'guest@example.com', firstName: 'Road', lastName: 'Runner', enabled: true });
    const count = mailbox.mails.length;
    const form = (values) => Object.entries(values).reduce((data, [key, value]) => (data.append(key, value), data), new FormData());
    await organizations.inviteExistingUser({ orgId: id }, form({ id: guest }));
    await organizations.invite({ orgId: id }, form({ email: 'new@acme.example', firstName: 'New', lastName: 'Comer' }));
    await mailbox.until(count + 2);
    const invitations = await organizations.listInvitations({ orgId: id });
    assert.deepEqual(invitations.map((one) => one.email).sort(), ['guest@example.com', 'new@acme.example']);
    const invitationId = invitations[0].id;
    assert.equal((await organizations.findInvitation({ orgId: id, invitationId })).id, invitationId);
    await organizations.resendInvitation({ orgId: id, invitationId });
    for (const one of await organizations.listInvitations({ orgId: id })) await organizations.deleteInvitation({ orgId: id, invitationId: one.id });
    assert.deepEqual(await organizations.listInvitations({ orgId: id }), []);
    const groups = organizations.groups(id);
    const { id: groupId } = await groups.create({ name: 'crew of acme' });
    await groups.addMemberToOrgGroup({ groupId, userId });
    assert.deepEqual((await groups.listMembers({ id: groupId })).map((one) => one.username), ['wile']);
    assert.deepEqual((await groups.listOrgGroups({ id: userId })).map((one) => one.name), ['crew of acme']);
    await groups.removeMemberFromOrgGroup({ groupId, userId });
    await groups.del({ id: groupId });
    await admin.identityProviders.create({ alias: 'acme-idp', providerId: 'oidc', config: { clientId: 'us', clientSecret: 's' } });
    await organizations.linkIdp({ orgId: id, alias: 'acme-idp' });
    assert.deepEqual((await organizations.listIdentityProviders({ orgId: id })).map((one) => one.alias), ['acme-idp']);
    await organizations.unLinkIdp({ orgId: id, alias: 'acme-idp' });
    await organizations.delMember({ orgId: id, userId });
    assert.deepEqual(await organizations.listMembers({ orgId: id }), []);
    await organizations.delById({ id });
    await refused(organizations.findOne({ id }), 404);
    await admin.identityProviders.del({ alias: 'acme-idp' });
    for (const one of [userId, guest]) await admin.users.del({ id: one });
  });
}
