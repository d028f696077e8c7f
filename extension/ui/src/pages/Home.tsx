// The first page: what asks for somebody, what was made today, what runs now and what comes next.

import type { ComponentChildren, JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { CatalogueDocument } from "../client/documents/catalogue.gen";
import type { HomeData } from "../client/documents/home.gen";
import { HomeDocument } from "../client/documents/home.gen";
import { pathOf } from "../client/route";
import { Button } from "../ui/Button";
import { Spark } from "../ui/Charts";
import { Glyph, StateWord } from "../ui/Glyph";
import { briefAge, fullTime, grouped, plural } from "../ui/format";
import { WORDS } from "../ui/glyphs";
import { useNow } from "../ui/hooks";
import { Pieces } from "../ui/Strip";
import type { BrokenLocation } from "./catalogue/Nothing";
import { NothingYet } from "./catalogue/Nothing";
import { PlanDialog } from "./catalogue/PlanDialog";
import type { Row } from "./catalogue/rows";
import { brokenOf, rowsOf, staleOf, stateText } from "./catalogue/rows";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A, useGo } from "./frame/route";
import type { Attention, Hour } from "./home/attention";
import { attentionOf, hoursOf, midnight, nextOf } from "./home/attention";
import { CountStrip, partsOfSteps, RunId, RunState } from "./parts/RunParts";
import { onClock, untilWords } from "./parts/Time";

const ATTENTION = 8;
const MADE = 8;
const COMING = 6;
const DAY_S = 86_400;

interface Wanted {
  readonly rows: readonly Row[];
  readonly only: "all" | "stale";
}

export default function Home(): JSX.Element {
  const now = useNow(30_000);
  const since = midnight(now);
  const until = Math.ceil(now / 3_600) * 3_600 + DAY_S;
  const assets = useQuery(CatalogueDocument, {});
  const runs = useQuery(HomeDocument, { since, until }, { keep: true });
  const rows = useMemo(() => (assets.data === null ? [] : rowsOf(assets.data)), [assets.data]);
  const broken = useMemo(() => (assets.data === null ? [] : brokenOf(assets.data)), [assets.data]);
  const [plan, setPlan] = useState<Wanted | null>(null);
  const stale = rows.filter((row) => row.canRun && staleOf([row]) > 0);
  const folder = runs.data?.instance.home.split(/[/\\]/).findLast((part) => part !== "") ?? "";
  return (
    <PageHead
      title="Home"
      shown={folder === "" ? "Home" : folder}
      above={<span title={runs.data?.instance.home}>{onClock(now, null)}</span>}
      actions={
        stale.length > 0 ? (
          <Button kind="main" icon="play" onClick={() => setPlan({ rows: stale, only: "stale" })}>
            {`Materialize stale (${grouped(staleOf(stale))})`}
          </Button>
        ) : undefined
      }
    >
      <div class="nb-cols">
        <div class="nb-grow nb-stack">
          <Await query={assets} what="the assets">
            {() => (rows.length === 0 ? <NothingYet broken={broken} /> : <Work rows={rows} broken={broken} now={now} onPlan={setPlan} />)}
          </Await>
        </div>
        <aside class="nb-rail" aria-label="Runs">
          <Await query={runs} what="the runs">
            {(data) => <Rail data={data} since={since} now={now} />}
          </Await>
        </aside>
      </div>
      {plan !== null && <PlanDialog rows={plan.rows} only={plan.only} upstream={false} onClose={() => setPlan(null)} />}
    </PageHead>
  );
}

function Work(props: { readonly rows: readonly Row[]; readonly broken: readonly BrokenLocation[]; readonly now: number; readonly onPlan: (wanted: Wanted) => void }): JSX.Element {
  const { rows, now } = props;
  const asking = useMemo(() => attentionOf(rows, props.broken), [rows, props.broken]);
  const made = rows.filter(({ shown }) => shown !== null && shown.madeAt !== null && now - shown.madeAt < DAY_S).toSorted((a, b) => (b.shown?.madeAt ?? 0) - (a.shown?.madeAt ?? 0));
  return (
    <>
      <section>
        <h2>
          Needs attention <span class="nb-2">{asking.length}</span>
        </h2>
        <div class="nb-card nb-flat">
          {asking.length === 0 ? (
            <p class="nb-note">
              <Glyph state="fresh" /> Nothing failed, nothing is stale, no check warns.
            </p>
          ) : (
            <ul class="nb-attention">
              {asking.slice(0, ATTENTION).map((one, at) => (
                <Asking key={`${one.name} ${one.state} ${at}`} one={one} now={now} onPlan={props.onPlan} />
              ))}
            </ul>
          )}
          {asking.length > ATTENTION && (
            <p class="nb-note">
              <A to="/assets">{plural(asking.length - ATTENTION, "more")} in the catalogue</A>
            </p>
          )}
        </div>
      </section>
      <section>
        <h2>
          Made in the last day <span class="nb-2">{`${grouped(made.length)} of ${plural(rows.length, "asset")}`}</span>
        </h2>
        {made.length === 0 ? <p class="nb-small nb-2">Nothing. The catalogue lists all that can be made.</p> : <Made rows={made.slice(0, MADE)} now={now} />}
      </section>
    </>
  );
}

function Asking({ one, now, onPlan }: { readonly one: Attention; readonly now: number; readonly onPlan: (wanted: Wanted) => void }): JSX.Element {
  const go = useGo();
  const { row } = one;
  const stale = row === null ? 0 : staleOf([row]);
  return (
    <li>
      <Glyph state={one.state} />
      <div class="nb-clip" title={`${one.name} ${one.text}`}>
        <span class="nb-unseen">{WORDS[one.state]}: </span>
        {row === null ? <A to="/locations" class="nb-key">{one.name}</A> : <A to={pathOf("assets", row.key)} class="nb-key">{row.key}</A>} {one.text}
      </div>
      <span class="nb-micro nb-nowrap" title={one.at === null ? undefined : fullTime(one.at)}>
        {one.at === null ? "" : briefAge(one.at, now)}
      </span>
      {row !== null && row.canRun && one.state === "stale" ? (
        <Button icon="play" onClick={() => onPlan({ rows: [row], only: "stale" })}>
          {stale > 1 ? `Materialize ${grouped(stale)}` : "Materialize"}
        </Button>
      ) : row !== null && row.canRun && one.state === "failed" ? (
        <Button icon="refresh" onClick={() => onPlan({ rows: [row], only: "all" })}>
          Run again
        </Button>
      ) : (
        <Button onClick={() => go(row === null ? "/locations" : `${pathOf("assets", row.key)}${one.state === "problem" ? "" : "?view=checks"}`)}>{row === null ? "Open locations" : one.state === "problem" ? "Open" : "Open checks"}</Button>
      )}
    </li>
  );
}

function Made({ rows, now }: { readonly rows: readonly Row[]; readonly now: number }): JSX.Element {
  return (
    <div class="nb-card nb-scroll" tabIndex={0} role="region" aria-label="Made in the last day">
      <table class="nb-t">
        <thead>
          <tr>
            <th>Asset</th>
            <th>State</th>
            <th>Partitions</th>
            <th class="nb-num">Rows</th>
            <th>Last 12</th>
            <th class="nb-num">Made</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <td>
                <A to={pathOf("assets", row.key)} class="nb-key">{row.key}</A>
              </td>
              <td>
                <StateWord state={row.counts[0]?.state ?? row.state}>{stateText(row)}</StateWord>
              </td>
              <td class="nb-strip-cell">{row.shown === null || row.shown.strip.length === 0 ? <span class="nb-2">none</span> : <Pieces pieces={row.shown.strip} label={`${row.key}: ${stateText(row)}`} height={8} />}</td>
              <td class="nb-num">{row.shown === null || row.shown.rows === null ? "–" : grouped(row.shown.rows)}</td>
              <td>{row.shown === null || row.shown.seconds.length < 2 ? <span class="nb-2">–</span> : <Spark series={{ label: "Duration", values: row.shown.seconds, names: [], unit: "s" }} width={90} height={18} />}</td>
              <td class="nb-num nb-2" title={row.shown === null || row.shown.madeAt === null ? undefined : fullTime(row.shown.madeAt)}>
                {row.shown === null || row.shown.madeAt === null ? "" : briefAge(row.shown.madeAt, now)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Rail({ data, since, now }: { readonly data: HomeData; readonly since: number; readonly now: number }): JSX.Element {
  const active = data.active.__typename === "Runs" ? data.active : { count: 0, results: [] };
  const today = data.today.__typename === "Runs" ? data.today : { count: 0, results: [] };
  const coming = nextOf(data).slice(0, COMING);
  return (
    <>
      <Part title="Now" count={active.count ?? active.results.length} to="/runs?state=running">
        {active.results.length === 0 ? (
          <p class="nb-note nb-2">Nothing runs.</p>
        ) : (
          active.results.map((run) => (
            <div key={run.runId} class="nb-now">
              <div class="nb-row nb-gap-3">
                <RunState status={run.status} waitsFor={run.waitsFor} />
                <span class="nb-clip" title={run.title}>{run.title}</span>
                <span class="nb-push"><RunId run={run.runId} /></span>
              </div>
              {run.stepCounts.length > 0 && <CountStrip parts={partsOfSteps(run.stepCounts)} unit="step" />}
            </div>
          ))
        )}
      </Part>
      <Part title="Runs today" count={today.count ?? today.results.length} to="/runs?since=day">
        <Hours hours={hoursOf(today.results, since)} />
      </Part>
      <Part title="Next" count={coming.length} to="/automation">
        {coming.length === 0 ? (
          <p class="nb-note nb-2">No schedule is on.</p>
        ) : (
          <ul class="nb-next">
            {coming.map(({ name, at }) => (
              <li key={`${name} ${at}`}>
                <span class="nb-nowrap" title={fullTime(at)}>{untilWords(at, now)}</span>
                <A to={pathOf("schedules", name)} class="nb-key nb-clip">{name}</A>
              </li>
            ))}
          </ul>
        )}
      </Part>
    </>
  );
}

function Part(props: { readonly title: string; readonly count: number; readonly to: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h2>
        {props.title} <span class="nb-2">{grouped(props.count)}</span>
        <A to={props.to} class="nb-small nb-h2-more">
          All
        </A>
      </h2>
      <div class="nb-card nb-flat">{props.children}</div>
    </section>
  );
}

function Hours({ hours }: { readonly hours: readonly Hour[] }): JSX.Element {
  const most = Math.max(1, ...hours.map(({ good, bad, other }) => good + bad + other));
  const sum = (of: (hour: Hour) => number): number => hours.reduce((total, hour) => total + of(hour), 0);
  const [good, bad, other] = [sum(({ good }) => good), sum(({ bad }) => bad), sum(({ other }) => other)];
  const tall = (count: number): string => `${(100 * count) / most}%`;
  return (
    <>
      <div class="nb-hours" role="img" aria-label={`Runs by the hour: ${good} succeeded, ${bad} failed or canceled, ${other} not over`}>
        {hours.map(({ hour, good, bad, other }) => (
          <span key={hour} title={good + bad + other === 0 ? undefined : `${String(hour).padStart(2, "0")}:00: ${good} succeeded, ${bad} failed or canceled, ${other} not over`}>
            <i data-state="running" style={{ height: tall(other) }} />
            <i data-state="failed" style={{ height: tall(bad) }} />
            <i data-state="fresh" style={{ height: tall(good) }} />
          </span>
        ))}
      </div>
      <div class="nb-axis nb-hours-axis" aria-hidden="true">
        {["00", "06", "12", "18", "24"].map((label) => (
          <span key={label}>{label}</span>
        ))}
      </div>
      <div class="nb-row nb-wrap nb-small nb-hours-words">
        <StateWord state="fresh">{`${grouped(good)} succeeded`}</StateWord>
        {bad > 0 && <StateWord state="failed">{`${grouped(bad)} failed or canceled`}</StateWord>}
        {other > 0 && <StateWord state="running">{`${grouped(other)} not over`}</StateWord>}
      </div>
    </>
  );
}
