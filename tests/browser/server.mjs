// A Vestibule of its own for one test file: the built binary, a new folder, free ports.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BINARY = path.resolve(ROOT, process.env.VESTIBULE ?? 'target/debug/vestibule');

export const ADMIN = 'admin';
export const ADMIN_PASSWORD = 'admin-Passw0rd!';
export const PASSWORD = 'StrongPass123!';

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a server as `cargo run` does, with more options if there are any. Needs the binary to be built, and fails without it. */
export async function startServer(...more) {
  const data = mkdtempSync(path.join(tmpdir(), 'vestibule-browser-'));
  const port = await freePort();
  const args = ['serve', '--dev', '--data', data, '--http-port', port, '--http-management-port', await freePort(), ...more];
  const child = spawn(BINARY, args.map(String), {
    cwd: data,
    env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN, KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = new Server(child, data, `http://localhost:${port}`);
  child.stdout.on('data', (text) => (server.output += text));
  child.stderr.on('data', (text) => (server.log += text));
  await new Promise((started, failed) => {
    child.once('spawn', started);
    child.once('error', (error) => failed(new Error(`${BINARY}: ${error.message}; cargo build makes it`)));
  });
  await server.ready();
  return server;
}

class Server {
  output = '';
  log = '';
  #child;
  #data;
  #adminToken = { value: '', until: 0 };

  constructor(child, data, base) {
    this.#child = child;
    this.#data = data;
    this.base = base;
  }

  async ready() {
    for (let tries = 0; tries < 150; tries++) {
      const answer = await fetch(`${this.base}/realms/master`).catch(() => null);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null) break;
      await sleep(100);
    }
    await this.stop();
    throw new Error(`the server does not answer at ${this.base}\n${this.output}\n${this.log}`);
  }

  async stop() {
    const ended = new Promise((exit) => this.#child.once('exit', exit));
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) {
      await Promise.race([ended, sleep(5000).then(() => this.#child.kill('SIGKILL'))]);
    }
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** The first address that the server printed beside a label, e.g. `printed(/application/i)`. */
  printed(label) {
    const line = this.output.split('\n').find((text) => label.test(text) && /https?:\/\//.test(text));
    if (!line) throw new Error(`no address for ${label} among what the server printed:\n${this.output}`);
    return line.match(/https?:\/\/[^\s\x1b]+/)[0];
  }

  /** Calls the Admin API as the administrator; the answer must be a success. */
  admin(method, url, body) {
    return this.#call(method, url, 'application/json', body && JSON.stringify(body));
  }

  /** Sends a form to the Admin API, where it takes one. */
  form(url, fields) {
    return this.#call('POST', url, 'application/x-www-form-urlencoded', new URLSearchParams(fields).toString());
  }

  async #call(method, url, type, body) {
    const headers = { Authorization: `Bearer ${await this.#token()}`, 'Content-Type': type };
    const answer = await fetch(`${this.base}/admin/realms${url}`, { method, headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} /admin/realms${url}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  async #token() {
    if (Date.now() > this.#adminToken.until) {
      const form = { grant_type: 'password', client_id: 'admin-cli', username: ADMIN, password: ADMIN_PASSWORD };
      const url = `${this.base}/realms/master/protocol/openid-connect/token`;
      const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
      if (!answer.ok) throw new Error(`the administrator cannot sign in: ${answer.status} ${await answer.text()}`);
      this.#adminToken = { value: (await answer.json()).access_token, until: Date.now() + 30_000 };
    }
    return this.#adminToken.value;
  }

  /** Makes a realm in which people may register. */
  async realm(name, settings = {}) {
    await this.admin('POST', '', { realm: name, enabled: true, registrationAllowed: true, resetPasswordAllowed: true, ...settings });
    return `${this.base}/realms/${name}`;
  }

  /** Makes a user with the password `PASSWORD`. */
  async user(realm, username) {
    const credentials = [{ type: 'password', value: PASSWORD, temporary: false }];
    const names = { email: `${username}@example.com`, firstName: 'Ada', lastName: 'Lovelace' };
    await this.admin('POST', `/${realm}/users`, { username, ...names, enabled: true, emailVerified: true, credentials });
  }

  /** The newest mail to an address, once there are at least `count`; waits five seconds for it. */
  async mail(to, count = 1) {
    for (let tries = 0; tries < 50; tries++) {
      const answer = await fetch(`${this.base}/inbox/messages?to=${encodeURIComponent(to)}`);
      const mails = await answer.json();
      if (mails.length >= count) return mails.toSorted((a, b) => (a.date < b.date ? 1 : -1))[0];
      await sleep(100);
    }
    throw new Error(`${to} got fewer than ${count} mails`);
  }
}

/** Serves files and answers of a test's own application on another origin: `{'/path': body or (request) => body}`. */
export async function startApplication(pages) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, 'http://localhost').pathname];
    if (page === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = request.url.split('?')[0].endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
    response.writeHead(200, { 'Content-Type': type });
    response.end(typeof page === 'function' ? page(request) : page);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    origin: `http://localhost:${server.address().port}`,
    stop: () => new Promise((closed) => server.close(closed) && server.closeAllConnections()),
  };
}
