// Buttons that copy a text of the page.

const THANKS_MS = 1_500;

export function connect(body) {
  body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button, document.querySelector(button.dataset.copy));
  });
}

async function copy(button, source) {
  button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers give the clipboard to pages from https or this machine alone.
    source.closest("details")?.setAttribute("open", "");
    getSelection().selectAllChildren(source);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = button.dataset.label), THANKS_MS);
}
