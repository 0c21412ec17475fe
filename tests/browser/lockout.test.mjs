// Guessing passwords: a locked account looks like a wrong password, whatever is typed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertQuiet, newPerson } from './browser.mjs';
import { PASSWORD } from './server.mjs';
import { openStage } from './stage.mjs';

const PROTECTED = { bruteForceProtected: true, failureFactor: 3, waitIncrementSeconds: 600, maxFailureWaitSeconds: 900, minimumQuickLoginWaitSeconds: 600 };
let stage;

before(async () => {
  stage = await openStage();
  await stage.realm('temporary', PROTECTED);
  await stage.realm('permanent', { ...PROTECTED, permanentLockout: true, maxTemporaryLockouts: 0 });
});
after(() => stage?.close());

for (const realm of ['temporary', 'permanent']) {
  test(`a ${realm} lock says the same to a right password as to a wrong one, and ends with the administrator`, async () => {
    const page = await newPerson(stage.browser);
    await page.goto(stage.signIn(realm));
    const texts = [];
    for (const password of ['one', 'two', 'three', PASSWORD, 'four']) {
      await stage.sendPassword(page, 'ada', password);
      texts.push(await page.innerText('#input-error-username'));
      assert.equal(await page.inputValue('#username'), 'ada');
      assert.equal(await page.inputValue('#password'), '');
    }
    assert.deepEqual(new Set(texts), new Set(['Invalid username or password.']));
    const { id } = await stage.ada(realm);
    const path = `/${realm}/attack-detection/brute-force/users/${id}`;
    assert.equal((await stage.server.admin('GET', path)).disabled, true);
    await stage.server.admin('DELETE', path);
    if (realm === 'permanent') await stage.server.admin('PUT', `/${realm}/users/${id}`, { enabled: true });
    await stage.sendPassword(page);
    await stage.arrived(page);
    assertQuiet(page);
    await page.context().close();
  });
}
