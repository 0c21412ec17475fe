// What a newcomer does after `cargo run`: the demo application, from nothing to signed in, out and in again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertQuiet, fill, newPerson, startBrowser, submit } from './browser.mjs';
import { PASSWORD, startServer } from './server.mjs';

const ADA = { username: 'ada', email: 'ada@example.com', firstName: 'Ada', lastName: 'Lovelace' };
let server, browser, page;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  page = await newPerson(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the server prints where to go: application, registration, inbox, Admin API', () => {
  for (const label of [/application/i, /regist/i, /inbox|mail/i, /admin/i]) assert.match(server.printed(label), /^http/);
});

test('the demo application leads to the sign-in page, and that to the registration page', async () => {
  await page.goto(server.printed(/application/i));
  await page.getByRole('link', { name: /sign in|log in/i }).or(page.getByRole('button', { name: /sign in|log in/i })).first().click();
  await page.waitForSelector('#kc-form-login');
  await page.getByRole('link', { name: 'Register' }).click();
  await page.waitForSelector('#kc-register-form');
  assert.equal(await page.locator('#password').count(), 0, 'with Verify email on, the password comes after the proof');
});

test('the form is answered with "check your mail"', async () => {
  await fill(page, ADA);
  await submit(page, '#kc-register-form');
  await page.getByText(ADA.email).first().waitFor();
});

test('there is no user before the proof', async () => {
  assert.deepEqual(await server.admin('GET', '/demo/users?username=ada&exact=true'), []);
});

test('the inbox page shows the mail, and its link is the proof', async () => {
  await server.mail(ADA.email);
  const inbox = await page.context().newPage();
  await inbox.goto(server.printed(/inbox|mail/i));
  await inbox.getByText(ADA.email).first().waitFor();
  await inbox.close();
  const { links } = await server.mail(ADA.email);
  await page.goto(links.find((link) => link.includes('/realms/demo/')));
});

test('a password, and the person is signed in to the application', async () => {
  await fill(page, { 'password-new': PASSWORD, 'password-confirm': PASSWORD });
  await submit(page, '#kc-passwd-update-form');
  await page.getByText('preferred_username').first().waitFor();
  const text = await page.locator('body').innerText();
  assert.match(text, /ada@example\.com/);
  assert.match(text, /Lovelace/);
});

test('log out, and the application knows nobody', async () => {
  await page.getByRole('link', { name: /(sign|log) ?out/i }).or(page.getByRole('button', { name: /(sign|log) ?out/i })).first().click();
  const confirm = page.locator('#kc-logout');
  const sign = page.getByRole('link', { name: /sign in|log in/i }).or(page.getByRole('button', { name: /sign in|log in/i })).first();
  await confirm.or(sign).first().waitFor();
  if (await confirm.count()) await confirm.click();
  await page.goto(server.printed(/application/i));
  await sign.click();
  await page.waitForSelector('#kc-form-login');
});

test('a wrong password says so, the right one signs in', async () => {
  await fill(page, { username: 'ada', password: 'wrong' });
  await page.click('#kc-login');
  await page.getByText('Invalid username or password.').first().waitFor();
  assert.equal(await page.inputValue('#username'), 'ada');
  await fill(page, { username: ADA.email, password: PASSWORD });
  await page.click('#kc-login');
  await page.getByText('preferred_username').first().waitFor();
});

test('a forgotten password is replaced by mail', async () => {
  const other = await newPerson(browser);
  await other.goto(server.printed(/application/i));
  await other.getByRole('link', { name: /sign in|log in/i }).or(other.getByRole('button', { name: /sign in|log in/i })).first().click();
  await other.getByRole('link', { name: /forgot/i }).click();
  await fill(other, { username: 'ada' });
  await submit(other, '#kc-reset-password-form');
  await other.getByText('You should receive an email shortly with further instructions.').first().waitFor();
  const { links } = await server.mail(ADA.email, 2);
  await other.goto(links.find((link) => link.includes('/realms/demo/')));
  await fill(other, { 'password-new': 'Another456!x', 'password-confirm': 'Another456!x' });
  await submit(other, '#kc-passwd-update-form');
  await other.getByText('preferred_username').first().waitFor();
  assertQuiet(other);
  await other.context().close();
});

test('no page broke on the way', () => assertQuiet(page));
