// A classic script that blocks on purpose: what needs scripts is shown, and in the chosen theme, from the first paint on.
document.documentElement.dataset.scripts = "on";
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: then the system's theme holds.
}
