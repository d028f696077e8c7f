// The stand-alone site: everything below the address that the server says it stands behind.

import { render } from "preact";
import { httpServer } from "../client/graphql";
import { browserTimers } from "../client/store";
import { browserWire, openSocket } from "../client/socket";
import { Frame } from "../pages/frame/Frame";
import { watchWish } from "../pages/frame/theme";
import "../../style/page.css";
import "../../style/work.css";

const root = document.getElementById("nbasset");
const base = document.querySelector<HTMLMetaElement>('meta[name="nbasset-base"]')?.content ?? "";

if (root !== null) {
  watchWish();
  const socket = openSocket(browserWire(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${base}/panels`), browserTimers);
  render(<Frame base={base} server={httpServer(base)} socket={socket} />, root);
}
