// What was made of an asset or a partition, newest first: pick two to compare, go back to one.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { HistoryEntry, HistoryView } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { Plot } from "../ui/Charts";
import { StateWord } from "../ui/Glyph";
import { bytes, duration, fullTime, grouped, moment, plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { MenuButton } from "../ui/Pop";
import { useDesk } from "./host";
import { RunLink } from "./Words";

export function HistoryCard({ view }: { readonly view: HistoryView }): JSX.Element {
  const desk = useDesk();
  const now = useNow(60_000);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [older, setOlder] = useState<readonly HistoryEntry[]>([]);
  const [more, setMore] = useState(view.more);
  const entries = [...view.entries, ...older];
  const isParted = view.partition === null && entries.some(({ partition }) => partition !== null);
  const toggle = (version: string): void =>
    setChosen(chosen.includes(version) ? chosen.filter((kept) => kept !== version) : [...chosen, version].slice(-2));
  const [after, before] = entries.filter(({ version }) => chosen.includes(version));
  const fetchMore = async (): Promise<void> => {
    if (more === null) return;
    const result = await desk.store.ask({ type: "fetch_history", asset: view.asset, partition: view.partition, after: more });
    if (result.type !== "history") return;
    setOlder([...older, ...result.entries]);
    setMore(result.more);
  };
  return (
    <section class="nb-card" role="group" aria-label={`History of ${view.asset}`}>
      <header class="nb-head">
        <h3 class="nb-key nb-title">{view.asset}</h3>
        {view.partition !== null && <span class="nb-mono nb-2">{view.partition}</span>}
        <span class="nb-micro">history, newest first</span>
        <span class="nb-push">
          <Button
            disabled={after === undefined || before === undefined}
            title="Tick two versions to compare them"
            onClick={() =>
              before !== undefined && after !== undefined &&
              desk.open({ type: "fetch_diff", asset: view.asset, partition: view.partition, before: before.version, after: after.version })
            }
          >
            Compare two
          </Button>
        </span>
      </header>
      {view.plots.length > 0 && (
        <div class="nb-body nb-plots">
          {view.plots.map((series) => (
            <Plot key={series.label} series={series} onOpen={(name) => desk.openRun(name)} />
          ))}
        </div>
      )}
      <div class="nb-scroll nb-line-top" style={{ maxHeight: "380px" }}>
        <table class="nb-t">
          <thead>
            <tr>
              <th>
                <span class="nb-unseen">Compare</span>
              </th>
              <th>When</th>
              <th>What</th>
              {isParted && <th>Partition</th>}
              <th class="nb-num">Rows</th>
              <th class="nb-num">Size</th>
              <th class="nb-num">Time</th>
              <th>Version</th>
              <th>Run</th>
              <th>
                <span class="nb-unseen">More</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.version}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Compare ${entry.version}`}
                    checked={chosen.includes(entry.version)}
                    disabled={!entry.is_kept}
                    onChange={() => toggle(entry.version)}
                  />
                </td>
                <td class="nb-nowrap" title={fullTime(entry.at)}>
                  {moment(entry.at, now)}
                </td>
                <td>
                  <StateWord state={entry.state}>{entry.is_current ? `${entry.what}, current` : entry.what}</StateWord>
                  {entry.shown > 0 && entry.version !== "" && (
                    <>
                      {" "}
                      <button type="button" class="nb-link" onClick={() => desk.open({ type: "fetch_shown", asset: view.asset, partition: entry.partition ?? view.partition, version: entry.version })}>
                        {plural(entry.shown, "display")}
                      </button>
                    </>
                  )}
                </td>
                {isParted && <td class="nb-mono nb-nowrap">{entry.partition}</td>}
                <td class="nb-num">{entry.rows === null ? "–" : grouped(entry.rows)}</td>
                <td class="nb-num">{entry.size_bytes === null ? "–" : bytes(entry.size_bytes)}</td>
                <td class="nb-num">{entry.seconds === null ? "–" : duration(entry.seconds)}</td>
                <td class="nb-mono" title={`data ${entry.data_version}, code ${entry.code_version}`}>
                  {entry.version.slice(0, 6)}
                </td>
                <td class="nb-nowrap">{entry.run === null ? entry.by : <RunLink run={entry.run} />}</td>
                <td>
                  {entry.is_kept && entry.version !== "" && <EntryMenu view={view} entry={entry} />}
                  {!entry.is_kept && <span class="nb-micro nb-nowrap">not kept</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more !== null && (
        <div class="nb-note">
          <button type="button" class="nb-link" onClick={() => void fetchMore()}>
            Older
          </button>
        </div>
      )}
    </section>
  );
}

function EntryMenu({ view, entry }: { readonly view: HistoryView; readonly entry: HistoryEntry }): JSX.Element {
  const desk = useDesk();
  const place = { asset: view.asset, partition: entry.partition ?? view.partition };
  return (
    <MenuButton
      kind="icon"
      icon="dots"
      label={`More for version ${entry.version}`}
      items={[
        ...(entry.shown > 0 ? [{ label: `Show what it displayed (${entry.shown})`, onPick: () => desk.open({ type: "fetch_shown" as const, ...place, version: entry.version }) }] : []),
        { label: "Show its rows", onPick: () => desk.open({ type: "fetch_preview", ...place, version: entry.version }) },
        { label: "Roll back to it", disabled: !desk.canRun || entry.is_current, onPick: () => desk.open({ type: "roll_back", ...place, version: entry.version }) },
      ]}
    />
  );
}
