// One-time codes: a device is set up by its picture or by typing, is asked for from then on, and one of several is chosen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { code, scan, setUp } from './authenticator.mjs';
import { assertFits, assertQuiet } from './browser.mjs';
import { openStage } from './stage.mjs';

let stage, key;

before(async () => {
  stage = await openStage();
  // So that a test need not wait half a minute for the next code.
  await stage.realm('codes', { otpPolicyCodeReusable: true });
  await stage.realm('typed');
});
after(() => stage?.close());

const error = (page, field) => page.locator(`#input-error-${field}`).innerText();

test('the picture is read by a telephone; a wrong code and an empty one are told', async () => {
  await stage.require('codes', 'CONFIGURE_TOTP');
  const page = await stage.withPassword('codes');
  const read = await scan(page, '#kc-totp-secret-qr-code');
  assert.equal(read.protocol, 'otpauth:');
  assert.equal(decodeURIComponent(read.pathname).split(':').at(-1), 'ada');
  await page.fill('#totp', '000000');
  await page.click('#saveTOTPBtn');
  assert.equal(await error(page, 'otp-code'), 'Invalid authenticator code.');
  assert.equal(await page.getAttribute('#totp', 'aria-invalid'), 'true');
  await page.fill('#totp', '');
  await page.click('#saveTOTPBtn');
  assert.equal(await error(page, 'otp-code'), 'Please specify authenticator code.');
  key = await setUp(page, 'Telephone');
  assert.equal(key, read.searchParams.get('secret'), 'the key stays while codes are wrong');
  await stage.arrived(page);
  assert.deepEqual(await stage.credentials('codes'), ['password', 'otp: Telephone']);
  assertQuiet(page);
  await page.context().close();
});

test('the key can be typed, and the page of the picture comes back', async () => {
  await stage.require('typed', 'CONFIGURE_TOTP');
  const page = await stage.withPassword('typed', {}, { viewport: { width: 375, height: 740 } });
  await page.click('#mode-manual');
  const typed = await page.innerText('#kc-totp-secret-key');
  assert.match(await page.innerText('#kc-totp-digits'), /6/);
  assert.match(await page.innerText('#kc-totp-period'), /30/);
  await assertFits(page, 'the page with the key');
  await page.click('#mode-barcode');
  await page.waitForSelector('#kc-totp-secret-qr-code');
  await page.click('#mode-manual');
  const again = await page.innerText('#kc-totp-secret-key');
  await page.fill('#totp', code(again));
  await page.click('#saveTOTPBtn');
  await stage.arrived(page);
  assert.match(typed, /^([A-Z2-7]{4} ?)+$/);
  assertQuiet(page);
  await page.context().close();
});

test('from then on the code is asked for, and a wrong one is refused', async () => {
  const page = await stage.withPassword('codes');
  await page.waitForSelector('#kc-otp-login-form');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'otp');
  assert.equal(await page.getAttribute('#otp', 'inputmode'), 'numeric');
  assert.equal(await page.innerText('#kc-attempted-username'), 'ada');
  await page.fill('#otp', '123');
  await page.click('#kc-login');
  assert.equal(await error(page, 'otp'), 'Invalid authenticator code.');
  await page.fill('#otp', code(key));
  await page.keyboard.press('Enter');
  await stage.arrived(page);
  assertQuiet(page);
  await page.context().close();
});

test('of two devices one is chosen, and only its code counts', async () => {
  await stage.require('codes', 'CONFIGURE_TOTP');
  const first = await stage.withPassword('codes');
  await first.fill('#otp', code(key));
  await first.click('#kc-login');
  const tablet = await setUp(first, 'Tablet at work');
  await stage.arrived(first);
  const page = await stage.withPassword('codes', {}, { viewport: { width: 375, height: 740 } });
  await page.getByLabel('Tablet at work').check();
  await page.fill('#otp', code(key));
  await page.click('#kc-login');
  assert.equal(await error(page, 'otp'), 'Invalid authenticator code.');
  assert.ok(await page.getByLabel('Tablet at work').isChecked(), 'the choice is kept');
  await assertFits(page, 'the page with devices');
  await page.fill('#otp', code(tablet));
  await page.click('#kc-login');
  await stage.arrived(page);
  assertQuiet(page);
  for (const person of [first, page]) await person.context().close();
});

test('who starts again gives another name', async () => {
  const page = await stage.withPassword('codes');
  await page.click('#reset-login');
  await page.waitForSelector('#kc-form-login');
  await page.context().close();
});
