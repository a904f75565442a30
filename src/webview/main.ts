import type { ToPanel } from "../protocol/panel.ts";
import type { Host } from "./panel.ts";
import { openPanel } from "./panel.ts";

const host: Host = acquireVsCodeApi();
const handle = openPanel(host, document.body);
// VS Code is the only sender: it delivers the host's messages, and no other frame has a reference to this one.
addEventListener("message", (event: MessageEvent<ToPanel>) => handle(event.data));
host.postMessage({ type: "ready" });
