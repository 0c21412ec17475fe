// What pages do better with JavaScript; all of them work without.

// A button that shows the password while it is typed.
for (const box of document.querySelectorAll("[data-reveal]")) {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  const label = (shown) => {
    button.setAttribute("aria-label", shown ? box.dataset.hide : box.dataset.show);
    button.setAttribute("aria-pressed", String(shown));
  };
  button.type = "button";
  button.id = `${input.id}-show-password`;
  button.setAttribute("aria-controls", input.id);
  label(false);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    label(shown);
  });
  input.form?.addEventListener("submit", () => { input.type = "password"; });
  input.classList.add("with-button");
  box.append(button);
}

// A form is sent once, however often its button is pressed; the browser's way back makes it fresh again.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelector(".button")?.setAttribute("aria-disabled", "true");
  });
}
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    form.querySelector(".button")?.removeAttribute("aria-disabled");
  }
});

// Recovery codes: printed, kept as a file, copied; the setup is completed once they are safe.
const codes = document.getElementById("kc-recovery-codes-list");
if (codes) {
  const lines = () => [...codes.querySelectorAll("li")].map((li, n) => `${n + 1}: ${li.textContent}`).join("\r\n");
  const on = (id, act) => document.getElementById(id)?.addEventListener("click", act);
  on("printRecoveryCodes", () => window.print());
  on("downloadRecoveryCodes", () => {
    const { header, about, date } = codes.dataset;
    const when = new Date().toLocaleString(document.documentElement.lang);
    const text = `${header}\r\n\r\n${lines()}\r\n\r\n${about}\r\n\r\n${date} ${when}\r\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = "recovery-codes.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  on("copyRecoveryCodes", async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(lines());
    button.textContent = codes.dataset.copied;
  });
  const check = document.getElementById("kcRecoveryCodesConfirmationCheck");
  const save = document.getElementById("saveRecoveryAuthnCodesBtn");
  const follow = () => { save.disabled = !check.checked; };
  check.addEventListener("change", follow);
  follow();
}

// An application that waits for approval: asks in the background, and goes on once it has been decided.
const waiting = document.querySelector("[data-waiting]");
if (waiting) {
  const look = async () => {
    const answer = await fetch(waiting.dataset.waiting, { headers: { accept: "application/json" } }).catch(() => null);
    const told = answer?.ok ? await answer.json() : { waiting: true };
    if (told.waiting) setTimeout(look, 3000);
    else location.replace(waiting.dataset.onward);
  };
  setTimeout(look, 3000);
}
