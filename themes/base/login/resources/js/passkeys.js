// Passkeys: the page says in its forms what is asked; what the authenticator answers goes into their hidden fields.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const said = (value) => value && value !== "not specified";
const fill = (form, values) => {
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.requestSubmit();
};
const once = (button, act) => button?.addEventListener("click", (event) => {
  event.preventDefault();
  act();
}, { once: true });

// A call that waits is ended before another begins: browsers allow one.
let waiting;
function signal() {
  waiting?.abort();
  waiting = new AbortController();
  return waiting.signal;
}

function selection({ attachment, residentKey, requireResidentKey, verification }) {
  const chosen = {};
  if (said(attachment)) chosen.authenticatorAttachment = attachment;
  if (said(residentKey)) chosen.residentKey = residentKey;
  else if (said(requireResidentKey)) chosen.residentKey = requireResidentKey === "Yes" ? "required" : "discouraged";
  if (chosen.residentKey) chosen.requireResidentKey = chosen.residentKey === "required";
  if (said(verification)) chosen.userVerification = verification;
  return chosen;
}

async function register(form) {
  const asked = form.dataset;
  if (!window.PublicKeyCredential) return fill(form, { error: asked.unsupported });
  const publicKey = {
    challenge: bytes(asked.challenge),
    rp: { id: asked.rpId, name: asked.rpName },
    user: { id: bytes(asked.userId), name: asked.username, displayName: asked.username },
    pubKeyCredParams: asked.algorithms.split(",").map((alg) => ({ type: "public-key", alg: Number(alg) })),
    authenticatorSelection: selection(asked),
    excludeCredentials: asked.exclude.split(",").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) })),
  };
  if (said(asked.attestation)) publicKey.attestation = asked.attestation;
  if (Number(asked.timeout)) publicKey.timeout = Number(asked.timeout) * 1000;
  try {
    const made = await navigator.credentials.create({ publicKey });
    fill(form, {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      publicKeyCredentialId: text(made.rawId),
      transports: made.response.getTransports?.().join() ?? "",
      authenticatorAttachment: made.authenticatorAttachment ?? "",
      authenticatorLabel: window.prompt(asked.prompt, asked.label) ?? asked.label,
    });
  } catch (error) {
    fill(form, { error: String(error) });
  }
}

/** Asks for a passkey: of those that are listed, or of any that the person has for this site. */
function ask(form, listed, more = {}) {
  const asked = form.dataset;
  const publicKey = { challenge: bytes(asked.challenge), rpId: asked.rpId };
  publicKey.allowCredentials = listed.map((input) => ({ type: "public-key", id: bytes(input.value) }));
  if (said(asked.verification)) publicKey.userVerification = asked.verification;
  if (Number(asked.timeout)) publicKey.timeout = Number(asked.timeout) * 1000;
  return navigator.credentials.get({ publicKey, signal: signal(), ...more });
}

function send(form, found) {
  const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
  const remember = document.getElementById("rememberMe");
  if (remember) {
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: "rememberMe" });
    input.value = remember.checked ? "on" : "off";
    form.append(input);
  }
  fill(form, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    credentialId: found.id,
    userHandle: userHandle ? text(userHandle) : "",
  });
}

async function authenticate(form) {
  if (!window.PublicKeyCredential) return fill(form, { error: form.dataset.unsupported });
  const known = form.dataset.known === "true";
  const listed = known ? [...document.querySelectorAll("#authn_select [name=authn_use_chk]")] : [];
  try {
    const found = await ask(form, listed);
    if (found) send(form, found);
  } catch (error) {
    fill(form, { error: String(error) });
  }
}

// A dialogue that somebody has closed does not come again in the same tab's sign-in.
const DISMISSED = "kc_passkey_modal_dismissed";

/** Beside the field for the name: the browser offers passkeys by itself, and says nothing if there are none. */
async function offer(form) {
  const { mediation, attachment, known, challenge } = form.dataset;
  if (!window.PublicKeyCredential || !mediation || mediation === "none" || known === "true") return;
  const modal = mediation === "optional" || mediation === "required";
  const tab = new URLSearchParams(new URL(form.action).search).get("tab_id") ?? challenge;
  try {
    if (attachment === "platform" && !(await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())) return;
    if (mediation === "conditional" && !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    if (modal && sessionStorage.getItem(DISMISSED) === tab) return;
    const found = await ask(form, [], { mediation });
    if (found) send(form, found);
  } catch {
    if (modal) sessionStorage.setItem(DISMISSED, tab);
  }
}

const made = document.getElementById("register");
const button = document.getElementById("registerWebAuthn");
if (made && button) once(button, () => register(made));

const asked = document.getElementById("webauth");
if (asked) {
  once(document.getElementById("authenticateWebAuthnButton"), () => authenticate(asked));
  offer(asked);
}

const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) time.textContent = format.format(new Date(time.dateTime));
