// The switch between light and dark; without it the system's choice holds.

export function connect(button) {
  const root = document.documentElement;
  button.addEventListener("click", () => {
    const isDark = getComputedStyle(root).colorScheme.startsWith("dark")
      || (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.theme = isDark ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Storage may be forbidden: then the choice holds for this page.
    }
  });
}
