// The authorization client of `@modelcontextprotocol/sdk`, unmodified, in all its shapes: it finds the server, registers itself at
// realm `demo`, or describes itself at an address of its own, sends a person, and gets tokens for its resource.
import { auth, discoverAuthorizationServerMetadata } from '@modelcontextprotocol/sdk/client/auth.js';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { PASSWORD, startServer } from '../browser/server.mjs';

const PAGE = 'http://localhost:6274';
let server, issuer, resource, site, folder;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vestibule-mcp-'));
  const at = (name) => path.join(folder, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  // An authority, and the certificate of a site by it.
  const [authority, key, certificate] = ['authority.pem', 'key.pem', 'certificate.pem'].map(at);
  openssl('req', '-x509', ...ec, '-days', '2', '-subj', '/CN=Test authority', '-keyout', at('authority.key'), '-out', authority);
  openssl('req', ...ec, '-subj', '/CN=localhost', '-keyout', key, '-out', at('request.pem'));
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost');
  const signed = ['x509', '-req', '-days', '2', '-in', at('request.pem'), '-CA', authority, '-CAkey', at('authority.key'), '-CAcreateserial'];
  openssl(...signed, '-extfile', at('names'), '-out', certificate);
  site = await startSite({ key: readFileSync(key), cert: readFileSync(certificate) });
  server = await startServer('--egress-allow', '127.0.0.0/8', '--egress-ca', authority);
  issuer = `${server.base}/realms/demo`;
  await server.user('demo', 'ada');
  resource = await startResource();
});
after(async () => {
  await server?.stop();
  resource?.close();
  site?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(listening) {
  await new Promise((ready) => listening.listen(0, '127.0.0.1', ready));
  return listening;
}

/** An MCP server, as far as RFC 9728 goes. */
async function startResource() {
  const listening = await listen(
    createServer((request, response) => {
      const known = request.url.startsWith('/.well-known/oauth-protected-resource');
      response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' });
      response.end(known ? JSON.stringify({ resource: resource.address, authorization_servers: [issuer], ...resource.more }) : '{}');
    }),
  );
  return Object.assign(listening, { address: `http://localhost:${listening.address().port}/mcp`, more: {} });
}

/** A site with the descriptions of clients. */
async function startSite(tls) {
  const pages = {};
  const listening = await listen(
    createSecureServer(tls, (request, response) => {
      response.writeHead(pages[request.url] ? 200 : 404, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(pages[request.url] ?? {}));
    }),
  );
  return Object.assign(listening, { pages, base: `https://localhost:${listening.address().port}` });
}

/** What an application keeps, as the SDK's examples do it. */
class Application {
  constructor(metadata, more = {}) {
    const kept = {};
    this.redirectUrl = metadata.redirect_uris[0];
    this.clientMetadata = { client_name: 'MCP test', ...metadata };
    this.kept = kept;
    this.state = () => 'state-1';
    this.clientInformation = () => kept.client;
    this.saveClientInformation = (client) => (kept.client = client);
    this.tokens = () => kept.tokens;
    this.saveTokens = (tokens) => (kept.tokens = tokens);
    this.redirectToAuthorization = (url) => (kept.url = url);
    this.saveCodeVerifier = (verifier) => (kept.verifier = verifier);
    this.codeVerifier = () => kept.verifier;
    Object.assign(this, more);
  }
}

/** `fetch` of a page in a browser: asks first where a browser does, and reads only what it may. */
async function asPage(address, init = {}) {
  const headers = new Headers(init.headers);
  const simple = /^application\/x-www-form-urlencoded/.test(headers.get('content-type') ?? '') || !headers.has('content-type');
  const unusual = [...headers.keys()].filter((name) => !['accept', 'content-type'].includes(name) || (name === 'content-type' && !simple));
  if (unusual.length > 0) {
    const asked = { Origin: PAGE, 'Access-Control-Request-Method': init.method ?? 'GET', 'Access-Control-Request-Headers': unusual.join(',') };
    const allowed = await fetch(address, { method: 'OPTIONS', headers: asked });
    const named = (allowed.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(',').map((name) => name.trim());
    if (!allowed.ok || !unusual.every((name) => named.includes(name) || named.includes('*'))) throw new TypeError(`preflight of ${address}: ${named}`);
  }
  headers.set('Origin', PAGE);
  const answer = await fetch(address, { ...init, headers });
  if (![PAGE, '*'].includes(answer.headers.get('access-control-allow-origin'))) throw new TypeError(`${address} may not be read`);
  return answer;
}

/** A person without a browser: signs in, says yes, and is sent back; gives the answer's parameters. */
async function person(url, expected) {
  const cookies = new Map();
  const unescape = (text) => text.replaceAll('&amp;', '&').replaceAll('&#x2f;', '/').replaceAll('&quot;', '"');
  let next = { address: url.href };
  const seen = [];
  for (let steps = 0; steps < 12; steps++) {
    const headers = { Accept: 'text/html', Cookie: [...cookies].map((one) => one.join('=')).join('; ') };
    const answer = await fetch(next.address, { method: next.form ? 'POST' : 'GET', body: next.form, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    if (to?.startsWith(expected)) return { answer: new URL(to).searchParams, page: seen.join('\n') };
    if (to) {
      next = { address: new URL(to, server.base).href };
      continue;
    }
    const page = await answer.text();
    seen.push(page);
    const action = unescape(page.match(/<form[^>]*action="([^"]*)"/)?.[1] ?? '');
    assert.ok(action, `${answer.status} ${page}`);
    const code = page.match(/name="code" value="([^"]*)"/)?.[1];
    const form = code === undefined ? { username: 'ada', password: PASSWORD } : { code, accept: 'Yes' };
    next = { address: new URL(action, server.base).href, form: new URLSearchParams(form) };
  }
  throw new Error('the person is sent around');
}

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** The whole way, twice: by a person, then by the refresh token where there is one. */
async function whole(application, { redirect = application.redirectUrl, fetchFn, scope } = {}) {
  const options = { serverUrl: resource.address, fetchFn, scope };
  assert.equal(await auth(application, options), 'REDIRECT');
  application.redirectUrl = redirect;
  if (redirect !== application.clientMetadata.redirect_uris[0]) application.kept.url.searchParams.set('redirect_uri', redirect);
  const { answer, page } = await person(application.kept.url, redirect);
  assert.equal(answer.get('state'), 'state-1');
  assert.equal(answer.get('iss'), issuer);
  assert.equal(await auth(application, { ...options, authorizationCode: answer.get('code') }), 'AUTHORIZED');
  const first = application.kept.tokens;
  assert.equal(claims(first.access_token).azp, application.kept.client.client_id);
  assert.equal(await auth(application, options), 'AUTHORIZED', 'by the refresh token');
  assert.notEqual(application.kept.tokens.access_token, first.access_token);
  return { tokens: application.kept.tokens, page };
}

test('the server is found at every address where a client looks', async () => {
  const by = (refused) => (address, init) => (String(address).includes(refused) ? new Response(null, { status: 404 }) : fetch(address, init));
  for (const refused of ['nothing', '/.well-known/oauth-authorization-server/']) {
    const found = await discoverAuthorizationServerMetadata(issuer, { fetchFn: by(refused) });
    assert.equal(found.issuer, issuer);
    assert.ok(found.registration_endpoint && found.code_challenge_methods_supported.includes('S256'));
  }
});

for (const redirect of ['http://localhost/callback', 'http://127.0.0.1:33418/', 'http://[::1]:33418/callback']) {
  test(`a public client at ${redirect}, on whatever port it listens this time`, async () => {
    const metadata = { redirect_uris: [redirect], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
    const application = new Application({ ...metadata, application_type: 'native' });
    await whole(application, { redirect: redirect.replace('33418', '49152').replace('localhost/', 'localhost:49152/') });
    assert.equal(application.kept.client.client_secret, undefined);
  });
}

for (const method of ['client_secret_basic', 'client_secret_post', undefined]) {
  test(`a client with a secret (${method ?? 'as it is usual'})`, async () => {
    const application = new Application({ redirect_uris: ['http://localhost:8091/cb'], ...(method && { token_endpoint_auth_method: method }) });
    await whole(application);
    assert.ok(application.kept.client.client_secret);
  });
}

test('scopes: none, known ones, ones that nobody knows, and offline access', async () => {
  const metadata = { redirect_uris: ['http://localhost:8091/cb'], token_endpoint_auth_method: 'none' };
  for (const scope of [undefined, 'openid profile', 'mcp:tools', 'openid email mcp:tools offline_access']) {
    const application = new Application(metadata);
    await auth(application, { serverUrl: resource.address, scope });
    assert.ok(application.kept.client.client_id, `${scope}`);
  }
  const { tokens } = await whole(new Application(metadata), { scope: 'openid profile offline_access' });
  assert.match(tokens.scope, /offline_access/);
  assert.ok(tokens.id_token);
  resource.more = { scopes_supported: ['openid', 'email'] };
  const application = new Application(metadata);
  assert.match((await whole(application)).tokens.scope, /email/);
  resource.more = {};
});

test('a token is for the resource where the realm knows it, and the resource is no fault where it does not', async () => {
  const application = () => new Application({ redirect_uris: ['http://localhost:8091/cb'], token_endpoint_auth_method: 'none' });
  await whole(application());
  const attributes = { 'resource.servers': JSON.stringify([{ id: resource.address }]) };
  await server.admin('PUT', '/demo', { attributes });
  assert.equal(claims((await whole(application())).tokens.access_token).aud, resource.address);
  await server.admin('PUT', '/demo', { attributes: { 'resource.servers': '' } });
});

test('a page in a browser does all that, and may read why it is refused', async () => {
  const application = new Application({ redirect_uris: [`${PAGE}/oauth/callback`], token_endpoint_auth_method: 'none', client_uri: PAGE });
  await whole(application, { fetchFn: asPage });
  const bad = new Application({ redirect_uris: ['javascript:alert(1)'], token_endpoint_auth_method: 'none' });
  await assert.rejects(auth(bad, { serverUrl: resource.address, fetchFn: asPage }), /redirect/i);
  const disguised = new Application({ client_name: 'Keycloak', redirect_uris: [`${PAGE}/cb`], token_endpoint_auth_method: 'none' });
  await assert.rejects(auth(disguised, { serverUrl: resource.address, fetchFn: asPage }), /name/i);
});

test('clients that run elsewhere, or as programs with addresses of their own, register from this machine', async () => {
  for (const metadata of [
    { redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'] },
    { redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'], token_endpoint_auth_method: 'client_secret_post' },
    { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback', 'http://localhost:8765/callback'] },
    { redirect_uris: ['http://127.0.0.1:33418', 'http://127.0.0.1:33418/', 'https://vscode.dev/redirect'] },
    { redirect_uris: ['http://localhost:6274/oauth/callback'], client_uri: 'https://github.com/modelcontextprotocol/inspector' },
    { redirect_uris: ['com.example.app:/cb'] },
  ]) {
    const application = new Application({ token_endpoint_auth_method: 'none', ...metadata });
    assert.equal(await auth(application, { serverUrl: resource.address }), 'REDIRECT');
    assert.deepEqual(application.kept.client.redirect_uris, metadata.redirect_uris);
  }
});

test('a client that describes itself at an address of its own', async () => {
  await server.admin('PUT', '/demo', { attributes: { 'clientRegistration.cimd': 'on' } });
  const address = `${site.base}/mcp/client.json`;
  const metadata = { client_name: 'Described', redirect_uris: ['http://127.0.0.1:33418/callback'], token_endpoint_auth_method: 'none' };
  site.pages['/mcp/client.json'] = { client_id: address, ...metadata };
  const application = new Application(metadata, { clientMetadataUrl: address });
  const { page } = await whole(application, { redirect: 'http://127.0.0.1:49152/callback' });
  assert.equal(application.kept.client.client_id, address);
  assert.match(page, /Unverified application/);
  const [kept] = await server.admin('GET', `/demo/clients?clientId=${encodeURIComponent(address)}`);
  assert.equal(kept.name, 'Described');
});
