// Notices that a script has to give; they look like the server's own.

const SHOWN_MS = 6_000;

export function notify(text) {
  const notice = document.createElement("p");
  notice.className = "notice notice-passing";
  notice.setAttribute("role", "status");
  notice.textContent = text;
  document.querySelector("[data-notices]").replaceChildren(notice);
  setTimeout(() => notice.remove(), SHOWN_MS);
}
