// Schedules and sensors: on or off, what they start, how the last day went, what comes next.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { AutomationData } from "../client/documents/automation.gen";
import { AutomationDocument } from "../client/documents/automation.gen";
import { pathOf, withParams } from "../client/route";
import { Button, Chip } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Glyph, Icon, StateWord } from "../ui/Glyph";
import { duration, grouped, plural } from "../ui/format";
import { Switch, TextField } from "../ui/Form";
import { useNow } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import type { Switched } from "./automation/switches";
import { useSwitch } from "./automation/switches";
import { TickStrip } from "./automation/TickStrip";
import { PageHead } from "./frame/Frame";
import { useWhyNot } from "./frame/instance";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useRoute } from "./frame/route";
import { tickLook } from "./parts/runStates";
import { ActButton } from "./parts/ActButton";
import { Ago, Until, When } from "./parts/Time";

type Nodes = Extract<AutomationData["repositoriesOrError"], { readonly __typename: "RepositoryConnection" }>["nodes"];

interface Row extends Switched {
  readonly isOn: boolean;
  readonly when: string;
  readonly exact: string;
  readonly target: string;
  readonly description: string;
  readonly ticks: Nodes[number]["schedules"][number]["scheduleState"]["ticks"];
  readonly coming: readonly number[];
  readonly next: number | null;
}

export default function Automation(): JSX.Element {
  const minute = Math.floor(useNow(60_000) / 60) * 60;
  const query = useQuery(AutomationDocument, { ticks: 400, after: minute - 86_400, until: minute + 6 * 3_600 + 60 }, { keep: true, on: ({ other }) => other.length > 0 });
  return (
    <PageHead title="Automation" above={query.data === null ? undefined : <Beat data={query.data} />}>
      <Await query={query} what="schedules and sensors">
        {({ repositoriesOrError: answer }) =>
          answer.__typename === "RepositoryConnection" ? <List nodes={answer.nodes} again={query.again} /> : <Note state="failed">Schedules and sensors could not be read: {answer.message}</Note>
        }
      </Await>
    </PageHead>
  );
}

/** Whether anybody looks after them. */
function Beat({ data }: { readonly data: AutomationData }): JSX.Element {
  const now = useNow(5_000);
  const daemons = data.instance.daemonHealth.allDaemonStatuses;
  const last = Math.max(...daemons.map(({ lastHeartbeatTime }) => lastHeartbeatTime ?? 0), 0);
  if (daemons.some(({ healthy }) => healthy === true)) return <>daemon alive{last > 0 && <>, last beat <Ago at={last} now={now} /></>}</>;
  return (
    <StateWord state="warned">
      No daemon runs, so nothing here starts by itself{last > 0 ? <>; last seen <Ago at={last} now={now} /></> : ""}. Start it with <span class="nb-mono">nbasset daemon run</span>.
    </StateWord>
  );
}

function rowsOf(nodes: Nodes): readonly Row[] {
  return nodes.flatMap(({ name: repositoryName, location, schedules, sensors }) => {
    const origin = { repositoryName, repositoryLocationName: location.name };
    return [
      ...schedules.map((one): Row => {
        const coming = one.futureTicks.results.flatMap(({ timestamp }) => timestamp ?? []);
        const isOn = one.scheduleState.status === "RUNNING";
        return {
          kind: "schedule", name: one.name, id: one.scheduleState.id, origin, isOn, target: one.targetText, description: one.description ?? "",
          when: one.cronText, exact: [one.cronSchedule, one.executionTimezone ?? ""].filter((part) => part !== "").join(", "),
          ticks: one.scheduleState.ticks, coming: isOn ? coming : [], next: isOn ? (one.next.results[0]?.timestamp ?? null) : null,
        };
      }),
      ...sensors.map((one): Row => {
        const isOn = one.sensorState.status === "RUNNING";
        return {
          kind: "sensor", name: one.name, id: one.sensorState.id, origin, isOn, target: one.targetText, description: one.description ?? "",
          when: `every ${duration(one.minIntervalSeconds)}`, exact: SENSORS[one.sensorType] ?? `${one.sensorType.toLowerCase().replaceAll("_", " ")} sensor`,
          ticks: one.sensorState.ticks, coming: [], next: isOn ? (one.nextTick?.timestamp ?? null) : null,
        };
      }),
    ];
  });
}

const SENSORS: { readonly [type: string]: string } = {
  STANDARD: "sensor",
  RUN_STATUS: "when a run ends so",
  ASSET: "when an asset is made",
  MULTI_ASSET: "when assets are made",
  FRESHNESS_POLICY: "when an asset is late",
  AUTOMATION: "as conditions say",
  AUTO_MATERIALIZE: "as conditions say",
};

type Shown = "all" | "schedules" | "sensors" | "off" | "failed";

function List({ nodes, again }: { readonly nodes: Nodes; readonly again: () => void }): JSX.Element {
  const place = useRoute();
  const go = useGo();
  const now = useNow(30_000);
  const rows = useMemo(() => rowsOf(nodes), [nodes]);
  const shown = place.query.get("show") ?? "all";
  const text = place.query.get("q") ?? "";
  const [asks, setAsks] = useState<boolean | null>(null);
  const isFailing = ({ ticks }: Row): boolean => ticks[0]?.status === "FAILURE";
  const groups: readonly { readonly value: Shown; readonly label: string; readonly of: (row: Row) => boolean; readonly glyph?: "failed" | "canceled" }[] = [
    { value: "all", label: "All", of: () => true },
    { value: "schedules", label: "Schedules", of: ({ kind }) => kind === "schedule" },
    { value: "sensors", label: "Sensors", of: ({ kind }) => kind === "sensor" },
    { value: "off", label: "Off", of: ({ isOn }) => !isOn, glyph: "canceled" },
    { value: "failed", label: "Failing", of: isFailing, glyph: "failed" },
  ];
  const group = groups.find(({ value }) => value === shown) ?? groups[0];
  const fitting = rows.filter((row) => (group?.of(row) ?? true) && `${row.name} ${row.target} ${row.when} ${row.description}`.toLowerCase().includes(text.toLowerCase()));
  if (rows.length === 0) {
    return (
      <section class="nb-card">
        <Empty title="Nothing runs by itself yet">
          Promote assets of a notebook with a time, <span class="nb-mono">%asset promote ASSET --cron "0 6 * * *"</span>, or define a <span class="nb-mono">@schedule</span> or <span class="nb-mono">@sensor</span>.
        </Empty>
      </section>
    );
  }
  const turned = fitting.filter(({ isOn }) => isOn !== asks);
  return (
    <>
      <div class="nb-bar-row">
        <span class="nb-auto-search">
          <TextField type="search" icon="search" label="Find schedules and sensors" placeholder="Name, job, words" value={text} onChange={(q) => go(withParams(place, { q: q === "" ? null : q }), "replace")} />
        </span>
        {groups.map(({ value, label, of, glyph }) => {
          const count = rows.filter(of).length;
          return value !== "all" && count === 0 ? null : (
            <Chip key={value} pressed={group?.value === value} onClick={() => go(withParams(place, { show: value === "all" ? null : value }))}>
              {glyph !== undefined && <Glyph state={glyph} />} {label} {grouped(count)}
            </Chip>
          );
        })}
        <span class="nb-push nb-row nb-gap-3">
          <ActButton icon="play" disabled={fitting.every(({ isOn }) => isOn)} onClick={() => setAsks(true)}>
            Turn on
          </ActButton>
          <ActButton icon="pause" disabled={!fitting.some(({ isOn }) => isOn)} onClick={() => setAsks(false)}>
            Turn off
          </ActButton>
        </span>
      </div>
      <section class="nb-card nb-scroll" tabIndex={0} role="region" aria-label="Schedules and sensors">
        <table class="nb-t nb-auto">
          <thead>
            <tr>
              <th><span class="nb-unseen">On</span></th>
              <th>Name</th>
              <th>When</th>
              <th class="nb-from-900">Runs</th>
              <th class="nb-from-800"><span class="nb-strip-head"><span>24 h</span><span>now, 6 h</span></span></th>
              <th>Last</th>
              <th>Next</th>
            </tr>
          </thead>
          <tbody>
            {fitting.map((row) => (
              <AutomationRow key={`${row.kind} ${row.origin.repositoryLocationName} ${row.name}`} row={row} now={now} again={again} hasLocations={nodes.length > 1} />
            ))}
          </tbody>
        </table>
        {fitting.length === 0 && <Empty title="Nothing passes the filter">{text}</Empty>}
      </section>
      {asks !== null && <TurnDialog rows={turned} on={asks} onClose={() => setAsks(null)} again={again} />}
    </>
  );
}

export function automationPath(row: Pick<Row, "kind" | "name" | "origin">, hasLocations: boolean): string {
  const path = pathOf(row.kind === "schedule" ? "schedules" : "sensors", row.name);
  return hasLocations ? `${path}?${new URLSearchParams({ location: row.origin.repositoryLocationName }).toString()}` : path;
}

function AutomationRow({ row, now, again, hasLocations }: { readonly row: Row; readonly now: number; readonly again: () => void; readonly hasLocations: boolean }): JSX.Element {
  const turn = useSwitch();
  const whyNot = useWhyNot();
  // As the reader set it, until the server says how it stands.
  const [wish, setWish] = useState<boolean | null>(null);
  const isOn = wish ?? row.isOn;
  const [last] = row.ticks;
  const look = last === undefined ? null : tickLook(last.status, last.missed);
  return (
    <tr>
      <td>
        <Switch
          on={isOn}
          label={`${row.name} on`}
          disabled={whyNot !== undefined}
          title={whyNot ?? (isOn ? "Turn off" : "Turn on")}
          onChange={(on) => {
            setWish(on);
            void turn(row, on).then(() => {
              again();
              setTimeout(() => setWish(null), 600);
            });
          }}
        />
      </td>
      <td>
        <span class="nb-row">
          <Icon name={row.kind === "schedule" ? "clock" : "bell"} />
          <A to={automationPath(row, hasLocations)} class="nb-strong" title={row.description}>
            {row.name}
          </A>
        </span>
      </td>
      <td>
        <div>{row.when}</div>
        <div class="nb-micro nb-mono">{row.exact}</div>
      </td>
      <td class="nb-from-900 nb-2 nb-auto-target" title={row.target}>{row.target}</td>
      <td class="nb-from-800">
        <TickStrip ticks={row.ticks} coming={row.coming} now={now} name={row.name} />
      </td>
      <td>
        {last === undefined || look === null ? (
          <span class="nb-2">none today</span>
        ) : (
          <StateWord state={look.state}>
            <When at={last.timestamp} now={now} />, {look.word}
          </StateWord>
        )}
      </td>
      <td class="nb-2 nb-nowrap">{!isOn ? "off" : row.next === null ? "" : <Until at={row.next} now={now} />}</td>
    </tr>
  );
}

function TurnDialog({ rows, on, onClose, again }: { readonly rows: readonly Row[]; readonly on: boolean; readonly onClose: () => void; readonly again: () => void }): JSX.Element {
  const turn = useSwitch();
  const act = async (): Promise<void> => {
    onClose();
    for (const row of rows) await turn(row, on);
    again();
  };
  return (
    <Dialog
      title={`Turn ${on ? "on" : "off"} ${plural(rows.length, "of these", "of these")}`}
      onClose={onClose}
      actions={
        <Button kind="main" onClick={() => void act()}>
          {`Turn ${grouped(rows.length)} ${on ? "on" : "off"}`}
        </Button>
      }
    >
      <p>{on ? "From now on they start runs by themselves; ticks that have passed are not caught up." : "They start nothing until they are turned on again. Runs that go on are left alone."}</p>
      <ul class="nb-names nb-small">
        {rows.map(({ name, kind, when }) => (
          <li key={kind + name}>
            <b>{name}</b> <span class="nb-2">{when}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
