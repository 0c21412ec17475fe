// `@keycloak/keycloak-admin-client` from the npm registry, unmodified, over all of its resources.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authentication } from './admin-client/authentication.mjs';
import { clients } from './admin-client/clients.mjs';
import { groupsAndRoles } from './admin-client/groups-and-roles.mjs';
import { organizations } from './admin-client/organizations.mjs';
import { others } from './admin-client/others.mjs';
import { realms } from './admin-client/realms.mjs';
import { users } from './admin-client/users.mjs';
import { called, connect, methods, resources, start, startMailbox } from './kit.mjs';

const REALM = 'admin-client';

// What is called through another object: groups of an organization are `organizations.groups(id)`.
const LEFT_OUT = ['groups.listOrgGroups', 'groups.addMemberToOrgGroup', 'groups.removeMemberFromOrgGroup'];

const world = { realm: REALM };
let server;

before(async () => {
  server = await start();
  world.base = server.base;
  world.mailbox = await startMailbox();
  world.admin = await connect(server.base);
  await world.admin.realms.del({ realm: REALM }).catch(() => {});
  await world.admin.realms.create({ realm: REALM, enabled: true, smtpServer: world.mailbox.realm });
  world.admin.setConfig({ realmName: REALM });
});
after(async () => {
  await world.admin?.realms.del({ realm: REALM }).catch(() => {});
  await world.mailbox?.stop();
  await server?.stop();
});

realms(world);
users(world);
groupsAndRoles(world);
clients(world);
authentication(world);
organizations(world);
others(world);

test('nothing that the client can do is left out', () => {
  const all = resources(world.admin).flatMap(([name, resource]) => methods(resource).map((method) => `${name}.${method}`));
  const missing = all.filter((name) => !called.has(name) && !LEFT_OUT.includes(name));
  assert.deepEqual(missing, []);
});
