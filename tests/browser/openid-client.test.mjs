// `openid-client` from the npm registry, unmodified: discovery, dynamic registration, code flow with PKCE, and what follows.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { fill, newPerson, startBrowser } from './browser.mjs';
import { PASSWORD, startApplication, startServer } from './server.mjs';

const plainHttp = { execute: [oidc.allowInsecureRequests] };
let server, browser, application, issuer, callback;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  application = await startApplication({ '/cb': '<!doctype html><title>application</title>' });
  callback = `${application.origin}/cb`;
  issuer = new URL(await server.realm('clients'));
  await server.user('clients', 'ada');
});
after(async () => {
  await browser?.close();
  await application?.stop();
  await server?.stop();
});

const initialAccessToken = async () => (await server.admin('POST', '/clients/clients-initial-access', { count: 1, expiration: 600 })).token;

/** Registers a client with a fresh initial access token; the answer is openid-client's configuration for it. */
const register = async (metadata, authentication) =>
  oidc.dynamicClientRegistration(issuer, { redirect_uris: [callback], client_name: 'openid-client', ...metadata }, authentication, {
    ...plainHttp,
    initialAccessToken: await initialAccessToken(),
  });

/** The code flow in a browser; gives the tokens. */
async function codeFlow(config, scope) {
  const page = await newPerson(browser);
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  await page.goto(url.href);
  await fill(page, { username: 'ada', password: PASSWORD });
  await page.click('#kc-login');
  await page.waitForURL(`${callback}?**`);
  const answer = new URL(page.url());
  await page.context().close();
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const grant = () => oidc.authorizationCodeGrant(config, answer, checks);
  return { tokens: await grant(), again: grant };
}

test('discovery, by OpenID Connect and by RFC 8414', async () => {
  for (const algorithm of ['oidc', 'oauth2']) {
    const metadata = (await oidc.discovery(issuer, 'nobody', undefined, oidc.None(), { ...plainHttp, algorithm })).serverMetadata();
    assert.equal(metadata.issuer, issuer.href);
    assert.ok(metadata.supportsPKCE(), 'S256 is announced');
    assert.match(metadata.registration_endpoint, /clients-registrations\/openid-connect$/);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  }
});

test('a public client registers itself, signs a person in, refreshes and revokes', async () => {
  const config = await register({ token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] }, oidc.None());
  assert.equal(config.clientMetadata().client_secret, undefined);
  const { tokens, again } = await codeFlow(config, 'openid profile email');
  const { sub, email } = tokens.claims();
  assert.equal(email, 'ada@example.com');
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).preferred_username, 'ada');
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(renewed.access_token);
  await oidc.tokenRevocation(config, renewed.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(again(), { error: 'invalid_grant' }, 'a code is good once');
});

for (const [method, authentication] of [
  ['client_secret_basic', oidc.ClientSecretBasic],
  ['client_secret_post', oidc.ClientSecretPost],
]) {
  test(`a confidential client registers itself and signs in with ${method}`, async () => {
    const grants = ['authorization_code', 'refresh_token', 'client_credentials'];
    const config = await register({ token_endpoint_auth_method: method, grant_types: grants }, authentication());
    assert.ok(config.clientMetadata().client_secret);
    const own = await oidc.clientCredentialsGrant(config, {});
    assert.ok(own.access_token);
    assert.equal(own.refresh_token, undefined);
    const { tokens } = await codeFlow(config, 'openid');
    assert.equal(tokens.claims().aud, config.clientMetadata().client_id);
  });
}

test('a client registers its key and signs in with private_key_jwt', async () => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'k1', use: 'sig', alg: 'ES256' };
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] }, grant_types: ['client_credentials'] };
  const config = await register(metadata, oidc.PrivateKeyJwt({ key: keys.privateKey, kid: 'k1' }));
  assert.ok((await oidc.clientCredentialsGrant(config, {})).access_token);
});

test('without an initial access token a stranger registers nothing', async () => {
  const registration = oidc.dynamicClientRegistration(issuer, { redirect_uris: ['https://a.example.com/cb'] }, oidc.None(), plainHttp);
  await assert.rejects(registration);
});
