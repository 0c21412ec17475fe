// Passkeys with the browser's own authenticator: made when the application asks, used after the password, instead of it, and
// offered beside the field for the name.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFits, assertQuiet, newPerson } from './browser.mjs';
import { makePasskey, withAuthenticator } from './passkey.mjs';
import { openStage } from './stage.mjs';

let stage;

before(async () => {
  stage = await openStage();
  await stage.realm('second');
  await stage.setStep('second', 'webauthn-authenticator', 'ALTERNATIVE');
  await stage.realm('first', { webAuthnPolicyPasswordlessPasskeysEnabled: true });
});
after(() => stage?.close());

test('a passkey is made when the application asks, and asked for after the password', async () => {
  const page = await newPerson(stage.browser, { viewport: { width: 375, height: 740 } });
  await withAuthenticator(page);
  await page.goto(stage.signIn('second', { kc_action: 'webauthn-register' }));
  await stage.sendPassword(page);
  await page.waitForSelector('#registerWebAuthn');
  await assertFits(page, 'the page that makes a passkey');
  await makePasskey(page, 'Laptop');
  const told = await stage.arrived(page);
  assert.equal(told.get('kc_action_status'), 'success');
  assert.deepEqual(await stage.credentials('second'), ['password', 'webauthn: Laptop']);

  await page.context().clearCookies();
  await page.goto(stage.signIn('second'));
  await stage.sendPassword(page);
  assert.equal(await page.innerText('#kc-webauthn-authenticator-label-0'), 'Laptop');
  // The page's script says it in the visitor's own time, once it has been loaded.
  await page.waitForFunction(() =>
    /\d{1,2}:\d\d/.test(document.querySelector('#kc-webauthn-authenticator-created-0').innerText),
  );
  await assertFits(page, 'the page that asks for a passkey');
  await page.click('#authenticateWebAuthnButton');
  await stage.arrived(page);
  assertQuiet(page);
  await page.context().close();
});

test('who sends the browser away is told so, and may try again or cancel', async () => {
  const page = await newPerson(stage.browser);
  const authenticator = await withAuthenticator(page);
  await page.goto(stage.signIn('second', { kc_action: 'webauthn-register' }));
  await stage.sendPassword(page);
  // ada has one already, which this browser has not.
  await page.evaluate(() => { navigator.credentials.get = () => Promise.reject(new DOMException('not now', 'NotAllowedError')); });
  await page.click('#authenticateWebAuthnButton');
  assert.match(await page.innerText('.kc-feedback-text'), /Failed to authenticate by the Passkey/);
  await page.click('#kc-try-again');
  await page.waitForSelector('#authenticateWebAuthnButton');
  await authenticator.remove();
  assertQuiet(page);
  await page.context().close();
});

test('a passkey stands for name and password: by the button, and by itself', async () => {
  const page = await newPerson(stage.browser);
  const authenticator = await withAuthenticator(page);
  await page.goto(stage.signIn('first', { kc_action: 'webauthn-register-passwordless' }));
  await authenticator.quiet(async () => {
    await stage.sendPassword(page);
    await page.waitForSelector('#registerWebAuthn');
  });
  await makePasskey(page, 'Phone');
  await stage.arrived(page);
  assert.deepEqual(await stage.credentials('first'), ['password', 'webauthn-passwordless: Phone']);

  await page.context().clearCookies();
  await authenticator.quiet(async () => {
    await page.goto(stage.signIn('first'));
    assert.equal(await page.getAttribute('#username', 'autocomplete'), 'username webauthn');
    await assertFits(page, 'the page with the button');
  });
  await page.click('#authenticateWebAuthnButton');
  await stage.arrived(page);

  // The browser offers it beside the field, and the person takes it: the authenticator is always willing here.
  await page.context().clearCookies();
  await page.goto(stage.signIn('first'));
  await stage.arrived(page);
  assertQuiet(page);
  await page.context().close();
});

test('without JavaScript the page says what it needs', async () => {
  const page = await newPerson(stage.browser, { javaScriptEnabled: false });
  await page.goto(stage.signIn('second'));
  await stage.sendPassword(page);
  assert.match(await page.innerText('main'), /WebAuthn is not supported by this browser/);
  await page.context().close();
});
