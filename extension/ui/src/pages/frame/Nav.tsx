// The navigation: where one can go, what serves this page, and how it looks.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { InstanceData } from "../../client/documents/frame.gen";
import { Icon, StateWord } from "../../ui/Glyph";
import { grouped, plural } from "../../ui/format";
import { MenuButton } from "../../ui/Pop";
import { PAGES } from "../registry";
import { useInstance, useWhyNot } from "./instance";
import { A, useRoute } from "./route";
import type { Wish } from "./theme";
import { readWish, setWish } from "./theme";

export function Nav(props: { readonly onSearch: () => void; readonly onHelp: () => void }): JSX.Element {
  const { path } = useRoute();
  const data = useInstance();
  const running = data?.running.__typename === "Runs" ? data.running.count : 0;
  const broken = data?.workspaceOrError.__typename === "Workspace" ? data.workspaceOrError.locationEntries.filter((one) => one.locationOrLoadError?.__typename === "PythonError").map(({ name }) => name) : [];
  return (
    <nav class="nb-nav" aria-label="Pages">
      <A to="/" class="nb-brand" title="nbasset">
        <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
          <rect x="1.5" y="6" width="6" height="6" rx="1.5" fill="none" stroke="currentColor" stroke-width="1.6" />
          <path d="M7.5 9h3" stroke="currentColor" stroke-width="1.6" />
          <rect x="10.5" y="6" width="6" height="6" rx="1.5" fill="currentColor" />
        </svg>
        <b>nbasset</b>
      </A>
      <button type="button" class="nb-goto" onClick={props.onSearch}>
        <Icon name="search" />
        <span>Go to</span>
        <kbd class="nb-push">/</kbd>
      </button>
      <ul class="nb-nav-list">
        {PAGES.flatMap(({ path: to, title, nav }) =>
          nav === undefined
            ? []
            : [
                <li key={to}>
                  <A to={to} class="nb-ni" title={`${title} (${nav.keys})`} current={path === to || (nav.also !== undefined && path.startsWith(nav.also))}>
                    <Icon name={nav.icon} />
                    <span>{title}</span>
                    {to === "/runs" && running > 0 && <span class="nb-push nb-micro" title={`${plural(running, "run")} going on`}>{grouped(running)}</span>}
                    {to === "/locations" && broken.length > 0 && (
                      <span class="nb-push" title={`${broken.join(", ")} could not be loaded: what is defined there is missing from these pages`}>
                        <StateWord state="failed">{grouped(broken.length)}</StateWord>
                        <span class="nb-unseen"> not loaded</span>
                      </span>
                    )}
                  </A>
                </li>,
              ],
        )}
      </ul>
      <Foot data={data} onHelp={props.onHelp} />
    </nav>
  );
}

function Foot({ data, onHelp }: { readonly data: InstanceData | null; readonly onHelp: () => void }): JSX.Element {
  const whyNot = useWhyNot();
  const [wish, setShown] = useState<Wish>(readWish);
  const choose = (next: Wish): void => {
    setWish(next);
    setShown(next);
  };
  const daemons = data?.instance.daemonHealth.allDaemonStatuses ?? [];
  const isAlive = daemons.some(({ healthy }) => healthy === true);
  return (
    <div class="nb-nfoot nb-micro">
      <div title={isAlive ? "Schedules, sensors and queued runs are looked after" : "Schedules, sensors and queued runs wait: start it with `nbasset daemon run`"}>
        {data !== null && (isAlive ? <StateWord state="fresh">daemon alive</StateWord> : <StateWord state="canceled">no daemon</StateWord>)}
      </div>
      <div class="nb-clip">{location.host}</div>
      {whyNot !== undefined && <div title="Everything can be looked at; nothing can be started or changed">read-only</div>}
      <div class="nb-row nb-gap-3">
        <MenuButton
          kind="quiet"
          label="Theme"
          icon={wish.theme === "dark" ? "moon" : wish.theme === "light" ? "sun" : "contrast"}
          items={[
            { label: "Light", checked: wish.theme === "light", onPick: () => choose({ ...wish, theme: "light" }) },
            { label: "Dark", checked: wish.theme === "dark", onPick: () => choose({ ...wish, theme: "dark" }) },
            { label: "As the system", checked: wish.theme === "system", onPick: () => choose({ ...wish, theme: "system" }) },
            { label: "High contrast", line: true, checked: wish.contrast, onPick: () => choose({ ...wish, contrast: !wish.contrast }) },
          ]}
        />
        <button type="button" class="nb-b" data-kind="quiet" aria-label="Help and keys" title="Help and keys (?)" onClick={onHelp}>
          <Icon name="why" />
        </button>
        {data !== null && <span class="nb-push nb-2">{data.version}</span>}
      </div>
    </div>
  );
}
