// What tabs show, and the stream that would tell them all of it: pure functions.

// What the server takes in one request.
const MOST_SCANS = 200;
const MOST_COUNTED = 20;

/** The narrowest scope that serves all that is shown: their scans by name, or when these are too many a whole list. */
export function union(allShown) {
  const scans = new Set(allShown.flatMap((shown) => shown.scans));
  const counts = new Set(allShown.flatMap((shown) => shown.counts).slice(-MOST_COUNTED));
  if (scans.size <= MOST_SCANS) return { scans, batch: null, counts };
  const batches = new Set(allShown.filter((shown) => shown.scans.length).map((shown) => shown.batch));
  return { scans: null, batch: batches.size === 1 ? [...batches][0] : null, counts };
}

/** Whether the stream tells a tab all that it shows. */
export function covers(scope, shown) {
  return shown.counts.every((name) => scope.counts.has(name)) && hasScans(scope, shown);
}

/** Whether there is no need for another stream. */
export function serves(scope, allShown) {
  const needed = union(allShown);
  return !isTooWide(scope, needed) && [...needed.counts].every((name) => scope.counts.has(name)) && allShown.every((shown) => hasScans(scope, shown));
}

function isTooWide(scope, needed) {
  return !scope.scans && Boolean(needed.scans || (needed.batch && !scope.batch));
}

export function urlOf(base, { scans, batch, counts }) {
  const query = [];
  // Without hyphens: proxies and servers bound the length of an address.
  if (scans) query.push(`ids=${[...scans].map((id) => id.replaceAll("-", "")).join()}`);
  if (batch) query.push(`batch=${batch}`);
  if (counts.size) query.push(`counts=${[...counts].join()}`);
  return `${base}?${query.join("&")}`;
}

function hasScans(scope, shown) {
  if (scope.scans) return shown.scans.every((id) => scope.scans.has(id));
  return !scope.batch || !shown.scans.length || shown.batch === scope.batch;
}
