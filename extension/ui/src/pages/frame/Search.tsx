// Go to anything by its name: `/` opens it, arrows choose, Enter goes there.

import type { JSX } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { SearchData } from "../../client/documents/frame.gen";
import { SearchDocument } from "../../client/documents/frame.gen";
import { pathOf } from "../../client/route";
import { Icon } from "../../ui/Glyph";
import type { IconName } from "../../ui/glyphs";
import { PAGES } from "../registry";
import { useQuery } from "./query";
import { useGo } from "./route";
import type { Found } from "./finding";
import { find } from "./finding";

const MOST = 12;

export function Search({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const go = useGo();
  const { data, error } = useQuery(SearchDocument, {});
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const element = useRef<HTMLDialogElement>(null);
  const list = useId();
  const all = useMemo(() => [...(data === null ? [] : things(data)), ...pages()], [data]);
  const shown = useMemo(() => find(all, text).slice(0, MOST), [all, text]);
  const chosen = Math.min(at, Math.max(0, shown.length - 1));
  useEffect(() => {
    const dialog = element.current;
    if (typeof dialog?.showModal === "function") dialog.showModal();
    return () => dialog?.close?.();
  }, []);
  const take = (found: Found | undefined): void => {
    if (found === undefined) return;
    onClose();
    go(found.to);
  };
  return (
    <dialog
      ref={element}
      class="nb-search"
      aria-label="Go to"
      onCancel={onClose}
      onPointerDown={(event) => event.target === element.current && onClose()}
    >
      <label class="nb-search-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Go to an asset, a job, a run, a page"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={shown.length > 0 ? `${list}-${chosen}` : undefined}
          placeholder="An asset, a group, a job, a schedule, a run id, a page"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: text === "" ? 0 : undefined }[event.key];
            if (to !== undefined) setAt((to + shown.length) % Math.max(1, shown.length));
            else if (event.key === "Enter") take(shown[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </label>
      <ul id={list} class="nb-search-list" role="listbox" aria-label="What was found">
        {shown.map((found, index) => (
          <li key={found.kind + found.to} id={`${list}-${index}`} role="option" aria-selected={index === chosen} onPointerMove={() => setAt(index)} onClick={() => take(found)}>
            <Icon name={found.icon} />
            <span class={found.isKey ? "nb-key nb-clip" : "nb-clip"}>{found.name}</span>
            <span class="nb-micro nb-push nb-nowrap">{found.kind}</span>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="nb-search-none nb-small nb-2">{error ?? (text === "" ? "" : `Nothing here is called “${text}”.`)}</p>}
    </dialog>
  );
}

function pages(): readonly Found[] {
  return PAGES.flatMap(({ path, title, nav }) => (nav === undefined ? [] : [thing("page", title, path, nav.icon, false)]));
}

function things(data: SearchData): readonly Found[] {
  const found: Found[] = data.assetNodes.map(({ assetKey, groupName }) => {
    const key = assetKey.path.join("/");
    return { ...thing("asset", key, pathOf("assets", key), "cube", true), also: groupName };
  });
  for (const group of new Set(data.assetNodes.map(({ groupName }) => groupName))) {
    found.push(thing("group", group, `/assets?${new URLSearchParams({ q: `group:${group}` }).toString()}`, "layers", false));
  }
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return found;
  for (const { jobs, schedules, sensors } of data.repositoriesOrError.nodes) {
    for (const { name } of jobs) if (!name.startsWith("__")) found.push(thing("job", name, pathOf("jobs", name), "list", true));
    for (const { name } of schedules) found.push(thing("schedule", name, pathOf("schedules", name), "clock", true));
    for (const { name } of sensors) found.push(thing("sensor", name, pathOf("sensors", name), "bell", true));
  }
  return found;
}

function thing(kind: string, name: string, to: string, icon: IconName, isKey: boolean): Found {
  return { kind, name, to, icon, isKey, also: "" };
}
