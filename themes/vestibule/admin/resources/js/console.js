// What the console does better with JavaScript; all of it works without.

// Times as the visitor's clock and language have them.
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}

// A token is copied with one press.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied;
  });
}

// Those on a page are chosen with one press; how many are chosen is told.
const many = document.getElementById("many");
if (many) {
  const boxes = [...many.querySelectorAll("input[name=ids]")];
  const every = document.getElementById("pick-all");
  const count = document.getElementById("count");
  const otherwise = count.textContent;
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    every.checked = chosen === boxes.length;
    every.indeterminate = chosen > 0 && !every.checked;
    count.textContent = chosen ? many.dataset.count.replace("#", chosen) : otherwise;
  };
  every.closest("label").hidden = false;
  every.addEventListener("change", () => {
    for (const box of boxes) box.checked = every.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}

// Without a limit there is no number.
const unlimited = document.getElementById("unlimited");
if (unlimited) {
  const count = document.getElementById("count");
  const follow = () => { count.disabled = unlimited.checked; };
  unlimited.addEventListener("change", follow);
  follow();
}

// An open menu closes with Escape, and when something else is used.
const menus = [...document.querySelectorAll("details.menu")];
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((one) => one.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
}
