// Starts the behaviours of the elements that this page has.

import { connect as connectBox } from "./box.js";
import { connect as connectClocks } from "./clocks.js";
import { connect as connectCopy } from "./copy.js";
import { connect as connectHelp } from "./help.js";
import { connect as connectKeys } from "./keys.js";
import { connect as connectListLinks } from "./list-links.js";
import { connect as connectLiveChip } from "./live-chip.js";
import { connect as connectOptions } from "./options.js";
import { connect as connectPaste } from "./paste.js";
import { connect as connectProgress } from "./progress.js";
import { connect as connectRefresh } from "./refresh.js";
import { connect as connectRowKeys } from "./row-keys.js";
import { connect as connectScanList } from "./scan-list.js";
import { connect as connectScanPage } from "./scan-page.js";
import { connect as connectStream } from "./stream.js";
import { connect as connectTabsBar } from "./tabs-bar.js";
import { connect as connectTemplateChoice } from "./template-choice.js";
import { connect as connectTheme } from "./theme.js";
import { connect as connectTrial } from "./trial.js";

const BEHAVIOURS = {
  "[data-box]": [connectBox, connectPaste, connectTrial],
  "[data-options]": [connectOptions, connectTemplateChoice],
  "[data-scan-list]": [connectScanList, connectListLinks, connectTabsBar, connectRowKeys],
  "[data-scan-page]": connectScanPage,
  "[data-progress]": connectProgress,
  "[data-refresh-url]": connectRefresh,
  "[data-theme-switch]": connectTheme,
  "[data-help]": connectHelp,
  "[data-live-chip]": connectLiveChip,
  body: [connectClocks, connectKeys, connectCopy],
  // Last: who listens must listen before the first news.
  "[data-stream]": connectStream,
};

for (const [selector, connects] of Object.entries(BEHAVIOURS)) {
  for (const element of document.querySelectorAll(selector)) {
    for (const connect of [connects].flat()) connect(element);
  }
}
