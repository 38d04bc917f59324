// What this tab shows, and so whose news it needs: the scans by name, and the counts of their list.

export function whatIsShown(body) {
  const { counts } = body.dataset;
  const scans = new Set([...body.querySelectorAll("[data-scan]")].map((element) => element.dataset.scan));
  return { scans: [...scans], counts: counts ? [counts] : [], batch: counts === "all" ? null : (counts ?? null) };
}

export function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
