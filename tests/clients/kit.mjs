// What the suites of this folder share: a server, the unmodified client of npm signed in to it, and a mailbox.
//
// With BASE (and ADMIN, PASSWORD) in the environment they run against that server, a Keycloak too, instead of one of their own.
import KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { ADMIN, ADMIN_PASSWORD, startServer } from '../browser/server.mjs';

export const PASSWORD = 'StrongPass123!';
export const NOBODY = '00000000-0000-0000-0000-000000000000';
export const administrator = { username: process.env.ADMIN ?? ADMIN, password: process.env.PASSWORD ?? ADMIN_PASSWORD };

/** `resource.method` of everything that a suite called. */
export const called = new Set();

/** A server of our own, or the one that the environment names. */
export async function start() {
  return process.env.BASE ? { base: process.env.BASE, stop: async () => {} } : startServer();
}

/** The client, signed in as the administrator; what is called on it is noted in `called`. */
export async function connect(base, clientId = 'admin-cli', enableExperimentalApis = false) {
  // Signs in at `master`, and refreshes there, whatever realm the other one is about.
  const identity = new KeycloakAdminClient({ baseUrl: base, realmName: 'master' });
  await identity.auth({ ...administrator, grantType: 'password', clientId });
  const admin = new KeycloakAdminClient({ baseUrl: base, realmName: 'master', enableExperimentalApis });
  admin.registerTokenProvider({ getAccessToken: () => identity.getAccessToken() });
  for (const [name, resource] of resources(admin)) {
    for (const method of methods(resource)) {
      const original = resource[method];
      resource[method] = (...args) => {
        called.add(`${name}.${method}`);
        return original.apply(resource, args);
      };
    }
  }
  return admin;
}

export const resources = (admin) => Object.entries(admin).filter(([, value]) => methods(value).length > 0);
export const methods = (resource) =>
  Object.entries(resource ?? {}).filter(([name, value]) => typeof value === 'function' && !/^make(Update)?Request$/.test(name)).map(([name]) => name);

/** The call is refused with this status and, where it is given, this text in the body. */
export async function refused(call, status, text) {
  await assert.rejects(call, (error) => {
    assert.equal(error.response?.status, status, `${error.message} ${JSON.stringify(error.responseData)}`);
    if (text) assert.match(JSON.stringify(error.responseData), text);
    return true;
  });
}

/** Tokens for a person, by their password. */
export async function signIn(base, realm, client, username, scope = 'openid') {
  const form = { grant_type: 'password', ...client, username, password: PASSWORD, scope };
  const answer = await fetch(`${base}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
  const tokens = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(tokens));
  return tokens;
}

/** A mail server that keeps what it is sent; `mailbox.realm` is a realm's setting for it. */
export async function startMailbox() {
  const mails = [];
  const server = createServer((socket) => {
    let text = '';
    let letter = null;
    socket.setEncoding('utf8').on('error', () => {});
    socket.write('220 mailbox ESMTP\r\n');
    socket.on('data', (chunk) => {
      text += chunk;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (letter !== null && line !== '.') letter += `${line}\n`;
        else if (letter !== null) {
          mails.push(letter);
          letter = null;
          socket.write('250 kept\r\n');
        } else if (/^DATA/i.test(line)) {
          letter = '';
          socket.write('354 go on\r\n');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else socket.write('250 mailbox\r\n');
      }
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const until = async (count) => {
    for (let tries = 0; mails.length < count && tries < 100; tries++) await new Promise((wait) => setTimeout(wait, 100));
    assert.ok(mails.length >= count, `${mails.length} mails of ${count} came`);
  };
  const realm = { host: '127.0.0.1', port: String(server.address().port), from: 'realm@example.com' };
  return { mails, until, realm, stop: () => new Promise((closed) => server.close(closed)) };
}
