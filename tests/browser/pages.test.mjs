// The pages themselves: what they say about wrong input, without JavaScript, by keyboard, on a phone, from another browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FIELD_ERRORS, assertFits, assertQuiet, authorizationUrl, barriers, fill, newPerson, startBrowser, submit } from './browser.mjs';
import { PASSWORD, startApplication, startServer } from './server.mjs';

let server, browser, application, open, proved;
const client = { clientId: 'app', publicClient: true };

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  application = await startApplication({ '/cb': '<!doctype html><title>application</title><h1>back in the application</h1>' });
  const redirectUris = [`${application.origin}/cb`];
  open = await server.realm('open', { passwordPolicy: 'length(10)' });
  proved = await server.realm('proved', { verifyEmail: true });
  for (const realm of ['open', 'proved']) await server.admin('POST', `/${realm}/clients`, { ...client, redirectUris });
  await server.user('open', 'grace');
});
after(async () => {
  await browser?.close();
  await application?.stop();
  await server?.stop();
});

const signIn = (issuer, more) => authorizationUrl(issuer, 'app', `${application.origin}/cb`, more);
const registration = (issuer) => signIn(issuer, { prompt: 'create' });
const backInTheApplication = (page) => page.waitForURL(`${application.origin}/cb?*code=*`);

test('every error stands beside its field at once, and what was typed is kept', async () => {
  const page = await newPerson(browser);
  await page.goto(registration(open));
  await fill(page, { username: 'grace', email: 'not-an-address', firstName: 'Grace', lastName: '', password: 'short', 'password-confirm': 'short' });
  await submit(page, '#kc-register-form');
  await page.waitForSelector('#input-error-email');
  for (const [field, message] of [
    ['email', /Invalid email address/],
    ['lastName', /Please specify/],
  ]) {
    assert.match(await page.locator(`[id="input-error-${field}"]`).innerText(), message);
    const input = page.locator(`[id="${field}"]`);
    assert.equal(await input.getAttribute('aria-invalid'), 'true', `${field} is marked for screen readers`);
  }
  assert.equal(await page.inputValue('#username'), 'grace');
  assert.equal(await page.inputValue('#email'), 'not-an-address');
  assert.equal(await page.inputValue('#firstName'), 'Grace');
  assert.equal(await page.inputValue('#password'), '', 'a password is never sent back');
  await fill(page, { email: 'free@example.com', lastName: 'Hopper', password: 'short', 'password-confirm': 'other' });
  await submit(page, '#kc-register-form');
  await page.waitForSelector(FIELD_ERRORS);
  const errors = (await page.locator(FIELD_ERRORS).allInnerTexts()).join('\n');
  assert.match(errors, /exists|match|length/i);
  assertQuiet(page);
  await page.context().close();
});

test('what was typed is shown as text, never run', async () => {
  const page = await newPerson(browser);
  await page.goto(registration(open));
  const nasty = '"><img src=x onerror="document.title=1">';
  await fill(page, { username: nasty, email: nasty, firstName: nasty, lastName: nasty, password: 'x', 'password-confirm': 'y' });
  await submit(page, '#kc-register-form');
  await page.waitForSelector(FIELD_ERRORS);
  assert.equal(await page.inputValue('#firstName'), nasty);
  assert.equal(await page.locator('img[src=x]').count(), 0);
  await page.context().close();
});

test('without JavaScript a person registers, signs out and in', async () => {
  const page = await newPerson(browser, { javaScriptEnabled: false });
  await page.goto(registration(open));
  const hedy = { username: 'hedy', email: 'hedy@example.com', firstName: 'Hedy', lastName: 'Lamarr' };
  await fill(page, { ...hedy, password: PASSWORD, 'password-confirm': PASSWORD });
  await submit(page, '#kc-register-form');
  await backInTheApplication(page);
  await page.goto(`${open}/protocol/openid-connect/logout`);
  await page.click('#kc-logout');
  await page.waitForSelector('#kc-logout', { state: 'detached' });
  await page.goto(signIn(open));
  await fill(page, { username: 'hedy', password: PASSWORD });
  await page.click('#kc-login');
  await backInTheApplication(page);
  await page.context().close();
});

test('the keyboard is enough', async () => {
  const page = await newPerson(browser);
  await page.goto(signIn(open));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'username', 'the first field has the focus');
  await page.keyboard.type('grace');
  await page.keyboard.press('Tab');
  for (let i = 0; i < 3 && (await page.evaluate(() => document.activeElement.id)) !== 'password'; i++) await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  });
  assert.ok(outline, 'one sees where the focus is');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await backInTheApplication(page);
  await page.context().close();
});

test('on a phone no page scrolls sideways', async () => {
  const page = await newPerson(browser, { viewport: { width: 375, height: 667 } });
  for (const [name, url] of [
    ['the sign-in page', signIn(open)],
    ['the registration page', registration(open)],
    ['the recovery page', `${open}/protocol/openid-connect/forgot-credentials?client_id=app&response_type=code&redirect_uri=${application.origin}/cb`],
    ['the page of an unknown client', authorizationUrl(open, 'nobody', `${application.origin}/cb`)],
    ['the demo application', server.printed(/application/i)],
    ['the inbox', server.printed(/inbox|mail/i)],
  ]) {
    await page.goto(url);
    await assertFits(page, name);
  }
  await page.goto(registration(open));
  await submit(page, '#kc-register-form');
  await page.waitForSelector(FIELD_ERRORS);
  await assertFits(page, 'the registration page with errors');
  await page.context().close();
});

test('a link opened in another browser proves the address and signs nobody in there', async () => {
  const mary = { username: 'mary', email: 'mary@example.com', firstName: 'Mary', lastName: 'Shelley' };
  const first = await newPerson(browser);
  await first.goto(registration(proved));
  await fill(first, mary);
  await submit(first, '#kc-register-form');
  await first.getByText(mary.email).first().waitFor();
  const { links } = await server.mail(mary.email);
  const link = links.find((address) => address.includes('/realms/proved/'));

  // A mail scanner opens links too: that alone proves nothing.
  assert.ok((await fetch(link)).status < 500);
  assert.deepEqual(await server.admin('GET', '/proved/users?username=mary&exact=true'), []);

  const second = await newPerson(browser);
  await second.goto(link);
  const proceed = second.getByRole('link', { name: /proceed/i }).or(second.getByRole('button', { name: /proceed|confirm/i })).first();
  await proceed.click();
  await second.waitForSelector('#password-new');
  await fill(second, { 'password-new': PASSWORD, 'password-confirm': PASSWORD });
  await submit(second, '#kc-passwd-update-form');
  await second.waitForSelector('#password-new', { state: 'detached' });
  assert.ok(second.url().startsWith(server.base), 'the other browser stays here');
  const users = await server.admin('GET', '/proved/users?username=mary&exact=true');
  assert.equal(users.length, 1);
  assert.equal(users[0].emailVerified, true);

  await second.goto(signIn(proved));
  await second.waitForSelector('#kc-form-login');

  await second.goto(link);
  const text = await second.locator('body').innerText();
  assert.match(text, /already|expired|no longer|used/i, 'a used link has its page');
  await first.context().close();
  await second.context().close();
});

test('a taken address is answered like a free one', async () => {
  const page = await newPerson(browser);
  await page.goto(registration(proved));
  await fill(page, { username: 'mallory', email: 'mary@example.com', firstName: 'Mal', lastName: 'Lory' });
  await submit(page, '#kc-register-form');
  await page.getByText('mary@example.com').first().waitFor();
  assert.equal(await page.locator(FIELD_ERRORS).count(), 0);
  const mail = await server.mail('mary@example.com', 2);
  assert.doesNotMatch(mail.text, /mallory/i, 'the mail says nothing about who tried');
  await page.context().close();
});

test('the pages follow the light and dark setting', async () => {
  const colours = [];
  for (const colorScheme of ['light', 'dark']) {
    const page = await newPerson(browser, { colorScheme });
    await page.goto(signIn(open));
    colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color));
    await page.context().close();
  }
  assert.notEqual(colours[0], colours[1]);
});

test('what a program can check of accessibility holds, on a screen and on a telephone', async () => {
  for (const viewport of [{ width: 1280, height: 860 }, { width: 375, height: 667 }]) {
    const page = await newPerson(browser, { viewport });
    for (const url of [signIn(open), registration(open), server.printed(/application/i), server.printed(/inbox|mail/i)]) {
      await page.goto(url);
      assert.deepEqual(await barriers(page), [], url);
    }
    await page.context().close();
  }
});
