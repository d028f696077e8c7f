// The module that anywidget loads: one for every view. The panel in the kernel says which. The style sheet comes as the model's
// own `_css`, which the page has anyway; here it goes into the shadow root.

import type { Model } from "../client/comm";
import { commLink } from "../client/comm";
import { isFields } from "../client/read";
import { mount } from "./mount";
import { notebookHost } from "./place";

interface Render {
  readonly model: Model;
  readonly el: HTMLElement;
}

export default {
  render({ model, el }: Render): () => void {
    const raw = model.get("panel");
    const target = isFields(raw) && typeof raw["link"] === "string" ? raw["link"] : "";
    const link = commLink(model, target);
    const style = model.get("_css");
    const appear = hideTwin(el);
    const close = mount(el, raw, link, notebookHost(el), typeof style === "string" ? style : "");
    // What was sent while nobody looked is not in the state of the model: ask whether it is still the newest.
    link.send({ id: 0, command: { type: "resync", seq: isFields(raw) && typeof raw["seq"] === "number" ? raw["seq"] : 0 } });
    return () => {
      close();
      appear();
    };
  },
};

/** The same picture without scripts is the output before: it steps back while this view is there. Returns how to bring it back. */
function hideTwin(el: HTMLElement): () => void {
  el.classList.add("nbasset-live");
  const output = el.closest(".jp-OutputArea-child, .output_container, .output") ?? el.parentElement;
  const twin = output?.previousElementSibling?.querySelector(".nbasset-twin");
  if (!(twin instanceof HTMLElement)) return () => undefined;
  twin.style.display = "none";
  return () => twin.style.removeProperty("display");
}
