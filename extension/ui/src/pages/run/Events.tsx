// The events of a run as a table: filters by kind, step and level, words; a row has an address of its own.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { RunEventsDocument } from "../../client/documents/run.gen";
import { pathOf, withParams } from "../../client/route";
import { Button, Chip } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { DataTable } from "../../ui/DataTable";
import { Glyph } from "../../ui/Glyph";
import { clock, fullTime, grouped } from "../../ui/format";
import { Select, TextField } from "../../ui/Form";
import { Empty, Note, Waiting } from "../../ui/Notes";
import { useSite } from "../frame/context";
import { wordsOf } from "../frame/query";
import { A, useGo, useRoute } from "../frame/route";
import type { EventRow, ShownFact } from "./eventRows";
import { eventRows, KINDS, passing } from "./eventRows";

const PAGE = 1_000;
const ROW = 29;
const MOST = 20_000;

/** All events so far; what is new comes as the socket tells of the run. */
function useEvents(run: string): { readonly rows: readonly EventRow[] | null; readonly problem: string | null; readonly isAll: boolean } {
  const { server, socket } = useSite();
  const [state, setState] = useState<{ readonly rows: readonly EventRow[] | null; readonly problem: string | null; readonly isAll: boolean }>({ rows: null, problem: null, isAll: true });
  useEffect(() => {
    let isWanted = true;
    let isReading = false;
    let isDue = false;
    let cursor: string | null = null;
    const rows: EventRow[] = [];
    const read = async (): Promise<void> => {
      if (isReading) {
        isDue = true;
        return;
      }
      isReading = true;
      try {
        let hasMore = true;
        while (isWanted && hasMore && rows.length < MOST) {
          const { logsForRun: answer } = await server.ask(RunEventsDocument, { run, after: cursor, limit: PAGE });
          if (answer.__typename !== "EventConnection") throw new Error(answer.message);
          rows.push(...eventRows(answer.events, rows.length));
          ({ cursor, hasMore } = answer);
        }
        if (isWanted) setState({ rows: [...rows], problem: null, isAll: rows.length < MOST });
      } catch (error) {
        if (isWanted) setState({ rows: rows.length > 0 ? [...rows] : null, problem: wordsOf(error), isAll: true });
      }
      isReading = false;
      if (isDue && isWanted) {
        isDue = false;
        void read();
      }
    };
    void read();
    const stop = socket.onChange(({ runs }) => {
      if (runs.includes(run) || runs.includes("*")) void read();
    });
    return () => {
      isWanted = false;
      stop();
    };
  }, [run, server, socket]);
  return state;
}

export function Events({ run }: { readonly run: string }): JSX.Element {
  const { rows, problem, isAll } = useEvents(run);
  const place = useRoute();
  const go = useGo();
  const kinds = useMemo(() => new Set((place.query.get("kind") ?? "").split(",").filter((kind) => kind !== "")), [place.query]);
  const filters = { text: place.query.get("find") ?? "", kinds, step: place.query.get("step"), level: levelOf(place.query.get("level")) };
  const marked = place.query.get("event");
  const shown = useMemo(() => passing(rows ?? [], filters), [rows, place.query]);
  const steps = useMemo(() => [...new Set((rows ?? []).flatMap(({ step }) => (step === null ? [] : [step])))], [rows]);
  const box = useRef<HTMLDivElement>(null);
  const isRead = rows !== null;
  // The event that the address names comes into sight once it is there.
  useLayoutEffect(() => {
    const table = box.current?.querySelector(".nb-dt");
    const at = shown.findIndex(({ number }) => String(number) === marked);
    if (table !== null && table !== undefined && at >= 0) table.scrollTop = Math.max(0, at * ROW - 80);
  }, [isRead, marked]);
  const set = (params: { readonly [name: string]: string | null }, how: "push" | "replace" = "replace"): void => go(withParams(place, params), how);
  const columns = useMemo(() => eventColumns((number) => withParams(place, { event: String(number), kind: null, find: null, level: null, step: null })), [place]);
  if (rows === null) return <Waiting loaded={problem === null ? { state: "loading" } : { state: "failed", why: problem }} what="the events" again={() => location.reload()}>{() => <></>}</Waiting>;
  const toggle = (kind: string): void => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    set({ kind: next.size === 0 ? null : [...next].join(",") });
  };
  return (
    <>
      <div class="nb-bar-row nb-events-bar">
        <span class="nb-runs-search">
          <TextField type="search" icon="search" label="Find in the events" placeholder="Find" value={filters.text} onChange={(text) => set({ find: text === "" ? null : text })} />
        </span>
        {KINDS.filter(({ value }) => rows.some(({ kind }) => kind === value)).map(({ value, label }) => (
          <Chip key={value} pressed={kinds.has(value)} onClick={() => toggle(value)}>
            {label}
          </Chip>
        ))}
        <Chip pressed={filters.level === "error"} onClick={() => set({ level: filters.level === "error" ? null : "error" })}>
          <Glyph state="failed" /> Errors {grouped(rows.filter(({ level }) => level === "error").length)}
        </Chip>
        {steps.length > 1 && (
          <Select
            label="Step"
            value={filters.step ?? ""}
            options={[{ value: "", label: "All steps" }, ...steps.slice(0, 500).map((step) => ({ value: step, label: step }))]}
            onChange={(step) => set({ step: step === "" ? null : step })}
          />
        )}
        <span class="nb-push nb-micro">{shown.length === rows.length ? `${grouped(rows.length)} events` : `${grouped(shown.length)} of ${grouped(rows.length)} events`}</span>
      </div>
      {problem !== null && <Note state="warned">{problem} What is shown is the last that was read.</Note>}
      {!isAll && <Note>The first {grouped(MOST)} events are shown.</Note>}
      <div ref={box} class="nb-events" style={{ height: `${Math.min(520, 30 + Math.max(2, shown.length) * ROW)}px` }}>
        <DataTable
          label="Events"
          columns={columns}
          rows={shown}
          keyOf={({ number }) => String(number)}
          rowHeight={ROW}
          {...(marked === null ? {} : { selected: new Set([marked]) })}
          empty={
            <Empty title={rows.length === 0 ? "Nothing has happened yet" : "No event passes the filter"}>
              {rows.length > 0 && <Button onClick={() => set({ kind: null, find: null, step: null, level: null })}>Show all</Button>}
            </Empty>
          }
        />
      </div>
    </>
  );
}

function levelOf(text: string | null): "all" | "warning" | "error" {
  return text === "error" || text === "warning" ? text : "all";
}

function eventColumns(addressOf: (number: number) => string): readonly Column<EventRow>[] {
  return [
    {
      id: "time", label: "Time", width: "92px",
      cell: (row) => (
        <A to={addressOf(row.number)} class="nb-mono nb-2" title={fullTime(row.at)}>
          {`${clock(row.at)}.${String(Math.floor((row.at % 1) * 1000)).padStart(3, "0")}`}
        </A>
      ),
    },
    { id: "step", label: "Step", width: "minmax(90px, 1fr)", from: 560, cell: ({ step }) => <span class="nb-mono" title={step ?? ""}>{step}</span> },
    {
      id: "event", label: "Event", width: "124px",
      cell: ({ state, word }) => (
        <span class="nb-state" data-state={state ?? undefined}>
          {state !== null && <Glyph state={state} />}
          {word}
        </span>
      ),
    },
    { id: "what", label: "What happened", width: "minmax(180px, 3fr)", cell: ({ text }) => <span title={text}>{text}</span> },
    { id: "facts", label: "Facts", width: "minmax(120px, 2fr)", from: 720, cell: ({ facts }) => <Facts facts={facts} /> },
  ];
}

function Facts({ facts }: { readonly facts: readonly ShownFact[] }): JSX.Element | null {
  if (facts.length === 0) return null;
  return (
    <span class="nb-2" title={facts.map(({ label, text }) => `${label}: ${text}`).join("\n")}>
      {facts.map(({ label, text, to }, at) => (
        <span key={at}>
          {at > 0 && ", "}
          {label} <FactText text={text} to={to} />
        </span>
      ))}
    </span>
  );
}

function FactText({ text, to }: Pick<ShownFact, "text" | "to">): JSX.Element {
  if (to === null) return <span class="nb-event-fact">{text}</span>;
  if ("asset" in to) return <A to={pathOf("assets", to.asset)} class="nb-mono">{text}</A>;
  if ("run" in to) return <A to={pathOf("runs", to.run)} class="nb-mono">{text}</A>;
  return <a href={to.url} rel="noreferrer noopener" target="_blank">{text}</a>;
}
