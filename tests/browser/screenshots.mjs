// Saves every page as a picture, at 1280 and 375 px, light and dark:
//     node screenshots.mjs FOLDER
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FIELD_ERRORS, authorizationUrl, fill, newPerson, startBrowser, submit } from './browser.mjs';
import { PASSWORD, startApplication, startServer } from './server.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node screenshots.mjs FOLDER');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const server = await startServer();
const browser = await startBrowser();
const application = await startApplication({ '/cb': '<!doctype html><title>application</title>' });
const redirectUri = `${application.origin}/cb`;
const client = { publicClient: true, redirectUris: [redirectUri], name: 'Weather' };
const open = await server.realm('open', { displayName: 'Open', passwordPolicy: 'length(10)' });
const proved = await server.realm('proved', { displayName: 'Proved', verifyEmail: true });
for (const realm of ['open', 'proved']) {
  await server.admin('POST', `/${realm}/clients`, { ...client, clientId: 'app' });
  await server.admin('POST', `/${realm}/clients`, { ...client, clientId: 'asks', consentRequired: true });
}
await server.user('open', 'grace');
const auth = (issuer, more, id = 'app') => authorizationUrl(issuer, id, redirectUri, more);

let person = 0;
const newcomer = () => {
  person += 1;
  return { username: `ada${person}`, email: `ada${person}@example.com`, firstName: 'Ada', lastName: 'Lovelace' };
};
const signIn = async (page, password = PASSWORD) => {
  await fill(page, { username: 'grace', password });
  await page.click('#kc-login');
};
const register = async (page) => {
  const values = newcomer();
  await page.goto(auth(proved, { prompt: 'create' }));
  await fill(page, values);
  await submit(page, '#kc-register-form');
  await page.getByText(values.email).first().waitFor();
  return server.mail(values.email);
};

/** Each page: a name and how a person gets there. */
const pages = {
  demo: (page) => page.goto(server.printed(/application/i)),
  inbox: async (page) => {
    await register(page);
    await page.goto(server.printed(/inbox|mail/i));
  },
  login: (page) => page.goto(auth(open)),
  'login-error': async (page) => {
    await page.goto(auth(open));
    await signIn(page, 'wrong');
    await page.getByText('Invalid username or password.').first().waitFor();
  },
  register: (page) => page.goto(auth(open, { prompt: 'create' })),
  'register-errors': async (page) => {
    await page.goto(auth(open, { prompt: 'create' }));
    await fill(page, { username: 'grace', email: 'not-an-address', firstName: 'Grace', password: 'short', 'password-confirm': 'other' });
    await submit(page, '#kc-register-form');
    await page.waitForSelector(FIELD_ERRORS);
  },
  'register-verify-email': (page) => page.goto(auth(proved, { prompt: 'create' })),
  'check-mail': (page) => register(page),
  'new-password': async (page) => {
    const { links } = await register(page);
    await page.goto(links.find((link) => link.includes('/realms/proved/')));
  },
  'link-in-another-browser': async (page) => {
    const { links } = await register(await newPerson(browser));
    await page.goto(links.find((link) => link.includes('/realms/proved/')));
  },
  'broken-link': (page) => page.goto(`${proved}/login-actions/action-token?key=eyJhbGciOiJIUzUxMiJ9.e30.AAAA`),
  'forgot-password': (page) =>
    page.goto(`${open}/protocol/openid-connect/forgot-credentials?${new URLSearchParams({ client_id: 'app', response_type: 'code', redirect_uri: redirectUri })}`),
  'forgot-password-sent': async (page) => {
    await pages['forgot-password'](page);
    await fill(page, { username: 'grace' });
    await submit(page, '#kc-reset-password-form');
    await page.getByText('You should receive an email shortly').first().waitFor();
  },
  consent: async (page) => {
    await page.goto(auth(open, {}, 'asks'));
    await signIn(page);
    await page.waitForSelector('#kc-cancel');
  },
  'logout-confirm': async (page) => {
    await page.goto(auth(open));
    await signIn(page);
    await page.waitForURL(`${redirectUri}?**`);
    await page.goto(`${open}/protocol/openid-connect/logout`);
  },
  'logged-out': async (page) => {
    await pages['logout-confirm'](page);
    await page.click('#kc-logout');
    await page.waitForSelector('#kc-logout', { state: 'detached' });
  },
  'error-unknown-client': (page) => page.goto(auth(open, {}, 'nobody')),
  'error-redirect-uri': (page) => page.goto(authorizationUrl(open, 'app', 'https://elsewhere.example.com/')),
  'error-unknown-realm': (page) => page.goto(`${server.base}/realms/nowhere/protocol/openid-connect/auth`),
};

let failed = 0;
for (const [name, visit] of Object.entries(pages)) {
  for (const width of [1280, 375]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await newPerson(browser, { colorScheme, viewport: { width, height: width === 375 ? 740 : 860 } });
      const file = path.join(folder, `${name}-${width}-${colorScheme}.png`);
      try {
        await visit(page);
        await page.screenshot({ path: file, fullPage: true });
      } catch (error) {
        failed += 1;
        console.error(`${name}: ${String(error).split('\n')[0]}`);
        await page.screenshot({ path: file.replace('.png', '-FAILED.png') }).catch(() => {});
      }
      await page.context().close();
    }
  }
  console.log(name);
}
await browser.close();
await application.stop();
await server.stop();
console.log(`${folder}: ${Object.keys(pages).length} pages, ${failed} pictures failed`);
process.exit(failed ? 1 : 0);
