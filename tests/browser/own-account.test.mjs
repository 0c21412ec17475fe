// What applications ask people to do with their own account: another address, the terms, an end to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFits, assertQuiet } from './browser.mjs';
import { PASSWORD } from './server.mjs';
import { openStage } from './stage.mjs';

const TERMS = 'Rule one: <strong>be kind</strong>. Rule two: there is no rule two.';
let stage;

before(async () => {
  stage = await openStage();
  await stage.realm('plain');
  await stage.realm('proved', { verifyEmail: true, internationalizationEnabled: true, supportedLocales: ['en'], defaultLocale: 'en' });
  for (const realm of ['plain', 'proved']) {
    for (const alias of ['UPDATE_EMAIL', 'TERMS_AND_CONDITIONS', 'delete_account']) await stage.enableAction(realm, alias);
  }
  await stage.server.admin('POST', '/proved/localization/en', { termsText: TERMS });
  await stage.server.user('plain', 'grace');
});
after(() => stage?.close());

const ask = (realm, action, options) => stage.withPassword(realm, { kc_action: action }, options);
const told = async (page, action, status) => {
  const answer = await stage.arrived(page);
  assert.equal(answer.get('kc_action'), action);
  assert.equal(answer.get('kc_action_status'), status);
};

test('an address is changed; a wrong one and a taken one are told', async () => {
  const page = await ask('plain', 'UPDATE_EMAIL');
  assert.equal(await page.inputValue('#email'), 'ada@example.com');
  for (const [email, message] of [
    ['nowhere', 'Invalid email address.'],
    ['grace@example.com', 'Email already exists.'],
  ]) {
    await page.fill('#email', email);
    await page.click('#kc-submit');
    assert.equal(await page.innerText('#input-error-email'), message);
    assert.equal(await page.inputValue('#email'), email);
  }
  await page.fill('#email', 'countess@example.com');
  await page.click('#kc-submit');
  await told(page, 'UPDATE_EMAIL', 'success');
  assert.equal((await stage.ada('plain')).email, 'countess@example.com');
  assertQuiet(page);
  await page.context().close();
});

test('where addresses are proved, the new one counts once its link is opened', async () => {
  const page = await ask('proved', 'UPDATE_EMAIL');
  await page.fill('#email', 'countess@example.com');
  await page.click('#kc-submit');
  await page.getByText('countess@example.com').first().waitFor();
  assert.equal((await stage.ada('proved')).email, 'ada@example.com');
  const { links } = await stage.server.mail('countess@example.com');
  await page.goto(links.find((link) => link.includes('/realms/proved/')));
  const proceed = page.getByRole('link', { name: /proceed/i });
  if (await proceed.count()) await proceed.click();
  await page.getByText(/successfully updated/i).first().waitFor();
  const ada = await stage.ada('proved');
  assert.deepEqual([ada.email, ada.emailVerified], ['countess@example.com', true]);
  await page.context().close();
});

test('who declines the terms is not let in, who accepts them is', async () => {
  await stage.require('proved', 'TERMS_AND_CONDITIONS');
  const first = await stage.withPassword('proved');
  assert.equal(await first.locator('#kc-terms-text strong').innerText(), 'be kind');
  await first.click('#kc-decline');
  await first.waitForURL(`${stage.callback}?*error=*`);
  assert.equal(new URL(first.url()).searchParams.get('error'), 'access_denied');
  const page = await stage.withPassword('proved', {}, { viewport: { width: 375, height: 740 } });
  await assertFits(page, 'the terms');
  await page.click('#kc-accept');
  await stage.arrived(page);
  const { attributes, requiredActions } = await stage.ada('proved');
  assert.match(attributes.terms_and_conditions[0], /^\d{10}$/);
  assert.deepEqual(requiredActions, []);
  for (const person of [first, page]) {
    assertQuiet(person);
    await person.context().close();
  }
});

test('deleting the account needs the right to and a fresh password, can be cancelled, and is final', async () => {
  const forbidden = await ask('plain', 'delete_account');
  await forbidden.getByText('You do not have enough permissions to delete your own account').waitFor();
  const { id } = await stage.ada('plain');
  const [account] = await stage.server.admin('GET', '/plain/clients?clientId=account');
  const role = await stage.server.admin('GET', `/plain/clients/${account.id}/roles/delete-account`);
  await stage.server.admin('POST', `/plain/users/${id}/role-mappings/clients/${account.id}`, [role]);
  const page = await ask('plain', 'delete_account');
  await page.click('#kc-cancel');
  await told(page, 'delete_account', 'cancelled');
  await page.goto(stage.signIn('plain', { kc_action: 'delete_account' }));
  await page.getByText('Please re-authenticate to continue').waitFor();
  await page.fill('#password', PASSWORD);
  await page.click('#kc-login');
  await page.getByText('it cannot be restored').waitFor();
  await page.click('#kc-submit');
  await page.getByText('User deleted successfully').first().waitFor();
  assert.equal(await stage.ada('plain'), undefined);
  for (const person of [forbidden, page]) await person.context().close();
});
