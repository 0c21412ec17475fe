// The pages that there are, and how a person gets to each.
import { code, setUp } from './authenticator.mjs';
import { FIELD_ERRORS, authorizationUrl, fill, newPerson, submit } from './browser.mjs';
import { makePasskey, withAuthenticator } from './passkey.mjs';
import { ADMIN, ADMIN_PASSWORD, PASSWORD } from './server.mjs';

const LANGUAGES = { internationalizationEnabled: true, supportedLocales: ['en', 'de'], defaultLocale: 'en' };
const TERMS = {
  en: '<p>Be kind to the others who are here.</p><p>We keep your name and address for as long as you have an account, and give them to nobody.</p>',
  de: '<p>Sei freundlich zu den anderen, die hier sind.</p><p>Wir behalten Name und Adresse, solange es das Konto gibt, und geben sie niemandem.</p>',
};

/** Makes the realms that the pages are in; gives a visit for each page. */
export async function preparePages(stage) {
  const { server } = stage;
  const realm = async (name, displayName, settings) => stage.realm(name, { displayName, ...LANGUAGES, ...settings });
  await realm('open', 'Harbour Weather', { passwordPolicy: 'length(10) and upperCase(1) and digits(1)', rememberMe: true });
  await realm('proved', 'Harbour Weather', { verifyEmail: true, organizationsEnabled: true });
  await realm('actions', 'Harbour Weather');
  await realm('factors', 'Harbour Weather', { otpPolicyCodeReusable: true });
  await realm('bare', 'Harbour Weather');
  for (const alias of ['UPDATE_EMAIL', 'TERMS_AND_CONDITIONS', 'delete_account']) await stage.enableAction('actions', alias);
  await stage.enableAction('proved', 'UPDATE_EMAIL');
  for (const [language, termsText] of Object.entries(TERMS)) await server.admin('POST', `/actions/localization/${language}`, { termsText });
  await mayDelete(stage);
  const asks = { clientId: 'asks', name: 'Weather', publicClient: true, consentRequired: true, redirectUris: [stage.callback] };
  await server.admin('POST', '/open/clients', { ...asks, attributes: { policyUri: 'https://weather.example/privacy', tosUri: 'https://weather.example/terms' } });
  await server.admin('POST', '/open/clients', { clientId: 'tv', publicClient: true, attributes: { 'oauth2.device.authorization.grant.enabled': 'true' } });
  await stranger(stage);
  const factors = await secondFactors(stage);
  const organization = await invitations(stage);
  const console = await ownConsole(stage);
  const keys = await passkeys(stage);
  return { ...console, ...arriving(stage), ...registering(stage), ...organization, ...recovering(stage), ...acting(stage), ...factors, ...keys, ...leaving(stage) };
}

/** An application that registered itself, for which nobody has vouched, and that asks people. */
async function stranger(stage) {
  const { token } = await stage.server.admin('POST', '/open/clients-initial-access', { count: 1 });
  const answer = await fetch(`${issuer(stage, 'open')}/clients-registrations/openid-connect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Logbook', redirect_uris: [stage.callback] }),
  });
  stage.stranger = (await answer.json()).client_id;
  await stage.server.admin('PUT', `/open/clients/${stage.stranger}`, { consentRequired: true });
}

async function mayDelete({ server }) {
  const [account] = await server.admin('GET', '/actions/clients?clientId=account');
  const role = await server.admin('GET', `/actions/clients/${account.id}/roles/delete-account`);
  const [{ id }] = await server.admin('GET', '/actions/users?username=ada');
  await server.admin('POST', `/actions/users/${id}/role-mappings/clients/${account.id}`, [role]);
}

const issuer = ({ server }, realm) => `${server.base}/realms/${realm}`;

function arriving(stage) {
  const { server, callback } = stage;
  const wrong = async (page) => {
    await page.goto(stage.signIn('open'));
    await stage.sendPassword(page, 'ada', 'wrong');
    await page.waitForSelector(FIELD_ERRORS);
  };
  return {
    demo: (page) => page.goto(server.printed(/application/i)),
    login: (page) => page.goto(stage.signIn('open')),
    'login-error': wrong,
    'login-again': async (page) => {
      await page.goto(stage.signIn('open'));
      await stage.sendPassword(page);
      await stage.arrived(page);
      await page.goto(stage.signIn('open', { prompt: 'login' }));
    },
    consent: async (page) => {
      await page.goto(authorizationUrl(issuer(stage, 'open'), 'asks', callback, { scope: 'openid address phone' }));
      await stage.sendPassword(page);
      await page.waitForSelector('#kc-cancel');
    },
    'login-stranger': (page) => page.goto(authorizationUrl(issuer(stage, 'open'), stage.stranger, callback)),
    'consent-stranger': async (page) => {
      await page.goto(authorizationUrl(issuer(stage, 'open'), stage.stranger, callback));
      await stage.sendPassword(page);
      await page.waitForSelector('#kc-cancel');
    },
    device: (page) => page.goto(`${issuer(stage, 'open')}/device`),
    'device-error': async (page) => {
      await page.goto(`${issuer(stage, 'open')}/device`);
      await page.fill('#device_user_code', 'NOSU-CHCO');
      await submit(page, '#kc-user-verify-device-user-code-form');
    },
    'error-unknown-client': (page) => page.goto(authorizationUrl(issuer(stage, 'open'), 'nobody', callback)),
    'error-redirect-uri': (page) => page.goto(authorizationUrl(issuer(stage, 'open'), 'app', 'https://elsewhere.example.com/')),
    'error-unknown-realm': (page) => page.goto(`${server.base}/realms/nowhere/protocol/openid-connect/auth`),
  };
}

let people = 0;

/** Somebody new registers where addresses are proved; gives the link in the mail. */
async function register(stage, page) {
  people += 1;
  const values = { username: `ada${people}`, email: `ada${people}@example.com`, firstName: 'Ada', lastName: 'Lovelace' };
  await page.goto(stage.signIn('proved', { prompt: 'create' }));
  await fill(page, values);
  await submit(page, '#kc-register-form');
  await page.getByText(values.email).first().waitFor();
  const { links } = await stage.server.mail(values.email);
  return links.find((link) => link.includes('/realms/proved/'));
}

function registering(stage) {
  const empty = (page) => page.goto(stage.signIn('open', { prompt: 'create' }));
  return {
    register: empty,
    'register-errors': async (page) => {
      await empty(page);
      await fill(page, { username: 'ada', email: 'not-an-address', firstName: 'Grace', password: 'short', 'password-confirm': 'other' });
      await submit(page, '#kc-register-form');
      await page.waitForSelector(FIELD_ERRORS);
    },
    'register-verify-email': (page) => page.goto(stage.signIn('proved', { prompt: 'create' })),
    'check-mail': (page) => register(stage, page),
    'new-password': async (page) => page.goto(await register(stage, page)),
    'link-in-another-browser': async (page) => {
      const other = await newPerson(stage.browser);
      await page.goto(await register(stage, other));
    },
    'broken-link': (page) => page.goto(`${issuer(stage, 'proved')}/login-actions/action-token?key=eyJhbGciOiJIUzUxMiJ9.e30.AAAA`),
    inbox: async (page) => {
      await register(stage, page);
      await page.goto(stage.server.printed(/inbox|mail/i));
    },
    'inbox-mail': async (page) => {
      await register(stage, page);
      await page.goto(stage.server.printed(/inbox|mail/i));
      await page.locator('.mails a').first().click();
      await page.waitForSelector('article');
    },
  };
}

async function invitations(stage) {
  const { server } = stage;
  await server.admin('POST', '/proved/organizations', { name: 'Hovercraft', alias: 'hovercraft', domains: [] });
  const [{ id }] = await server.admin('GET', '/proved/organizations');
  return {
    'organization-invitation': async (page) => {
      people += 1;
      const email = `invited${people}@example.com`;
      await server.form(`/proved/organizations/${id}/members/invite-user`, { email, firstName: 'Neo' });
      await page.goto((await server.mail(email)).links[0]);
      await page.waitForSelector('#kc-register-form');
    },
    'organization-join': async (page) => {
      people += 1;
      await server.user('proved', `member${people}`);
      const member = await stage.ada('proved', `member${people}`);
      await server.form(`/proved/organizations/${id}/members/invite-existing-user`, { id: member.id });
      await page.goto((await server.mail(member.email)).links[0]);
    },
  };
}

function recovering(stage) {
  const ask = (page) =>
    page.goto(`${issuer(stage, 'open')}/protocol/openid-connect/forgot-credentials?${new URLSearchParams({ client_id: 'app', response_type: 'code', redirect_uri: stage.callback })}`);
  return {
    'forgot-password': ask,
    'reset-device': async (page) => {
      await page.goto(`${issuer(stage, 'factors')}/protocol/openid-connect/forgot-credentials?${new URLSearchParams({ client_id: 'app', response_type: 'code', redirect_uri: stage.callback })}`);
      await fill(page, { username: 'ada' });
      await submit(page, '#kc-reset-password-form');
      await page.waitForSelector('#kc-reset-password-form', { state: 'detached' });
      const { links } = await stage.server.mail('ada@example.com');
      await page.goto(links.find((link) => link.includes('/realms/factors/')));
      await page.waitForSelector('#kc-otp-reset-form');
    },
    'forgot-password-sent': async (page) => {
      await ask(page);
      await fill(page, { username: 'ada' });
      await submit(page, '#kc-reset-password-form');
      await page.waitForSelector('#kc-reset-password-form', { state: 'detached' });
    },
  };
}

function acting(stage) {
  const actions = {
    'update-password': 'UPDATE_PASSWORD',
    'update-profile': 'UPDATE_PROFILE',
    'update-email': 'UPDATE_EMAIL',
    'delete-account': 'delete_account',
  };
  const ask = (action) => async (page) => {
    await page.goto(stage.signIn('actions', { kc_action: action }));
    await stage.sendPassword(page);
    await page.waitForSelector('#kc-form-login', { state: 'detached' });
  };
  const visits = Object.entries(actions).map(([name, action]) => [name, ask(action)]);
  return {
    ...Object.fromEntries(visits),
    'update-email-sent': async (page) => {
      await page.goto(stage.signIn('proved', { kc_action: 'UPDATE_EMAIL' }));
      await stage.sendPassword(page);
      await page.fill('#email', 'ada.king@example.com');
      await page.click('#kc-submit');
      await page.getByText('ada.king@example.com').first().waitFor();
    },
    terms: async (page) => {
      await stage.require('actions', 'TERMS_AND_CONDITIONS');
      await page.goto(stage.signIn('actions'));
      await stage.sendPassword(page);
      await page.waitForSelector('#kc-accept');
      await stage.require('actions');
    },
    'page-expired': async (page) => {
      await page.goto(stage.signIn('actions'));
      const step = new URL(await page.locator('#kc-form-login').evaluate((form) => form.action));
      step.searchParams.set('execution', 'of-another-day');
      await page.goto(step.href);
    },
  };
}

/** A realm in which Ada has two devices and recovery codes, and one in which she has none of them yet. */
async function passkeys(stage) {
  const settings = { displayName: 'Harbour Weather', ...LANGUAGES, webAuthnPolicyPasswordlessPasskeysEnabled: true, rememberMe: true };
  await stage.realm('keys', settings);
  const ask = (more) => async (visitor) => {
    await visitor.goto(stage.signIn('keys', more));
    await stage.sendPassword(visitor);
    await visitor.waitForSelector('#kc-form-login', { state: 'detached' });
  };
  const fail = async (visitor) => {
    await visitor.evaluate(() => {
      document.getElementById('error').value = 'NotAllowedError: The operation either timed out or was not allowed.';
      document.getElementById('register').requestSubmit();
    });
    await visitor.waitForSelector('#kc-try-again');
  };
  const page = await newPerson(stage.browser);
  await withAuthenticator(page);
  await stage.require('keys', 'webauthn-register');
  await ask()(page);
  await makePasskey(page, 'Laptop in the harbour office');
  await stage.arrived(page);
  await page.context().close();
  await stage.setStep('keys', 'webauthn-authenticator', 'ALTERNATIVE');
  await stage.server.user('keys', 'eve');
  const eve = async (visitor) => {
    await visitor.goto(stage.signIn('keys', { kc_action: 'webauthn-register-passwordless' }));
    await stage.sendPassword(visitor, 'eve');
    await visitor.waitForSelector('#registerWebAuthn');
  };
  return {
    'login-passkeys': (visitor) => visitor.goto(stage.signIn('keys')),
    'webauthn-register': eve,
    'webauthn-error': async (visitor) => {
      await eve(visitor);
      await fail(visitor);
    },
    'webauthn-authenticate': ask(),
  };
}

async function secondFactors(stage) {
  await stage.setStep('factors', 'auth-recovery-authn-code-form', 'ALTERNATIVE');
  const page = await newPerson(stage.browser);
  await stage.require('factors', 'CONFIGURE_TOTP');
  await page.goto(stage.signIn('factors'));
  await stage.sendPassword(page);
  const key = await setUp(page, 'Telephone');
  await stage.arrived(page);
  for (const action of ['CONFIGURE_TOTP', 'CONFIGURE_RECOVERY_AUTHN_CODES']) {
    await page.goto(stage.signIn('factors', { kc_action: action }));
    await answerDevice(page, key);
    if (action === 'CONFIGURE_TOTP') await setUp(page, 'Tablet in the harbour office');
    else {
      await page.check('#kcRecoveryCodesConfirmationCheck');
      await page.click('#saveRecoveryAuthnCodesBtn');
    }
    await stage.arrived(page);
  }
  const [, device] = (await stage.server.admin('GET', `/factors/users/${(await stage.ada('factors')).id}/credentials`)).filter(({ type }) => type === 'otp');
  await page.context().close();

  const ask = (realm, more) => async (visitor) => {
    await visitor.goto(stage.signIn(realm, more));
    await stage.sendPassword(visitor);
    await visitor.waitForSelector('#kc-form-login', { state: 'detached' });
  };
  const other = async (visitor) => {
    await ask('factors')(visitor);
    await visitor.click('#try-another-way');
  };
  const picture = ask('bare', { kc_action: 'CONFIGURE_TOTP' });
  return {
    'configure-totp': picture,
    'configure-totp-manual': async (visitor) => {
      await picture(visitor);
      await visitor.click('#mode-manual');
    },
    'configure-totp-error': async (visitor) => {
      await picture(visitor);
      await visitor.fill('#totp', '1');
      await visitor.click('#saveTOTPBtn');
      await visitor.waitForSelector(FIELD_ERRORS);
    },
    'recovery-codes': ask('bare', { kc_action: 'CONFIGURE_RECOVERY_AUTHN_CODES' }),
    'login-otp': ask('factors'),
    'login-otp-error': async (visitor) => {
      await ask('factors')(visitor);
      await visitor.fill('#otp', '1');
      await visitor.click('#kc-login');
      await visitor.waitForSelector(FIELD_ERRORS);
    },
    'select-authenticator': other,
    'login-recovery-code': async (visitor) => {
      await other(visitor);
      await visitor.locator('.way').nth(1).click();
    },
    'delete-device': async (visitor) => {
      await ask('factors', { kc_action: `delete_credential:${device.id}` })(visitor);
      await answerDevice(visitor, key);
      await visitor.waitForSelector('#kc-accept');
    },
  };
}

/** Gives the code of the first device, where it is asked for. */
async function answerDevice(page, key) {
  await page.locator('#otp, #kc-page-title').first().waitFor();
  if (!(await page.locator('#otp').count())) return;
  await page.locator('[name=selectedCredentialId]').first().check({ timeout: 1000 }).catch(() => {});
  await page.fill('#otp', code(key));
  await page.click('#kc-login');
}

function leaving(stage) {
  const confirm = async (page) => {
    await page.goto(stage.signIn('open'));
    await stage.sendPassword(page, 'ada', PASSWORD);
    await stage.arrived(page);
    await page.goto(`${issuer(stage, 'open')}/protocol/openid-connect/logout`);
  };
  return {
    'logout-confirm': confirm,
    'logged-out': async (page) => {
      await confirm(page);
      await page.click('#kc-logout');
      await page.waitForSelector('#kc-logout', { state: 'detached' });
    },
  };
}

/** The console for administrators, in a realm where there is something to see. */
/** A realm in which applications wait for approval: a new one, a change of one, and one that was refused. */
async function waiting(server) {
  await server.realm('gate', { displayName: 'Harbour Weather', ...LANGUAGES, attributes: { 'clientRegistration.approval': 'required' } });
  const { token } = await server.admin('POST', '/gate/clients-initial-access', { count: -1, owner: 'blue@example.com' });
  const send = async (method, url, bearer, metadata) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` };
    return (await fetch(url, { method, headers, body: JSON.stringify(metadata) })).json();
  };
  const metadata = (name) => ({ client_name: name, redirect_uris: [`https://${name.toLowerCase()}.blue.example/callback`], contacts: ['blue@example.com'] });
  const url = `${server.base}/realms/gate/clients-registrations/openid-connect`;
  await server.user('gate', 'mia');
  const [mia] = await server.admin('GET', '/gate/users?username=mia');
  const [holder] = await server.admin('GET', '/gate/clients?clientId=realm-management');
  const role = await server.admin('GET', `/gate/clients/${holder.id}/roles/manage-clients`);
  await server.admin('POST', `/gate/users/${mia.id}/role-mappings/clients/${holder.id}`, [role]);
  const change = await send('POST', url, token, metadata('Tides'));
  await server.admin('POST', `/gate/client-registrations/${change.client_id}/approve`, {});
  const changed = { ...metadata('Tides'), redirect_uris: ['https://tides.blue.example/callback', 'https://elsewhere.blue.example/a/long/way/back'], scope: 'openid email phone' };
  await send('PUT', change.registration_client_uri, change.registration_access_token, changed);
  await server.admin('POST', `/gate/client-registrations/${change.client_id}/notes`, { text: 'Asked the team: they are moving.' });
  const refused = await send('POST', url, token, metadata('Storms'));
  await server.admin('POST', `/gate/client-registrations/${refused.client_id}/refuse`, { reason: 'Not ours' });
  const news = await send('POST', url, token, metadata('Weather'));
  const [mail] = await (await fetch(`${server.base}/inbox/messages?to=${mia.email}`)).json();
  const links = mail.links.filter((link) => link.includes('/login-actions/approval'));
  return { news: news.client_id, change: change.client_id, refused: refused.client_id, links };
}

async function ownConsole(stage) {
  const { server } = stage;
  await server.realm('fleet', { eventsEnabled: true, adminEventsEnabled: true });
  const tokens = {};
  for (const [name, owner, count, expiration, defaults, webOrigins] of [
    ['team blue', 'blue@example.com', 5, 2_592_000, { contacts: ['blue@example.com'] }, ['https://register.blue.example']],
    ['Partner integration, spring', 'partners@example.com', -1, 0],
    ['one machine', undefined, 1, 86_400],
  ]) {
    tokens[name] = await server.admin('POST', '/fleet/clients-initial-access', { name, owner, count, expiration, defaults, webOrigins });
  }
  const register = (token, metadata) =>
    fetch(`${server.base}/realms/fleet/clients-registrations/openid-connect`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(metadata),
    });
  await register(tokens['team blue'].token, { client_name: 'Blue weather', redirect_uris: ['https://weather.blue.example/callback'] });
  await register(tokens['team blue'].token, { client_name: 'Blue tides', redirect_uris: ['https://tides.blue.example/callback'] });
  await register(tokens['one machine'].token, { redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' });
  await register(undefined, { client_name: 'Stranger', redirect_uris: ['https://elsewhere.example.net/cb'] });
  const base = `${server.base}/admin/master/console`;
  const open = (part) => async (page) => {
    await page.goto(`${base}/${part}`);
    await fill(page, { username: ADMIN, password: ADMIN_PASSWORD });
    await page.click('#kc-login');
    await page.waitForSelector('#content');
  };
  const waits = await waiting(server);
  const [client] = await server.admin('GET', '/fleet/clients?registered=true');
  const policies = await server.admin('GET', '/fleet/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy');
  const hosts = policies.find(({ providerId }) => providerId === 'trusted-hosts');
  return {
    'console-tokens': open('fleet/tokens'),
    'console-tokens-empty': open('open/tokens'),
    'console-token-new': open('fleet/tokens/new'),
    'console-token-made': async (page) => {
      await open('bare/tokens/new')(page);
      await page.fill('#name', 'team blue');
      await page.click('#make');
      await page.waitForSelector('#token');
    },
    'console-token': open(`fleet/tokens/${tokens['team blue'].id}`),
    'console-clients': open('fleet/clients'),
    'console-client': open(`fleet/clients/${client.id}`),
    'console-clients-stale': open('fleet/clients?stale=0'),
    'console-bulk': async (page) => {
      await open('fleet/clients')(page);
      await page.check('#pick-all');
      await page.click('#many button[value=delete]');
      await page.waitForSelector('#sure');
    },
    'console-secret': async (page) => {
      await open(`fleet/clients/${client.id}`)(page);
      await page.locator('form[action$="/registration-token"] button').click();
      await page.waitForSelector('#value');
    },
    'console-settings': open('fleet/settings'),
    'console-settings-wrong': async (page) => {
      await open('fleet/settings')(page);
      await page.fill('#quota-owner', 'many');
      await page.fill('#secret-expires', '-1');
      await page.click('#settings button[type=submit]');
      await page.waitForSelector('.field-error');
    },
    'console-token-wrong': async (page) => {
      await open('fleet/tokens/new')(page);
      await page.fill('#redirects', 'https://blue.example/path');
      await page.click('.more summary');
      await page.fill('#defaults', '{');
      await page.click('#make');
      await page.waitForSelector('#defaults-error');
    },
    'console-policies': open('fleet/policies'),
    'console-policy': open(`fleet/policies/${hosts.id}`),
    'console-policy-new': open('fleet/policies/new'),
    'console-pending': open('gate/pending'),
    'console-pending-none': open('bare/pending'),
    'console-pending-new': open(`gate/pending/${waits.news}`),
    'console-pending-change': open(`gate/pending/${waits.change}`),
    'console-trial': async (page) => {
      await open('fleet/policies')(page);
      await page.click('#try');
      await page.waitForSelector('#refusals');
    },
    'client-pending': (page) => page.goto(`${server.base}/realms/gate/protocol/openid-connect/auth?client_id=${waits.news}`),
    'client-refused': (page) => page.goto(`${server.base}/realms/gate/protocol/openid-connect/auth?client_id=${waits.refused}`),
    'approval-link': (page) => page.goto(waits.links[0]),
    'approval-link-refuse': (page) => page.goto(waits.links[1]),
    'console-activity': open('fleet/activity'),
    'console-activity-off': open('bare/activity'),
    'console-activity-administrators': open('fleet/activity?of=administrators'),
    'console-menu': async (page) => {
      await open('fleet/tokens')(page);
      await page.click('#realms summary');
    },
  };
}
