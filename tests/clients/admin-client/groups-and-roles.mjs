// groups and roles: trees, members, composites, who has what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, refused } from '../kit.mjs';

const names = (list) => list.map((item) => item.name).sort();

export function groupsAndRoles(world) {
  test('groups: a tree, searched, counted, moved and deleted', async () => {
    const { admin } = world;
    const { id } = await admin.groups.create({ name: 'tree', attributes: { colour: ['green'] }, description: 'leaves' });
    const { id: branch } = await admin.groups.createChildGroup({ id }, { name: 'branch' });
    const { id: twig } = await admin.groups.createChildGroup({ id: branch }, { name: 'twig' });
    const group = await admin.groups.findOne({ id });
    assert.equal(group.path, '/tree');
    assert.equal(group.subGroupCount, 1);
    assert.deepEqual(group.attributes, { colour: ['green'] });
    assert.deepEqual(group.realmRoles, []);
    assert.deepEqual(group.clientRoles, {});
    assert.deepEqual(names(await admin.groups.listSubGroups({ parentId: id, briefRepresentation: false })), ['branch']);
    assert.deepEqual(await admin.groups.listSubGroups({ parentId: id, search: 'no' }), []);
    const [found] = await admin.groups.find({ search: 'twig' });
    assert.equal(found.subGroups[0].subGroups[0].path, '/tree/branch/twig');
    assert.deepEqual(names(await admin.groups.find({ q: 'colour:green' })), ['tree']);
    assert.equal((await admin.groups.count({ search: 'twig' })).count, 1);
    assert.ok((await admin.groups.count()).count >= 3);
    await admin.groups.update({ id: twig }, { name: 'leaf', attributes: { size: ['1', '2'] } });
    assert.equal((await admin.realms.getGroupByPath({ realm: world.realm, path: 'tree/branch/leaf' })).id, twig);
    await admin.groups.updateRoot({ id: twig, name: 'leaf' });
    assert.equal((await admin.groups.findOne({ id: twig })).path, '/leaf');
    await admin.groups.updateChildGroup({ id }, { id: twig, name: 'leaf' });
    assert.equal((await admin.groups.findOne({ id: twig })).parentId, id);
    await refused(admin.groups.create({ name: 'tree' }), 409, /Top level group named 'tree' already exists/);
    await refused(admin.groups.createChildGroup({ id }, { name: 'branch' }), 409, /Sibling group named 'branch' already exists/);
    await refused(admin.groups.create({}), 400, /Group name is missing/);
    await admin.groups.del({ id });
    assert.equal(await admin.groups.findOne({ id: branch }), null);
    assert.equal(await admin.groups.listSubGroups({ parentId: branch }), null);
    await refused(admin.groups.del({ id: NOBODY }), 404);
  });

  test('groups: members and roles', async () => {
    const { admin } = world;
    const { id } = await admin.groups.create({ name: 'crew' });
    const { id: userId } = await admin.users.create({ username: 'sailor', groups: ['/crew'], enabled: true });
    const [member] = await admin.groups.listMembers({ id, first: 0, max: 10 });
    assert.equal(member.id, userId);
    assert.deepEqual(await admin.groups.listMembers({ id, first: 1 }), []);
    await admin.roles.create({ name: 'crew-role' });
    const role = await admin.roles.findOneByName({ name: 'crew-role' });
    await admin.groups.addRealmRoleMappings({ id, roles: [{ id: role.id, name: role.name }] });
    assert.deepEqual(names(await admin.groups.listRealmRoleMappings({ id })), ['crew-role']);
    assert.deepEqual(names(await admin.groups.listCompositeRealmRoleMappings({ id })), ['crew-role']);
    assert.ok(!names(await admin.groups.listAvailableRealmRoleMappings({ id })).includes('crew-role'));
    assert.ok(names(await admin.users.listCompositeRealmRoleMappings({ id: userId })).includes('crew-role'));
    const [account] = await admin.clients.find({ clientId: 'account' });
    const clientUniqueId = account.id;
    const available = await admin.groups.listAvailableClientRoleMappings({ id, clientUniqueId });
    const view = available.find((one) => one.name === 'view-groups');
    await admin.groups.addClientRoleMappings({ id, clientUniqueId, roles: [{ id: view.id, name: view.name }] });
    assert.deepEqual(names(await admin.groups.listClientRoleMappings({ id, clientUniqueId })), ['view-groups']);
    assert.deepEqual(names(await admin.groups.listCompositeClientRoleMappings({ id, clientUniqueId })), ['view-groups']);
    const all = await admin.groups.listRoleMappings({ id });
    assert.deepEqual(names(all.realmMappings), ['crew-role']);
    assert.deepEqual(names(all.clientMappings.account.mappings), ['view-groups']);
    assert.deepEqual((await admin.groups.findOne({ id })).clientRoles, { account: ['view-groups'] });
    await admin.groups.delClientRoleMappings({ id, clientUniqueId, roles: [{ id: view.id, name: view.name }] });
    await admin.groups.delRealmRoleMappings({ id, roles: [{ id: role.id, name: role.name }] });
    assert.deepEqual(await admin.groups.listRoleMappings({ id }), {});
    await admin.roles.delById({ id: role.id });
    await admin.users.del({ id: userId });
    await admin.groups.del({ id });
  });

  test('groups: those that everybody new is in', async () => {
    const { admin, realm } = world;
    const { id } = await admin.groups.create({ name: 'everybody' });
    await admin.realms.addDefaultGroup({ realm, id });
    assert.deepEqual(names(await admin.realms.getDefaultGroups({ realm })), ['everybody']);
    const { id: newcomer } = await admin.users.create({ username: 'newcomer' });
    assert.deepEqual(names(await admin.users.listGroups({ id: newcomer })), ['everybody']);
    await admin.realms.removeDefaultGroup({ realm, id });
    assert.deepEqual(await admin.realms.getDefaultGroups({ realm }), []);
    await admin.users.del({ id: newcomer });
    await admin.groups.del({ id });
  });

  test('roles: make, find, change, delete, by name and by id', async () => {
    const { admin } = world;
    assert.deepEqual(await admin.roles.create({ name: 'baker', description: 'bread', attributes: { hours: ['early'] } }), { roleName: 'baker' });
    const role = await admin.roles.findOneByName({ name: 'baker' });
    assert.equal(role.composite, false);
    assert.equal(role.clientRole, false);
    assert.deepEqual(role.attributes, { hours: ['early'] });
    assert.deepEqual(await admin.roles.findOneById({ id: role.id }), role);
    assert.deepEqual(names(await admin.roles.find({ search: 'bake' })), ['baker']);
    assert.equal((await admin.roles.find({ first: 0, max: 1 })).length, 1);
    assert.deepEqual((await admin.roles.find({ search: 'baker', briefRepresentation: false }))[0].attributes, { hours: ['early'] });
    await admin.roles.updateByName({ name: 'baker' }, { ...role, description: 'cake' });
    await admin.roles.updateById({ id: role.id }, { ...role, name: 'master-baker' });
    assert.equal(await admin.roles.findOneByName({ name: 'baker' }), null);
    await refused(admin.roles.create({ name: 'master-baker' }), 409, /Role with name master-baker already exists/);
    await refused(admin.roles.create({}), 400);
    await refused(admin.roles.updateByName({ name: 'nobody' }, { name: 'nobody' }), 404, /Could not find role/);
    const { id } = await admin.users.create({ username: 'bun' });
    await admin.users.addRealmRoleMappings({ id, roles: [{ id: role.id, name: 'master-baker' }] });
    assert.deepEqual((await admin.roles.findUsersWithRole({ name: 'master-baker' })).map((user) => user.username), ['bun']);
    assert.equal(await admin.roles.findUsersWithRole({ name: 'nobody' }), null);
    await admin.roles.delByName({ name: 'master-baker' });
    assert.equal(await admin.roles.findOneById({ id: role.id }), null);
    await admin.users.del({ id });
  });

  test('roles: composites, of the realm and of clients', async () => {
    const { admin } = world;
    await admin.roles.create({ name: 'outer' });
    await admin.roles.create({ name: 'inner' });
    const { id } = await admin.roles.findOneByName({ name: 'outer' });
    const inner = await admin.roles.findOneByName({ name: 'inner' });
    const [account] = await admin.clients.find({ clientId: 'account' });
    const view = await admin.clients.findRole({ id: account.id, roleName: 'view-profile' });
    await admin.roles.createComposite({ roleId: id }, [inner, view]);
    assert.equal((await admin.roles.findOneById({ id })).composite, true);
    assert.deepEqual(names(await admin.roles.getCompositeRoles({ id })), ['inner', 'view-profile']);
    assert.deepEqual(names(await admin.roles.getCompositeRoles({ id, search: 'view', first: 0, max: 5 })), ['view-profile']);
    assert.deepEqual(names(await admin.roles.getCompositeRolesForRealm({ id })), ['inner']);
    assert.deepEqual(names(await admin.roles.getCompositeRolesForClient({ id, clientId: account.id })), ['view-profile']);
    await refused(admin.roles.createComposite({ roleId: id }, [{ id: NOBODY, name: 'nobody' }]), 404);
    // A circle is nobody's undoing.
    await admin.roles.createComposite({ roleId: inner.id }, [{ id, name: 'outer' }]).catch(() => {});
    const { id: user } = await admin.users.create({ username: 'circled' });
    await admin.users.addRealmRoleMappings({ id: user, roles: [{ id, name: 'outer' }] });
    assert.ok(names(await admin.users.listCompositeRealmRoleMappings({ id: user })).includes('inner'));
    await admin.users.del({ id: user });
    await admin.roles.delCompositeRoles({ id }, [inner, view]);
    assert.deepEqual(await admin.roles.getCompositeRoles({ id }), []);
    await admin.roles.delById({ id });
    await admin.roles.delById({ id: inner.id });
  });
}
