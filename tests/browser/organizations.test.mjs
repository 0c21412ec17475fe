// Somebody is invited into an organization: the mail, the registration, the membership.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFits, assertQuiet, fill, newPerson, submit } from './browser.mjs';
import { PASSWORD } from './server.mjs';
import { openStage } from './stage.mjs';

const NEO = { username: 'neo', firstName: 'Neo', lastName: 'Anderson', password: PASSWORD, 'password-confirm': PASSWORD };
let stage, organization;

before(async () => {
  stage = await openStage();
  await stage.realm('acme', { organizationsEnabled: true, registrationAllowed: false });
  await stage.server.admin('POST', '/acme/organizations', { name: 'Hovercraft', alias: 'hovercraft', redirectUrl: stage.callback, domains: [] });
  [organization] = await stage.server.admin('GET', '/acme/organizations');
});
after(() => stage?.close());

const members = async () => (await stage.server.admin('GET', `/acme/organizations/${organization.id}/members`)).map((member) => member.username);

test('an invited newcomer registers and is a member', async () => {
  await stage.server.form(`/acme/organizations/${organization.id}/members/invite-user`, { email: 'neo@example.com', firstName: 'Neo' });
  const mail = await stage.server.mail('neo@example.com');
  assert.match(mail.subject, /Hovercraft/);
  const page = await newPerson(stage.browser, { viewport: { width: 375, height: 740 } });
  await page.goto(mail.links[0]);
  await page.getByRole('heading', { name: /Hovercraft/ }).waitFor();
  assert.equal(await page.inputValue('#email'), 'neo@example.com');
  await assertFits(page, 'the registration of an invited person');
  await fill(page, { ...NEO, email: 'somebody-else@example.com' });
  await submit(page, '#kc-register-form');
  assert.equal(await page.innerText('#input-error-email'), 'Email does not match the invitation');
  await fill(page, { ...NEO, email: 'neo@example.com' });
  await submit(page, '#kc-register-form');
  await page.waitForURL(`${stage.callback}*`);
  assert.deepEqual(await members(), ['neo']);
  assertQuiet(page);
  const again = await newPerson(stage.browser);
  await again.goto(mail.links[0]);
  assert.equal(await again.locator('#kc-register-form').count(), 0, 'an invitation is used once');
  for (const person of [page, again]) await person.context().close();
});

test('who has an account already confirms, and is a member', async () => {
  const { id } = await stage.ada('acme');
  await stage.server.form(`/acme/organizations/${organization.id}/members/invite-existing-user`, { id });
  const { links } = await stage.server.mail('ada@example.com');
  const page = await newPerson(stage.browser);
  await page.goto(links[0]);
  await page.getByText(/Hovercraft/).first().waitFor();
  await page.getByRole('link', { name: /proceed|click here/i }).click();
  await page.waitForLoadState();
  assert.deepEqual((await members()).toSorted(), ['ada', 'neo']);
  await page.context().close();
});
