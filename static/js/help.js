// The list of keys.

export function connect(dialog) {
  const button = document.querySelector("[data-help-open]");
  button.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
