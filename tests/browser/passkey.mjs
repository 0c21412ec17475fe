// The authenticator that Chromium's DevTools have: part of the device, and willing whenever it is asked.

/** Gives a page an authenticator. Remove it, or close the context: it stays as long as the page does. */
export async function withAuthenticator(page) {
  const tools = await page.context().newCDPSession(page);
  await tools.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await tools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, automaticPresenceSimulation: true } });
  const willing = (enabled) => tools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  return {
    remove: () => tools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
    /** Nobody touches it meanwhile. */
    async quiet(act) {
      await willing(false);
      await act();
      await willing(true);
    },
  };
}

/** Makes a passkey on the page that asks for it. */
export async function makePasskey(page, label) {
  page.once('dialog', (dialog) => dialog.accept(label));
  await page.click('#registerWebAuthn');
}
