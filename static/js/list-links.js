// Tabs, search and paging change the list alone, and the address with it: the box above keeps what was typed.

import { fetchFragment, morph } from "./fragment.js";
import { listen, tell } from "./news.js";

const TYPING_PAUSE_MS = 250;

export function connect(list) {
  let latest = 0;
  let timer = null;

  const go = async (url, remember) => {
    const turn = ++latest;
    list.setAttribute("aria-busy", "true");
    const page = await fetchFragment(url).catch(() => null);
    if (turn !== latest) return;
    list.removeAttribute("aria-busy");
    // Whatever is wrong, the browser shows it best.
    const fresh = page?.querySelector("[data-scan-list]");
    if (!fresh) return location.assign(url);
    remember?.(null, "", url);
    morph(list, fresh);
    tell("list replaced");
  };
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);

  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-list-link]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const isPaging = !link.closest("[data-tabs]");
    go(link.href, push).then(() => isPaging && list.scrollIntoView({ block: "start" }));
  });
  list.addEventListener("submit", (event) => {
    event.preventDefault();
    search(event.target, push);
  });
  list.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => search(event.target.form, replace), TYPING_PAUSE_MS);
  });
  listen("list outdated", () => go(location.href));
  addEventListener("popstate", () => {
    // A field that has the focus keeps what was typed; but this is another search.
    list.querySelector("[type=search]").value = new URLSearchParams(location.search).get("q") ?? "";
    go(location.href);
  });

  function search(form, remember) {
    clearTimeout(timer);
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    go(`${new URL(form.action).pathname}?${query}`.replace(/\?$/, ""), remember);
  }
}
