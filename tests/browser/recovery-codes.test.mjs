// Recovery codes: shown once, kept by the person, used in their order; and the page of other ways.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { code, setUp } from './authenticator.mjs';
import { assertFits, assertQuiet, newPerson } from './browser.mjs';
import { openStage } from './stage.mjs';

let stage, codes, key;

before(async () => {
  stage = await openStage();
  await stage.realm('kept', { otpPolicyCodeReusable: true });
  await stage.setStep('kept', 'auth-recovery-authn-code-form', 'ALTERNATIVE');
});
after(() => stage?.close());

const shown = (page) => page.locator('#kc-recovery-codes-list li').allInnerTexts();

test('codes are shown, downloaded and copied, and kept once they are safe', async () => {
  await stage.require('kept', 'CONFIGURE_RECOVERY_AUTHN_CODES');
  const page = await newPerson(stage.browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(stage.signIn('kept'));
  await stage.sendPassword(page);
  codes = await shown(page);
  assert.equal(codes.length, 12);
  assert.ok(await page.locator('#saveRecoveryAuthnCodesBtn').isDisabled(), 'only who has saved them goes on');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#downloadRecoveryCodes')]);
  const file = readFileSync(await download.path(), 'utf8');
  await page.click('#copyRecoveryCodes');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  for (const one of codes) assert.ok(file.includes(one) && copied.includes(one), one);
  await page.check('#kcRecoveryCodesConfirmationCheck');
  await page.click('#saveRecoveryAuthnCodesBtn');
  await stage.arrived(page);
  assert.deepEqual(await stage.credentials('kept'), ['password', 'recovery-authn-codes: Recovery codes']);
  assertQuiet(page);
  await page.context().close();
});

test('the first code signs in, the second one does not yet', async () => {
  const page = await stage.withPassword('kept');
  await page.getByText('Recovery code #1').waitFor();
  await page.fill('#recoveryCodeInput', codes[1]);
  await page.click('#kc-login');
  assert.equal(await page.innerText('#input-error-recoveryCodeInput'), 'Invalid recovery authentication code');
  await page.fill('#recoveryCodeInput', codes[0]);
  await page.click('#kc-login');
  await stage.arrived(page);
  await page.context().close();
});

test('with a device and codes, people choose another way and come back', async () => {
  await stage.require('kept', 'CONFIGURE_TOTP');
  const first = await stage.withPassword('kept');
  await first.fill('#recoveryCodeInput', codes[1]);
  await first.click('#kc-login');
  key = await setUp(first, 'Telephone');
  await stage.arrived(first);
  const page = await stage.withPassword('kept', {}, { viewport: { width: 375, height: 740 } });
  await page.click('#try-another-way');
  await page.getByRole('heading', { name: 'Select login method' }).waitFor();
  await assertFits(page, 'the page of other ways');
  await page.getByRole('button', { name: /^Recovery Authentication Code/ }).click();
  await page.getByText('Recovery code #3').waitFor();
  await page.click('#try-another-way');
  await page.getByRole('button', { name: /^Authenticator Application/ }).click();
  await page.fill('#otp', code(key));
  await page.click('#kc-login');
  await stage.arrived(page);
  assertQuiet(page);
  for (const person of [first, page]) await person.context().close();
});

test('without JavaScript codes are kept, too', async () => {
  await stage.require('kept', 'CONFIGURE_RECOVERY_AUTHN_CODES');
  const page = await stage.withPassword('kept', {}, { javaScriptEnabled: false });
  await page.click('#try-another-way');
  await page.getByRole('button', { name: /^Authenticator Application/ }).click();
  await page.fill('#otp', code(key));
  await page.click('#kc-login');
  assert.equal((await shown(page)).length, 12);
  await page.check('#kcRecoveryCodesConfirmationCheck');
  await page.click('#saveRecoveryAuthnCodesBtn');
  await stage.arrived(page);
  await page.context().close();
});
